import numpy as np
import pytest
import torch

from mousearm import checkpoint
from mousearm.algo import build_algo
from mousearm.env import TrackingVecEnv
from mousearm.errors import RunError
from mousearm.policy import PolicyController, build_policy

SMALL = ("policy.lstm_hidden_size=8", "env.num_envs=4", "algo.n_steps=11", "algo.batch_size=22", "algo.n_epochs=2")


@pytest.fixture
def make_algo(configure, torque_arm, demo, build_task):
    def make(seed):
        config = configure(*SMALL, f"seed={seed}")
        return build_algo(config, TrackingVecEnv(build_task(torque_arm, [demo], 4, *SMALL), seed=seed))

    return make


@pytest.fixture
def trained(make_algo):
    return make_algo(0).learn(88)


def test_a_second_algorithm_gets_everything(tmp_path, trained, make_algo):
    checkpoint.save(tmp_path / "88", trained, best_mm=1.5)
    other = make_algo(1)
    state = checkpoint.load(tmp_path / "88", other)
    assert state == {"steps": 88, "n_updates": 4, "best_mm": 1.5}
    assert other.num_timesteps == 88
    for name, tensor in trained.policy.state_dict().items():
        assert torch.equal(tensor, other.policy.state_dict()[name]), name
    saved, loaded = trained.policy.optimizer.state_dict(), other.policy.optimizer.state_dict()
    assert saved["state"].keys() == loaded["state"].keys()
    assert all(torch.equal(saved["state"][i]["exp_avg"], loaded["state"][i]["exp_avg"]) for i in saved["state"])
    assert float(other.policy.features_extractor.count) == 88  # the normaliser travels with the network


def test_the_folder_holds_no_pickle_and_replaces_the_one_before(tmp_path, trained):
    checkpoint.save(tmp_path / "best", trained, best_mm=2.0)
    checkpoint.save(tmp_path / "best", trained, best_mm=1.0)
    assert [path.name for path in tmp_path.iterdir()] == ["best"]
    assert sorted(p.name for p in (tmp_path / "best").iterdir()) == ["optimizer.pt", "policy.safetensors", "state.json"]
    torch.load(tmp_path / "best" / "optimizer.pt", weights_only=True)


def test_a_policy_alone_acts_as_the_trained_one(tmp_path, trained, configure):
    checkpoint.save(tmp_path / "c", trained)
    alone = build_policy(configure(*SMALL).policy, 12, 6)
    checkpoint.load_policy(tmp_path / "c", alone)
    observations = np.random.default_rng(0).normal(size=(5, 3, 12)).astype(np.float32)
    actions = []
    for policy in (trained.policy, alone):
        controller = PolicyController(policy)
        controller.reset(3)
        actions.append([controller.act(observation) for observation in observations])
    np.testing.assert_array_equal(actions[0], actions[1])


def test_damaged_missing_and_foreign_files_are_named(tmp_path, trained, configure):
    checkpoint.save(tmp_path / "c", trained)
    with pytest.raises(RunError, match=r"policy\.safetensors cannot be loaded into the configured network"):
        checkpoint.load_policy(tmp_path / "c", build_policy(configure("policy.lstm_hidden_size=9").policy, 12, 6))
    (tmp_path / "c" / "optimizer.pt").write_bytes(b"not torch")
    with pytest.raises(RunError, match=r"optimizer\.pt cannot be read"):
        checkpoint.load(tmp_path / "c", trained)
    (tmp_path / "c" / "policy.safetensors").unlink()
    with pytest.raises(RunError, match=r"policy\.safetensors cannot be loaded"):
        checkpoint.load(tmp_path / "c", trained)
