"""The browser's panel: buttons, play bar, reaches, error over time, activity of muscles or motors."""

from collections.abc import Callable
from html import escape
from typing import Any

import numpy as np
import viser

from mousearm.evaluate.muscles import drives
from mousearm.render import MUSCLE_COLOURS
from mousearm.text import display_name
from mousearm.trajectory import ELBOW, FOLLOWED, LANDMARKS, PAW, Trial
from mousearm.view.playback import CONTROLS, SPEEDS, Playback, shown, status_text
from mousearm.view.scene import POINT_COLOURS

Command = Callable[[Playback], None]
"""A change of the playback; browsers ask for it from other threads."""

_LEAST_MM = 0.01  # that the axis of errors shows
# Lines of the status that no other part of the panel shows.
_STATUS = ("time", "shoulder error", "elbow error", "paw error", "muscles", "simulation")
_MUTED = "color:#666"
_STEPS: dict[str, Command] = {
    "restart": lambda playback: playback.choose(playback.reach),
    "back": lambda playback: playback.step(-1),
    "forward": lambda playback: playback.step(1),
}


class Panel:
    """Controls, status and plots beside the picture."""

    def __init__(self, gui: viser.GuiApi, playback: Playback, order: Callable[[Command], Any]):
        """Build the panel; ``order`` takes the commands of the user."""
        self._playback, self._order, self._drawn = playback, order, None
        arm, driver = playback.simulator.arm, playback.simulator.driver
        self._names = arm.actuator_names
        self._rows = drives(arm, playback.trial).order or range(arm.nu)  # muscles by anatomy
        gui.configure_theme(show_logo=False, show_share_button=False, control_width="large")
        self._status = gui.add_html("")
        self._play = gui.add_button("Pause")
        self._play.on_click(lambda _: order(Playback.play_or_pause))
        steps = gui.add_button_group(
            "Frame", list(_STEPS), hint=_hint("restart", "one frame back", "one frame forward")
        )
        steps.on_click(lambda event: order(_STEPS.get(event.target.value, lambda _: None)))  # or only draw again
        self._time = gui.add_slider("Time (ms)", 0.0, 1.0, 0.1, 0.0, hint="pause, and go to any time of the reach")
        self._when_used(self._time, lambda playback, value: playback.scrub(value / 1e3))
        speeds = [f"{speed:g}" for speed in sorted({*SPEEDS, playback.speed})]
        self._speed = gui.add_dropdown("Speed", speeds, hint=f"1 is real time; {_hint('slower', 'faster')}")
        self._when_used(self._speed, lambda playback, value: setattr(playback, "speed", float(value)))
        self._reach = gui.add_dropdown("Reach", playback.names, hint=_hint("next", "previous"))
        self._when_used(self._reach, lambda playback, value: playback.choose(playback.names.index(value)))
        hint = f"off: from this frame on controls are at rest, and the arm falls; {_hint('controller')}"
        self._driven = gui.add_checkbox(f"{driver} on", True, hint=hint)
        self._when_used(self._driven, lambda playback, _: playback.switch_controller())
        self._ghost = gui.add_checkbox("ghost", playback.ghost, hint=f"the reference's pose; {_hint('ghost')}")
        self._when_used(self._ghost, lambda playback, value: setattr(playback, "ghost", value))
        if arm.na:
            hint = "at rest and active; between them counts the square root of activation"
            colours = gui.add_dropdown("Muscles", list(MUSCLE_COLOURS), initial_value=playback.colours, hint=hint)
            self._when_used(colours, lambda playback, value: setattr(playback, "colours", value))
        self._plot = gui.add_uplot(**_plot_settings(), data=_plot_data(playback), scales=_plot_scales(playback.trial))
        self._bars = gui.add_html("")
        for control in CONTROLS:
            command = gui.add_command(control.meaning, hotkey=control.page_key)
            command.on_trigger(lambda _, do=control.do: order(do))
        keys = "".join(f"<li><b>{shown(control.page_key)}</b> {control.meaning}</li>" for control in CONTROLS)
        with gui.add_folder("Keys", expand_by_default=False):
            gui.add_html(f'<ul style="margin:.3em 1em;padding:0;list-style:none;font-size:.8em">{keys}</ul>')
        self.refresh()

    def refresh(self) -> None:
        """Show the present state of the playback."""
        playback = self._playback
        if self._drawn is not playback.trial:
            self._drawn = playback.trial
            self._time.max = round(1e3 * playback.trial.end, 1)
            self._plot.scales = _plot_scales(playback.trial)
        frame = playback.frame
        self._status.content = _table({head: text for head, text in status_text(playback).items() if head in _STATUS})
        self._play.label = "Pause" if playback.playing else "Play"
        self._time.value = round(1e3 * frame.time, 1)
        self._speed.value = f"{playback.speed:g}"
        self._reach.value = playback.names[playback.reach]
        self._driven.value = playback.driven
        self._ghost.value = playback.ghost
        self._plot.data = _plot_data(playback)
        self._bars.content = self._activity()

    def _when_used(self, handle: Any, do: Callable[[Playback, Any], None]) -> None:
        """Do something with the playback and the new value when a user, not this program, changes it.

        A value that is not among those to choose from changes nothing; what is shown is set back.
        """

        def changed(event: Any) -> None:
            if event.client is not None:
                value = event.target.value
                possible = value in getattr(handle, "options", [value])
                self._order(lambda playback: do(playback, value) if possible else None)

        handle.on_update(changed)

    def _activity(self) -> str:
        """Bars of the muscles' activations, or of the motors' controls, relative to the largest of this reach."""
        frame, trial = self._playback.frame, self._playback.trial
        muscles = len(frame.activation) == len(self._names)
        now, ever = (frame.activation, trial.activation) if muscles else (frame.ctrl, trial.ctrl)
        largest = float(np.abs(ever).max(initial=0))
        rows = (_bar(self._names[i], now[i], largest, muscles) for i in self._rows)
        what = "Activation" if muscles else "Control"
        head = f'<div style="{_MUTED}">{what}; the whole width is {largest:.2g}, the largest of this reach</div>'
        return f'<div style="font-size:.75em;line-height:1.3;padding:0 .8em">{head}{"".join(rows)}</div>'


