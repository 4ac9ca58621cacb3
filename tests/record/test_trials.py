"""A recording is the evaluation's performance, and its signals obey the laws that they come from."""

import copy
import json

import mujoco
import numpy as np
import pytest
import torch

from mousearm.agent import Agent
from mousearm.errors import ConfigError
from mousearm.model.muscles import optimal_and_slack
from mousearm.record import record
from mousearm.registry import ACTION_MAPS
from mousearm.trajectory import FOLLOWED

MUSCLE, TORQUE = ("model=muscle",), ("model=torque",)


def values(reach):
    return {name: signal.values for name, signal in reach.signals.items()}


def put(data, found, frame):
    data.qpos[:], data.qvel[:], data.act[:] = (found[name][frame] for name in ("qpos", "qvel", "activation"))


@pytest.fixture(scope="module")
def agent(trained):
    return Agent.load(trained)


@pytest.fixture(scope="module")
def recording(agent):
    return record(agent)


@pytest.fixture(scope="module")
def muscle(build_agent):
    return build_agent(*MUSCLE, "env.n_substeps=8")


@pytest.fixture(scope="module")
def muscle_reach(muscle):
    """The longest reach, performed with noise, so that something happens."""
    return next(reach for reach in record(muscle, noise=0.3).reaches if reach.name == "mouse/long")


class TestIsTheEvaluation:
    def test_errors_and_effort_are_those_of_evaluation_json(self, agent, recording, trained):
        evaluated = json.loads((trained / "evaluation.json").read_text())["reaches"]
        assert [reach["name"] for reach in evaluated] == ["demo", "mouse/long", "short"]
        for reach, result in zip(recording.reaches, evaluated, strict=True):
            assert (reach.name, reach.split, reach.completed) == (result["name"], result["split"], True)
            found = values(reach)
            assert len(found["time"]) == result["steps"] + 1
            for column, key in enumerate(("elbow_mm", "paw_mm")):
                error = found["error"][1:, column]
                assert error.mean() == pytest.approx(result[key]["mean"], abs=1e-9)
                assert error.max() == pytest.approx(result[key]["max"], abs=1e-9)
            effort = np.square(found["force"] / agent.arm.peak_force)[1:].mean()
            assert effort == pytest.approx(result["effort"], rel=1e-9)

    def test_states_are_those_of_the_evaluation_to_the_last_bit(self, agent, recording):
        _, trials = agent.evaluate()
        for reach, trial in zip(recording.reaches, trials, strict=True):
            found = values(reach)
            for name in ("qpos", "qvel", "activation", "landmarks"):
                np.testing.assert_array_equal(found[name], getattr(trial, name))
                np.testing.assert_array_equal(getattr(reach.trial, name), getattr(trial, name))
            np.testing.assert_array_equal(found["excitation"], trial.ctrl)
            np.testing.assert_array_equal(reach.trial.errors_mm[:, FOLLOWED], trial.errors_mm[:, FOLLOWED])
            assert (reach.trial.dt, reach.trial.split) == (trial.dt, reach.split)

    def test_it_says_of_what_it_is(self, recording):
        about = recording.about
        assert (about["run"], about["checkpoint"], about["model"]) == ("test", "best", "muscle")
        assert (about["backbone"], about["noise"], about["seed"], about["repeats"]) == ("lstm", 0, 0, 1)
        assert about["dt"] == pytest.approx(1 / 150)


