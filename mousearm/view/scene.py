"""The scene of every viewer: the arm, its muscles by activation, points and their targets, paths, the ghost."""

import copy
from itertools import pairwise

import mujoco
import numpy as np

from mousearm.model import Arm
from mousearm.render import TARGET_COLOURS, add_shape, colour_muscles
from mousearm.trajectory import ELBOW, PAW, Frame, Trial
from mousearm.view.playback import Playback

# Shoulder, elbow and paw; elbow and paw as in the figures, the shoulder of the same palette.
POINT_COLOURS = ((0.0, 0.62, 0.45), *TARGET_COLOURS)
_POINT_M, _TARGET_M, _PAIR_M = 0.9e-3, 1.35e-3, 0.3e-3  # radii
_TARGET_OPACITY = 0.45
_BEHIND_M, _AHEAD_M, _AHEAD_OPACITY = 0.22e-3, 0.12e-3, 0.35
GHOST_RGBA = (0.25, 0.35, 0.55, 0.3)
_PATH_PIECES = 60  # more of a path cannot be distinguished, and cost time
_MAX_SHAPES = 5000  # enough for the arm, its ghost, tendons and paths of every model that can be looked at


class Scene:
    """One arm to draw, with all that is shown around it."""

    def __init__(self, arm: Arm):
        self.model = copy.copy(arm.model)  # with tendons in the colours of the present frame
        self.data, self._reference = mujoco.MjData(self.model), mujoco.MjData(self.model)
        self._all, self._camera = mujoco.MjvScene(self.model, _MAX_SHAPES), mujoco.MjvCamera()
        self._options, self._bones = mujoco.MjvOption(), mujoco.MjvOption()
        self._options.sitegroup[:] = self._bones.sitegroup[:] = 0  # muscle path points, markers
        self._bones.flags[mujoco.mjtVisFlag.mjVIS_TENDON] = 0

    def pose(self, playback: Playback) -> None:
        """Put the arm, and the colours of its muscles, to where the playback is."""
        frame = playback.frame
        self.data.time = frame.time
        self.data.qpos[:], self.data.act[:], self.data.ctrl[:] = frame.qpos, frame.activation, frame.ctrl
        mujoco.mj_forward(self.model, self.data)
        colour_muscles(self.model, frame.activation, playback.colours)

    def add_extras(self, scene: mujoco.MjvScene, playback: Playback) -> None:
        """Add everything but the arm itself to a scene of MuJoCo's."""
        frame = playback.frame
        if playback.ghost:
            self._add_ghost(scene, frame)
        _add_points(scene, frame)
        _add_paths(scene, playback.trial, frame.time)

    def everything(self, playback: Playback) -> mujoco.MjvScene:
        """Arm and extras where the playback is, as a scene of MuJoCo's that is used again at the next call."""
        self.pose(playback)
        every = mujoco.mjtCatBit.mjCAT_ALL
        mujoco.mjv_updateScene(self.model, self.data, self._options, None, self._camera, every, self._all)
        self.add_extras(self._all, playback)
        return self._all

    def _add_ghost(self, scene: mujoco.MjvScene, frame: Frame) -> None:
        """Add the bones in the reference's pose, translucent, where there is one."""
        if not np.isfinite(frame.reference).all():
            return
        self._reference.qpos[:] = frame.reference
        mujoco.mj_kinematics(self.model, self._reference)
        first = scene.ngeom
        moving = mujoco.mjtCatBit.mjCAT_DYNAMIC
        mujoco.mjv_addGeoms(self.model, self._reference, self._bones, mujoco.MjvPerturb(), moving, scene)
        for shape in scene.geoms[first : scene.ngeom]:
            shape.rgba[:] = GHOST_RGBA


def _add_points(scene: mujoco.MjvScene, frame: Frame) -> None:
    """Add each point as a ball, its target as a larger translucent one, and a line between the two."""
    for point, target, colour in zip(frame.landmarks, frame.targets, POINT_COLOURS, strict=True):
        add_shape(scene, mujoco.mjtGeom.mjGEOM_SPHERE, colour, np.full(3, _POINT_M), point)
        _add_line(scene, point, target, colour, _PAIR_M)
        add_shape(scene, mujoco.mjtGeom.mjGEOM_SPHERE, colour, np.full(3, _TARGET_M), target, _TARGET_OPACITY)


def _add_paths(scene: mujoco.MjvScene, trial: Trial, time: float) -> None:
    """Add the paths of the targets: solid up to the present, thin and pale from there."""
    n = trial.n_frames
    frames = np.unique(np.linspace(0, n - 1, min(n, _PATH_PIECES + 1)).round().astype(int))
    for column in (ELBOW, PAW):
        path, colour = trial.targets[frames, column], POINT_COLOURS[column]
        for (begin, end), frame in zip(pairwise(path), frames[1:], strict=True):
            behind = frame * trial.dt <= time + 1e-9
            _add_line(scene, begin, end, colour, _BEHIND_M if behind else _AHEAD_M, 1.0 if behind else _AHEAD_OPACITY)


def _add_line(
    scene: mujoco.MjvScene, begin: np.ndarray, end: np.ndarray, colour: tuple, radius: float, opacity: float = 1.0
) -> None:
    line = add_shape(scene, mujoco.mjtGeom.mjGEOM_CYLINDER, colour, np.zeros(3), begin + 0 * end, opacity)
    if line is not None:
        mujoco.mjv_connector(line, mujoco.mjtGeom.mjGEOM_CYLINDER, radius, begin, end)
