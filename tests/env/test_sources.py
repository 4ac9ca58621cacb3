"""From a configuration to an arm and its references; above all, whose lengths the arm has."""

from pathlib import Path
from statistics import median

import numpy as np
import pytest

from mousearm.env.sources import prepare, with_lengths
from mousearm.kinematics import Reach, read_reaches

RECORDED = Path(__file__).parents[3] / "shared" / "kinematics"
recorded = pytest.mark.skipif(not RECORDED.is_dir(), reason="the recorded reaches are not there")


def reach(upper_arm, forearm, name="reach"):
    """An arm of given lengths, in m, along x; the paw of its last of five frames is 9 mm farther away."""
    x = np.array([1.0, 0, 0])
    shoulder = np.zeros((5, 3))
    elbow = shoulder + upper_arm * x
    paw = elbow + forearm * x
    paw[-1] += 0.009 * x
    return Reach(name, np.arange(5) / 150, paw, elbow, shoulder)


def test_nothing_is_filled_in_where_the_model_stays_as_it_is(configure):
    config = configure()
    assert with_lengths(config.model, [reach(0.01, 0.015)]) == config.model
    assert prepare(config).config == config


def test_lengths_are_medians_of_medians(configure):
    # Each reach counts once, whatever its bad frame says: medians of 9, 10, 13 mm and of 14, 15, 19 mm.
    reaches = [reach(0.009, 0.019), reach(0.013, 0.014), reach(0.010, 0.015)]
    model = with_lengths(configure("model.fit=animal").model, reaches)
    assert (model.upper_arm_mm, model.forearm_mm) == pytest.approx((10, 15))


def test_a_length_that_is_given_stays(configure):
    model = with_lengths(configure("model.fit=animal", "model.forearm_mm=12.5").model, [reach(0.009, 0.019)])
    assert (model.upper_arm_mm, model.forearm_mm) == (pytest.approx(9), 12.5)


def test_the_arm_has_the_lengths_that_the_configuration_says(configure):
    config, arm, references = prepare(configure("model=muscle", "model.fit=animal"))
    (recorded,) = read_reaches(Path(arm.source).parents[1] / "kinematics" / "data" / "demo.csv")
    lengths = (recorded.upper_arm_length, recorded.forearm_length)
    np.testing.assert_allclose((config.model.upper_arm_mm, config.model.forearm_mm), np.multiply(1e3, lengths))
    np.testing.assert_allclose(arm.segment_lengths(), lengths, rtol=1e-9)
    assert references[0].residual_mm.max() < 0.01
    # What it says is enough: the same arm without a look at the reaches.
    assert prepare(config).config == config


def test_lengths_do_not_depend_on_the_control_rate(configure):
    fast, slow = (prepare(configure("model.fit=animal", f"env.control_dt={dt}")).config.model for dt in (0.005, 0.01))
    assert fast == slow


@recorded
@pytest.mark.parametrize("model", ["torque", "muscle"])
def test_recorded_animals(configure, model):
    files = sorted(RECORDED.glob("*.csv"))
    assert len(files) == 6
    for file in files:
        config, arm, references = prepare(configure(f"model={model}", "model.fit=animal", f"kinematics.path={file}"))
        (animal,) = read_reaches(file)
        np.testing.assert_allclose(
            arm.segment_lengths(), (animal.upper_arm_length, animal.forearm_length), rtol=1e-9, err_msg=file.stem
        )
        assert references[0].residual_mm.max() < 0.01, file.stem
        assert config.model.fit == "animal"


@recorded
def test_recorded_animals_together(configure):
    config, arm, references = prepare(configure("model.fit=animal", f"kinematics.path={RECORDED}"))
    animals = read_reaches(RECORDED)
    assert config.model.upper_arm_mm == 1e3 * median(animal.upper_arm_length for animal in animals)
    assert config.model.forearm_mm == 1e3 * median(animal.forearm_length for animal in animals)
    assert max(reference.residual_mm.max() for reference in references) < 0.01
    np.testing.assert_allclose(arm.segment_lengths()[0], config.model.upper_arm_mm / 1e3, rtol=1e-9)


@recorded
def test_with_one_scale_the_targets_are_what_was_recorded(configure):
    """That scale is 1 for an arm of the animal's size; the trunk's movement is left out as always."""
    file = RECORDED / "reachset4_reach1.csv"
    (animal,) = read_reaches(file)
    overrides = ("model.fit=animal", "kinematics.retarget=uniform", f"kinematics.path={file}")
    _, arm, (reference,) = prepare(configure(*overrides))
    shoulder = arm.landmark_positions(arm.rest_qpos[None])[0, 0]
    np.testing.assert_allclose(reference.paw[0] - shoulder, animal.paw[0] - animal.shoulder[0], atol=1e-8)
