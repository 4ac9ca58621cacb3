"""The browser's panel: buttons, play bar, reaches, error over time, activity of muscles or motors."""

from collections.abc import Callable
from html import escape
from typing import Any

import numpy as np
import viser

from mousearm.render import MUSCLE_COLOURS
from mousearm.trajectory import FOLLOWED, LANDMARKS
from mousearm.view.controls import CONTROLS, shown, status_text
from mousearm.view.performance import Performance
from mousearm.view.playback import SPEEDS, Playback
from mousearm.view.scene import POINT_COLOURS

# Something to be done with the playback; browsers ask for it from other threads.
Command = Callable[[Playback], None]

_PLOT_POINTS = LANDMARKS[FOLLOWED]
_LEAST_MM = 1e-3
# What no other part of the panel says.
_SAID = ("time", "shoulder error", "elbow error", "paw error", "muscles", "simulation")
_MUTED = "color:#666"


class Panel:
    """What stands beside the picture."""

    def __init__(self, gui: viser.GuiApi, playback: Playback, order: Callable[[Command], Any]):
        """Build the panel.

        Args:
            gui: where.
            playback: what is shown.
            order: takes what the user wants to be done.
        """
        self._playback, self._order, self._drawn = playback, order, None
        arm = playback.performer.arm
        self._names = arm.actuator_names
        gui.configure_theme(show_logo=False, show_share_button=False, control_width="large")
        self._status = gui.add_html("")
        self._play = gui.add_button("Pause")
        self._play.on_click(lambda _: order(Playback.play_or_pause))
        steps = gui.add_button_group("Frame", ("restart", "back", "forward"))
        steps.on_click(lambda event: order(_STEPS[event.target.value]))
        self._time = gui.add_slider("Time (ms)", 0.0, 1.0, 0.1, 0.0)
        self._when_used(self._time, lambda playback, value: _scrub(playback, value / 1e3))
        self._speed = gui.add_dropdown("Speed", [f"{s:g}" for s in sorted({*SPEEDS, playback.speed})])
        self._when_used(self._speed, lambda playback, value: setattr(playback, "speed", float(value)))
        self._reach = gui.add_dropdown("Reach", playback.names)
        self._when_used(self._reach, lambda playback, value: playback.choose(playback.names.index(value)))
        self._driven = gui.add_checkbox(f"{playback.performer.driver} on", True)
        self._when_used(self._driven, lambda playback, _: playback.switch_controller())
        self._ghost = gui.add_checkbox("ghost", playback.ghost, hint="the reference's pose")
        self._when_used(self._ghost, lambda playback, value: setattr(playback, "ghost", value))
        if arm.na:
            colours = gui.add_dropdown("Muscles", list(MUSCLE_COLOURS), initial_value=playback.colours)
            self._when_used(colours, lambda playback, value: setattr(playback, "colours", value))
        self._plot = gui.add_uplot(
            **_plot_settings(), data=_plot_data(playback), scales=_plot_scales(playback.performance)
        )
        self._bars = gui.add_html("")
        for control in CONTROLS:
            command = gui.add_command(control.meaning, hotkey=control.page_key)
            command.on_trigger(lambda _, do=control.do: order(do))
        keys = "".join(f"<li><b>{shown(control.page_key)}</b> {control.meaning}</li>" for control in CONTROLS)
        with gui.add_folder("Keys", expand_by_default=False):
            gui.add_html(f'<ul style="margin:.3em 1em;padding:0;list-style:none;font-size:.8em">{keys}</ul>')
        self.refresh()

    def refresh(self) -> None:
        """Show what the playback does now."""
        playback = self._playback
        if self._drawn is not playback.performance:
            self._drawn = playback.performance
            self._time.max = round(1e3 * playback.performance.end, 1)
            self._plot.scales = _plot_scales(playback.performance)
        moment = playback.moment
        self._status.content = _table({head: text for head, text in status_text(playback).items() if head in _SAID})
        self._play.label = "Pause" if playback.playing else "Play"
        self._time.value = round(1e3 * moment.time, 1)
        self._speed.value = f"{playback.speed:g}"
        self._reach.value = playback.names[playback.reach]
        self._driven.value = playback.driven
        self._ghost.value = playback.ghost
        self._plot.data = _plot_data(playback)
        self._bars.content = self._activity()

    def _when_used(self, handle: Any, do: Callable[[Playback, Any], None]) -> None:
        """Do something with the playback and the new value when a user, not this program, changes it."""

        def changed(event: Any) -> None:
            if event.client is not None:
                value = event.target.value
                self._order(lambda playback: do(playback, value))

        handle.on_update(changed)

    def _activity(self) -> str:
        """Bars of the muscles' activations, or of the motors' controls, relative to the largest of this reach."""
        moment, performance = self._playback.moment, self._playback.performance
        muscles = len(moment.activation) == len(self._names)
        now, ever = (moment.activation, performance.activation) if muscles else (moment.ctrl, performance.ctrl)
        largest = float(np.abs(ever).max(initial=0))
        rows = (_bar(name, value, largest, muscles) for name, value in zip(self._names, now, strict=True))
        what = "Activation" if muscles else "Control"
        head = f'<div style="{_MUTED}">{what}; the whole width is {largest:.2g}, the largest of this reach</div>'
        return f'<div style="font-size:.75em;line-height:1.3;padding:0 .8em">{head}{"".join(rows)}</div>'


