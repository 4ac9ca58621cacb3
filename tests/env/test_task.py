import copy
from dataclasses import replace

import mujoco
import numpy as np
import pytest

from mousearm.action import direct, sigmoid
from mousearm.env.references import References, Start, Starts
from mousearm.errors import NonFiniteError
from mousearm.observation import Ahead
from mousearm.registry import ACTION_MAPS
from mousearm.trajectory import ELBOW, PAW

PENALTY = 1.0


def at(frames, reach=0):
    frames = np.asarray(frames)
    return Start(np.full(len(frames), reach), frames)


def random_actions(task, n_steps, seed=0, scale=1.0):
    return scale * np.random.default_rng(seed).uniform(-1, 1, (n_steps, task.n, task.arm.nu))


# Action maps


@pytest.mark.parametrize("name", ACTION_MAPS)
def test_action_maps_stay_within_the_range_and_rise(name):
    ctrl_range = np.array([[0.0, 1.0], [-2.0, 3.0]])
    action = np.repeat(np.linspace(-1.5, 1.5, 301)[:, None], 2, axis=1)
    ctrl = ACTION_MAPS[name](action, ctrl_range)
    assert (ctrl >= ctrl_range[:, 0]).all()
    assert (ctrl <= ctrl_range[:, 1]).all()
    inside = np.abs(action[:, 0]) <= 1
    assert (np.diff(ctrl[inside], axis=0) > 0).all()
    # Beyond [-1, 1] an action is as good as the limit.
    np.testing.assert_array_equal(ctrl[0], ctrl[inside][0])
    np.testing.assert_array_equal(ctrl[-1], ctrl[inside][-1])


def test_direct_by_hand():
    ctrl = direct(np.array([[-1.0, 0.0, 1.0, 0.5]]), np.array([[0, 1], [-2, 2], [-2, 4], [0, 4.0]]))
    np.testing.assert_allclose(ctrl, [[0, 0, 4, 3]])


def test_sigmoid_by_hand():
    # 1 / (1 + e^2.5) = 0.0759 at 0; 1 / (1 + e^7.5) = 0.00055 at -1; 1 / (1 + e^-2.5) = 0.924 at 1; one half at 0.5.
    ctrl = sigmoid(np.array([[0.0, -1.0, 1.0, 0.5, 0.5]]), np.array([[0, 1]] * 4 + [[-1, 3.0]]))
    np.testing.assert_allclose(ctrl, [[0.0759, 0.00055, 0.9241, 0.5, 1.0]], atol=5e-5)


# References


def test_references_repeat_the_last_frame(two_link, swing):
    short, long = swing(two_link, 5, "short"), swing(two_link, 9, "long")
    references = References([short, long])
    assert len(references) == 2
    assert references.names == ["short", "long"]
    assert list(references.n_frames) == [5, 9]
    np.testing.assert_array_equal(references.targets[1, :, 0], long.elbow)
    np.testing.assert_array_equal(references.targets[0, :5, 1], short.paw)
    np.testing.assert_array_equal(references.targets[0, 5:, 1], np.repeat(short.paw[-1:], 4, axis=0))
    np.testing.assert_array_equal(references.qpos[0, 5:], np.repeat(short.qpos[-1:], 4, axis=0))


@pytest.mark.parametrize("random_start", [0.0, 0.5, 1.0])
def test_starts_are_distributed_as_they_say(two_link, swing, random_start):
    references = References([swing(two_link, 5, "a"), swing(two_link, 9, "b")])
    n = 40_000
    start = Starts(references, n, random_start).draw(np.random.default_rng(0), np.arange(n))
    for reach, n_frames in enumerate(references.n_frames):
        frames = start.frame[start.reach == reach]
        assert len(frames) / n == pytest.approx(0.5, abs=0.01)
        # Frame 0 on purpose, or one of the n_frames - 1 frames (0 to the last but one) by chance.
        share = np.bincount(frames, minlength=n_frames) / len(frames)
        expected = np.full(n_frames, random_start / (n_frames - 1))
        expected[0] += 1 - random_start
        expected[-1] = 0
        np.testing.assert_allclose(share, expected, atol=0.015)


