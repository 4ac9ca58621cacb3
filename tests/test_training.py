import json
import signal

import mujoco
import numpy as np
import pytest
from safetensors.torch import load_file
from tqdm.auto import tqdm

from mousearm.algo import build_algo
from mousearm.door import read_json
from mousearm.env.vec_env import TrackingVecEnv
from mousearm.errors import Interrupted, NonFiniteError
from mousearm.evaluate.rollout import Evaluator
from mousearm.nan_guard import describe
from mousearm.policy.controller import PolicyController
from mousearm.pretrain.cmc import ComputedMuscleControl
from mousearm.pretrain.dagger import DAgger
from mousearm.rundir.folder import RunFolder
from mousearm.tracking.logger import RunLogger
from mousearm.training import learning
from mousearm.training.interruption import Interruption

SMALL = ("policy.lstm_hidden_size=8", "env.num_envs=4", "algo.n_steps=11", "algo.batch_size=22", "algo.n_epochs=1")
ROLLOUT = 44  # steps of one rollout: 4 simulations of 11 steps


@pytest.fixture
def train(tmp_path, configure, build_task, swing):
    """Train an arm on a swing for a number of steps in a new run folder."""

    def build(arm, total, every, *words):
        references = [swing(arm, 12)]
        config = configure(*SMALL, f"algo.timesteps={total}", f"algo.eval_freq={every}", *words)
        env = TrackingVecEnv(build_task(arm, references, 4, *SMALL, *words))
        algo = build_algo(config, env)
        evaluator = Evaluator(config, arm, references, {"train": ["swing"], "test": []})
        objectives = []

        def evaluate():
            evaluation, _ = evaluator.evaluate(PolicyController(algo.policy))
            objectives.append(evaluation.objective)
            return evaluation

        warm_start = None
        if config.pretrain.teacher != "none":
            task = build_task(arm, references, config.pretrain.num_envs, *SMALL, *words)
            expert = ComputedMuscleControl(arm, task.references, config.env.control_dt)
            warm_start = DAgger(task, algo.policy, expert, config.pretrain, 0)
        folder = RunFolder(tmp_path)
        parts = RunLogger(tmp_path, {}), evaluate, folder, config.algo, Interruption()
        learning.learn(algo, env, *parts, warm_start=warm_start)
        return folder, algo, objectives

    return build


def test_evaluates_at_the_start_every_so_many_steps_and_at_the_end(train, two_link):
    folder, algo, objectives = train(two_link, total=5 * ROLLOUT, every=2 * ROLLOUT)
    # at 0, 88 and 176 steps, and at the end, 220
    assert len(objectives) == 4
    assert algo.num_timesteps == 5 * ROLLOUT
    assert [path.name for path in folder.checkpoints()] == ["88", "176", "220"]
    assert json.loads((folder.path / "status.json").read_text())["state"] == "running"


def test_the_best_network_is_the_one_that_is_kept(train, two_link):
    folder, _, objectives = train(two_link, total=4 * ROLLOUT, every=ROLLOUT)
    best = (folder.best / "state.json").read_text()
    assert f'"best_mm": {min(objectives)}' in best


def test_the_bar_shows_steps_and_errors(train, two_link, capsys):
    _, _, objectives = train(two_link, total=2 * ROLLOUT, every=ROLLOUT)
    bar = capsys.readouterr().err.split("\r")[-1]
    assert "100%" in bar
    assert "steps/s" in bar
    assert f"paw {objectives[-1]:.2f} mm, best {min(objectives):.2f} mm" in bar


