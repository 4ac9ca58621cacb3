"""Agents that sb3-contrib trained and saved act here as they did there, and their files run nothing."""

import base64
import io
import json
import os
import pickle
import zipfile
from pathlib import Path
from random import Random

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium.wrappers import RescaleAction
from sb3_contrib import RecurrentPPO
from stable_baselines3.common.vec_env import DummyVecEnv, VecNormalize

from mousearm.agent import Agent
from mousearm.agent_import import import_agent, load_weights, read_archive, sizes
from mousearm.config import compose
from mousearm.env.gym_env import TrackingEnv
from mousearm.errors import ConfigError, RunError
from mousearm.experiment import run
from mousearm.policy.network import build_policy
from mousearm.rundir.folder import RunFolder

NETWORK = {
    "shared_lstm": True,
    "enable_critic_lstm": False,
    "lstm_hidden_size": 8,
    "net_arch": {"pi": [6], "vf": [5, 4]},
}
TASK = ("model=muscle", "kinematics.path=package:demo.csv", "video=false", "threads=1")
SEEN = ("env.observation=[qpos,qvel,path_preview]", "env.path_steps=2", "model.action_map=direct", "env.n_substeps=16")
ORIGINAL = (
    *("reward=original", "kinematics.retarget=uniform"),
    *("model.muscle_dynamics=published", "env.initial_activation=zero"),
)


class Touch:
    """Creates a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def environment():
    """The muscle arm as the original's: actions are controls, 0 to 1."""
    return RescaleAction(TrackingEnv([*TASK, *SEEN, *ORIGINAL]), 0.0, 1.0)


def train(env):
    algo = RecurrentPPO("MlpLstmPolicy", env, n_steps=64, batch_size=32, n_epochs=2, seed=0, policy_kwargs=NETWORK)
    return algo.learn(64)


def perform(algo, scale=lambda observation: observation):
    """Mean paw error (mm) of the agent in its own environment, as sb3 evaluates it."""
    env, errors, done, state, start = environment(), [], False, None, np.array([True])
    observation, _ = env.reset(options={"reach": "demo"})
    while not done:
        action, state = algo.predict(scale(observation), state, start, deterministic=True)
        observation, _, terminated, truncated, info = env.step(action)
        errors.append(info["paw_mm"])
        done, start = terminated or truncated, np.array([False])
    return np.mean(errors)


@pytest.fixture(scope="module")
def agent(tmp_path_factory):
    """A trained agent and its zip."""
    path = tmp_path_factory.mktemp("agent") / "old.zip"
    algo = train(environment())
    algo.save(path)
    return algo, path


@pytest.fixture
def replaced(agent, tmp_path):
    """The zip with a member replaced."""

    def write(**members):
        path = tmp_path / f"new{len(list(tmp_path.iterdir()))}.zip"
        with zipfile.ZipFile(agent[1]) as old, zipfile.ZipFile(path, "w") as new:
            for name in old.namelist():
                new.writestr(name, members.get(name.replace(".", "_"), old.read(name)))
        return path

    return write


def weights(algo, **changes):
    file = io.BytesIO()
    torch.save({**algo.policy.state_dict(), **changes}, file)
    return file.getvalue()


def test_it_acts_here_as_it_did_there(agent, tmp_path):
    algo, path = agent
    evaluation = import_agent(path, tmp_path / "run", TASK, trust=True)
    assert evaluation.objective == pytest.approx(perform(algo), rel=1e-3)
    folder = RunFolder(tmp_path / "run")
    assert (
        Agent.load(folder.path).evaluate()[0].as_json()
        == evaluation.as_json()
        == json.loads(folder.evaluation.read_text())
    )
    config = folder.saved_config()
    assert (config.env.path_steps, config.env.n_substeps, config.model.action_map) == (2, 16, "direct")
    assert (config.policy.lstm_hidden_size, config.policy.net_arch_pi, config.policy.net_arch_vf) == (8, [6], [5, 4])
    assert (config.algo.n_steps, config.algo.batch_size, config.algo.timesteps, config.env.num_envs) == (64, 32, 64, 1)
    assert folder.status().reason == "imported from old.zip"
    with pytest.raises(RunError, match=r"is finished and has no checkpoint to resume from"):
        run(config, folder.path, ["algo.timesteps=128"])