def test_probabilities_decide_the_reach_alone(two_link, swing):
    references = References([swing(two_link, 5), swing(two_link, 9), swing(two_link, 7)])
    starts = Starts(references, 40_000, 0.5, "hard")
    starts.errors_mm[:] = 1, 0, 4  # a fifth uniform, the rest as 1 to 0 to 4
    start = starts.draw(np.random.default_rng(0), np.arange(40_000))
    expected = 0.2 / 3 + np.array([0.16, 0, 0.64])
    np.testing.assert_allclose(np.bincount(start.reach, minlength=3) / 40_000, expected, atol=0.01)
    assert np.mean(start.frame[start.reach == 2] == 0) == pytest.approx(0.5 + 0.5 / 6, abs=0.01)


def test_uniform_starts_are_those_of_the_generators_plain_integers(two_link, swing):
    """Runs that were made before reaches could be drawn otherwise can be made again."""
    references = References([swing(two_link, 5), swing(two_link, 9)])
    plain = np.random.default_rng(11)
    start = Starts(references, 50, 0.5).draw(np.random.default_rng(11), np.arange(50))
    np.testing.assert_array_equal(start.reach, plain.integers(2, size=50))
    random = plain.random(50) < 0.5
    np.testing.assert_array_equal(start.frame, random * plain.integers(0, references.n_frames[start.reach] - 1))


def test_starts_are_seeded(two_link, swing):
    references = References([swing(two_link, 5), swing(two_link, 9)])
    starts = Starts(references, 50, 0.5)
    one, two, other = (starts.draw(np.random.default_rng(seed), np.arange(50)) for seed in (3, 3, 4))
    np.testing.assert_array_equal(one, two)
    assert not np.array_equal(one, other)


# Steps


def test_start_is_the_references_pose_and_velocity(demo, torque_arm, build_task):
    task = build_task(torque_arm, [demo], 3)
    task.reset(np.arange(3), at([0, 4, 10]))
    np.testing.assert_array_equal(task.snapshot.qpos, demo.qpos[[0, 4, 10]])
    np.testing.assert_array_equal(task.snapshot.qvel, demo.qvel[[0, 4, 10]])
    assert np.abs(demo.qvel[4]).max() > 0
    np.testing.assert_array_equal(task.target[:, 0], demo.elbow[[0, 4, 10]])
    # The reference hits its targets, so the arm starts on them.
    np.testing.assert_allclose(task.snapshot.landmarks[:, 1:], task.target, atol=1e-8)


def test_muscles_start_with_the_activation_of_the_frame(muscle_arm, demo, build_task):
    activation = np.random.default_rng(0).uniform(0, 1, (len(demo.qpos), 21))
    task = build_task(muscle_arm, [replace(demo, activation=activation)], 2, "model=muscle")
    np.testing.assert_array_equal(task.snapshot.activation, activation[[0, 0]])
    task.step(np.ones((2, 21)))
    assert (task.snapshot.activation != activation[0]).any(axis=1).all()
    task.reset(np.arange(2), Start(np.zeros(2, dtype=int), np.array([7, 0])))
    np.testing.assert_array_equal(task.snapshot.activation, activation[[7, 0]])


def test_episodes_are_truncated_after_one_step_less_than_frames(two_link, swing, build_task):
    references = [swing(two_link, 5, "short"), swing(two_link, 9, "long")]
    task = build_task(two_link, references, 3)
    task.reset(np.arange(3), Start(np.array([0, 1, 1]), np.array([0, 0, 6])))
    ended = [task.step(np.zeros((3, 2))) for _ in range(8)]
    first = [int(np.flatnonzero([outcome.truncated[i] for outcome in ended])[0]) + 1 for i in range(3)]
    assert first == [4, 8, 2]  # 5 - 1, 9 - 1, and from frame 6 to frame 8
    assert not any(outcome.terminated.any() for outcome in ended)


