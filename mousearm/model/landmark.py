"""Landmarks: the points of an arm that recorded points are compared with."""

from collections.abc import Mapping
from dataclasses import dataclass

import mujoco
import numpy as np

from mousearm.errors import ModelError, UnknownNameError
from mousearm.trajectory import LANDMARKS

# How a landmark is named in the configuration -> where MuJoCo keeps its position and what lists the names.
POSITION_FIELDS = {"joint": "xanchor", "site": "site_xpos", "body": "xpos", "geom": "geom_xpos"}
_OBJECT_TYPES = {
    "joint": mujoco.mjtObj.mjOBJ_JOINT,
    "site": mujoco.mjtObj.mjOBJ_SITE,
    "body": mujoco.mjtObj.mjOBJ_BODY,
    "geom": mujoco.mjtObj.mjOBJ_GEOM,
}
_COUNT_FIELDS = {"joint": "njnt", "site": "nsite", "body": "nbody", "geom": "ngeom"}


@dataclass(frozen=True, slots=True)
class Landmark:
    """A point of the arm.

    Attributes:
        field: the field of MjData that holds its position, ``(n, 3)``, metres, world frame.
        index: the row in that field.
    """

    field: str
    index: int


def object_names(model: mujoco.MjModel, kind: str) -> list[str]:
    """Names of all objects of a kind (``joint``, ``site``, ``body`` or ``geom``) that have one."""
    objects = range(getattr(model, _COUNT_FIELDS[kind]))
    names = (mujoco.mj_id2name(model, _OBJECT_TYPES[kind], i) for i in objects)
    return [name for name in names if name]


def find_landmarks(model: mujoco.MjModel, names: Mapping[str, str], source: str) -> dict[str, Landmark]:
    """Find shoulder, elbow and paw in a model.

    Args:
        model: the compiled model.
        names: for each of ``LANDMARKS``, ``KIND:NAME`` with a kind of ``POSITION_FIELDS``, such as ``site:handm``.
        source: the file, for messages.

    Raises:
        ModelError: if a description has no such form.
        UnknownNameError: if the model has no object of that name.
    """
    return {landmark: _find(model, names[landmark], f"model.landmarks.{landmark}", source) for landmark in LANDMARKS}


def _find(model: mujoco.MjModel, description: str, key: str, source: str) -> Landmark:
    kind, _, name = description.partition(":")
    if kind not in POSITION_FIELDS or not name:
        raise ModelError(
            f"{key}='{description}' does not name a landmark. Write KIND:NAME, where KIND is one of "
            f"{', '.join(POSITION_FIELDS)}; for example {key}=site:handm."
        )
    index = mujoco.mj_name2id(model, _OBJECT_TYPES[kind], name)
    if index < 0:
        raise UnknownNameError(f"{kind} in {source} (key {key})", name, object_names(model, kind))
    return Landmark(POSITION_FIELDS[kind], index)


def positions(fields: Mapping[str, np.ndarray], landmarks: Mapping[str, Landmark]) -> np.ndarray:
    """Positions of shoulder, elbow and paw, ``(..., 3, 3)`` metres, from arrays of MjData fields, ``(..., n, 3)``."""
    return np.stack([fields[landmarks[name].field][..., landmarks[name].index, :] for name in LANDMARKS], axis=-2)


def body_of(model: mujoco.MjModel, mark: Landmark) -> int:
    """Index of the body that a landmark is fixed to; a joint's anchor is fixed to the joint's own body."""
    owners = {"xanchor": model.jnt_bodyid, "site_xpos": model.site_bodyid, "geom_xpos": model.geom_bodyid}
    return mark.index if mark.field == "xpos" else int(owners[mark.field][mark.index])
