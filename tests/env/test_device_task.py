"""The task on tensors against the task on NumPy's arrays: the same rules, starts and actions, on the CPU."""

import copy
from dataclasses import replace

import numpy as np
import pytest
import torch
from tensor_simulation import MujocoTensors
from torch.utils._python_dispatch import TorchDispatchMode

from mousearm.arrays import namespace
from mousearm.engine.tensors import TensorSimulation
from mousearm.env.device_task import DeviceTask
from mousearm.env.references import References, Start
from mousearm.env.statistics import RolloutStatistics
from mousearm.errors import ConfigError, NonFiniteError
from mousearm.registry import OBSERVATIONS
from mousearm.setup import Setup
from mousearm.trajectory import Snapshot

EVERYTHING = (
    "env.path_steps=3",
    "env.path_spacing=2",
    "env.observation=[qpos,qvel,activation,phase,path,path_preview]",
    "reward.w_effort=0.1",
    "reward.w_qvel=1e-4",
    "reward.w_qpos=0.01",
    "reward.w_action=0.02",
)


@pytest.fixture
def build(configure):
    """A task on the device of the CPU, of n simulations on references."""

    def build(arm, references, n, *overrides, dtype=torch.float64):
        config = configure(*overrides)
        simulation = MujocoTensors(arm, n, config.env.control_dt, config.env.n_substeps, dtype)
        return DeviceTask(simulation, References(references), config)

    return build


@pytest.fixture
def build_generated(configure):
    """A task over the generated engine on the CPU."""

    def build(arm, references, n, *overrides, dtype=torch.float64):
        config = configure(*overrides)
        simulation = TensorSimulation(arm, n, config.env.control_dt, config.env.n_substeps, "cpu", dtype)
        return DeviceTask(simulation, References(references), config)

    return build


@pytest.fixture
def pair(build, build_task):
    """The same task on the device and on the host."""

    def make(*args):
        device, host = build(*args), build_task(*args)
        host.lost_mm = device.lost_mm or np.inf
        return device, host

    return make


def actions(task, n_steps, seed=0):
    return np.random.default_rng(seed).uniform(-1.2, 1.2, (n_steps, task.n, task.arm.nu))


def activated(reference):
    """The reference with other activations in every frame, where the arm has any."""
    shape = reference.activation.shape
    return replace(reference, activation=np.random.default_rng(len(shape) + shape[0]).uniform(0, 1, shape))


def follow_both(device, host, all_actions, tolerance=1e-12):
    """Step both with the same actions and starts; every number must agree."""

    def same(ours, theirs):
        assert ours.numpy().dtype == theirs.dtype
        rtol = max(tolerance, 2e-7 * (theirs.dtype == np.float32))  # of observations: their last bit
        np.testing.assert_allclose(ours.numpy(), theirs, rtol=rtol, atol=tolerance)

    everyone, lived = np.arange(host.n), []
    seen = device.reset_all()
    host.reset(everyone, Start(*(part.numpy() for part in device.position)))
    same(seen, host.observe())
    for step, action in enumerate(all_actions):
        ours, theirs = device.step(torch.from_numpy(action)), host.step(action)
        same(ours.terminal_observation, theirs.observation)
        lived.append(theirs)
        np.testing.assert_array_equal(ours.terminated, theirs.terminated)
        np.testing.assert_array_equal(ours.truncated, theirs.truncated)
        ended = np.flatnonzero(theirs.terminated | theirs.truncated)
        start = Start(*(part.numpy() for part in device.position))
        if len(ended):
            host.reset(ended, Start(start.reach[ended], start.frame[ended]))
        np.testing.assert_array_equal(np.stack(start), np.stack(host.position))
        same(ours.observation, host.observe())
        if step == 0 or len(lived) == 12 or step == len(all_actions) - 1:  # judged alone, or many at once
            judged = device.judge()
            for name in ("reward", "elbow_mm", "paw_mm"):
                same(getattr(judged, name), np.stack([getattr(outcome, name) for outcome in lived]))
            assert judged.terms.keys() == theirs.terms.keys()
            for name, terms in judged.terms.items():
                same(terms, np.stack([outcome.terms[name] for outcome in lived]))
            lived.clear()