def test_the_target_of_the_next_frame_counts(demo, torque_arm, build_task):
    task = build_task(torque_arm, [demo], 2, "reward=original")
    task.reset(np.arange(2), at([0, 6]))
    outcome = task.step(random_actions(task, 1)[0])
    elbow = task.snapshot.landmarks[:, ELBOW] - demo.elbow[[1, 7]]
    paw = task.snapshot.landmarks[:, PAW] - demo.paw[[1, 7]]
    np.testing.assert_allclose(outcome.elbow_mm, 1e3 * np.linalg.norm(elbow, axis=1))
    np.testing.assert_allclose(outcome.paw_mm, 1e3 * np.linalg.norm(paw, axis=1))
    np.testing.assert_allclose(outcome.terms["paw"], -np.square(paw).sum(axis=1))
    # The original: 100 (|e|^2 + |p|^2) / 2.
    np.testing.assert_allclose(outcome.reward, -50 * (np.square(elbow).sum(axis=1) + np.square(paw).sum(axis=1)))
    assert list(task.position.frame) == [1, 7]


def test_changes_are_from_step_to_step_and_begin_at_the_start(two_link, swing, build_task):
    overrides = ("reward=original", "reward.w_qpos=1", "reward.w_qvel=1", "reward.w_action=1")
    task = build_task(two_link, [swing(two_link, 9)], 1, *overrides)
    actions = random_actions(task, 3)
    previous = np.zeros((1, 2))  # controls are 0 before the first step
    for action in actions:
        before = task.snapshot
        outcome = task.step(action)
        # The range is [-1, 1], so the control is the action.
        np.testing.assert_allclose(outcome.terms["action"], -np.square(action - previous).sum(axis=1))
        np.testing.assert_allclose(outcome.terms["qpos"], -np.square(task.snapshot.qpos - before.qpos).sum(axis=1))
        np.testing.assert_allclose(outcome.terms["qvel"], -np.square(task.snapshot.qvel - before.qvel).sum(axis=1))
        previous = action


def test_observation_of_the_path(demo, torque_arm, build_task):
    task = build_task(torque_arm, [demo], 3, "env.path_steps=4", "env.observation=[phase,path]")
    frames = np.array([0, 7, 9])
    task.reset(np.arange(3), at(frames))
    targets = np.stack([demo.elbow, demo.paw], axis=1)
    coming = np.minimum(frames[:, None] + [1, 2, 3, 4], 11)  # the last of 12 frames repeats
    offsets = targets[coming] - task.snapshot.landmarks[:, None, 1:]
    expected = np.concatenate([frames[:, None] / 11, offsets.reshape(3, -1)], axis=1)
    np.testing.assert_allclose(task.observe(), expected, rtol=1e-6)
    assert task.observation_widths == {"phase": 1, "path": 24}
    assert task.n_observations == 25


@pytest.mark.parametrize("spacing", [1, 3, 20])
def test_previewed_frames_are_spaced_and_the_last_repeats(demo, torque_arm, build_task, spacing):
    words = ("env.path_steps=4", f"env.path_spacing={spacing}", "env.observation=[path_preview,path]")
    task = build_task(torque_arm, [demo], 3, *words)
    frames = np.array([0, 4, 10])
    task.reset(np.arange(3), at(frames))
    targets = np.stack([demo.elbow, demo.paw], axis=1)
    # Of 12 frames, with a spacing of 3: 3 6 9 11, then 7 10 11 11, then 11 four times.
    coming = targets[[[min(frame + spacing * k, 11) for k in (1, 2, 3, 4)] for frame in frames]]
    preview, path = task.observe().reshape(3, 2, 4, 2, 3).swapaxes(0, 1)
    np.testing.assert_allclose(preview, coming - targets[frames][:, None], atol=1e-9)
    np.testing.assert_allclose(path, coming - task.snapshot.landmarks[:, None, 1:], atol=1e-9)
    task.step(np.zeros((3, task.arm.nu)))
    later = targets[[[min(frame + 1 + spacing * k, 11) for k in (1, 2, 3, 4)] for frame in frames]]
    preview = task.observe().reshape(3, 2, 4, 2, 3)[:, 0]
    np.testing.assert_allclose(preview, later - targets[np.minimum(frames + 1, 11)][:, None], atol=1e-9)