@pytest.mark.slow
def test_statistics_of_observations_go_along(tmp_path):
    env = VecNormalize(DummyVecEnv([environment]))
    algo = train(env)
    algo.save(tmp_path / "old.zip")
    env.save(tmp_path / "statistics.pkl")
    with pytest.raises(RunError, match=r"Give the file that VecNormalize\.save wrote"):  # and then it is given
        import_agent(tmp_path / "old.zip", tmp_path / "run", TASK, tmp_path / "old.zip", trust=True)
    evaluation = import_agent(tmp_path / "old.zip", tmp_path / "run", TASK, tmp_path / "statistics.pkl", trust=True)
    assert evaluation.objective == pytest.approx(perform(algo, env.normalize_obs), rel=1e-3)
    assert Agent.load(tmp_path / "run").evaluate()[0].objective == evaluation.objective
    env.clip_obs = 5.0
    env.save(tmp_path / "statistics.pkl")
    with pytest.raises(RunError, match=r"clip_obs=5, but the project's network .* cuts off at 10"):
        import_agent(tmp_path / "old.zip", tmp_path / "two", TASK, tmp_path / "statistics.pkl", trust=True)
    assert not (tmp_path / "two").exists()


def test_without_trust_nothing_is_read(tmp_path):
    proof = tmp_path / "proof"
    (tmp_path / "statistics.pkl").write_bytes(pickle.dumps(Touch(proof)))
    with pytest.raises(RunError, match=r"read only with --trust.*which run code.*Say --trust if you"):
        import_agent(tmp_path / "none.zip", tmp_path / "run", statistics=tmp_path / "statistics.pkl")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["statistics.pkl"]


@pytest.mark.parametrize("member", ["data", "policy_pth", "policy_optimizer_pth", "pytorch_variables_pth"])
def test_code_in_the_zip_does_not_run_even_with_trust(agent, replaced, tmp_path, member):
    proof = tmp_path / "proof"
    evil = pickle.dumps(Touch(proof))
    if member == "data":
        with zipfile.ZipFile(agent[1]) as archive:
            content = json.loads(archive.read("data"))
        for value in content.values():
            if isinstance(value, dict) and ":serialized:" in value:
                value[":serialized:"] = base64.b64encode(evil).decode()
        evil = json.dumps(content).encode()
    path = replaced(**{member: evil})
    if member == "policy_pth":
        with pytest.raises(RunError, match="is no agent that Stable-Baselines3 saved"):
            read_archive(path)
    else:
        assert read_archive(path).weights.keys() == agent[0].policy.state_dict().keys()
    assert not proof.exists()


@pytest.mark.parametrize(
    ("network", "why"),
    [
        ({"shared_lstm": False, "enable_critic_lstm": True}, "its critic has an LSTM of its own"),
        ({"shared_lstm": False}, "its critic does not see the LSTM"),
        ({"activation_fn": torch.nn.ReLU}, "its heads have another activation than tanh"),
    ],
)
def test_other_networks_are_refused(tmp_path, network, why):
    kinds = NETWORK | network
    RecurrentPPO("MlpLstmPolicy", gymnasium.make("Pendulum-v1"), policy_kwargs=kinds).save(tmp_path / "a.zip")
    with pytest.raises(RunError, match=f"none of the project's: {why}"):
        import_agent(tmp_path / "a.zip", tmp_path / "run", TASK, trust=True)
    assert [path.name for path in tmp_path.iterdir()] == ["a.zip"]