@pytest.mark.parametrize("model", ["torque", "muscle"])
def test_both_tasks_give_the_same_numbers_on_mixed_reaches(pair, torque_arm, muscle_arm, follow, model):
    """Reaches of 4 to 11 frames, begun anywhere: 100 steps are more than a hundred episodes."""
    arm = {"torque": torque_arm, "muscle": muscle_arm}[model]
    sweep = arm.rest_qpos + np.linspace(0, 0.2, 11)[:, None]
    references = [activated(follow(arm, sweep[:n], f"reach {n}")) for n in (4, 7, 11)]
    device, host = pair(arm, references, 6, f"model={model}", "env.random_start=0.5", *EVERYTHING)
    follow_both(device, host, actions(host, 100))


@pytest.fixture(scope="module")
def two_link_by_rk4(build_two_link):
    return build_two_link('autolimits="true"/>', 'autolimits="true"/><option integrator="RK4"/>')


@pytest.mark.usefixtures("compiler")
@pytest.mark.slow
@pytest.mark.parametrize("name", ["two_link_by_rk4", "muscle_arm"])
def test_the_generated_engine_follows_as_mujoco_does(build_generated, build_task, follow, request, name):
    arm = request.getfixturevalue(name)
    sweep = arm.rest_qpos + np.linspace(0, 0.2, 11)[:, None]
    references = [activated(follow(arm, sweep[:n], f"reach {n}")) for n in (4, 7, 11)]
    words = (*(["model=muscle"] if arm.na else []), "env.random_start=0.5", *EVERYTHING)
    device, host = build_generated(arm, references, 6, *words), build_task(arm, references, 6, *words)
    follow_both(device, host, actions(host, 60), tolerance=1e-8)


@pytest.mark.parametrize("form", ["reward=original", "reward.effort=sum"])
def test_both_tasks_agree_on_other_forms_of_the_reward(pair, two_link, swing, form):
    device, host = pair(two_link, [swing(two_link, 6), swing(two_link, 9)], 4, form)
    follow_both(device, host, actions(host, 40))


@pytest.mark.parametrize("form", ["reward=default", "reward=original"])
def test_both_tasks_agree_on_who_is_lost(pair, two_link, swing, form):
    words = ("env.lost_mm=2", "env.sampling=hard", "env.random_start=0.5", form)
    device, host = pair(two_link, [swing(two_link, 6), swing(two_link, 9)], 4, *words)
    follow_both(device, host, actions(host, 40))
    assert device.statistics.pop()["rollout/ep_len_mean"] < 4  # many were


@pytest.mark.parametrize("name", ["direct", "sigmoid"])
def test_both_tasks_map_actions_alike(pair, two_link, swing, name):
    device, host = pair(two_link, [swing(two_link, 9)], 4, f"model.action_map={name}")
    follow_both(device, host, actions(host, 20))


def test_both_tasks_charge_and_put_back_what_diverges(pair, explosive, swing, quiet_log):
    words = ("env.divergence_penalty=0.1", "reward=original", "reward.w_action=1", *EVERYTHING)
    device, host = pair(explosive, [swing(explosive, 9), swing(explosive, 5)], 3, *words)
    some = np.zeros((40, 3, 2))
    some[:, :, 0] = actions(host, 40)[:, :, 0]
    some[3, 1, 1], some[17, 0, 1], some[17, 2, 0], some[30, 2, 1] = 1, -1, np.nan, 0.5
    follow_both(device, host, some)
    assert device.statistics.pop()["rollout/diverged"] == 4


# Statistics


