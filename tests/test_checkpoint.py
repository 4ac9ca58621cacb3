import copy
import random

import numpy as np
import pytest
import torch

from mousearm import checkpoint
from mousearm.algo import build_algo
from mousearm.checkpoint import RandomState, TrainingState
from mousearm.door import read_json
from mousearm.env.vec_env import TrackingVecEnv
from mousearm.errors import MouseArmError, RunError
from mousearm.formats import CHECKPOINT, stamp
from mousearm.policy.controller import PolicyController
from mousearm.policy.network import build_policy
from mousearm.rundir.folder import RunFolder

SMALL = ("policy.lstm_hidden_size=8", "env.num_envs=4", "algo.n_steps=11", "algo.batch_size=22", "algo.n_epochs=2")


@pytest.fixture
def make_algo(configure, torque_arm, demo, build_task):
    def make(seed, *more):
        config = configure(*SMALL, f"seed={seed}", *more)
        task = build_task(torque_arm, [demo], config.env.num_envs, *SMALL)
        return build_algo(config, TrackingVecEnv(task, seed=seed))

    return make


@pytest.fixture
def trained(make_algo):
    return make_algo(0).learn(88)


def parts(algo):
    return {"algo": algo, "env": algo.env}


def save(folder, algo):
    run = RunFolder(folder)
    checkpoint.save(run, TrainingState.of(algo.num_timesteps, algo.policy, parts(algo)), best_mm=1.5)
    return run


def test_a_second_algorithm_gets_everything(tmp_path, trained, make_algo):
    folder = save(tmp_path, trained).checkpoint(88)
    assert read_json(folder / "state.json") == {**stamp(CHECKPOINT), "steps": 88, "best_mm": 1.5}
    other = make_algo(1)
    checkpoint.load_state(folder).restore(other.policy, parts(other))
    assert (other.num_timesteps, other._n_updates) == (88, 4)
    for name, tensor in trained.policy.state_dict().items():
        assert torch.equal(tensor, other.policy.state_dict()[name]), name
    assert float(other.policy.features_extractor.count) == 88  # the normaliser travels with the network
    for algo in (trained, other):  # from here on both do the same
        torch.manual_seed(5)
        algo.learn(88, reset_num_timesteps=False)
    for name, tensor in trained.policy.state_dict().items():
        assert torch.equal(tensor, other.policy.state_dict()[name]), name


def test_a_moment_stays_as_it_was(trained):
    moment = TrainingState.of(88, trained.policy, parts(trained))
    before = copy.deepcopy((moment.network, moment.states))
    trained.learn(88, reset_num_timesteps=False)
    assert str(before) == str((moment.network, moment.states))
    for name, tensor in before[0].items():
        assert torch.equal(tensor, moment.network[name]), name


def test_random_states_come_back(tmp_path, trained):
    parts = {"random": RandomState()}
    moment = TrainingState.of(0, trained.policy, parts)
    run = RunFolder(tmp_path)
    checkpoint.save(run, moment)

    def draw():
        return random.random(), np.random.random(), np.random.standard_normal(), torch.rand(1).item()  # noqa: NPY002

    drawn = draw()
    assert draw() != drawn
    checkpoint.load_state(run.checkpoint(0)).restore(trained.policy, parts)
    assert draw() == drawn


def test_the_folder_holds_no_pickle_that_runs_code_and_replaces_the_one_before(tmp_path, trained):
    for best_mm in (2.0, 1.0):
        run = save(tmp_path, trained)
        checkpoint.save_best(run, TrainingState.of(88, trained.policy, {}), best_mm=best_mm)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["best", "checkpoints"]
    files = ["manifest.json", "policy.safetensors", "state.json", "state.pt"]
    assert sorted(p.name for p in run.checkpoint(88).iterdir()) == files
    assert sorted(p.name for p in run.best.iterdir()) == files[:-1]
    assert read_json(run.best / "state.json")["best_mm"] == 1.0
    torch.load(run.checkpoint(88) / "state.pt", weights_only=True)


