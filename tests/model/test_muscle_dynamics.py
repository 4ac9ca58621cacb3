"""The time constants of the muscles' activation, as a named choice."""

from dataclasses import replace

import mujoco
import numpy as np
import pytest
from osim_text import document, muscle, points

from mousearm.config import compose
from mousearm.engine.check import with_time_step
from mousearm.engine.source import engine_source
from mousearm.model import load_arm
from mousearm.model_check.anatomy import describe_arm
from mousearm.simulation import MujocoSimulation

# One muscle of other time constants than MuJoCo's, a smooth switch between them, and a filtered motor.
MIXED = """
<mujoco><compiler autolimits="true"/>
  <worldbody><body name="arm"><joint name="shoulder" range="-90 90"/><geom size="0.001 0.01" type="capsule"/>
    <body pos="0 0 0.01"><joint name="elbow" range="-90 90"/><geom size="0.001 0.01" type="capsule"/>
      <site name="paw" pos="0 0 0.01"/></body></body></worldbody>
  <actuator>
    <muscle name="flexor" joint="elbow" timeconst="0.02 0.3" tausmooth="0.1" force="1e-3" lengthrange="0 1"
      ctrlrange="0 1"/>
    <general name="motor" joint="shoulder" dyntype="filter" dynprm="0.3" gear="1e-4" ctrlrange="-1 1"/>
  </actuator>
</mujoco>
"""


@pytest.fixture(scope="module")
def load():
    """The muscle arm, or the one of a file, with these dynamics."""

    def load(dynamics, *words):
        return load_arm(compose([*(words or ["model=muscle"]), f"model.muscle_dynamics={dynamics}"]).model)

    return load


def test_uniform_is_what_new_runs_with_muscles_have():
    assert [compose([f"model={name}"]).model.muscle_dynamics for name in ("muscle", "hub")] == ["uniform"] * 2
    assert compose(["model=osim", "model.osim=arm.osim"]).model.muscle_dynamics == "uniform"


def test_published_is_the_file_and_uniform_one_pair_for_all(load):
    constants = {dynamics: load(dynamics).model.actuator_dynprm[:, :2] for dynamics in ("published", "uniform")}
    biceps = load("published").actuator_names.index("Biceps_Long_Head")
    expected = np.tile([0.015, 0.06], (21, 1))
    expected[biceps, 1] = 0.5
    np.testing.assert_allclose(constants["published"], expected, rtol=1e-6)
    np.testing.assert_array_equal(constants["uniform"], np.tile([0.01, 0.04], (21, 1)))


def test_what_is_simulated_has_them_too(load):
    """Without excitation da/dt = -a (0.5 + 1.5 a) / 0.04 s, so a / (0.5 + 1.5 a) falls with 80 ms."""
    arm, dt = load("uniform"), 0.008
    simulation = MujocoSimulation(arm, 1, dt, n_substeps=8, threads=1)
    simulation.reset(np.array([0]), arm.rest_qpos[None], np.zeros((1, 6)), 1.0)
    simulation.step(np.zeros((1, 21)))
    activation = simulation.snapshot().activation[0]
    np.testing.assert_allclose(activation / (0.5 + 1.5 * activation), 0.5 * np.exp(-dt / 0.08), rtol=1e-6)


def test_other_files_get_them_and_keep_all_else(load, tmp_path):
    (tmp_path / "mixed.xml").write_text(MIXED)
    words = (f"model.file={tmp_path / 'mixed.xml'}", "model.landmarks.shoulder=joint:shoulder")
    words += ("model.landmarks.elbow=joint:elbow", "model.landmarks.paw=site:paw")
    published, uniform = (load(dynamics, *words) for dynamics in ("published", "uniform"))
    np.testing.assert_array_equal(published.model.actuator_dynprm[:, :3], [[0.02, 0.3, 0.1], [0.3, 0, 0]])
    np.testing.assert_array_equal(uniform.model.actuator_dynprm[:, :3], [[0.01, 0.04, 0.1], [0.3, 0, 0]])
    assert published.model.actuator_gainprm.tolist() == uniform.model.actuator_gainprm.tolist()


def test_opensim_files_get_them(load, tmp_path):
    file = tmp_path / "two_link.osim"
    times = (
        "<activation_time_constant>0.02</activation_time_constant>"
        "<deactivation_time_constant>0.3</deactivation_time_constant>"
    )
    file.write_text(document(forces=muscle(points(("upper", "0.007 0 0"), ("fore", "0.004 0 0")), extra=times)))
    words = ("model=osim", f"model.osim={file}", "model.landmarks.shoulder=joint:lift")
    words += ("model.landmarks.elbow=joint:bend", "model.landmarks.paw=site:paw")
    found = [load(dynamics, *words).model.actuator_dynprm[0, :2].tolist() for dynamics in ("published", "uniform")]
    assert found == [[0.02, 0.3], [0.01, 0.04]]


def test_motors_are_the_same(load):
    published, uniform = (load(dynamics, "model=torque").model for dynamics in ("published", "uniform"))
    compiled = [np.empty(mujoco.mj_sizeModel(model), dtype=np.uint8) for model in (published, uniform)]
    for model, content in zip((published, uniform), compiled, strict=True):
        mujoco.mj_saveModel(model, None, content)
    np.testing.assert_array_equal(*compiled)


def test_the_generated_engine_is_made_of_them(load):
    arms = [load(dynamics) for dynamics in ("published", "uniform")]
    published, uniform = (engine_source(with_time_step(arm, 1 / 150, 8), arm.landmarks, 8) for arm in arms)
    assert published != uniform


def test_an_arm_of_the_animals_size_has_them():
    config = compose(["model=muscle", "model.fit=animal", "model.upper_arm_mm=10", "model.forearm_mm=15"]).model
    for dynamics, slowest in (("uniform", 0.04), ("published", 0.5)):
        assert load_arm(replace(config, muscle_dynamics=dynamics)).model.actuator_dynprm[:, 1].max() == slowest


def test_the_description_names_them(load):
    assert "up and down: 10 and 40 ms." in describe_arm(load("uniform"))
    assert "up and down: 15 and 60 ms, of Biceps_Long_Head 15 and 500 ms." in describe_arm(load("published"))
    assert "Time constants" not in describe_arm(load("uniform", "model=torque"))
