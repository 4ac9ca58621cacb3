"""What is said beside the picture, in every viewer the same."""

from mousearm.view.playback import Playback

_LEGEND = {"grey_red": "grey at rest, red when active", "blue_red": "blue at rest, red when active"}


def status(playback: Playback) -> dict[str, str]:
    """What is shown now: a heading and a text for each line."""
    performance, moment = playback.performance, playback.moment
    lines = {
        "reach": f"{performance.name} ({playback.reach + 1} of {len(playback.names)})",
        "time": f"{1e3 * moment.time:.0f} of {1e3 * performance.end:.0f} ms",
        "speed": f"{playback.speed:g} of real time" + ("" if playback.playing else ", paused"),
        **{f"{name} error": f"{error:.3f} mm" for name, error in zip(_POINTS, moment.errors_mm, strict=True)},
        playback.performer.driver: "on" if playback.driven else "off, controls at rest",
    }
    if len(moment.activation):
        lines["muscles"] = _LEGEND[playback.colours]
    if performance.diverged:
        lines["simulation"] = f"diverged after {1e3 * performance.end:.0f} ms"
    return lines


_POINTS = ("shoulder", "elbow", "paw")
