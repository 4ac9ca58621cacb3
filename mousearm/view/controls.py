"""What a viewer can be told to do, by which keys: one table for the window and the browser."""

from collections.abc import Callable
from typing import Literal, NamedTuple

from mousearm.view.playback import Playback

PageKey = Literal["space", "F", "B", "N", "P", "R", "1", "2", "C", "G"]


class Control(NamedTuple):
    """One thing that a viewer can be told.

    Attributes:
        window_key: the key in the window, as GLFW calls it; MuJoCo's viewer has taken all letters.
        page_key: the key in the browser, where arrows (and W, A, S, D, Q, E) turn and move the camera.
        meaning: what it does.
        do: does it.
    """

    window_key: str
    page_key: PageKey
    meaning: str
    do: Callable[[Playback], None]


CONTROLS = (
    Control("SPACE", "space", "play or pause", Playback.play_or_pause),
    Control("RIGHT", "F", "one frame forward", lambda playback: playback.step(1)),
    Control("LEFT", "B", "one frame back", lambda playback: playback.step(-1)),
    Control("DOWN", "N", "next reach", Playback.next),
    Control("UP", "P", "previous reach", Playback.previous),
    Control("BACKSPACE", "R", "restart the reach", Playback.restart),
    Control("PAGE_DOWN", "1", "slower", Playback.slower),
    Control("PAGE_UP", "2", "faster", Playback.faster),
    Control("ENTER", "C", "controller on or off", Playback.switch_controller),
    Control("8", "G", "ghost of the reference on or off", Playback.show_or_hide_ghost),
)


def shown(key: str) -> str:
    """A key as it is printed on keyboards."""
    return key.replace("_", " ").capitalize()
