"""What a viewer can be told to do, by which key: one table for the window and the browser."""

from collections.abc import Callable
from typing import Literal, NamedTuple

from mousearm.view.playback import Playback

Key = Literal[
    "space", "arrowright", "arrowleft", "arrowdown", "arrowup", "backspace", "enter", "pageup", "pagedown", "8"
]


class Control(NamedTuple):
    """One thing that a viewer can be told.

    Attributes:
        key: the key, as browsers call it.
        shown: what is printed on it.
        meaning: what it does.
        do: does it.
    """

    key: Key
    shown: str
    meaning: str
    do: Callable[[Playback], None]


# Letters are taken: MuJoCo's own window switches what it draws with them.
CONTROLS = (
    Control("space", "Space", "play or pause", Playback.play_or_pause),
    Control("arrowright", "Right", "one frame forward", lambda playback: playback.step(1)),
    Control("arrowleft", "Left", "one frame back", lambda playback: playback.step(-1)),
    Control("arrowdown", "Down", "next reach", Playback.next),
    Control("arrowup", "Up", "previous reach", Playback.previous),
    Control("backspace", "Backspace", "restart the reach", Playback.restart),
    Control("pageup", "Page up", "faster", Playback.faster),
    Control("pagedown", "Page down", "slower", Playback.slower),
    Control("enter", "Enter", "controller on or off", Playback.switch_controller),
    Control("8", "8", "ghost of the reference on or off", Playback.show_or_hide_ghost),
)
