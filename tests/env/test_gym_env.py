import copy
import gc
import os
import pickle
import subprocess
import sys
import warnings

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from stable_baselines3.common.env_checker import check_env as sb3_check_env
from stable_baselines3.common.env_util import make_vec_env
from stable_baselines3.common.vec_env import SubprocVecEnv

from mousearm.env.gym_env import TrackingEnv
from mousearm.env.references import References, prepare
from mousearm.env.task import Task
from mousearm.env.vec_env import TrackingVecEnv
from mousearm.errors import MouseArmError, RenderError, UnknownNameError

OVERRIDES = ["name=test", "threads=1"]


@pytest.fixture(scope="module")
def env():
    """One environment for the tests that only play with it."""
    return TrackingEnv([*OVERRIDES, "env.path_steps=2"])


@pytest.mark.parametrize("model", ["torque", "muscle"])
def test_gymnasiums_checker_passes(model):
    env = gymnasium.make("mousearm/Tracking-v0", overrides=[*OVERRIDES, f"model={model}"])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        # Joint velocities have no limit that could be stated.
        warnings.filterwarnings("ignore", message=".*Box observation space (minimum|maximum) value is.*infinity.*")
        check_env(env.unwrapped, skip_render_check=True)  # a window cannot be opened everywhere


@pytest.mark.parametrize("model", ["torque", "muscle"])
def test_stable_baselines_checker_passes(model):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        sb3_check_env(TrackingEnv([*OVERRIDES, f"model={model}"]))


def test_an_episode_is_truncated_at_the_end_of_the_reach(env):
    env.reset(seed=0, options={"reach": "demo"})
    n_frames = int(env.task.references.n_frames[0])
    for step in range(1, n_frames):
        observation, reward, terminated, truncated, info = env.step(np.zeros(6, dtype=np.float32))
        assert env.observation_space.contains(observation)
        assert type(reward) is float
        assert type(terminated) is bool
        assert not terminated
        assert truncated is (step == n_frames - 1)
        assert info["frame"] == step
    assert info["reach"] == "demo"
    assert info["paw_mm"] > 0


def test_same_episode_as_the_vec_env(torque_arm):
    env = TrackingEnv([*OVERRIDES, "env.path_steps=2", "reward.w_effort=0.1"])
    references = References(prepare(env.config).references)
    vec_env = TrackingVecEnv(Task(torque_arm, references, env.config, 3), random_start=0.0)
    observations = vec_env.reset()
    observation, _ = env.reset(options={"reach": "demo", "frame": 0})
    np.testing.assert_array_equal(observation, observations[1])
    rng = np.random.default_rng(0)
    for _ in range(int(references.n_frames[0]) - 1):
        actions = rng.uniform(-1, 1, (3, 6))
        observations, rewards, dones, infos = vec_env.step(actions)
        observation, reward, terminated, truncated, _ = env.step(actions[1])
        assert np.float32(reward) == rewards[1]
        assert (terminated or truncated) == dones[1]
        expected = infos[1]["terminal_observation"] if dones[1] else observations[1]
        np.testing.assert_array_equal(observation, expected)
    assert truncated


def test_same_seed_same_start():
    env = TrackingEnv([*OVERRIDES, "kinematics=synthetic", "env.random_start=1"])
    first = [env.reset(seed=3)[1], env.reset()[1]]
    assert [env.reset(seed=3)[1], env.reset()[1]] == first
    starts = [env.reset()[1] for _ in range(30)]
    assert len({start["reach"] for start in starts}) > 5
    assert len({start["frame"] for start in starts}) > 5


def test_reach_and_frame_may_be_chosen(env):
    observation, info = env.reset(options={"reach": "demo", "frame": 7})
    assert info == {"reach": "demo", "frame": 7}
    np.testing.assert_array_equal(observation[:6], env.task.references.qpos[0, 7].astype(np.float32))
    assert env.reset(options={"reach": "demo"})[1]["frame"] == 0


def test_unknown_reach(env):
    with pytest.raises(UnknownNameError, match=r"There is no reach named 'dmo'\. Did you mean 'demo'\?"):
        env.reset(options={"reach": "dmo"})


@pytest.mark.parametrize("frame", [-1, 10_000])
def test_a_frame_that_the_reach_does_not_have_is_refused(env, frame):
    with pytest.raises(MouseArmError, match="frame"):
        env.reset(options={"reach": "demo", "frame": frame})


def test_actions_outside_the_space_are_as_good_as_its_limits(env):
    results = []
    for size in (1.0, 5.0):
        env.reset(options={"reach": "demo"})
        results.append(env.step(np.full(6, size, dtype=np.float32))[0])
    np.testing.assert_array_equal(*results)


def test_an_arm_of_the_animals_size():
    env = TrackingEnv([*OVERRIDES, "model.fit=animal", "model.forearm_mm=15"])
    assert env.task.arm.segment_lengths()[1] == pytest.approx(0.015)
    assert env.config.model.upper_arm_mm == pytest.approx(1e3 * env.task.arm.segment_lengths()[0])


def test_whole_configuration_instead_of_overrides(torque_config):
    assert TrackingEnv(config=torque_config).config == torque_config


def test_unknown_render_mode():
    text = r"There is no render mode named 'ascii'\. Those that exist: human, rgb_array"
    with pytest.raises(UnknownNameError, match=text):
        TrackingEnv(OVERRIDES, render_mode="ascii")


