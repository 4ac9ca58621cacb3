"""What of an arm is what of an OpenSim model: joints and coordinates, sites and markers, by name."""

import mujoco
import numpy as np

from mousearm.fidelity.reference import OpenSimModel, index_of
from mousearm.model import Arm
from mousearm.model.arm import POSITION_FIELDS, object_names
from mousearm.model.opensim import read_osim
from mousearm.model.opensim.settings import JOINT_NAMES
from mousearm.model.opensim.tree import build_tree


class Match:
    """An arm and an OpenSim model side by side.

    A coordinate has the name of its joint, or the one that our reader gives it; a joint's value is as many times the
    coordinate's as our reader says.

    Attributes:
        coordinates: of each joint, in the arm's order.
        held: coordinates that the arm lacks; they stay at their default.
    """

    def __init__(self, arm: Arm, model: OpenSimModel):
        """Look up every joint.

        Raises:
            UnknownNameError: if a joint is no free coordinate of the model.
        """
        self._arm, self._model = arm, model
        links = build_tree(read_osim(model.file), JOINT_NAMES).values()
        scales = {dof.name: dof.scale for link in links for dof in link.dofs}
        coordinate_of = {JOINT_NAMES.get(name, name): name for name in model.coordinates}
        known = tuple(name for name in coordinate_of if name in scales)
        for name in arm.joint_names:
            index_of(f"coordinate for a joint of {arm.source}", name, known, model.file)
        self.coordinates = tuple(coordinate_of[name] for name in arm.joint_names)
        self.held = tuple(name for name in model.coordinates if name not in self.coordinates)
        self._columns = np.array([model.coordinates.index(name) for name in self.coordinates])
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

        Points are markers and the sites of their names, and those landmarks of the arm that are hinges: they are the
        origins of the joints' child frames.
        """
        arm, model = self._arm, self._model
        sites = [name for name in model.markers if name in object_names(arm.model, "site")]
        hinges = {name: mark.index for name, mark in arm.landmarks.items() if mark.field == POSITION_FIELDS["joint"]}
        data = mujoco.MjData(arm.model)
        largest = dict.fromkeys([*hinges, *sites], 0.0)
        for own, pose in zip(qpos, self.values(qpos), strict=True):
            model.put(pose)
            data.qpos[:] = own
            mujoco.mj_kinematics(arm.model, data)
            pairs = [(name, data.xanchor[i], model.joint(self.coordinates[i])) for name, i in hinges.items()]
            pairs += [(name, data.site(name).xpos, model.marker(name)) for name in sites]
            for name, here, there in pairs:
                largest[name] = max(largest[name], float(np.linalg.norm(here - there)))
        return largest

    def notes(self) -> tuple[str, ...]:
        """What cannot be compared, a line for each kind."""
        sites = object_names(self._arm.model, "site")
        listed = {
            "muscles that the arm lacks": self._model.left_out,
            "markers that the arm lacks": tuple(name for name in self._model.markers if name not in sites),
            "coordinates that the arm lacks, held at their default": self.held,
        }
        return tuple(f"{what}: {', '.join(names)}" for what, names in listed.items() if names)