def test_statistics_are_those_of_the_task_on_the_host(pair, two_link, swing):
    device, host = pair(two_link, [swing(two_link, 5)], 3, "reward.w_effort=0.5", "env.random_start=0")
    host_statistics = RolloutStatistics(host.reward.weights)
    everyone = np.arange(3)
    host.reset(everyone, Start(0 * everyone, 0 * everyone))
    returns, rewards = [], np.zeros(3)
    for action in actions(host, 10):
        device.step(torch.from_numpy(action))
        outcome = host.step(action)
        host_statistics.add(outcome)
        rewards += outcome.reward
        if outcome.truncated.all():
            host.reset(everyone, Start(0 * everyone, 0 * everyone))
            returns, rewards = [*returns, *rewards], np.zeros(3)
    device.judge()
    logged = device.statistics.pop()
    assert logged.pop("rollout/ep_len_mean") == 4
    assert logged.pop("rollout/ep_rew_mean") == pytest.approx(np.mean(returns), rel=1e-12)
    assert len(returns) == 6  # two episodes of four steps each, and two steps of a third
    assert logged == pytest.approx(host_statistics.pop(), rel=1e-12)
    assert device.statistics.pop() == {"rollout/diverged": 0.0}


# Resuming


def test_a_second_task_goes_on_where_the_first_one_was(build, two_link, swing):
    words = ("env.sampling=hard", "env.random_start=0.5")
    first, second = (build(two_link, [swing(two_link, 5), swing(two_link, 8)], 4, *words) for _ in range(2))
    some = torch.from_numpy(actions(first, 30))
    for action in some[:13]:
        first.step(action)
    first.judge()
    first.begin_rollout()
    second.restore(copy.deepcopy(first.state()))
    for action in some[13:]:
        one, two = first.step(action), second.step(action)
        for name in ("observation", "terminal_observation", "terminated", "truncated"):
            assert torch.equal(getattr(one, name), getattr(two, name))
    assert torch.equal(first.judge().reward, second.judge().reward)
    assert first.statistics.pop() == second.statistics.pop()


def test_same_seed_same_episodes(build, two_link, swing):
    references = [swing(two_link, 5), swing(two_link, 9)]
    one, two, other = (build(two_link, references, 20, "env.random_start=0.7", f"seed={seed}") for seed in (1, 1, 2))
    assert torch.equal(one.observe(), two.observe())
    assert not torch.equal(one.observe(), other.observe())


# Nothing asks the host


# Of the host for a number on the device, and of the device for one that the host has.
QUESTIONS = {"_local_scalar_dense", "nonzero", "masked_select", "is_nonzero", "equal", "_unique2", "bincount"}
QUESTIONS |= {"lift_fresh"}


class NoQuestions(TorchDispatchMode):
    """Raises where an operation would make a GPU wait for the host, or the host for a GPU."""

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        name = function.name().partition(".")[0].removeprefix("aten::")
        masks = name in ("index", "index_put_") and any(i is not None and i.dtype == torch.bool for i in args[1])
        assert name not in QUESTIONS, name
        assert not masks, name
        return function(*args, **(kwargs or {}))


class StillTensors:
    """The face of a `TensorSimulation` whose arms never move: tensors alone, which nothing asks for a number."""

    device, dtype = torch.device("cpu"), torch.float32

    def __init__(self, arm, n):
        self.arm, self.n = arm, n
        shapes = {"qpos": arm.nq, "qvel": arm.nq, "activation": arm.na, "ctrl": arm.nu, "force": arm.nu}
        for name, width in shapes.items():
            setattr(self, name, torch.zeros(n, width))
        self._names = [*shapes, "landmarks"]
        self.landmarks = torch.zeros(n, 3, 3)

    def reset(self, mask, qpos, qvel, activation=0.0):
        self.qpos.copy_(torch.where(mask[:, None], qpos, self.qpos))
        self.qvel.copy_(torch.where(mask[:, None], qvel, self.qvel))

    def step(self, ctrl):
        self.ctrl.copy_(ctrl)

    def snapshot(self):
        return Snapshot(**{name: getattr(self, name).clone() for name in self._names})

    def state(self):
        return {}


def places(state):
    """Where the tensors of a state stand in the memory, but for the random state, which is a copy."""
    named = {**state["hard"], **state["statistics"], **state}
    return {name: part.data_ptr() for name, part in named.items() if torch.is_tensor(part) and name != "random"}