@pytest.mark.skipif(sys.platform != "linux", reason="what a missing screen looks like is known for Linux only")
def test_no_window_without_a_screen(tmp_path):
    """In a process of its own, which must survive, and which loads a window's libraries only to open one."""
    script = f"""
import sys
from mousearm.env.gym_env import TrackingEnv
assert not {{"glfw", "mujoco.viewer"}} & set(sys.modules)
from mousearm.errors import RenderError
try:
    TrackingEnv({OVERRIDES}, render_mode="human").reset()
except RenderError as error:
    print(error)
"""
    without = {key: value for key, value in os.environ.items() if key not in ("DISPLAY", "WAYLAND_DISPLAY")}
    options = {"env": without, "cwd": tmp_path, "capture_output": True, "text": True, "timeout": 120}
    done = subprocess.run([sys.executable, "-c", script], **options)
    assert done.returncode == 0, done.stderr
    assert "render_mode='rgb_array'" in done.stdout


def test_rgb_array_is_an_image_that_moves():
    env = gymnasium.make("mousearm/Tracking-v0", overrides=OVERRIDES, render_mode="rgb_array")
    env.reset(seed=0, options={"reach": "demo"})
    try:
        first = env.render()
    except RenderError as error:
        pytest.skip(str(error))
    assert (first.shape, first.dtype) == ((720, 960, 3), np.uint8)
    assert first.std() > 1
    for _ in range(10):
        env.step(np.ones(6, dtype=np.float32))
    assert not np.array_equal(env.render(), first)
    env.close()
    env.close()


def test_nothing_is_drawn_without_a_render_mode(env):
    env.reset()
    assert env.render() is None


def test_frames_per_second_are_those_of_the_control_interval():
    env = TrackingEnv([*OVERRIDES, "env.control_dt=0.01"])
    assert env.metadata["render_fps"] == 100
    assert TrackingEnv.metadata["render_fps"] == 150


COPIES = [copy.deepcopy, lambda env: pickle.loads(pickle.dumps(env))]


@pytest.mark.parametrize("copied", COPIES, ids=["deepcopy", "pickle"])
@pytest.mark.parametrize("model", ["torque", "muscle"])
def test_a_copy_goes_on_from_where_it_was_made_and_leaves_the_original_alone(copied, model):
    options = [*OVERRIDES, f"model={model}", "env.sampling=hard", "env.random_start=0.5"]
    env = gymnasium.make("mousearm.env:mousearm/Tracking-v0", overrides=options)
    env.reset(seed=1)
    actions = np.random.default_rng(0).uniform(-1, 1, (9, *env.action_space.shape)).astype(np.float32)
    for action in actions[:4]:
        env.step(action)
    other = copied(env)
    for action in actions[4:]:
        mine, its = env.step(action), other.step(action)
        np.testing.assert_array_equal(mine[0], its[0])
        assert mine[1:] == its[1:]
    for _ in range(3):
        mine, its = env.reset(), other.reset()
        np.testing.assert_array_equal(mine[0], its[0])
        assert mine[1] == its[1]


def test_a_copy_of_what_has_drawn_draws():
    env = TrackingEnv(OVERRIDES, render_mode="rgb_array")
    env.reset(seed=0)
    try:
        picture = env.render()
    except RenderError as error:
        pytest.skip(str(error))
    other = copy.deepcopy(env)
    assert (other.render() == picture).all()
    for each in (env, other):
        each.close()


@pytest.mark.parametrize("copied", COPIES, ids=["deepcopy", "pickle"])
def test_copies_of_the_vec_env(torque_config, torque_arm, demo, copied):
    env = TrackingVecEnv(Task(torque_arm, References([demo]), torque_config, 3), random_start=0.5, sampling="hard")
    env.reset()
    actions = np.random.default_rng(0).uniform(-1, 1, (30, 3, 6))
    for action in actions[:5]:
        env.step(action)
    other = copied(env)
    for action in actions[5:]:
        for mine, its in zip(env.step(action)[:3], other.step(action)[:3], strict=True):
            np.testing.assert_array_equal(mine, its)


@pytest.mark.slow
@pytest.mark.parametrize("method", ["fork", "forkserver", "spawn"])
def test_other_processes_find_it_by_its_name(method):
    """In processes that have not imported it, by the name that the pages use."""
    name, overrides = "mousearm.env:mousearm/Tracking-v0", {"overrides": OVERRIDES}
    alone = TrackingEnv(OVERRIDES)
    expected = alone.reset(seed=0, options={"reach": "demo", "frame": 0})[0]
    gc.collect()  # what other tests dropped: a fork that collects a batch waits for threads that it lacks
    if method != "fork":
        ours = make_vec_env(
            name, 2, env_kwargs=overrides, vec_env_cls=SubprocVecEnv, vec_env_kwargs={"start_method": method}
        )
        ours.set_options({"reach": "demo", "frame": 0})
        np.testing.assert_array_equal(ours.reset(), [expected, expected])
        ours.close()
    theirs = gymnasium.make_vec(name, 2, "async", vector_kwargs={"context": method}, **overrides)
    np.testing.assert_array_equal(theirs.reset(options={"reach": "demo", "frame": 0})[0], [expected, expected])
    theirs.close()
