import numpy as np
import pytest

from mousearm.env import Start
from mousearm.evaluate.rollout import roll_out


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


def test_every_reach_from_its_first_frame(task, references):
    controller = Constant([0.2, -0.1])
    rollout = roll_out(task, controller)
    assert rollout.names == ["short", "long"]
    assert list(rollout.n_frames) == list(rollout.completed) == [5, 9]
    assert rollout.dt == pytest.approx(1 / 150)
    assert controller.resets == [2]
    assert controller.steps == 8  # the longest reach has 9 frames
    shapes = {"targets": (2, 9, 2, 3), "landmarks": (2, 9, 3, 3), "qpos": (2, 9, 2), "qvel": (2, 9, 2)}
    shapes |= {"activation": (2, 9, 0), "ctrl": (2, 9, 2), "effort": (2, 9, 2)}
    for field, shape in shapes.items():
        assert getattr(rollout, field).shape == shape
    for i, reference in enumerate(references):
        np.testing.assert_array_equal(rollout.qpos[i, 0], reference.qpos[0])
        np.testing.assert_array_equal(rollout.qvel[i, 0], reference.qvel[0])
    np.testing.assert_array_equal(rollout.ctrl[:, 0], 0)
    np.testing.assert_array_equal(rollout.effort[:, 0], 0)


def test_rows_are_the_frames_of_the_task(task, two_link, references, build_task):
    rollout = roll_out(task, Constant([0.2, -0.1]))
    twin = build_task(two_link, references, 2)
    twin.reset(np.arange(2), Start(np.arange(2), np.zeros(2, dtype=int)))
    for frame in range(1, 9):
        outcome = twin.step(np.tile([0.2, -0.1], (2, 1)))
        # The long reach to its end, the short one to its own end.
        for i in range(2):
            if frame < rollout.n_frames[i]:
                np.testing.assert_array_equal(rollout.qpos[i, frame], twin.snapshot.qpos[i])
                np.testing.assert_array_equal(rollout.landmarks[i, frame], twin.snapshot.landmarks[i])
                np.testing.assert_allclose(rollout.ctrl[i, frame], [0.2, -0.1])
                elbow_mm, paw_mm = rollout.errors_mm()[i, frame]
                assert elbow_mm == pytest.approx(outcome.elbow_mm[i])
                assert paw_mm == pytest.approx(outcome.paw_mm[i])


def test_a_short_reach_repeats_its_last_frame(task):
    rollout = roll_out(task, Constant([0.2, -0.1]))
    for field in ("targets", "landmarks", "qpos", "qvel", "ctrl", "effort"):
        rows = getattr(rollout, field)[0]
        np.testing.assert_array_equal(rows[5:], np.repeat(rows[4:5], 4, axis=0))
    assert not np.array_equal(rollout.qpos[1, 5], rollout.qpos[1, 4])


def test_effort_is_relative_to_the_peak_force(task):
    # Motors of gain 1 at controls 0.2 and -0.1, peak 1: 0.04 and 0.01.
    rollout = roll_out(task, Constant([0.2, -0.1]))
    np.testing.assert_allclose(rollout.effort[1, 1:], np.tile([0.04, 0.01], (8, 1)))


def test_errors_are_distances_in_millimetres(task):
    rollout = roll_out(task, Constant([0.5, 0.5]))
    expected = 1e3 * np.linalg.norm(rollout.landmarks[:, :, 2] - rollout.targets[:, :, 1], axis=-1)
    np.testing.assert_allclose(rollout.errors_mm()[..., 1], expected)
    np.testing.assert_allclose(rollout.errors_mm()[:, 0], 0, atol=1e-9)  # the arm is put on the first target


def test_rollouts_repeat_to_the_bit(task):
    one, other = (roll_out(task, Constant([0.3, -0.3])) for _ in range(2))
    np.testing.assert_array_equal(one.qpos, other.qpos)
    np.testing.assert_array_equal(one.landmarks, other.landmarks)


def test_muscles_are_recorded(muscle_arm, demo, build_task):
    rollout = roll_out(build_task(muscle_arm, [demo], 1, "model=muscle"), Constant(np.zeros(21)))
    assert rollout.activation.shape == (1, 12, 21)
    np.testing.assert_array_equal(rollout.activation[:, 0], 0)
    # Action 0 is an excitation of 0.0759, which every activation approaches from below.
    assert (np.diff(rollout.activation[0], axis=0) > 0).all()
    assert rollout.activation.max() < 0.0759
    np.testing.assert_allclose(rollout.ctrl[:, 1:], 0.0759, atol=5e-5)


def test_a_diverged_reach_stands_still_and_the_others_go_on(explosive, swing, build_task, quiet_log):
    references = [swing(explosive, 9, "lost"), swing(explosive, 9, "kept")]
    rollout = roll_out(build_task(explosive, references, 2), ExplodeLater())
    # Frames 0, 1 and 2 were lived through; the third step, to frame 3, diverged.
    assert list(rollout.completed) == [3, 9]
    for field in ("landmarks", "qpos", "qvel", "ctrl", "effort"):
        rows = getattr(rollout, field)
        np.testing.assert_array_equal(rows[0, 3:], np.repeat(rows[0, 2:3], 6, axis=0))
        assert np.isfinite(rows).all()
    alone = roll_out(build_task(explosive, references[1:], 1), Constant([0.0, 0.0]))
    np.testing.assert_array_equal(rollout.qpos[1], alone.qpos[0])
