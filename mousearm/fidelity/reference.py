"""A model run by OpenSim itself: where its markers are, how long its paths, and what of an arm corresponds to it.

OpenSim is not a dependency of the package: it is imported when a reference is made.
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import mujoco
import numpy as np

from mousearm.errors import ModelError, UnknownNameError
from mousearm.model import Arm
from mousearm.model.arm import POSITION_FIELDS, object_names
from mousearm.model.opensim import read_osim
from mousearm.model.opensim.elements import pose as frame_of
from mousearm.model.opensim.tree import JOINT_NAMES, Z_UP, build_tree

_DERIVATIVE_STEP = 1e-6  # rad or m: rounding and curvature both stay below 1e-8 m/rad


class Vertex(NamedTuple):
    """A corner of a path: where it is, (3,) m in the ground; ``wrap`` is the object that it lies on, if any."""

    name: str
    wrap: str | None
    location: np.ndarray


class Surface(NamedTuple):
    """A cylinder along its z axis, or a sphere (``length`` infinite), with its (4, 4) pose in the ground."""

    name: str
    pose: np.ndarray
    radius: float
    length: float

    @property
    def across(self) -> int:
        """Number of axes that count for the distance: those across a cylinder, or all of a sphere."""
        return 2 if np.isfinite(self.length) else 3


class OpenSimModel:
    """An OpenSim model in poses of its C free coordinates, with the M muscles that are looked at."""

    def __init__(self, file: Path, muscles: Collection[str] | None = None):
        """Build the system, with these muscles as far as they exist; ModelError if OpenSim is not there or refuses."""
        self.file = file
        with opened(file) as (self._opensim, self._model):
            self._state = self._model.initSystem()
        self.version = str(self._opensim.GetVersion()).split("-")[0]
        self._free = [item for item in self._model.getCoordinateSet() if not item.getLocked(self._state)]
        self.coordinates = tuple(item.getName() for item in self._free)
        self.range = np.array([[item.getRangeMin(), item.getRangeMax()] for item in self._free])  # (C, 2) rad or m
        self.default = np.array([item.getDefaultValue() for item in self._free])
        self.turns = np.array([item.getMotionType() == self._opensim.Coordinate.Rotational for item in self._free])
        names = [item.getName() for item in self._model.getMuscles()]
        self.muscles = tuple(name for name in names if muscles is None or name in muscles)
        self.left_out = tuple(name for name in names if name not in self.muscles)
        self._paths = [self._model.getMuscles().get(name).getGeometryPath() for name in self.muscles]
        self.markers = tuple(item.getName() for item in self._model.getMarkerSet())

    def put(self, values: np.ndarray) -> None:
        """Go to a pose, (C,)."""
        for coordinate, value in zip(self._free, values, strict=True):
            coordinate.setValue(self._state, float(value), False)
        self._model.realizePosition(self._state)

    def place(self, marker: str = "", coordinate: str = "") -> np.ndarray:
        """Position in this pose of a marker, or of a coordinate's joint (its child frame), (3,) m in MuJoCo's axes."""
        if marker:
            position = self._model.getMarkerSet().get(marker).getLocationInGround(self._state)
        else:
            frame = self._model.getCoordinateSet().get(coordinate).getJoint().getChildFrame()
            position = frame.getPositionInGround(self._state)
        return Z_UP[:3, :3] @ position.to_numpy()

    def lengths(self, values: np.ndarray) -> np.ndarray:
        """(M,) m, lengths of the muscles' paths at a pose, (C,)."""
        self.put(values)
        return np.array([path.getLength(self._state) for path in self._paths])

    def paths(self, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(M,) lengths, m, and OpenSim's moment arms (M, C), m: -d length / d coordinate of a shortest path."""
        lengths = self.lengths(values)
        arms = [[path.computeMomentArm(self._state, item) for item in self._free] for path in self._paths]
        return lengths, np.array(arms).reshape(len(lengths), len(self._free))

    def slope(self, values: np.ndarray, coordinate: int) -> np.ndarray:
        """(M,) d length / d coordinate: the smaller of the differences to either side, for a jump is no slope."""
        step = np.zeros(len(values))
        step[coordinate] = _DERIVATIVE_STEP
        before, here, after = (self.lengths(values + side * step) for side in (-1, 0, 1))
        back, ahead = (here - before) / _DERIVATIVE_STEP, (after - here) / _DERIVATIVE_STEP
        return np.where(np.abs(back) < np.abs(ahead), back, ahead)

    def path(self, muscle: int) -> list[Vertex]:
        """The path of a muscle in this pose; in an arc only the first and the last vertex."""
        current, vertices = self._paths[muscle].getCurrentPath(self._state), []
        for point in (current.get(i) for i in range(current.getSize())):
            on = self._opensim.PathWrapPoint.safeDownCast(point)
            wrap = None if on is None else on.getWrapObject().getName()
            vertices.append(Vertex(point.getName(), wrap, point.getLocationInGround(self._state).to_numpy()))
        return vertices

    def surfaces(self, muscle: int) -> list[Surface]:
        """Cylinders and spheres that the path of a muscle may bend around, where they are in this pose."""
        surfaces = []
        for wrap in (item.getWrapObject() for item in self._paths[muscle].getWrapSet()):
            kind = wrap.getConcreteClassName()
            if kind not in ("WrapCylinder", "WrapSphere"):
                continue
            frame = wrap.getFrame().getTransformInGround(self._state)
            body = np.eye(4)
            body[:3, 3] = frame.p().to_numpy()
            body[:3, :3] = [[frame.R().get(i, j) for j in range(3)] for i in range(3)]
            local = frame_of(wrap.get_translation().to_numpy(), wrap.get_xyz_body_rotation().to_numpy())
            shape = getattr(self._opensim, kind).safeDownCast(wrap)
            length = shape.get_length() if kind == "WrapCylinder" else np.inf
            surfaces.append(Surface(wrap.getName(), body @ local, shape.get_radius(), length))
        return surfaces


def load_opensim() -> Any:
    """The Python package ``opensim``, quiet: no log file in the working folder, and errors only."""
    try:
        import opensim
    except ImportError as error:
        raise ModelError(
            "A comparison with OpenSim needs OpenSim's Python package, which is not installed here (it is no "
            "dependency of mousearm): pip install opensim"
        ) from error
    opensim.Logger.removeFileSink()
    opensim.Logger.setLevelString("Error")
    return opensim


@contextmanager
def opened(file: Path) -> Iterator[tuple[Any, Any]]:
    """OpenSim and its object of a model file; ModelError if there is none, or for what OpenSim refuses meanwhile."""
    opensim = load_opensim()
    if not file.is_file():
        raise ModelError(f"There is no file {file}. Give the path of an OpenSim model (.osim).")
    try:
        yield opensim, opensim.Model(str(file))
    except RuntimeError as error:
        raise ModelError(f"OpenSim refuses {file}: {error}") from error


class Match:
    """An arm and an OpenSim model side by side; coordinates that the arm lacks stay at their default."""

    def __init__(self, arm: Arm, model: OpenSimModel):
        """Look up every joint; raises UnknownNameError if one is not a free coordinate of the model."""
        self._arm, self._model = arm, model
        # A coordinate has the name of its joint, or the one that our reader gives it, and so many times its value.
        links = build_tree(read_osim(model.file)).values()
        scales = {dof.name: dof.scale for link in links for dof in link.dofs}
        coordinate_of = {JOINT_NAMES.get(name, name): name for name in model.coordinates}
        known = [name for name in coordinate_of if name in scales]
        for name in arm.joint_names:
            if name not in known:
                raise UnknownNameError(f"coordinate for a joint of {arm.source} in {model.file}", name, known)
        self._coordinates = tuple(coordinate_of[name] for name in arm.joint_names)
        self._columns = np.array([model.coordinates.index(name) for name in self._coordinates])
        self._scales = np.array([scales[name] for name in arm.joint_names])

    def values(self, qpos: np.ndarray) -> np.ndarray:
        """(P, C) values of all coordinates in poses of the arm, (P, J)."""
        values = np.tile(self._model.default, (len(qpos), 1))
        values[:, self._columns] = qpos / self._scales
        return values

    def per_joint(self, slopes: np.ndarray) -> np.ndarray:
        """(..., J) derivatives by the arm's joints, of derivatives by coordinates, (..., C)."""
        return slopes[..., self._columns] / self._scales

    def distances(self, qpos: np.ndarray) -> dict[str, float]:
        """Largest distance in poses, (P, J), of each point that both have, m.

        Points are markers and the sites of their names, and those landmarks that are hinges, as child frames' origins.
        """
        arm, model = self._arm, self._model
        sites = [name for name in model.markers if name in object_names(arm.model, "site")]
        hinges = {name: mark.index for name, mark in arm.landmarks.items() if mark.field == POSITION_FIELDS["joint"]}
        data = mujoco.MjData(arm.model)
        largest = dict.fromkeys([*hinges, *sites], 0.0)
        for joint_values, pose in zip(qpos, self.values(qpos), strict=True):
            model.put(pose)
            data.qpos[:] = joint_values
            mujoco.mj_kinematics(arm.model, data)
            pairs = [
                (name, data.xanchor[i], model.place(coordinate=self._coordinates[i])) for name, i in hinges.items()
            ]
            pairs += [(name, data.site(name).xpos, model.place(marker=name)) for name in sites]
            for name, here, there in pairs:
                largest[name] = max(largest[name], float(np.linalg.norm(here - there)))
        return largest

    def notes(self) -> tuple[str, ...]:
        """A line for each kind of thing that cannot be compared."""
        model, sites = self._model, object_names(self._arm.model, "site")
        listed = {
            "muscles that the arm lacks": model.left_out,
            "markers that the arm lacks": [name for name in model.markers if name not in sites],
            "coordinates that the arm lacks, held at their default": [
                name for name in model.coordinates if name not in self._coordinates
            ],
        }
        return tuple(f"{what}: {', '.join(names)}" for what, names in listed.items() if names)