@pytest.mark.parametrize("sampling", ["uniform", "hard"])
def test_a_rollout_asks_the_host_nothing(configure, muscle_arm, follow, sampling):
    poses = muscle_arm.rest_qpos + np.linspace(0, 0.2, 6)[:, None]
    references = References([follow(muscle_arm, poses), follow(muscle_arm, poses[:4])])
    config = configure("model=muscle", f"env.sampling={sampling}", "env.random_start=0.5", "env.lost_mm=3", *EVERYTHING)
    task = DeviceTask(StillTensors(muscle_arm, 8), references, config)
    action = torch.zeros(8, muscle_arm.nu)
    before = places(task.state())
    with NoQuestions():
        task.begin_rollout()
        for _ in range(12):
            outcome = task.step(action)
        judged = task.judge()
    assert outcome.observation.dtype == torch.float32
    assert judged.reward.dtype == torch.float32  # as the physics
    assert places(task.state()) == before  # as a CUDA graph needs it


def test_nothing_is_asked_by_the_terms(configure):
    """What `NoQuestions` is for: it finds each question that a term may ask."""

    def given(x):
        return x + torch.tensor([1.0])

    for ask in (lambda x: float(x[0]), lambda x: x[x > 0], lambda x: bool((x > 0).any()), lambda x: x.nonzero(), given):
        with pytest.raises(AssertionError), NoQuestions():
            ask(torch.ones(3))


# Advice


def test_advice_on_numbers_that_are_not_finite(pair, two_link, swing):
    bad = swing(two_link, 6)
    bad.elbow[2] = np.nan
    device, host = pair(two_link, [bad], 2, "env.observation=[qpos]")
    for _ in range(3):
        device.step(torch.zeros(2, 2))
    device.judge()
    with pytest.raises(NonFiniteError, match="Train with device=cpu engine=mujoco") as stop:
        device.statistics.pop()
    assert stop.value.key == "reward"
    host.step(np.zeros((2, 2)))
    with pytest.raises(NonFiniteError) as stop:
        host.step(np.zeros((2, 2)))
    assert stop.value.states["qpos"].shape == (3, 2, 2)


def test_advice_on_terms_that_would_stop_the_device(pair, build, two_link, swing, monkeypatch):
    def reckless(snapshot, ahead, body):
        return np.square(snapshot.qpos)

    def standard(snapshot, ahead, body):
        return namespace(snapshot.qpos).square(snapshot.qpos)

    monkeypatch.setitem(OBSERVATIONS._all(), "phase", reckless)
    with pytest.raises(ConfigError, match="or choose engine=mujoco") as stop:
        build(two_link, [swing(two_link, 6)], 2, "env.observation=[qpos,phase]")
    assert stop.value.key == "env.observation"
    monkeypatch.setitem(OBSERVATIONS._all(), "phase", standard)
    follow_both(*pair(two_link, [swing(two_link, 6)], 2, "env.observation=[qpos,phase]"), np.zeros((2, 2, 2)))


@pytest.mark.parametrize(
    ("key", "word"),
    [
        ("env.observation", "env.observation=[qpos,spindle_ia]"),
        ("env.delay_ms.motor", "env.delay_ms.motor=5"),
        ("env.noise.sd_qpos", "env.noise.sd_qpos=0.01"),
        ("condition.weakness", "condition.weakness.severity=0.5"),
    ],
)
def test_advice_on_what_only_the_cpu_does(build, muscle_arm, follow, build_task, configure, monkeypatch, key, word):
    references = [follow(muscle_arm, muscle_arm.rest_qpos + np.zeros((4, 1)))]
    with pytest.raises(ConfigError, match="not computed on a GPU") as stop:
        build(muscle_arm, references, 2, word)
    assert stop.value.key == key
    task = build_task(muscle_arm, references, 2, word, "engine=mujoco")
    assert task.step(np.zeros((2, muscle_arm.nu))).observation.shape == (2, task.n_observations)
    # What nobody decided is decided so where there is a GPU.
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    setup = Setup(configure("model=muscle", word, "engine=auto", "device=auto"), muscle_arm, references, None, [])
    assert setup.with_engine().config.engine == "mujoco"
