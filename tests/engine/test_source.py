"""The generated text against MuJoCo, compiled for this processor."""

import copy
import ctypes
import shutil
import subprocess

import mujoco
import numpy as np
import pytest

from mousearm.engine.source import engine_source
from mousearm.errors import EngineError
from mousearm.simulation import MujocoSimulation

FLAGS = ["-O1", "-march=native", "-fno-math-errno", "-shared", "-fPIC", "-std=c++17", "-w", "-x", "c++", "-"]


@pytest.fixture(scope="session")
def compiled(tmp_path_factory):
    """Compile a text and load it; skips where there is no compiler."""
    compiler = shutil.which("g++") or shutil.which("clang++")
    if compiler is None:
        pytest.skip("there is no C++ compiler here")
    folder = tmp_path_factory.mktemp("engine")

    def compile_text(text):
        library = folder / f"{len(list(folder.iterdir()))}.so"
        subprocess.run([compiler, *FLAGS, "-o", library], input=text, text=True, check=True)
        return ctypes.CDLL(str(library))

    return compile_text


def call(function, *arrays):
    """All rows of arrays with one arm per row."""
    pointers = [array.ctypes.data_as(ctypes.c_void_p) for array in arrays]
    function(ctypes.c_int64(0), ctypes.c_int64(len(arrays[0])), *pointers)


def with_timestep(arm, timestep):
    model = copy.copy(arm.physics)
    model.opt.timestep = timestep
    return model


def random_states(model, n, beyond=0.0, seed=0):
    """States (n, ...) within the joints' ranges and a part of the range beyond, and controls within theirs."""
    rng = np.random.default_rng(seed)
    low, high = np.where(model.jnt_limited[:, None], model.jnt_range, (-1.5, 1.5)).T
    width = beyond * (high - low)
    qpos = rng.uniform(low - width, high + width, (n, model.nq))
    control = rng.uniform(*model.actuator_ctrlrange.T, (n, model.nu))
    return qpos, rng.normal(0, 3, (n, model.nv)), rng.uniform(0, 1, (n, model.na)), control


@pytest.mark.parametrize("name", ["torque_arm", "muscle_arm"])
def test_accelerations_are_those_of_mujoco(name, request, compiled):
    arm = request.getfixturevalue(name)
    model = with_timestep(arm, 1 / 1200)
    library = compiled(engine_source(model, arm.landmarks, 8))
    qpos, qvel, act, ctrl = random_states(model, 100, beyond=0.1)
    qacc, actdot, force = np.zeros_like(qvel), np.zeros_like(act), np.zeros_like(ctrl)
    call(library.forward_f64, qpos, qvel, act, ctrl, qacc, actdot, force)
    model.opt.tolerance, data = 0, mujoco.MjData(model)
    for row in range(len(qpos)):
        mujoco.mj_resetData(model, data)
        data.qpos[:], data.qvel[:], data.act[:], data.ctrl[:] = qpos[row], qvel[row], act[row], ctrl[row]
        mujoco.mj_forward(model, data)
        np.testing.assert_allclose(qacc[row], data.qacc, rtol=1e-9, atol=1e-9 * np.abs(data.qacc).max())
        np.testing.assert_allclose(actdot[row], data.act_dot, rtol=1e-12)
        np.testing.assert_allclose(force[row], data.actuator_force, rtol=1e-9, atol=1e-12)


def test_what_is_not_simulated_is_refused_and_mujoco_simulates_it(build_two_link):
    coupled = build_two_link("<actuator>", '<equality><joint joint1="shoulder" joint2="elbow"/></equality><actuator>')
    with pytest.raises(EngineError) as refusal:
        engine_source(coupled.physics, coupled.landmarks, 8)
    assert any("equality" in reason for reason in refusal.value.reasons)
    MujocoSimulation(coupled, 1, 1 / 150, 8).step(np.zeros((1, 2)))  # "Use engine=mujoco."
