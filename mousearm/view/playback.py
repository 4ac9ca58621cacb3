"""A player of reaches that is independent of any display: time, speed, commands, and the status in words."""

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from mousearm.errors import UnknownNameError
from mousearm.render import check_speed
from mousearm.text import NO_VALUE
from mousearm.trajectory import LANDMARKS, Frame
from mousearm.view.performers import Performer, driven_at

SPEEDS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
_HOLD_S = 0.6  # that the last frame stays before the reach begins again, s of real time
_ON_FRAME = 1e-6  # frames by which a time may miss a frame and still count as that frame's
_LEGEND = {"grey_red": "grey at rest, red when active", "blue_red": "blue at rest, red when active"}


class Playback:
    """A player of reaches, like one of films.

    Of the reaches ``names`` it shows ``trial``, that of the index ``reach``, at ``time`` s, with ``speed`` seconds of
    the reach per second, and the reference's pose (``ghost``) too or not.
    """

    def __init__(self, simulator: Performer, reach: str | None = None, speed: float = 0.1, colours: str = "grey_red"):
        """Start to play a reach, by its name, None for the first, with colours of ``render.MUSCLE_COLOURS``.

        UnknownNameError if there is no such reach, ConfigError as of `check_speed`.
        """
        if reach is not None and reach not in simulator.names:
            raise UnknownNameError("reach", reach, simulator.names)
        check_speed(speed)
        self.simulator, self.names = simulator, simulator.names
        self.speed, self.playing, self.ghost, self.colours = speed, True, False, colours
        self.choose(0 if reach is None else self.names.index(reach))

    @property
    def frame(self) -> Frame:
        """Frame that is shown."""
        return self.trial.at(self.time)

    @property
    def driven(self) -> bool:
        """True while the controller drives the arm."""
        return bool(self.trial.driven[self._index])

    def advance(self, elapsed: float) -> None:
        """Let time run by seconds of real time; after its end the reach begins again."""
        if not self.playing:
            return
        if self.time < self.trial.end:
            self.seek(self.time + self.speed * elapsed)
            return
        self._held += elapsed
        if self._held >= _HOLD_S:
            self.seek(0.0)

    def seek(self, time: float) -> None:
        """Go to a time, s; to the nearest that the trial has."""
        self.time, self._held = min(max(time, 0.0), self.trial.end), 0.0

    def scrub(self, time: float) -> None:
        """Pause, and go to a time, s."""
        self.playing = False
        self.seek(time)

    def play_or_pause(self) -> None:
        """Let time run, or stop it."""
        self.playing = not self.playing

    def step(self, frames: int) -> None:
        """Pause, and go to the next frame (1) or back to the one before (-1)."""
        self.playing = False
        position = self.time / self.trial.dt
        frame = self._index if frames > 0 else math.ceil(position - _ON_FRAME)
        self.seek((frame + frames) * self.trial.dt)

    def choose(self, reach: int) -> None:
        """Show a reach from its beginning, driven; beyond the last comes the first."""
        self.reach = reach % len(self.names)
        self._simulate([], 0.0)

    def change_speed(self, by: int) -> None:
        """Take the next of `SPEEDS` (1), or the one before (-1), where there is one."""
        others = [speed for speed in SPEEDS[::by] if by * (speed - self.speed) > 0]
        self.speed = next(iter(others), self.speed)

    def switch_controller(self) -> None:
        """From now on drive the arm, or let it go: the rest is simulated again."""
        now, wanted = self._index, not self.driven
        before = [switch for switch in self._switches if switch < now]
        self._simulate(before if driven_at(before, now) == wanted else [*before, now], now * self.trial.dt)

    @property
    def _index(self) -> int:
        """Index of the frame that is shown, or of the one before."""
        return int(self.time / self.trial.dt + _ON_FRAME)

    def _simulate(self, switches: Sequence[int], time: float) -> None:
        self._switches, self.trial = switches, self.simulator.simulate(self.reach, switches)
        self.seek(time)


class Control(NamedTuple):
    """One command of a viewer, the same in the window and the browser."""

    window_key: str  # as GLFW calls it; MuJoCo's viewer has taken all letters
    page_key: Any  # arrows (and W, A, S, D, Q, E) turn and move the camera there
    meaning: str
    do: Callable[[Playback], None]


CONTROLS = (
    Control("SPACE", "space", "play or pause", Playback.play_or_pause),
    Control("RIGHT", "F", "one frame forward", lambda playback: playback.step(1)),
    Control("LEFT", "B", "one frame back", lambda playback: playback.step(-1)),
    Control("DOWN", "N", "next reach", lambda playback: playback.choose(playback.reach + 1)),
    Control("UP", "P", "previous reach", lambda playback: playback.choose(playback.reach - 1)),
    Control("BACKSPACE", "R", "restart the reach", lambda playback: playback.choose(playback.reach)),
    Control("PAGE_DOWN", "1", "slower", lambda playback: playback.change_speed(-1)),
    Control("PAGE_UP", "2", "faster", lambda playback: playback.change_speed(1)),
    Control("ENTER", "C", "controller on or off", Playback.switch_controller),
    Control(
        "8", "G", "ghost of the reference on or off", lambda playback: setattr(playback, "ghost", not playback.ghost)
    ),
)


def shown(key: str) -> str:
    """Name of a key as keyboards print it."""
    return key.replace("_", " ").capitalize()


def _mm(error: float) -> str:
    return f"{error:.3f} mm" if math.isfinite(error) else NO_VALUE


def status_text(playback: Playback) -> dict[str, str]:
    """Describe what is shown now: a heading and a text for each line."""
    trial, frame = playback.trial, playback.frame
    lines = {
        "reach": f"{trial.name} ({playback.reach + 1} of {len(playback.names)})",
        "time": f"{1e3 * frame.time:.0f} of {1e3 * trial.end:.0f} ms",
        "speed": f"{playback.speed:g} of real time" + ("" if playback.playing else ", paused"),
        **{f"{name} error": _mm(error) for name, error in zip(LANDMARKS, frame.errors_mm, strict=True)},
        playback.simulator.driver: "on" if playback.driven else "off, controls at rest",
    }
    if len(frame.activation):
        lines["muscles"] = _LEGEND[playback.colours]
    if trial.diverged:
        lines["simulation"] = f"diverged after {1e3 * trial.end:.0f} ms"
    return lines