class TestSignals:
    @pytest.mark.parametrize("model", [MUSCLE, TORQUE])
    def test_every_signal_has_a_row_per_frame_a_unit_and_its_names(self, build_agent, model):
        for reach in record(build_agent(*model)).reaches:
            n = len(reach.signals["time"].values)
            for name, signal in reach.signals.items():
                assert len(signal.values) == n, name
                assert signal.unit, name
                assert signal.description, name
                assert np.isfinite(signal.values).all(), name
                assert not signal.columns or len(signal.columns) == signal.values.shape[-1], name
                assert not signal.rows or len(signal.rows) == signal.values.shape[-2], name

    def test_only_muscles_have_fibres(self, build_agent, muscle_reach):
        motors = set(record(build_agent(*TORQUE)).reaches[0].signals)
        assert set(muscle_reach.signals) - motors == {
            *("excitation", "activation", "fibre_length", "fibre_velocity", "moment_arm", "action_noise")
        }
        assert motors - set(muscle_reach.signals) == {"control"}

    @pytest.mark.parametrize(
        ("backbone", "own"),
        [
            ("lstm", {"hidden", "cell"}),
            ("gru", {"hidden"}),
            ("rnn", {"hidden"}),
            ("dale", {"hidden"}),
            ("ffn", {"backbone_1"}),
        ],
    )
    def test_memory_depends_on_the_backbone(self, build_agent, backbone, own):
        signals = record(build_agent(*TORQUE, f"policy={backbone}")).reaches[0].signals
        assert own == set(signals) & {"hidden", "cell", "backbone_1", "backbone_2"}
        assert {"actor_1", "critic_1", "value", "action"} < set(signals)
        assert all(signals[name].values.shape[-1] == 8 for name in own)
        kinds = {name.split("_")[0] for name in ("hidden" in signals and signals["hidden"].columns) or ()}
        assert kinds == ({"excitatory", "inhibitory"} if backbone == "dale" else set())

    def test_repeats_of_a_noisy_network_are_those_of_its_evaluation(self, build_agent):
        agent = build_agent(*TORQUE, "policy=ctrnn", "policy.unit_noise=0.2")
        torch.nn.init.orthogonal_(agent.policy.action_net.weight)
        again = agent.evaluator.perform(agent.controller())
        recorded = record(agent, repeats=2).reaches
        n = len(agent.evaluator.task.references)
        assert agent.evaluator.repeats > 2
        for trial, reach in zip(again[: 2 * n], recorded, strict=True):
            np.testing.assert_allclose(reach.signals["qpos"].values[:6], trial.qpos[:6], atol=1e-6)
        assert np.abs(again[n].qpos[:6] - again[0].qpos[:6]).max() > 1e-3

    def test_observation_columns_are_what_their_names_say(self, build_agent):
        agent = build_agent(
            *MUSCLE, "env.observation=[qpos,qvel,activation,phase,path]", "env.path_steps=2", "env.path_spacing=3"
        )
        for reach in record(agent, noise=0.3).reaches:
            found = values(reach)
            seen = dict(zip(reach.signals["observation"].columns, found["observation"].T, strict=True))
            for term in ("qpos", "qvel", "activation"):
                for name, column in zip(reach.signals[term].columns, found[term].T, strict=True):
                    np.testing.assert_allclose(seen[f"{term}/{name}"], column, rtol=1e-6, atol=1e-7)
            np.testing.assert_allclose(seen["phase"], np.linspace(0, 1, len(found["time"])), atol=1e-6)
            # The paw's target 6 frames from now is the paw's place now plus what path/6 says.
            ahead = found["landmarks"][:-6, 2, 1] + seen["path/6/paw_y"][:-6]
            np.testing.assert_allclose(ahead, found["target"][6:, 1, 1], atol=1e-7)

    @pytest.mark.parametrize("model", [MUSCLE, TORQUE])
    def test_a_control_is_the_action_of_the_frame_before(self, build_agent, model):
        agent = build_agent(*model)
        act = ACTION_MAPS[agent.config.model.action_map]
        for reach in record(agent, noise=0.5).reaches:
            found = values(reach)
            done = np.clip(found["action"] + found["action_noise"], -1, 1)
            control = found["excitation" if "excitation" in found else "control"]
            np.testing.assert_allclose(control[1:], act(done[:-1], agent.arm.ctrl_range), atol=1e-7)
            assert not control[0].any()

    def test_a_motors_force_is_the_torque_of_its_joint(self, build_agent):
        agent = build_agent(*TORQUE)
        found = values(record(agent, noise=0.5).reaches[0])
        gear = agent.arm.model.actuator_gear[:, 0]
        np.testing.assert_allclose(found["force"], gear * found["control"], atol=1e-15)
        np.testing.assert_allclose(found["torque"], found["force"], atol=1e-15)