def test_observation_of_a_step_is_the_one_that_the_next_action_sees(demo, torque_arm, build_task):
    task = build_task(torque_arm, [demo], 2, "env.path_steps=3")
    for action in random_actions(task, 4):
        outcome = task.step(action)
        np.testing.assert_array_equal(outcome.observation, task.observe())


def test_a_held_arm_stays_on_a_target_that_stays(torque_arm, follow, build_task):
    """Torques that balance gravity and the springs of the pose keep every landmark where it is: reward 1."""
    pose = torque_arm.rest_qpos
    task = build_task(torque_arm, [follow(torque_arm, np.tile(pose, (10, 1)))], 1, "reward.w_action=0")
    data = mujoco.MjData(torque_arm.model)
    data.qpos[:] = pose
    mujoco.mj_inverse(torque_arm.model, data)  # with velocity and acceleration 0
    gear = torque_arm.model.actuator_gear[:, 0]
    action = (data.qfrc_inverse / gear)[None]
    assert np.abs(action).max() < 1
    for _ in range(9):
        outcome = task.step(action)
        assert outcome.paw_mm[0] < 1e-3
        assert outcome.elbow_mm[0] < 1e-3
        np.testing.assert_allclose(outcome.reward, [1.0], atol=2e-3)
    assert outcome.truncated[0]


def test_inverse_dynamics_follow_the_reference(torque_arm, demo, build_task):
    """Computed torque from the reference's accelerations leaves a fraction of a millimetre."""
    task = build_task(torque_arm, [demo], 1)
    data = mujoco.MjData(torque_arm.model)
    dt, gear = task.simulation.control_dt, torque_arm.model.actuator_gear[:, 0]
    for frame in range(len(demo.paw) - 1):
        now = task.snapshot
        # Reach the next frame's angles at the end of the interval: q' = q + v dt + a dt^2 / 2.
        data.qpos[:], data.qvel[:] = now.qpos[0], now.qvel[0]
        wanted = 2 * (demo.qpos[frame + 1] - now.qpos[0] - now.qvel[0] * dt) / dt**2
        data.qacc[:] = 0.5 * wanted + 0.5 * (demo.qvel[frame + 1] - now.qvel[0]) / dt
        mujoco.mj_inverse(torque_arm.model, data)
        outcome = task.step((data.qfrc_inverse / gear)[None])
        assert outcome.paw_mm[0] < 0.5
        assert outcome.elbow_mm[0] < 0.5


def test_simulations_are_independent(demo, torque_arm, build_task):
    many, one = build_task(torque_arm, [demo], 4), build_task(torque_arm, [demo], 1)
    many.reset(np.arange(4), at([0, 3, 5, 7]))
    one.reset(np.array([0]), at([5]))
    for action in random_actions(many, 4):
        wide, narrow = many.step(action), one.step(action[[2]])
        np.testing.assert_array_equal(wide.observation[2], narrow.observation[0])
        assert wide.reward[2] == narrow.reward[0]


def test_same_actions_same_bits(demo, torque_arm, build_task):
    one, other = build_task(torque_arm, [demo], 3), build_task(torque_arm, [demo], 3, "threads=2")
    for action in random_actions(one, 5):
        np.testing.assert_array_equal(one.step(action).observation, other.step(action).observation)


# Divergence


@pytest.fixture
def explosion(explosive, swing, build_task, quiet_log):
    """Two tasks of three simulations; in the first, simulation 1 is driven to explode at its third step."""
    overrides = ("env.path_steps=2", f"env.divergence_penalty={PENALTY}", "env.observation=[qpos,qvel,path]")
    tasks = [build_task(explosive, [swing(explosive, 9)], 3, *overrides) for _ in range(2)]
    actions = np.zeros((8, 3, 2))
    actions[:, :, 0] = np.random.default_rng(0).uniform(-1, 1, (8, 3))
    harmful = actions.copy()
    harmful[2, 1, 1] = 1.0
    return *tasks, harmful, actions


