"""The generated text against MuJoCo, compiled for this processor."""

import copy
import ctypes
import importlib.util
import shutil
import subprocess
from pathlib import Path

import mujoco
import numpy as np
import pytest
from mujoco.batch import Batch
from random_arms import landmarks_of, random_arm

from mousearm.engine.source import engine_source
from mousearm.errors import EngineError, ModelError
from mousearm.model.opensim import MjcfOptions, read_osim, to_mjcf
from mousearm.simulation import MujocoSimulation
from mousearm.trajectory import LANDMARKS

SUBSTEPS = 8
STEPS = 49
# Without optimisation it is compiled soonest; with it, tests/engine/test_check.py.
FLAGS = ["-O0", "-march=native", "-fno-math-errno", "-shared", "-fPIC", "-std=c++17", "-w", "-x", "c++", "-"]


@pytest.fixture(scope="module")
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


def call(function, *arrays, begin=0, end=None):
    """Rows of arrays with one arm per row; all of them by default."""
    pointers = [array.ctypes.data_as(ctypes.c_void_p) for array in arrays]
    function(ctypes.c_int64(begin), ctypes.c_int64(len(arrays[0]) if end is None else end), *pointers)


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


class Generated:
    """State of n arms that the generated functions of one precision step."""

    def __init__(self, library, model, states, precision):
        dtype = {"f64": np.float64, "f32": np.float32}[precision]
        self.step_rows = getattr(library, f"step_{precision}")
        self.qpos, self.qvel, self.act, self.ctrl = (part.astype(dtype) for part in states)
        n = len(self.qpos)
        self.force, self.torque, self.marks = (np.zeros((n, width), dtype) for width in (model.nu, model.nv, 9))

    def step(self, ctrl, **rows):
        self.ctrl[:] = ctrl
        arrays = self.qpos, self.qvel, self.act, self.ctrl, self.force, self.torque, self.marks
        call(self.step_rows, *arrays, **rows)
        return arrays


def assert_follows_mujoco(library, model, landmarks, n=16, size=1.0):
    """Random controls from random states, by both: joints to 1e-10 rad, in float32 the landmarks to 1e-3 mm x size."""
    model.opt.tolerance = 0  # MuJoCo's solver goes on to the end
    states = random_states(model, n)
    states[1][:], states[2][:] = 0, 0
    batch = Batch(model, nsim=n)
    fields = ["qpos", "qvel", "ctrl", "actuator_force", "qfrc_actuator", *{m.field for m in landmarks.values()}]
    of = {name: batch.bind(name) for name in fields + ["act"] * (model.na > 0)}
    batch.reset(stage=mujoco.mjtStage.mjSTAGE_VEL)
    of["qpos"][:] = states[0]
    double, single = (Generated(library, model, states, precision) for precision in ("f64", "f32"))
    reached = 0
    for step in range(STEPS):
        ctrl = random_states(model, n, seed=1 + step)[3]
        of["ctrl"][:] = ctrl
        batch.step(nstep=SUBSTEPS, stage=mujoco.mjtStage.mjSTAGE_VEL)
        double.step(ctrl), single.step(ctrl.astype(np.float32))
        marks = np.hstack([of[landmarks[name].field][:, landmarks[name].index] for name in LANDMARKS])
        np.testing.assert_allclose(double.qpos, of["qpos"], rtol=0, atol=1e-10)
        np.testing.assert_allclose(double.marks, marks, rtol=0, atol=1e-11 * size)
        for mine, name in ((double.force, "actuator_force"), (double.torque, "qfrc_actuator"), (double.qvel, "qvel")):
            np.testing.assert_allclose(mine, of[name], rtol=0, atol=1e-8 * np.abs(of[name]).max())
        if model.na:
            np.testing.assert_allclose(double.act, of["act"], rtol=0, atol=1e-12)
        np.testing.assert_allclose(single.marks, marks, rtol=0, atol=1e-6 * size)
        reached += (np.abs(of["qpos"] - np.clip(of["qpos"], *model.jnt_range.T)) * model.jnt_limited > 0).sum()
    return reached


@pytest.mark.parametrize("name", ["torque_arm", pytest.param("muscle_arm", marks=pytest.mark.slow)])
def test_the_shipped_arms_move_as_in_mujoco(name, request, compiled):
    arm = request.getfixturevalue(name)
    model = with_timestep(arm, 1 / 1200)
    library = compiled(engine_source(model, arm.landmarks, SUBSTEPS))
    assert assert_follows_mujoco(library, model, arm.landmarks) > 100  # so often a joint was beyond its limit
    assert_accelerations(library, model)
    assert_rows_are_alone(library, model)


