import mujoco
import numpy as np
import pytest

from mousearm.condition import Conditions
from mousearm.condition.actuators import chosen, moment_arms
from mousearm.condition.muscles import Weakness
from mousearm.config import Config
from mousearm.errors import UnknownNameError
from mousearm.model import Arm


def arm_under(configure, arm: Arm, *words: str) -> tuple[Config, Arm]:
    config = configure(*words)
    return config, Conditions(config.condition).arm(arm)


def forces(arm: Arm, activation: float) -> np.ndarray:
    """(nu,) N, of all muscles at rest, in the arm that is simulated."""
    data = mujoco.MjData(arm.physics)
    data.qpos[:], data.act[:] = arm.rest_qpos, activation
    mujoco.mj_forward(arm.physics, data)
    return data.actuator_force.copy()


def test_nothing_is_present_in_the_intact_arm(configure, muscle_arm):
    config, arm = arm_under(configure, muscle_arm)
    assert arm is muscle_arm
    assert not Conditions(config.condition)
    assert Conditions(config.condition).acting(arm, 2, 0.01) is None


def test_weak_muscles_lose_a_share_of_their_active_force_alone(configure, muscle_arm):
    words = ["condition=weakness", "condition.weakness.severity=0.25", "condition.weakness.muscles=[Triceps*]"]
    _, weak = arm_under(configure, muscle_arm, *words)
    is_triceps = np.array([name.startswith("Triceps") for name in muscle_arm.actuator_names])
    assert is_triceps.sum() == 3
    active = forces(muscle_arm, 1.0) - forces(muscle_arm, 0.0)
    np.testing.assert_allclose(forces(weak, 1.0) - forces(weak, 0.0), np.where(is_triceps, 0.75, 1.0) * active)
    np.testing.assert_array_equal(forces(weak, 0.0), forces(muscle_arm, 0.0))


def test_motors_become_weak_too(configure, torque_arm):
    _, weak = arm_under(configure, torque_arm, "condition=weakness", "condition.weakness.severity=0.5")
    np.testing.assert_allclose(weak.peak_force, torque_arm.peak_force / 2)


def test_muscles_are_chosen_by_name_and_by_what_they_turn(muscle_arm):
    def names(*words):
        return {muscle_arm.actuator_names[i] for i in np.flatnonzero(chosen(muscle_arm, words, "key"))}

    assert names() == set(muscle_arm.actuator_names)
    assert names("Anconeus", "Brachialis*") == {"Anconeus", "Brachialis_Proximal_Head", "Brachialis_Distal_Head"}
    elbow = moment_arms(muscle_arm)[:, muscle_arm.joint_names.index("elbow_flex")]
    assert len(names("elbow_flex+")) == (elbow > 0).sum()
    assert names("elbow_flex+") & names("elbow_flex-") == set()
    assert "Triceps_Medial_Head" in names("elbow_flex+") ^ names("elbow_flex-")
    with pytest.raises(UnknownNameError) as caught:
        chosen(muscle_arm, ["Tricep"], "key")
    assert caught.value.name == "Tricep"
    assert "elbow_flex+" in caught.value.valid


def test_the_keys_of_two_configurations_are_their_own():
    one, other = Weakness(), Weakness()
    one.muscles.append("Anconeus")
    assert other.muscles == []