def test_what_does_not_fit_is_refused(agent, replaced, tmp_path):
    algo, path = agent
    bias = algo.policy.state_dict()["action_net.bias"]
    for file, overrides, kind, why in (
        (path, ("model=torque",), RunError, r"actions have as low \[0\.0, .*controls of the arm have \[-1\.0"),
        (path, (*TASK, "env.path_steps=3"), ConfigError, r"env\.path_steps=3: the agent itself decides on policy, env"),
        (path, (*TASK, "policy=gru"), ConfigError, "policy=gru: the agent itself decides"),
        (replaced(policy_pth=weights(algo, more=bias)), TASK, RunError, "it has more than such a network: more"),
        (replaced(policy_pth=weights(algo, **{"action_net.bias": bias[:3]})), TASK, RunError, "do not fit the network"),
        (replaced(policy_pth=weights(algo, **{"action_net.bias": bias * torch.nan})), TASK, RunError, "are not finite"),
        (replaced(policy_pth=b""), TASK, RunError, "is no agent that Stable-Baselines3 saved"),
        (replaced(data=b"[]"), TASK, RunError, "is no agent that Stable-Baselines3 saved"),
        (tmp_path / "no.zip", TASK, RunError, "No such file or directory. Correct the name"),
    ):
        with pytest.raises(kind, match=why):
            import_agent(file, tmp_path / "run", overrides, trust=True)
        assert not (tmp_path / "run").exists()


def test_an_archive_that_is_larger_than_it_should_be(tmp_path, monkeypatch):
    monkeypatch.setattr("mousearm.agent_import.MAX_MEMBER_BYTES", 1000)
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("policy.pth", bytes(10**6))
    with pytest.raises(RunError, match=r"policy\.pth has more than 0 MB"):
        read_archive(tmp_path / "a.zip")


def bomb(**changes):
    """The weights as torch saves them, with some that are not what they say."""
    return lambda algo: weights(algo, **{name.replace("__", "."): tensor for name, tensor in changes.items()})


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (bomb(action_net__bias=torch.zeros(1).expand(10**9)), "something other than weights"),
        (bomb(action_net__weight=torch.zeros(1, 1).expand(10**5, 10**5)), "something other than weights"),
        (bomb(action_net__bias=torch.zeros(10**9, device="meta")), "something other than weights"),
        (bomb(action_net__bias=torch.zeros(4, 4).to_sparse()), "something other than weights"),
        (bomb(action_net__bias=torch.zeros(3, dtype=torch.int64)), "something other than weights"),
        (bomb(action_net__bias=torch.zeros(0)), "something other than weights"),
        (bomb(mlp_extractor__policy_net__0__bias=torch.zeros(10**6)), "out of range"),
        (bomb(lstm_actor__weight_hh_l7=torch.zeros(4, 4)), "do not fit the network"),
        (bomb(lstm_actor__weight_ih_l0=torch.zeros(4)), "The agent saw 4 numbers"),
        (lambda algo: bytes(100), "is no agent that Stable-Baselines3 saved"),
    ],
)
def test_weights_that_are_larger_than_their_file(agent, replaced, tmp_path, make, why):
    with pytest.raises((RunError, ConfigError), match=why):
        import_agent(replaced(policy_pth=make(agent[0])), tmp_path / "run", TASK, trust=True)
    assert not (tmp_path / "run").exists()


def test_weights_that_unpack_to_more_than_they_should(agent, replaced, monkeypatch):
    packed = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(weights(agent[0]))) as old,
        zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            new.writestr(name, bytes(10**7) if name.endswith("/data/0") else old.read(name))
    monkeypatch.setattr("mousearm.agent_import.MAX_MEMBER_BYTES", 10**6)
    with pytest.raises(RunError, match=r"unpacks to more than 1\.0 MB"):
        read_archive(replaced(policy_pth=packed.getvalue()))


def test_what_is_no_file_is_not_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe.zip")
    for path in (tmp_path / "pipe.zip", Path("/dev/zero"), tmp_path):
        with pytest.raises(RunError):
            import_agent(path, tmp_path / "run", TASK, trust=True)


ODD = [
    None,
    True,
    -1,
    0,
    10**30,
    1e308,
    float("nan"),
    float("inf"),
    "x",
    "Tanh",
    [],
    [1],
    {},
    {"low": "[[[1e999"},
    "1" * 400,
]


