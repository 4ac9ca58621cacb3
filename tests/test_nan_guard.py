import mujoco
import numpy as np
import pytest

from mousearm.errors import RunError
from mousearm.nan_guard import KEPT_STATES, Dumps, LastStates, describe, loss_error, main, term_error
from mousearm.trajectory import Snapshot


def snapshot(value):
    """Three arms of two joints, without muscles, of which all that can be is one value."""
    qpos, qvel, ctrl, force = np.full((4, 3, 2), float(value))
    return Snapshot(qpos, qvel, np.empty((3, 0)), ctrl, force, np.full((3, 3, 3), float(value)))


@pytest.fixture
def states():
    last = LastStates()
    for i in range(20):
        last.add(snapshot(i), np.zeros(3, dtype=int), np.full(3, i))
    end = snapshot(20)
    end.qpos[1, 0] = np.nan
    end.qvel[1, 1] = 1e6
    return last.up_to(end, np.zeros(3, dtype=int), np.full(3, 20))


@pytest.fixture
def dumped(two_link, states, tmp_path):
    Dumps(tmp_path / "d", two_link.model).write("It fell apart.", 7, states, {"reward": np.array([np.inf])}, "reward")
    return tmp_path / "d"


def test_the_last_states_are_kept_in_order(states):
    assert states["qvel"][:, 0, 0].tolist() == [*range(20 - KEPT_STATES, 20), 20]
    assert states["frame"][:, 2].tolist() == [*range(20 - KEPT_STATES, 20), 20]


def test_what_is_kept_does_not_change_with_the_frames():
    last, frame = LastStates(), np.zeros(3, dtype=int)
    last.add(snapshot(0), frame, frame)
    frame += 1
    assert last.up_to(snapshot(1), frame, frame)["frame"].tolist() == [[0, 0, 0], [1, 1, 1]]
    last.clear()
    assert last.up_to(snapshot(1), frame, frame)["frame"].tolist() == [[1, 1, 1]]


def test_a_dump_holds_the_model_and_what_is_not_finite(dumped, two_link):
    assert sorted(file.name for file in dumped.iterdir()) == ["000.json", "000.npz", "model.mjb"]
    assert mujoco.MjModel.from_binary_path(str(dumped / "model.mjb")).nq == two_link.nq
    content = np.load(dumped / "000.npz")
    assert content["qpos"].shape == (KEPT_STATES + 1, 3, 2)
    assert np.isinf(content["value_reward"]).all()


def test_a_dump_is_described(dumped, capsys):
    main([str(dumped)])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "000  step 7: It fell apart. (reward)"
    assert lines[1] == "  not finite: qpos, reward"
    assert lines[2].split() == ["step", "frame", "max", "|qpos|", "max", "|qvel|", "max", "|ctrl|", "max", "|force|"]
    # The fastest simulation, step by step up to the event.
    assert [line.split()[:2] for line in lines[3:]] == [[str(i - 20), str(i)] for i in range(20 - KEPT_STATES, 21)]
    assert lines[-1].split()[2:] == ["nan", "1e+06", "20", "20"]


def test_only_the_first_events_are_written(two_link, states, tmp_path):
    for _ in range(2):  # a run that is resumed counts on
        dumps = Dumps(tmp_path, two_link.model)
        for step in range(6):
            dumps.write("again", step, states)
    assert len(list(tmp_path.glob("*.npz"))) == 10


def test_a_folder_without_a_dump_and_a_damaged_one(tmp_path, dumped):
    with pytest.raises(RunError, match="holds no dump"):
        describe(tmp_path)
    (dumped / "000.npz").write_bytes(b"PK")
    with pytest.raises(RunError, match=r"000\.npz cannot be read"):
        describe(dumped)


def test_errors_name_what_is_not_finite():
    terms = {"paw": np.array([0.0, np.nan]), "path": np.zeros((2, 3))}
    error = term_error("reward", "reward", terms, {"qpos": np.zeros(1)})
    assert str(error) == "The reward is not finite: 'paw' of simulation 1."
    assert (error.key, set(error.arrays), set(error.states)) == ("reward", {"paw", "path"}, {"qpos"})
    assert "the sum of its terms" in str(term_error("reward", "reward", {}, {}))


def test_losses_are_shown_with_their_batch():
    import torch

    batch = {"actions": torch.ones(2, requires_grad=True), "states": None}
    error = loss_error("loss", "algo.learning_rate", {"loss": torch.tensor(np.nan), "norm": torch.tensor(1.5)}, batch)
    assert str(error) == "The loss or its gradient is not finite: loss nan, norm 1.5."
    assert error.arrays["actions"].tolist() == [1, 1]
    assert set(error.arrays) == {"actions"}
