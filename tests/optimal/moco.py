"""A motor arm built anew in OpenSim, and its reaches solved by OpenSim Moco."""

from typing import NamedTuple

import mujoco
import numpy as np


class MocoSolution(NamedTuple):
    """What Moco found: states at its mesh points."""

    time: np.ndarray  # (M,) s
    qpos: np.ndarray  # (M, nq)
    qvel: np.ndarray  # (M, nq)
    ctrl: np.ndarray  # (M, nu)
    solved: bool


def rotation(quat):
    """(3, 3) of a quaternion."""
    matrix = np.empty(9)
    mujoco.mju_quat2Mat(matrix, quat)
    return matrix.reshape(3, 3)


def onto(axis):
    """(3, 3) rotation whose z axis is this unit vector."""
    helper = np.eye(3)[np.abs(axis).argmin()]
    x = np.cross(helper, axis)
    x /= np.linalg.norm(x)
    return np.stack([x, np.cross(axis, x), axis], axis=1)


class OpenSimArm:
    """An arm of hinges and motors as an OpenSim model in MuJoCo's axes: same masses, axes, damping and gears."""

    def __init__(self, opensim, arm):
        self.opensim, self._mj = opensim, arm.model
        self.model, self.names = opensim.Model(), arm.joint_names
        self.model.setGravity(self._vec(arm.model.opt.gravity))
        self._bodies = {}
        for body in range(1, arm.model.nbody):
            if arm.model.body_jntnum[body] or arm.model.body_mass[body]:
                self._add_body(body)
        for j, name in enumerate(arm.joint_names):
            self._add_motor(j, name)
        elbow, site = arm.landmarks["elbow"].index, arm.landmarks["paw"].index
        self._add_marker("elbow", arm.model.jnt_bodyid[elbow], arm.model.jnt_pos[elbow])
        self._add_marker("paw", arm.model.site_bodyid[site], arm.model.site_pos[site])
        self.model.finalizeConnections()

    def _vec(self, values):
        return self.opensim.Vec3(*(float(value) for value in values))

    def _angles(self, matrix):
        """Body-fixed x, y, z angles of a rotation, as OpenSim's frames have them."""
        y = np.arcsin(np.clip(matrix[0, 2], -1, 1))
        return self._vec([np.arctan2(-matrix[1, 2], matrix[2, 2]), y, np.arctan2(-matrix[0, 1], matrix[0, 0])])

    def _in_parent(self, body):
        """The parent of a body, and position and rotation in it; bodies with neither joints nor mass are left out."""
        position, turned, parent = self._mj.body_pos[body], rotation(self._mj.body_quat[body]), body
        while (parent := int(self._mj.body_parentid[parent])) and parent not in self._bodies:
            own = rotation(self._mj.body_quat[parent])
            position, turned = self._mj.body_pos[parent] + own @ position, own @ turned
        return self._bodies[parent] if parent else self.model.getGround(), position, turned

    def _add_body(self, body):
        mj, opensim, name = self._mj, self.opensim, self._mj.body(body).name
        turned = rotation(mj.body_iquat[body])
        inertia = turned @ np.diag(mj.body_inertia[body]) @ turned.T
        moments = [inertia[i, j] for i, j in ((0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2))]
        parent, position, frame = self._in_parent(body)
        joints = range(mj.body_jntadr[body], mj.body_jntadr[body] + mj.body_jntnum[body])
        whole = opensim.Body(name, float(mj.body_mass[body]), self._vec(mj.body_ipos[body]), opensim.Inertia(*moments))
        if not len(joints):
            self._add(
                whole, opensim.WeldJoint, (parent, self._vec(position), self._angles(frame)), np.zeros(3), np.eye(3)
            )
        for j in joints:  # one after the other, with links of hardly any mass between them, as OpenSim must have
            between = f"{name}_{j}", 1e-12, opensim.Vec3(0), opensim.Inertia(*[1e-17] * 3)
            link = whole if j == joints[-1] else opensim.Body(*between)
            anchor, axis = mj.jnt_pos[j], onto(mj.jnt_axis[j])
            where = parent, self._vec(position + frame @ anchor), self._angles(frame @ axis)
            joint = self._add(link, opensim.PinJoint, where, anchor, axis)
            joint.updCoordinate().setName(mj.joint(j).name)
            parent, position, frame = link, np.zeros(3), np.eye(3)
        self._bodies[body] = whole

    def _add(self, link, kind, where, anchor, axis):
        joint = kind(f"of_{link.getName()}", *where, link, self._vec(anchor), self._angles(axis))
        self.model.addBody(link)
        self.model.addJoint(joint)
        return joint

    def _add_motor(self, j, name):
        motor = self.opensim.CoordinateActuator(name)
        motor.setName(f"motor_{name}")
        motor.setOptimalForce(float(self._mj.actuator_gear[j, 0]))
        motor.setMinControl(float(self._mj.actuator_ctrlrange[j, 0]))
        motor.setMaxControl(float(self._mj.actuator_ctrlrange[j, 1]))
        self.model.addForce(motor)
        damper = self.opensim.SpringGeneralizedForce(name)
        damper.setName(f"damper_{name}")
        damper.setViscosity(float(self._mj.dof_damping[j]))
        self.model.addForce(damper)

    def _add_marker(self, name, body, position):
        # A landmark that is the anchor of a joint belongs to the body that the joint turns.
        self.model.addMarker(self.opensim.Marker(name, self._bodies[int(body)], self._vec(position)))

    def paths(self):
        """Paths of the coordinates, in the order of the joints."""
        return [self.model.getCoordinateSet().get(name).getAbsolutePathString() for name in self.names]

    def acceleration(self, qpos, qvel, ctrl):
        """(nq,) rad/s2, and positions of elbow and paw, (2, 3) m, in a state."""
        state, coordinates = self.model.initSystem(), self.model.getCoordinateSet()
        for name, q, v in zip(self.names, qpos, qvel, strict=True):
            coordinates.get(name).setValue(state, float(q), False)
            coordinates.get(name).setSpeedValue(state, float(v))
        controls = self.opensim.Vector(len(ctrl), 0.0)
        for i, value in enumerate(ctrl):
            controls.set(i, float(value))
        self.model.realizeVelocity(state)
        self.model.setControls(state, controls)
        self.model.realizeAcceleration(state)
        points = [self.model.getMarkerSet().get(name).getLocationInGround(state) for name in ("elbow", "paw")]
        qacc = np.array([coordinates.get(name).getAccelerationValue(state) for name in self.names])
        return qacc, np.array([[point.get(i) for i in range(3)] for point in points])

    def solve(self, targets, guess, start, frame_s, w_effort, intervals):
        """Solve a reach: targets of elbow and paw (T, 2, 3) m, a guess (T, nq) rad, (qpos, qvel) at the start.

        The cost is that of ours with integrals in place of sums: errors in mm^2 and weighted effort, per frame.
        """
        opensim, joints = self.opensim, self.paths()
        seconds = frame_s * (len(targets) - 1)
        study = opensim.MocoStudy()
        problem = study.updProblem()
        problem.setModelAsCopy(self.model)
        problem.setTimeBounds(opensim.MocoInitialBounds(0.0), opensim.MocoFinalBounds(seconds))
        for path, (low, high), q, v in zip(joints, self._mj.jnt_range, *start, strict=True):
            problem.setStateInfo(f"{path}/value", [float(low), float(high)], float(q))
            problem.setStateInfo(f"{path}/speed", [-50.0, 50.0], float(v))
        table = opensim.TimeSeriesTableVec3()
        table.setColumnLabels(["elbow", "paw"])
        for i, (elbow, paw) in enumerate(targets):
            table.appendRow(i * frame_s, opensim.RowVectorVec3([self._vec(elbow), self._vec(paw)]))
        weights = opensim.SetMarkerWeights()
        for name in ("elbow", "paw"):
            weights.cloneAndAppend(opensim.MarkerWeight(name, 1.0))
        tracking = opensim.MocoMarkerTrackingGoal("error", 1e6 / frame_s)
        tracking.setMarkersReference(opensim.MarkersReference(table, weights))
        problem.addGoal(tracking)
        problem.addGoal(opensim.MocoControlGoal("effort", w_effort / frame_s))
        solver = study.initCasADiSolver()
        solver.set_num_mesh_intervals(intervals)
        solver.set_transcription_scheme("hermite-simpson")
        solver.set_optim_convergence_tolerance(5e-2)
        solver.set_optim_constraint_tolerance(1e-4)
        solver.set_optim_max_iterations(200)
        solver.set_parallel(0)
        solver.set_verbosity(0)
        solver.set_optim_ipopt_print_level(0)
        trajectory = solver.createGuess("bounds")
        at = np.linspace(0, seconds, trajectory.getNumTimes())
        time = frame_s * np.arange(len(targets))
        speed = np.gradient(guess, frame_s, axis=0)
        for j, path in enumerate(joints):
            for kind, values in (("value", guess), ("speed", speed)):
                trajectory.setState(f"{path}/{kind}", np.interp(at, time, values[:, j]))
        solver.setGuess(trajectory)
        found = study.solve()
        solved = found.success()
        found.unseal()
        states = [
            np.stack([found.getStateMat(f"{path}/{kind}") for path in joints], axis=1) for kind in ("value", "speed")
        ]
        ctrl = np.stack([found.getControlMat(f"/forceset/motor_{name}") for name in self.names], axis=1)
        return MocoSolution(found.getTimeMat(), *states, ctrl, solved)
