"""Keys and status of a viewer, the same in the window and the browser."""

from collections.abc import Callable
from typing import Literal, NamedTuple

from mousearm.trajectory import LANDMARKS
from mousearm.view.playback import Playback

_LEGEND = {"grey_red": "grey at rest, red when active", "blue_red": "blue at rest, red when active"}
PageKey = Literal["space", "F", "B", "N", "P", "R", "1", "2", "C", "G"]


class Control(NamedTuple):
    """One command of a viewer.

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
    """Name of a key as keyboards print it."""
    return key.replace("_", " ").capitalize()


def status_text(playback: Playback) -> dict[str, str]:
    """Describe what is shown now: a heading and a text for each line."""
    trial, frame = playback.trial, playback.frame
    lines = {
        "reach": f"{trial.name} ({playback.reach + 1} of {len(playback.names)})",
        "time": f"{1e3 * frame.time:.0f} of {1e3 * trial.end:.0f} ms",
        "speed": f"{playback.speed:g} of real time" + ("" if playback.playing else ", paused"),
        **{f"{name} error": f"{error:.3f} mm" for name, error in zip(LANDMARKS, frame.errors_mm, strict=True)},
        playback.simulator.driver: "on" if playback.driven else "off, controls at rest",
    }
    if len(frame.activation):
        lines["muscles"] = _LEGEND[playback.colours]
    if trial.diverged:
        lines["simulation"] = f"diverged after {1e3 * trial.end:.0f} ms"
    return lines
