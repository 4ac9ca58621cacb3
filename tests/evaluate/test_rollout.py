from dataclasses import replace

import numpy as np
import pytest

from mousearm.env.references import Start
from mousearm.evaluate.rollout import roll_out
from mousearm.trajectory import ELBOW, FOLLOWED, PAW, SHOULDER


class Constant:
    """A controller that always does the same; it counts what it was asked."""

    def __init__(self, action):
        self.action = np.asarray(action, dtype=float)
        self.resets = []
        self.steps = 0

    def reset(self, n):
        self.resets.append(n)

    def act(self, observation):
        assert observation.shape[0] == self.resets[-1]
        self.steps += 1
        return np.tile(self.action, (len(observation), 1))


class ExplodeLater:
    """Drives simulation 0 of an explosive arm to diverge at its third step."""

    def reset(self, n):
        self.step = 0

    def act(self, observation):
        self.step += 1
        action = np.zeros((len(observation), 2))
        action[0, 1] = float(self.step == 3)
        return action


@pytest.fixture
def references(two_link, swing):
    return [swing(two_link, 5, "short"), swing(two_link, 9, "long")]


@pytest.fixture
def task(two_link, references, build_task):
    return build_task(two_link, references, 2)


def test_repeats_differ_by_their_noise_alone(two_link, references, build_task):
    noisy = build_task(two_link, references, 4, "env.noise.motor=0.1")
    trials = roll_out(noisy, Constant([0.2, -0.1]))
    assert [trial.name for trial in trials] == ["short", "long"] * 2
    assert [len(trial) for trial in trials] == [5, 9] * 2
    assert not np.array_equal(trials[0].qpos, trials[2].qpos)
    again = roll_out(build_task(two_link, references, 2, "env.noise.motor=0.1"), Constant([0.2, -0.1]), repeat=1)
    for one, other in zip(again, trials[2:], strict=True):
        np.testing.assert_array_equal(one.qpos, other.qpos)


def test_every_reach_from_its_first_frame_to_its_own_last(task, references):
    controller = Constant([0.2, -0.1])
    trials = roll_out(task, controller, {"short": "train", "long": "test"})
    assert [(trial.name, trial.split, len(trial), trial.n_frames) for trial in trials] == [
        ("short", "train", 5, 5),
        ("long", "test", 9, 9),
    ]
    assert controller.resets == [2]
    assert controller.steps == 8  # the longest reach has 9 frames
    for trial, reference in zip(trials, references, strict=True):
        assert (trial.dt, trial.diverged) == (pytest.approx(1 / 150), False)
        np.testing.assert_array_equal(trial.qpos[0], reference.qpos[0])
        np.testing.assert_array_equal(trial.qvel[0], reference.qvel[0])
        np.testing.assert_array_equal(trial.reference, reference.qpos)
        np.testing.assert_array_equal(trial.targets[:, ELBOW], reference.elbow)
        np.testing.assert_array_equal(trial.targets[:, PAW], reference.paw)
        assert not trial.ctrl[0].any()
        assert not trial.effort[0].any()
        assert trial.activation.shape == (len(trial), 0)


def test_rows_are_the_frames_of_the_task(task, two_link, references, build_task):
    trials = roll_out(task, Constant([0.2, -0.1]))
    twin = build_task(two_link, references, 2)
    twin.reset(np.arange(2), Start(np.arange(2), np.zeros(2, dtype=int)))
    for frame in range(1, 9):
        outcome = twin.step(np.tile([0.2, -0.1], (2, 1)))
        for i, trial in enumerate(trials):
            if frame < len(trial):
                np.testing.assert_array_equal(trial.qpos[frame], twin.snapshot.qpos[i])
                np.testing.assert_array_equal(trial.landmarks[frame], twin.snapshot.landmarks[i])
                np.testing.assert_allclose(trial.ctrl[frame], [0.2, -0.1])
                np.testing.assert_array_equal(
                    trial.errors_mm[frame, FOLLOWED], [outcome.elbow_mm[i], outcome.paw_mm[i]]
                )


def test_effort_is_relative_to_the_peak_force(task):
    # Motors of gain 1 at controls 0.2 and -0.1, peak 1: 0.04 and 0.01.
    _, trial = roll_out(task, Constant([0.2, -0.1]))
    np.testing.assert_allclose(trial.effort[1:], np.tile([0.04, 0.01], (8, 1)))


def test_the_arm_is_put_on_its_first_target_and_its_shoulder_stays_there(task):
    for trial in roll_out(task, Constant([0.5, 0.5])):
        np.testing.assert_allclose(trial.errors_mm[0], 0, atol=1e-9)
        np.testing.assert_allclose(trial.errors_mm[:, SHOULDER], 0, atol=1e-9)


def test_rollouts_repeat_to_the_bit(task):
    for one, other in zip(*(roll_out(task, Constant([0.3, -0.3])) for _ in range(2)), strict=True):
        np.testing.assert_array_equal(one.qpos, other.qpos)
        np.testing.assert_array_equal(one.landmarks, other.landmarks)


def test_muscles_are_recorded(muscle_arm, demo, build_task):
    at_rest = replace(demo, activation=np.zeros((12, 21)))
    (trial,) = roll_out(build_task(muscle_arm, [at_rest], 1, "model=muscle"), Constant(np.zeros(21)))
    assert trial.activation.shape == (12, 21)
    np.testing.assert_array_equal(trial.activation[0], 0)
    # Action 0 is an excitation of 0.0759, which every activation approaches from below.
    assert (np.diff(trial.activation, axis=0) > 0).all()
    assert trial.activation.max() < 0.0759
    np.testing.assert_allclose(trial.ctrl[1:], 0.0759, atol=5e-5)


def test_a_diverged_reach_ends_and_the_others_continue(explosive, swing, build_task, quiet_log):
    references = [swing(explosive, 9, "lost"), swing(explosive, 9, "kept")]
    lost, kept = roll_out(build_task(explosive, references, 2), ExplodeLater())
    # Frames 0, 1 and 2 were lived through; the third step, to frame 3, diverged.
    assert (len(lost), lost.n_frames, lost.diverged) == (3, 9, True)
    assert (len(kept), kept.diverged) == (9, False)
    assert all(np.isfinite(getattr(lost, name)).all() for name in ("landmarks", "qpos", "qvel", "ctrl", "effort"))
    (alone,) = roll_out(build_task(explosive, references[1:], 1), Constant([0.0, 0.0]))
    np.testing.assert_array_equal(kept.qpos, alone.qpos)


def test_one_simulation_per_reach(two_link, references, build_task):
    with pytest.raises(ValueError, match="3 simulations cannot perform 2 reaches"):
        roll_out(build_task(two_link, references, 3), Constant([0.0, 0.0]))
