"""What is compared with an expert: by the formula, and that movements are those which the mechanics give."""

import numpy as np
import pytest
import torch

from mousearm.env.references import Start, prepare
from mousearm.env.task import Task
from mousearm.mechanics import ArmDynamics
from mousearm.pretrain.cmc import interval_of
from mousearm.pretrain.comparison import ExpertDifference, MovementDifference, compared

CPU = torch.device("cpu")


@pytest.fixture
def swinging(build_task, two_link, swing):
    """A task of n motor-driven arms, with overrides of the configuration."""
    return lambda n, *words: build_task(two_link, [swing(two_link, 12)], n, *words)


def test_amplitudes_are_compared_where_a_sigmoid_leads_to_muscles(swinging, configure):
    actions = torch.linspace(-1, 1, 32).view(16, 2)
    wanted, nothing = actions.flip(0), torch.zeros(16, 0)
    low, high = (torch.sigmoid(5 * (x - 0.5)).sqrt() for x in (actions, wanted))
    plain = (actions - wanted).square().mean(1)
    amplitude = 4 * (low - high).square().mean(1) + 0.1 * plain
    for map_name, loss, words, expected in (
        ("direct", "action", "actions", plain),
        ("direct", "amplitude", "actions", plain),
        ("sigmoid", "action", "actions", plain),
        ("sigmoid", "amplitude", "amplitudes", amplitude),
    ):
        config = configure("pretrain=cmc", word := f"model.action_map={map_name}", f"pretrain.loss={loss}").pretrain
        comparison = ExpertDifference(config, swinging(3, word), CPU)
        torch.testing.assert_close(comparison(actions, wanted, nothing), expected)
        assert (compared(config, map_name), comparison.note().shape) == (words, (3, 0))


def moved_mm(task: Task, actions: np.ndarray) -> np.ndarray:
    """(N, 6) mm by the accelerations of elbow and paw where the arms are, with what a step leads to."""
    dynamics, before = ArmDynamics(task.arm), task.snapshot
    task.step(actions)
    acceleration = dynamics.acceleration(before.qpos, before.qvel, task.snapshot.activation, task.snapshot.ctrl)
    jacobian = dynamics.landmark_jacobian(before.qpos, before.landmarks)
    return 1e3 / interval_of(task.arm).bandwidth ** 2 * np.matvec(jacobian, acceleration)


@pytest.mark.parametrize(("words", "within"), [((), 1e-4), (("model=muscle",), 0.2)], ids=["motors", "muscles"])
def test_movements_are_those_of_the_mechanics(words, within, configure, build_task):
    _, arm, references = prepare(configure(*words))
    task = build_task(arm, references, 8, *words)
    actions, wanted = np.random.default_rng(0).uniform(-0.2, 0.2, (2, 8, arm.nu))
    expected = []
    for chosen in (actions, wanted):
        task.reset(np.arange(8), Start(np.zeros(8, dtype=int), np.arange(0, 40, 5)))
        noted = (movement := MovementDifference(task, CPU)).note()
        expected.append(moved_mm(task, chosen))
    found = movement(*(torch.from_numpy(x).float() for x in (actions, wanted, noted)))[:, :6].numpy()
    error = np.linalg.norm(found - np.subtract(*expected))
    assert error < within * np.linalg.norm(np.subtract(*expected))