def test_a_policy_alone_acts_as_the_trained_one(tmp_path, trained, configure):
    folder = save(tmp_path, trained).checkpoint(88)
    alone = build_policy(configure(*SMALL), 12, 6)
    checkpoint.load_policy(folder, alone)
    observations = np.random.default_rng(0).normal(size=(5, 3, 12)).astype(np.float32)
    actions = []
    for policy in (trained.policy, alone):
        controller = PolicyController(policy)
        controller.reset(3)
        actions.append([controller.act(observation) for observation in observations])
    np.testing.assert_array_equal(actions[0], actions[1])


def test_what_does_not_fit_is_refused(tmp_path, trained, configure, make_algo):
    moment = checkpoint.load_state(save(tmp_path, trained).checkpoint(88))
    other = build_policy(configure("policy.lstm_hidden_size=9"), 12, 6)
    with pytest.raises(
        RunError, match=r"step 88 does not fit the configured run: .*has the shape \(32, 12\), not \(36,"
    ):
        moment.restore(other, {})
    more = make_algo(0, "env.num_envs=5")
    with pytest.raises(RunError, match="does not fit the configured run"):
        moment.restore(more.policy, parts(more))
    with pytest.raises(RunError, match="does not fit the configured run: KeyError"):
        moment.restore(trained.policy, {"warm_start": trained})


def test_damaged_missing_and_foreign_files_are_named(tmp_path, trained, configure):
    folder = save(tmp_path, trained).checkpoint(88)
    with pytest.raises(RunError, match=r"policy\.safetensors cannot be loaded into the configured network"):
        checkpoint.load_policy(folder, build_policy(configure("policy.lstm_hidden_size=9"), 12, 6))
    (folder / "state.pt").write_bytes(b"not torch")
    with pytest.raises(RunError, match=r"state\.pt cannot be read"):
        checkpoint.load_state(folder)
    (folder / "policy.safetensors").unlink()
    with pytest.raises(RunError, match=r"policy\.safetensors cannot be read"):
        checkpoint.load_policy(folder, trained.policy)


def leaves(value, path=()):
    """Paths of everything in a state, containers too."""
    if path:
        yield path
    for key, item in (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list | tuple) else ()
    ):
        yield from leaves(item, (*path, key))


def replaced(value, path, new):
    """A copy in which something else stands at a path; nothing for ``...``."""
    if not path:
        return new
    items = dict(value) if isinstance(value, dict) else dict(enumerate(value))
    items[path[0]] = replaced(items[path[0]], path[1:], new)
    if items[path[0]] is ...:
        del items[path[0]]
    return items if isinstance(value, dict) else type(value)(items.values())


def strange(old, rng):
    """Something else than what a state holds."""
    others = [
        None,
        "x",
        -1,
        10**30,
        0.5,
        float("nan"),
        [],
        {},
        {"a": 1},
        [[]],
        True,
        ...,
        torch.zeros(3),
        np.zeros((2, 2)),
    ]
    if isinstance(old, torch.Tensor | np.ndarray):
        others += [
            old[..., None],
            old[:1] if old.ndim else old,
            old.astype(complex) if isinstance(old, np.ndarray) else old.to(int),
        ]
    return rng.choice(others)


def check_strange_states(seeds, trained, make_algo):
    """Every state is refused, or learning goes on with it or ends with an error that says why."""
    moment, told = TrainingState.of(88, trained.policy, parts(trained)), 0
    places = list(leaves(moment.states))
    for seed in seeds:
        rng = random.Random(seed)
        path = rng.choice(places)
        old = moment.states
        for key in path:
            old = old[key]
        algo = make_algo(1)
        state = TrainingState(88, moment.network, replaced(moment.states, path, strange(old, rng)))
        try:
            state.restore(algo.policy, parts(algo))
            algo.learn(44, reset_num_timesteps=False)
        except MouseArmError as error:
            told += "Remove its folder" in str(error)
        except Exception as error:
            raise AssertionError(f"seed {seed}, {path}: {error!r}") from error
    return told


def test_some_states_that_do_not_fit_are_refused(trained, make_algo):
    assert check_strange_states(range(6), trained, make_algo)


@pytest.mark.slow
def test_states_that_do_not_fit_are_refused(trained, make_algo, draws):
    n = draws(150)
    assert check_strange_states(range(n), trained, make_algo) > n / 2