def assert_accelerations(library, model, n=100, controls=None):
    """Of states in and beyond the joints' ranges, with controls in the ranges of another model if one is given."""
    qpos, qvel, act, _ = random_states(model, n, beyond=0.1)
    ctrl = random_states(controls or model, n)[3]
    qacc, actdot, force = np.zeros_like(qvel), np.zeros_like(act), np.zeros_like(ctrl)
    call(library.forward_f64, qpos, qvel, act, ctrl, qacc, actdot, force)
    data = mujoco.MjData(model)
    for row in range(n):
        mujoco.mj_resetData(model, data)
        data.qpos[:], data.qvel[:], data.act[:], data.ctrl[:] = qpos[row], qvel[row], act[row], ctrl[row]
        mujoco.mj_forward(model, data)
        np.testing.assert_allclose(qacc[row], data.qacc, rtol=0, atol=1e-9 * np.abs(data.qacc).max())
        np.testing.assert_allclose(actdot[row], data.act_dot, rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(force[row], data.actuator_force, rtol=1e-9, atol=1e-12)


def assert_rows_are_alone(library, model):
    """The same bits wherever an arm stands, and whatever the others do."""
    states = random_states(model, 21, beyond=0.05)
    for precision in ("f64", "f32"):
        together = Generated(library, model, states, precision)
        results = together.step(states[3])
        order = np.random.default_rng(5).permutation(21)
        shuffled = Generated(library, model, [part[order] for part in states], precision)
        shuffled.step(states[3][order], end=13), shuffled.step(states[3][order], begin=13)
        lonely = Generated(library, model, [part[4:5] for part in states], precision)
        for mine, others, alone in zip(
            results, shuffled.step(states[3][order], end=0), lonely.step(states[3][4:5]), strict=True
        ):
            np.testing.assert_array_equal(mine[order], others)
            np.testing.assert_array_equal(mine[4:5], alone)


# Arms on which MuJoCo itself makes less than 50 times more of a difference at the start: others are chaotic.
STEADY = {
    "RK4": (0, 18, 21, 24, 30, 33, 39),
    "Euler": (13, 22, 25, 31, 34),
    "implicitfast": (2, 5, 11, 14, 20, 29, 32, 38),
}


@pytest.mark.slow
@pytest.mark.parametrize(("integrator", "seed"), [(name, seed) for name in STEADY for seed in STEADY[name]])
def test_arms_of_other_shapes_move_as_in_mujoco(integrator, seed, compiled):
    model = random_arm(seed, integrator)
    library = compiled(engine_source(model, landmarks_of(model), SUBSTEPS))
    assert_follows_mujoco(library, model, landmarks_of(model))


@pytest.mark.slow
@pytest.mark.parametrize("flags", ["SPRING GRAVITY REFSAFE CLAMPCTRL", "DAMPER LIMIT", "EULERDAMP CONSTRAINT"])
def test_what_is_switched_off_is_off(flags, compiled):
    model = random_arm(22, "Euler")
    for flag in flags.split():
        model.opt.disableflags |= int(getattr(mujoco.mjtDisableBit, f"mjDSBL_{flag}"))
    on = random_arm(22, "Euler")
    on.actuator_ctrlrange[:] = model.actuator_ctrlrange * 1.5  # only what is drawn as a control
    library = compiled(engine_source(model, landmarks_of(model), SUBSTEPS))
    assert_accelerations(library, model, controls=on)
    assert_follows_mujoco(library, model, landmarks_of(model), size=10)


def published():
    """OpenSim models that are here: those beside this checkout, and of packages that are installed."""
    places = [Path(__file__).parents[3] / "shared" / "opensim"]
    for package in ("Pose2Sim", "osim"):
        found = importlib.util.find_spec(package)
        places += map(Path, (found.submodule_search_locations or []) if found else [])
    return sorted(file for place in places for file in place.rglob("*.osim"))


@pytest.mark.slow
@pytest.mark.parametrize("file", published(), ids=lambda file: file.name)
def test_published_models_move_as_in_mujoco(file, compiled):
    """Without what cannot be carried over, as contacts; a larger model may differ by as much more, in float32."""
    options = MjcfOptions(allow_missing=True, inertia="published", samples=300)
    try:
        model = mujoco.MjModel.from_xml_string(to_mjcf(read_osim(file), options))
        text = engine_source(model, landmarks_of(model), SUBSTEPS)
    except ModelError as error:
        pytest.skip(str(error).splitlines()[0])
    size = max(1.0, model.stat.extent / 0.05)
    assert_follows_mujoco(compiled(text), model, landmarks_of(model), n=8, size=size)


def test_what_is_not_simulated_is_refused_and_mujoco_simulates_it(build_two_link):
    coupled = build_two_link("<actuator>", '<equality><joint joint1="shoulder" joint2="elbow"/></equality><actuator>')
    with pytest.raises(EngineError) as refusal:
        engine_source(coupled.physics, coupled.landmarks, 8)
    assert any("equality" in reason for reason in refusal.value.reasons)
    MujocoSimulation(coupled, 1, 1 / 150, 8).step(np.zeros((1, 2)))  # "Use engine=mujoco."


@pytest.mark.parametrize("end", ["&#10;#error", "\\", "*/ #error", "é"])
def test_nothing_of_a_name_becomes_code(build_two_link, end):
    plain, named = (
        build_two_link(),
        build_two_link('"upper"', f'"upper{end}"', 'motor name="elbow"', f'motor name="{end}"'),
    )
    assert named.physics.body(1).name != "upper"
    texts = [engine_source(arm.physics, arm.landmarks, 8) for arm in (plain, named)]
    code = [[line for line in text.splitlines() if not line.lstrip().startswith("//")] for text in texts]
    assert code[0] == code[1]
    assert not any(line.endswith("\\") for line in texts[1].splitlines() if line.lstrip().startswith("//"))