def test_divergence_terminates_and_touches_nobody_else(explosion):
    task, quiet, harmful, harmless = explosion
    others = [0, 2]
    for step in range(8):
        outcome, expected = task.step(harmful[step]), quiet.step(harmless[step])
        assert list(outcome.terminated) == [False, step == 2, False]
        assert not expected.terminated.any()
        assert outcome.truncated[1] == (step == 7)
        np.testing.assert_array_equal(outcome.observation[others], expected.observation[others])
        np.testing.assert_array_equal(outcome.reward[others], expected.reward[others])
        for name, ours in task.snapshot.arrays().items():
            theirs = getattr(quiet.snapshot, name)
            np.testing.assert_array_equal(ours[others], theirs[others])


def test_nothing_infinite_leaves_the_task(explosion):
    task, _, harmful, _ = explosion
    for action in harmful:
        outcome = task.step(action)
        assert np.isfinite(outcome.observation).all()
        assert np.isfinite(outcome.reward).all()
        assert np.isfinite(outcome.elbow_mm).all()
        assert np.isfinite(outcome.paw_mm).all()
        assert all(np.isfinite(value).all() for value in outcome.terms.values())


def test_an_action_that_is_no_number_ends_the_episode(two_link, swing, build_task, quiet_log):
    """MuJoCo takes it for 0, so that only the controls tell; a reward of NaN must not reach the learner."""
    task = build_task(two_link, [swing(two_link, 9)], 2, "reward.w_action=1")
    outcome = task.step(np.array([[np.nan, 0.0], [0.0, 0.0]]))
    assert list(outcome.terminated) == [True, False]
    assert np.isfinite(outcome.reward).all()


def test_divergence_costs_every_step_that_remains(explosion):
    # Exp kernels are never negative, so the least penalty counts: steps 3 to 8 remain, 6 of them.
    task, _, harmful, _ = explosion
    rewards = [task.step(action).reward for action in harmful[:3]]
    assert rewards[2][1] == -6 * PENALTY
    assert (np.array(rewards)[:, [0, 2]] >= 0).all()


@pytest.mark.parametrize("step", [0, 3, 7])
def test_diverging_never_returns_more_than_the_worst_step_to_the_end(explosive, swing, build_task, quiet_log, step):
    overrides = ("reward=original", "reward.w_bone_diff=1e6", "env.divergence_penalty=0.1")
    task = build_task(explosive, [swing(explosive, 9)], 1, *overrides)
    actions = random_actions(task, 8)
    actions[:, :, 1] = 0
    actions[step, 0, 1] = 1
    rewards = []
    for action in actions[: step + 1]:
        outcome = task.step(action)
        rewards.append(outcome.reward[0])
    assert outcome.terminated[0]
    assert not outcome.truncated[0]  # not even at the last step, whose value would then be bootstrapped
    worst = min(rewards[:-1], default=0.0)
    assert worst < -0.1 or step == 0
    assert rewards[-1] <= (8 - step) * worst
    assert rewards[-1] <= (8 - step) * -0.1


def test_the_worst_reward_is_forgotten_at_a_reset(explosive, swing, build_task, quiet_log):
    task = build_task(explosive, [swing(explosive, 9)], 1, "reward=original", "env.divergence_penalty=0")
    task.step(np.array([[1.0, 0.0]]))
    task.reset(np.array([0]), at([0]))
    outcome = task.step(np.array([[0.0, 1.0]]))
    assert outcome.terminated[0]
    assert outcome.reward[0] == 0  # nothing is known of this episode yet, and the least penalty is 0