class TestMuscles:
    def test_force_torque_and_activation_are_those_of_a_plain_simulation(self, muscle, muscle_reach):
        """MuJoCo itself, from the state of the frame before, under the excitation of this one."""
        found, model = values(muscle_reach), copy.copy(muscle.arm.model)
        steps = muscle.config.env.n_substeps
        model.opt.timestep = muscle.config.env.control_dt / steps
        data = mujoco.MjData(model)
        for frame in range(1, len(found["time"]), 7):
            put(data, found, frame - 1)
            data.ctrl[:] = found["excitation"][frame]
            mujoco.mj_step(model, data, nstep=steps)
            np.testing.assert_allclose(found["activation"][frame], data.act, atol=1e-12)
            np.testing.assert_allclose(found["force"][frame], -data.actuator_force, atol=1e-9)
            np.testing.assert_allclose(found["torque"][frame], data.qfrc_actuator, atol=1e-11)

    def test_fibres_and_moment_arms_are_those_of_the_state(self, muscle, muscle_reach):
        found, data = values(muscle_reach), mujoco.MjData(muscle.arm.model)
        for frame in range(0, len(found["time"]), 7):
            put(data, found, frame)
            mujoco.mj_forward(muscle.arm.model, data)
            tendon = 1e3 * data.actuator_length - found["fibre_length"][frame]
            np.testing.assert_allclose(tendon, 1e3 * optimal_and_slack(muscle.arm)[1], atol=1e-9)
            np.testing.assert_allclose(found["fibre_velocity"][frame], 1e3 * data.actuator_velocity, atol=1e-9)
            torque = 1e-3 * found["moment_arm"][frame].T @ -data.actuator_force
            np.testing.assert_allclose(torque, data.qfrc_actuator, atol=1e-15)

    def test_torque_is_force_times_moment_arm(self, muscle_reach):
        # Force and torque are of the physics step that ends at the frame, hence not to the last digit.
        found = values(muscle_reach)
        torque = np.einsum("tm,tmj->tj", found["force"], 1e-3 * found["moment_arm"])[1:]
        np.testing.assert_allclose(torque, found["torque"][1:], atol=5e-3 * np.abs(found["torque"]).max())


class TestNoise:
    def test_repeats_differ_and_can_be_had_again(self, muscle):
        twice, again = record(muscle, 2, noise=0.1, seed=3), record(muscle, 1, noise=0.1, seed=3)
        assert [(r.name, r.repeat) for r in twice.reaches[2:4]] == [("short", 0), ("demo", 1)]
        first, second = (values(reach)["qpos"] for reach in (twice.reaches[0], twice.reaches[3]))
        assert np.abs(first - second)[1:].max() > 1e-4
        np.testing.assert_array_equal(first, values(again.reaches[0])["qpos"])
        other = values(record(muscle, 1, noise=0.1, seed=4).reaches[0])["action_noise"]
        assert not np.array_equal(other, values(again.reaches[0])["action_noise"])

    def test_every_trial_starts_without_force(self, muscle):
        for reach in record(muscle, 3, noise=0.5).reaches:
            assert not values(reach)["force"][0].any()
            assert not values(reach)["torque"][0].any()

    def test_it_is_of_the_size_that_was_asked_for_and_independent(self, muscle):
        noise = np.concatenate([values(reach)["action_noise"] for reach in record(muscle, 3, noise=0.1).reaches])
        assert noise.std() == pytest.approx(0.1, rel=0.03)
        assert abs(noise.mean()) < 0.003
        between = np.corrcoef(noise.T)[np.triu_indices(noise.shape[1], 1)]
        assert np.abs(between).max() < 0.25
        assert abs(np.corrcoef(noise[:-1].ravel(), noise[1:].ravel())[0, 1]) < 0.03

    def test_a_reach_has_the_same_noise_whichever_others_are_performed(self, build_agent, muscle):
        alone = record(build_agent(*MUSCLE, only="short"), noise=0.1, seed=5).reaches[0]
        among = next(reach for reach in record(muscle, noise=0.1, seed=5).reaches if reach.name == "short")
        np.testing.assert_array_equal(values(alone)["action_noise"], values(among)["action_noise"])

    def test_without_noise_there_is_no_such_signal(self, muscle):
        assert "action_noise" not in record(muscle).reaches[0].signals

    @pytest.mark.parametrize(
        ("options", "text"),
        [
            ({"repeats": 0}, "0 repeats cannot be recorded"),
            ({"noise": -0.1}, r"The noise -0\.1 is not a standard deviation"),
            ({"noise": float("nan")}, "The noise nan is not a standard deviation"),
            ({"noise": 0.1, "seed": -1}, "The seed -1 is negative"),
            ({"repeats": 3}, "3 repeats without noise would be the same performance 3 times"),
        ],
    )
    def test_what_cannot_be_is_refused(self, muscle, options, text):
        with pytest.raises(ConfigError, match=text):
            record(muscle, **options)


def test_an_arm_that_diverges_is_recorded_up_to_there(explosive, swing, configure, assemble, quiet_log):
    agent = assemble(configure("policy.lstm_hidden_size=8", "env.path_steps=1"), explosive, [swing(explosive, 10)])
    (reach,) = record(agent, noise=0.1).reaches
    assert not reach.completed
    assert all(len(signal.values) == 1 for signal in reach.signals.values())