def _hint(*starts: str) -> str:
    """Meanings of controls, found by how they start, with their keys, for people who point at them."""
    meant = [next(control for control in CONTROLS if control.meaning.startswith(start)) for start in starts]
    return "; ".join(f"{control.meaning} ({shown(control.page_key)})" for control in meant)


def _table(lines: dict[str, str]) -> str:
    cell = '<td style="padding:0 .8em 0 0{}">{}</td>'
    rows = (cell.format(";" + _MUTED, escape(head)) + cell.format("", escape(text)) for head, text in lines.items())
    body = "".join(f"<tr>{row}</tr>" for row in rows)
    return f'<table style="font-size:.85em;padding:0 .8em;font-variant-numeric:tabular-nums">{body}</table>'


def _bar(name: str, value: float, largest: float, one_sided: bool) -> str:
    """Draw a row with a name and a bar, from the left or, where values have a sign, from the middle."""
    share = 100 * abs(value) / largest if largest else 0.0
    width, left = (share, 0.0) if one_sided else (share / 2, 50 - share / 2 * (value < 0))
    bar = f"position:absolute;height:100%;background:#b3261e;left:{left:.1f}%;width:{width:.1f}%"
    return (
        '<div style="display:flex;align-items:center"><div style="width:48%;overflow:hidden;text-overflow:ellipsis;'
        f'white-space:nowrap" title="{escape(name)}">{escape(display_name(name))}</div>'
        f'<div style="position:relative;flex:1;height:.7em;background:#e8e8e8"><div style="{bar}"></div></div></div>'
    )


def _plot_data(playback: Playback) -> tuple[np.ndarray, ...]:
    """Time in ms, errors of elbow and paw in mm, and that of the paw now, NaN at other times."""
    trial = playback.trial
    errors = trial.errors_mm
    now = np.full(len(errors), np.nan)
    frame = round(playback.time / trial.dt)
    now[frame] = errors[frame, PAW]
    return (1e3 * trial.time, *errors[:, FOLLOWED].T.copy(), now)


def _plot_scales(trial: Trial) -> dict[str, Any]:
    """Ranges of the axes; that of the error is given, since the plot cannot find the largest among NaN."""
    largest = float(np.nanmax(trial.errors_mm[:, FOLLOWED], initial=0.0))
    return {"x": {"time": False}, "y": {"range": (0.0, 1.05 * max(largest, _LEAST_MM))}}


def _plot_settings() -> dict[str, Any]:
    lines = [
        {"label": LANDMARKS[i], "stroke": "rgb({:.0%} {:.0%} {:.0%})".format(*POINT_COLOURS[i]), "width": 2}
        for i in (ELBOW, PAW)
    ]
    now = {"label": "now", "stroke": "#000000", "width": 0, "points": {"show": True, "size": 9, "fill": "#000000"}}
    return {
        "series": ({"label": "ms"}, *lines, now),
        "axes": ({"label": "time (ms)", "size": 36, "labelSize": 18}, {"label": "error (mm)", "labelSize": 18}),
        "height": 190,
    }