_STEPS: dict[str, Command] = {
    "restart": Playback.restart,
    "back": lambda playback: playback.step(-1),
    "forward": lambda playback: playback.step(1),
}


def _scrub(playback: Playback, time: float) -> None:
    playback.playing = False
    playback.seek(time)


def _table(lines: dict[str, str]) -> str:
    cell = '<td style="padding:0 .8em 0 0{}">{}</td>'
    rows = (cell.format(";" + _MUTED, escape(head)) + cell.format("", escape(text)) for head, text in lines.items())
    body = "".join(f"<tr>{row}</tr>" for row in rows)
    return f'<table style="font-size:.85em;padding:0 .8em;font-variant-numeric:tabular-nums">{body}</table>'


def _bar(name: str, value: float, largest: float, one_sided: bool) -> str:
    """A row with a name and a bar, from the left or, where values have a sign, from the middle."""
    share = 100 * abs(value) / largest if largest else 0.0
    width, left = (share, 0.0) if one_sided else (share / 2, 50 - share / 2 * (value < 0))
    bar = f"position:absolute;height:100%;background:#b3261e;left:{left:.1f}%;width:{width:.1f}%"
    return (
        '<div style="display:flex;align-items:center"><div style="width:48%;overflow:hidden;text-overflow:ellipsis;'
        f'white-space:nowrap" title="{escape(name)}">{escape(name.replace("_", " "))}</div>'
        f'<div style="position:relative;flex:1;height:.7em;background:#e8e8e8"><div style="{bar}"></div></div></div>'
    )


def _plot_data(playback: Playback) -> tuple[np.ndarray, ...]:
    """Time in ms, errors of elbow and paw in mm, and the paw's now, which is not a number at other times."""
    performance = playback.performance
    errors = performance.errors_mm
    now = np.full(len(errors), np.nan)
    frame = round(playback.time / performance.dt)
    now[frame] = errors[frame, 2]
    return (1e3 * performance.times, errors[:, 1].copy(), errors[:, 2].copy(), now)


def _plot_scales(performance: Performance) -> dict[str, Any]:
    """The error's axis must be given, since the plot cannot find the largest of what is not a number."""
    largest = float(performance.errors_mm[:, FOLLOWED].max())
    return {"x": {"time": False}, "y": {"range": (0.0, 1.05 * max(largest, _LEAST_MM))}}


def _plot_settings() -> dict[str, Any]:
    colours = ["#{:02x}{:02x}{:02x}".format(*(round(255 * part) for part in colour)) for colour in POINT_COLOURS[1:]]
    lines = [{"label": name, "stroke": colour, "width": 2} for name, colour in zip(_PLOT_POINTS, colours, strict=True)]
    now = {"label": "now", "stroke": "#000000", "width": 0, "points": {"show": True, "size": 9, "fill": "#000000"}}
    return {
        "series": ({"label": "ms"}, *lines, now),
        "axes": ({"label": "time (ms)", "size": 36, "labelSize": 18}, {"label": "error (mm)", "labelSize": 18}),
        "height": 190,
    }