def mutate(content, random):
    """The zip's bytes, or a value of its text, changed at random."""
    if random.random() < 0.5:
        content = bytearray(content)
        for _ in range(random.choice((1, 1, 5, 50))):
            content[random.randrange(len(content))] = random.randrange(256)
        cut = random.randrange(len(content)) if random.random() < 0.1 else len(content)
        return bytes(content[:cut])
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(made, "w") as new:
        data = json.loads(old.read("data"))
        for key in random.sample([*data, "num_timesteps", "n_envs", "use_sde"], random.choice((1, 1, 3))):
            data[key] = random.choice(ODD)
        for name in old.namelist():
            new.writestr(name, json.dumps(data) if name == "data" else old.read(name))
    return made.getvalue()


@pytest.mark.parametrize("n", [60, pytest.param(1000, marks=pytest.mark.slow)])
def test_a_damaged_archive_is_refused_or_the_same_agent(agent, tmp_path, n, draws):
    """Bytes and values that are changed: the zip's own checksums, or what is checked here, find what matters."""
    algo, path = agent
    random, content, file = Random(n), path.read_bytes(), tmp_path / "a.zip"
    config = compose(["policy.lstm_hidden_size=8", "policy.net_arch_pi=[6]", "policy.net_arch_vf=[5,4]"])
    n_inputs, n_actions = algo.observation_space.shape[0], algo.action_space.shape[0]
    policy = build_policy(config, n_inputs, n_actions)
    n_refused, n_drawn = 0, draws(n)
    for _ in range(n_drawn):
        file.write_bytes(mutate(content, random))
        try:
            archive = read_archive(file)
            sizes(archive)
            load_weights(policy, archive, np.tile([0.0, 1.0], (n_actions, 1)))
        except RunError:
            n_refused += 1
            continue
        for name, tensor in algo.policy.state_dict().items():
            assert torch.equal(archive.weights[name], tensor)
    assert 0 < n_refused < n_drawn


@pytest.mark.slow
@pytest.mark.parametrize("value", ODD, ids=ascii)
def test_odd_values_in_the_text_are_refused_or_left_out(agent, replaced, tmp_path, value):
    with zipfile.ZipFile(agent[1]) as old:
        data = json.loads(old.read("data"))
    for key in ("num_timesteps", "gamma"):
        path = replaced(data=json.dumps({**data, key: value}).encode())
        try:
            evaluation = import_agent(path, tmp_path / f"run_{key}", TASK, trust=True)
        except (RunError, ConfigError):
            continue
        assert evaluation.objective == pytest.approx(perform(agent[0]), rel=1e-3)


@pytest.mark.slow
def test_advice_of_the_script(run_script, agent, two_link_xml, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("empty.zip").touch()
    Path("arm.xml").write_text(two_link_xml)
    places = {"shoulder": "joint:shoulder", "elbow": "joint:elbow", "paw": "site:paw"}
    other_arm = ["model.file=arm.xml", *(f"model.landmarks.{name}={place}" for name, place in places.items())]

    def run(zip_file, *arguments):
        return run_script("import_agent", zip_file, *arguments, "--out", "run", *TASK)

    for says, words in (
        ("Say --trust if you know who made it.", (agent[1],)),
        ("Give the zip that model.save wrote.", ("empty.zip", "--trust")),
        ("policy=gru: the agent itself decides on", (agent[1], "--trust", "policy=gru")),
        ("many. Name the arm that it was trained with: model=muscle", (agent[1], "--trust", *other_arm)),
    ):
        refused = run(*words)
        assert refused.status == 1
        assert says in " ".join(refused.err.split()), refused.err
    torque = [word for word in TASK if not word.startswith("model=")]
    refused = run_script("import_agent", agent[1], "--trust", "--out", "run", "model=torque", *torque)
    assert "Name the arm that it was trained with: model=muscle, or model.file=FILE.\n" in refused.err
    assert not Path("run").exists()
    done = run(agent[1], "--trust")
    assert done.status == 0, done.err
    assert "old.zip is trusted: its weights and text are read; nothing is run." in done.err
    assert "demo   train" in done.out