def test_hook_gets_the_last_states_of_a_simulation_that_diverges(explosion):
    task, _, harmful, _ = explosion
    calls = []
    task.on_divergence = lambda *call: calls.append(call)
    for action in harmful[:2]:
        task.step(action)
    last_good = task.snapshot
    task.step(harmful[2])
    ((index, states),) = calls
    assert index == 1
    assert states["qpos"].shape[:2] == (4, 1)  # at the start, after two good steps, and after the last one
    np.testing.assert_array_equal(states["qpos"][2, 0], last_good.qpos[1])
    assert np.isfinite(states["qpos"][:3]).all()
    assert not np.isfinite(states["qpos"][3]).all()
    np.testing.assert_array_equal(states["ctrl"][3, 0], harmful[2, 1])
    np.testing.assert_array_equal(states["frame"][:, 0], [0, 1, 2, 3])


def test_a_diverged_simulation_can_start_anew(explosion):
    task, quiet, harmful, harmless = explosion
    for action in harmful[:3]:
        task.step(action)
    for each in (task, quiet):
        each.reset(np.arange(3), at([0, 0, 0]))
    for action in harmless:
        np.testing.assert_array_equal(task.step(action).observation, quiet.step(action).observation)


def test_ahead_is_of_the_reach_that_each_simulation_follows(two_link, swing, build_task):
    references = [swing(two_link, 5, "short", 0.1), swing(two_link, 9, "long", 0.4)]
    task = build_task(two_link, references, 2, "env.path_steps=1", "env.observation=[path]")
    task.reset(np.arange(2), Start(np.array([1, 0]), np.array([2, 3])))
    targets = np.stack([[references[1].elbow[3], references[1].paw[3]], [references[0].elbow[4], references[0].paw[4]]])
    expected = task.observation(task.snapshot, Ahead(np.zeros(2), task.target, targets[:, None]))
    np.testing.assert_array_equal(task.observe(), expected)


def test_a_second_task_goes_on_where_the_first_one_was(muscle_arm, follow, build_task):
    poses = muscle_arm.rest_qpos + np.linspace(0, 0.1, 9)[:, None]
    first, second = (build_task(muscle_arm, [follow(muscle_arm, poses)], 3) for _ in range(2))
    actions = np.random.default_rng(0).uniform(-1, 1, (8, 3, muscle_arm.nu))
    for action in actions[:4]:
        first.step(action)
    second.restore(copy.deepcopy(first.state()))
    np.testing.assert_array_equal(second.observe(), first.observe())
    for action in actions[4:]:
        one, two = first.step(action), second.step(action)
        np.testing.assert_array_equal(two.observation, one.observation)
        np.testing.assert_array_equal(two.reward, one.reward)
    with pytest.raises(ValueError, match="states of simulations of the shape"):
        build_task(muscle_arm, [follow(muscle_arm, poses)], 2).restore(first.state())


@pytest.fixture
def broken(two_link, swing, build_task):
    """A task whose elbow has no target in frame 2 of the second simulation's reach."""

    def build(*words):
        good, bad = swing(two_link, 6), swing(two_link, 6, "bad")
        bad.elbow[2] = np.nan
        return build_task(two_link, [good, bad], 2, *words)

    return build


def test_a_reward_that_is_no_number_is_refused(broken):
    task = broken("env.observation=[qpos]")
    task.step(np.zeros((2, 2)))
    with pytest.raises(NonFiniteError, match="The reward is not finite: 'elbow' of simulation 1") as stop:
        task.step(np.zeros((2, 2)))
    assert stop.value.key == "reward"
    assert stop.value.states["qpos"].shape == (3, 2, 2)
    np.testing.assert_array_equal(stop.value.states["frame"], [[0, 0], [1, 1], [2, 2]])


def test_an_observation_that_is_no_number_is_refused(broken):
    task = broken("env.observation=[qpos,path]", "env.path_steps=2")
    with pytest.raises(NonFiniteError, match="The observation is not finite: 'path' of simulation 1") as stop:
        task.observe()
    assert stop.value.key == "env.observation"
    assert {"qpos", "path"} == set(stop.value.arrays)
    assert {"qpos", "reach", "frame"} <= set(stop.value.states)