def test_imitation_says_how_long_it_takes_where_bars_are_turned_off_too(train, two_link, monkeypatch, capsys):
    class Off(tqdm):  # what TQDM_DISABLE=1 makes of every bar, if it is set before tqdm is imported
        def __init__(self, *arguments, **options):
            super().__init__(*arguments, **options, disable=True)

    monkeypatch.setattr(learning, "tqdm", Off)
    words = (
        "pretrain=cmc",
        "pretrain.batch_size_after=null",
        "pretrain.rounds=4",
        "pretrain.num_envs=2",
        "pretrain.n_epochs=1",
    )
    _, algo, _ = train(two_link, ROLLOUT, ROLLOUT, *words)
    assert (algo.imitated, algo.by_reward) == (4 * 2 * 11, ROLLOUT)
    said, shown = capsys.readouterr()
    assert "imitation" in said
    assert "more, at the pace so far" in said
    assert "%" not in shown


def test_a_diverged_simulation_is_dumped_with_its_model_and_training_goes_on(train, explosive, quiet_log):
    folder, algo, _ = train(explosive, total=2 * ROLLOUT, every=ROLLOUT)
    assert algo.num_timesteps == 2 * ROLLOUT
    model = mujoco.MjModel.from_binary_path(str(folder.diverged / "model.mjb"))
    assert [model.joint(i).name for i in range(model.njnt)] == ["shoulder", "elbow"]
    dumps = sorted(folder.diverged.glob("*.npz"))
    assert dumps
    assert len(dumps) == 10  # four simulations diverge at every step; more would tell nothing new
    states = np.load(dumps[-1])
    assert states["qpos"].shape[1:] == (1, 2)
    assert np.isfinite(states["qpos"][:-1]).all()
    last = np.concatenate([states["qpos"][-1, 0], states["qvel"][-1, 0]])
    assert not (np.isfinite(last).all() and np.abs(last).max() < 1e4)


def test_every_network_stays_finite_when_simulations_diverge(train, explosive, quiet_log):
    _, algo, _ = train(explosive, total=2 * ROLLOUT, every=ROLLOUT)
    assert all(bool(parameter.isfinite().all()) for parameter in algo.policy.parameters())


def test_a_loss_that_is_no_number_ends_learning_with_a_dump(train, two_link, tmp_path):
    # A step of the length 1e30 in every weight, and the next loss is beyond all numbers.
    steep = ("algo.learning_rate=1e30", "algo.learning_rate_final=null", "algo.n_epochs=3", "algo.target_kl=null")
    text = r"The loss or its gradient is not finite: loss .*That was at step 44; .*nonfinite holds the model"
    with pytest.raises(NonFiniteError, match=text) as stop:
        train(two_link, 5 * ROLLOUT, ROLLOUT, *steep)
    assert stop.value.key == "algo.learning_rate"
    dump = RunFolder(tmp_path).nonfinite
    assert mujoco.MjModel.from_binary_path(str(dump / "model.mjb")).nq == 2
    content = np.load(dump / "000.npz")
    assert content["qpos"].shape[1:] == (4, 2)
    assert content["value_observations"].shape[2] > 0
    network = load_file(dump / "000.safetensors")
    assert all(bool(tensor.isfinite().all()) for tensor in network.values())
    report = read_json(dump / "000.json")
    assert (report["step"], report["key"]) == (44, "algo.learning_rate")
    assert "step 44: The loss or its gradient is not finite" in describe(dump)


def test_a_signal_waits_until_a_step_is_over_and_a_second_ctrl_c_does_not(capfd):
    interruption = Interruption()
    with interruption.listening(), interruption.patient():
        interruption.check()
        signal.raise_signal(signal.SIGUSR1)
        signal.raise_signal(signal.SIGTERM)  # it ends already
        assert "Stopping: what was learned is being saved." in capfd.readouterr().err
        with pytest.raises(KeyboardInterrupt, match="left at once"):
            signal.raise_signal(signal.SIGINT)
        with pytest.raises(Interrupted, match="SIGUSR1") as stop:
            interruption.check()
    assert stop.value.status == 128 + signal.SIGUSR1


def test_a_signal_ends_at_once_what_is_in_no_step():
    with Interruption().listening(), pytest.raises(Interrupted, match="SIGTERM"):
        signal.raise_signal(signal.SIGTERM)
