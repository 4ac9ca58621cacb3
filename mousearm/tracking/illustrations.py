"""What is shown of an evaluation while training, as plain data that a checkpoint can hold until it is sent."""

import io
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from mousearm.errors import RenderError
from mousearm.evaluate import Rollout, Shot, film, reach_figure
from mousearm.model import Arm

_DPI = 100  # for a screen
_BINS = 64


def histogram(rollout: Rollout) -> dict[str, Any]:
    """How often which control was given to the actuators, all reaches and frames together.

    Controls are the network's actions in the units of the actuators; most at an end of the range means saturation.
    """
    lived = np.arange(rollout.ctrl.shape[1]) < rollout.completed[:, None]
    lived[:, 0] = False  # no control led to the start
    counts, edges = np.histogram(rollout.ctrl[lived], bins=_BINS)
    return {"kind": "histogram", "counts": counts, "edges": edges}


def figure(rollout: Rollout, reach: int, arm: Arm) -> dict[str, Any]:
    """The figure of one reach, as a PNG file."""
    file = io.BytesIO()
    reach_figure(rollout, reach, arm.actuator_names).savefig(file, format="png", dpi=_DPI)
    return {"kind": "figure", "file": np.frombuffer(file.getvalue(), np.uint8), "caption": rollout.names[reach]}


def film_of(rollout: Rollout, reach: int, arm: Arm) -> dict[str, Any] | None:
    """The film of one reach, as an mp4 file; None on a machine that cannot draw."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "film.mp4"
        try:
            film([Shot(rollout, reach, arm.model)], path)
        except RenderError:
            return None
        content = np.frombuffer(path.read_bytes(), np.uint8)
    return {"kind": "film", "file": content, "caption": rollout.names[reach]}


def to_wandb(value: Any) -> Any:
    """What W&B shows: an illustration as one of its objects, anything else as it is."""
    import wandb
    from PIL import Image

    if not isinstance(value, dict):
        return value
    if value["kind"] == "histogram":
        return wandb.Histogram(np_histogram=(value["counts"], value["edges"]))
    file = io.BytesIO(value["file"].tobytes())
    if value["kind"] == "figure":
        return wandb.Image(Image.open(file), caption=value["caption"])
    return wandb.Video(file, caption=value["caption"], format="mp4")
