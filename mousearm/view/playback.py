"""What is watched, and how: which reach, at which time, how fast, driven or let go. Knows nothing of any display."""

import math
from bisect import bisect_left
from collections.abc import Sequence

from mousearm.errors import ConfigError, UnknownNameError
from mousearm.view.performance import Moment, Performance, Performer, driven_at

SPEEDS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
# How long the last frame stays before the reach begins again, s of the clock on the wall.
_HOLD_S = 0.6
# A time that is so many frames beside a frame is that frame's.
_ON_FRAME = 1e-6


class Playback:
    """A player of reaches, like one of films.

    Attributes:
        performer: what performs the reaches.
        names: theirs.
        performance: the reach that is shown.
        time: where in it, s.
        speed: seconds of the reach per second.
        playing: whether time goes on.
        ghost: whether the reference's pose is to be shown too.
        colours: one of ``render.MUSCLE_COLOURS``.
    """

    def __init__(self, performer: Performer, reach: str | None = None, speed: float = 0.1, colours: str = "grey_red"):
        """Begin to play.

        Args:
            performer: what performs the reaches.
            reach: which reach; None for the first.
            speed: seconds of the reach per second.
            colours: one of ``render.MUSCLE_COLOURS``.

        Raises:
            UnknownNameError: if there is no such reach.
            ConfigError: if the speed cannot be.
        """
        if reach is not None and reach not in performer.names:
            raise UnknownNameError("reach", reach, performer.names)
        if not 0 < speed < float("inf"):
            raise ConfigError(f"the speed {speed:g} is not above 0; 0.1 shows a reach ten times slower than it was.")
        self.performer, self.names = performer, performer.names
        self.speed, self.playing, self.ghost, self.colours = speed, True, False, colours
        self.choose(0 if reach is None else self.names.index(reach))

    @property
    def reach(self) -> int:
        """Index of the reach that is shown."""
        return self._reach

    @property
    def moment(self) -> Moment:
        """The arm now."""
        return self.performance.at(self.time)

    @property
    def driven(self) -> bool:
        """Whether the controller drives the arm now."""
        return driven_at(self._switches, self._frame)

    def advance(self, elapsed: float) -> None:
        """Let time go on, by so many seconds on the wall; after its end the reach begins again."""
        if not self.playing:
            return
        if self.time < self.performance.end:
            self.seek(self.time + self.speed * elapsed)
            return
        self._held += elapsed
        if self._held >= _HOLD_S:
            self.seek(0.0)

    def seek(self, time: float) -> None:
        """Go to a time, s; as near as the performance has it."""
        self.time, self._held = min(max(time, 0.0), self.performance.end), 0.0

    def play_or_pause(self) -> None:
        """Let time go on, or stand still."""
        self.playing = not self.playing

    def step(self, frames: int) -> None:
        """Pause, and go to the next frame (1) or back to the one before (-1)."""
        self.playing = False
        position = self.time / self.performance.dt
        frame = self._frame if frames > 0 else math.ceil(position - _ON_FRAME)
        self.seek((frame + frames) * self.performance.dt)

    def choose(self, reach: int) -> None:
        """Show a reach from its beginning, driven; beyond the last comes the first."""
        self._reach = reach % len(self.names)
        self._perform([])
        self.seek(0.0)

    def next(self) -> None:
        """The next reach."""
        self.choose(self._reach + 1)

    def previous(self) -> None:
        """The reach before."""
        self.choose(self._reach - 1)

    def restart(self) -> None:
        """The same reach from its beginning, driven."""
        self.choose(self._reach)

    def faster(self) -> None:
        """The next of `SPEEDS`."""
        self.speed = next((speed for speed in SPEEDS if speed > self.speed), self.speed)

    def slower(self) -> None:
        """The one of `SPEEDS` before."""
        place = bisect_left(SPEEDS, self.speed)
        self.speed = SPEEDS[place - 1] if place else self.speed

    def show_or_hide_ghost(self) -> None:
        """Show the reference's pose, or hide it."""
        self.ghost = not self.ghost

    def switch_controller(self) -> None:
        """From now on drive the arm, or let it go: what follows is simulated anew."""
        now, wanted = self._frame, not self.driven
        before = [switch for switch in self._switches if switch < now]
        self._perform(before if driven_at(before, now) == wanted else [*before, now])
        self.seek(now * self.performance.dt)

    @property
    def _frame(self) -> int:
        """The frame that is shown, or the one before."""
        return int(self.time / self.performance.dt + _ON_FRAME)

    def _perform(self, switches: Sequence[int]) -> None:
        self._switches = switches
        self.performance: Performance = self.performer.perform(self._reach, switches)
