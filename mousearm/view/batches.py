"""Instances in a browser: one batch of copies per mesh, whose arrays are sent when they change."""

from collections.abc import Mapping
from typing import Any

import mujoco
import numpy as np
import viser

from mousearm.view.instances import Instances, Kind, mesh_of

# The browser's scene is in millimetres, because its camera sees nothing that is nearer than a hundredth of a unit.
UNITS = 1e3
# Most changes of the number of shapes fit into so many.
_LEAST_ROOM = 64


class Batches:
    """What a browser draws of a scene."""

    def __init__(self, api: viser.SceneApi, model: mujoco.MjModel):
        """Begin with an empty scene.

        Args:
            api: the browser's scene.
            model: whose meshes there may be.
        """
        self._api, self._model = api, model
        self._handles: dict[Kind, viser.BatchedMeshHandle] = {}

    def show(self, found: Mapping[Kind, Instances]) -> None:
        """Draw these, and nothing else."""
        for kind, handle in self._handles.items():
            handle.visible = kind in found
        for kind, instances in found.items():
            self._show(kind, instances)

    def _show(self, kind: Kind, instances: Instances) -> None:
        """Draw all shapes of one kind; what there is room for beyond them has no size."""
        handle = self._handles.get(kind)
        needed = max(_LEAST_ROOM, 1 << (len(instances.position) - 1).bit_length())
        room = needed if handle is None else max(needed, len(handle.batched_positions))
        arrays = {name: _filled(rows, room) for name, rows in _arrays(kind, instances).items()}
        if handle is not None and room == len(handle.batched_positions):
            for name, rows in arrays.items():
                setattr(handle, name, rows)
            return
        if handle is not None:
            handle.remove()
        vertices, faces = mesh_of(kind, self._model)
        # A larger batch gets a name of its own: browsers go on drawing the smaller one under the same name.
        name = f"/{kind.shape}{kind.number}{'_translucent' * kind.translucent}_{room}"
        self._handles[kind] = self._api.add_batched_meshes_simple(
            name, vertices, faces, lod="off", cast_shadow=not kind.translucent, **arrays
        )


def _arrays(kind: Kind, instances: Instances) -> dict[str, Any]:
    """What viser takes; colours become amounts of light, which MuJoCo's are not (sRGB, nearly a power of 2.2)."""
    arrays = {
        "batched_positions": UNITS * instances.position,
        "batched_wxyzs": instances.wxyz,
        "batched_scales": UNITS * instances.scale,
        "batched_colors": instances.colour**2.2,
    }
    return arrays | ({"batched_opacities": instances.opacity} if kind.translucent else {})


def _filled(rows: np.ndarray, n: int) -> Any:
    """Rows of zeros after the others, up to n."""
    return np.concatenate([rows, np.zeros((n - len(rows), *rows.shape[1:]))]).astype(np.float32)
