"""A compiled model over its joint ranges: poses, lengths of tendons, loads of gravity on joints."""

import itertools

import mujoco
import numpy as np

_CORNERS_UP_TO = 10  # joints; 2^10 corners


def sample_poses(model: mujoco.MjModel, count: int, seed: int) -> np.ndarray:
    """(n, nq): ``count`` random poses within the joint ranges, then the corners of the ranges, then the rest pose."""
    low, high = model.jnt_range.T
    random = np.random.default_rng(seed).uniform(low, high, (count, model.nq))
    corners = np.array(list(itertools.product(*model.jnt_range))) if model.njnt <= _CORNERS_UP_TO else random[:0]
    rest = model.key_qpos if model.nkey else model.qpos0[None]
    return np.vstack([random, corners, rest])


def at_pose(model: mujoco.MjModel, data: mujoco.MjData, qpos: np.ndarray) -> None:
    """Compute positions of everything, and tendon lengths, at a pose."""
    data.qpos[:] = qpos
    mujoco.mj_kinematics(model, data)
    mujoco.mj_comPos(model, data)
    mujoco.mj_tendon(model, data)


def tendon_lengths(model: mujoco.MjModel, poses: np.ndarray) -> np.ndarray:
    """(n, ntendon) lengths in m."""
    data = mujoco.MjData(model)
    lengths = np.empty((len(poses), model.ntendon))
    for row, qpos in enumerate(poses):
        at_pose(model, data, qpos)
        lengths[row] = data.ten_length
    return lengths


def gravity_load(model: mujoco.MjModel, poses: np.ndarray) -> np.ndarray:
    """(nv,) N m (N for slides): largest load of the weight of all bodies beyond a joint.

    Weight is taken across the axis whatever its direction: m g times the distance of the centre of mass from the axis,
    so that the posture of the trunk does not matter.
    """
    data = mujoco.MjData(model)
    gravity = float(np.linalg.norm(model.opt.gravity)) or 9.81
    load = np.zeros(model.njnt)
    for qpos in poses:
        at_pose(model, data, qpos)
        for joint in range(model.njnt):
            body = model.jnt_bodyid[joint]
            mass = model.body_subtreemass[body]
            arm = np.cross(data.subtree_com[body] - data.xanchor[joint], data.xaxis[joint])
            slide = model.jnt_type[joint] == mujoco.mjtJoint.mjJNT_SLIDE
            load[joint] = max(load[joint], mass * gravity * (1.0 if slide else float(np.linalg.norm(arm))))
    return load
