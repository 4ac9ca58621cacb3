from dataclasses import replace

import emg_files as emg
import numpy as np
import pytest

from mousearm.emg import Envelope, load_folder
from mousearm.errors import EmgError, FormatError, RunError, UnknownNameError

MUSCLES = {"biceps": {"long": 1.0, "short": 3.0}}


def envelope(**changes):
    values = np.array([[0.0, 1.0], [0.5, 0.25], [1.0, 0.0]])
    parts = {"reach": "a/b/c", "time": [-0.1, 0.0, 0.2], "values": values, "channels": ("biceps", "tri, long")}
    return Envelope(**{**parts, "muscles": MUSCLES, "animal": "a", "session": "a/b", "about": {"rate": 2e3}, **changes})


def test_a_file_gives_back_what_was_written(tmp_path):
    one = envelope(values=np.random.default_rng(0).random((3, 2)))
    one.save(tmp_path / "c_emg.tsv")
    (again,) = load_folder(tmp_path).values()
    for name in ("reach", "channels", "muscles", "animal", "session", "about"):
        assert getattr(again, name) == getattr(one, name), name
    np.testing.assert_allclose(again.values, one.values, rtol=1e-8)
    np.testing.assert_array_equal(again.time, one.time)


def test_values_between_samples_are_linear_and_unknown_outside():
    np.testing.assert_allclose(envelope().at([-0.05, 0.0, 0.1]), [[0.25, 0.625], [0.5, 0.25], [0.75, 0.125]])
    assert np.isnan(envelope().at([-0.11, 0.21])).all()


def test_weights_of_muscles_sum_to_one():
    np.testing.assert_allclose(envelope().weights(["other", "short", "long"]), [[0], [0.75], [0.25]])
    with pytest.raises(UnknownNameError) as error:
        envelope().weights(["long"])
    assert error.value.name == "short"


@pytest.mark.parametrize(
    ("changes", "channel", "fault"),
    [
        ({"values": np.zeros((2, 2))}, "", ""),
        ({"values": np.full((3, 2), np.nan)}, "biceps", "gap"),
        ({"time": [0.0, 0.0, 1.0]}, "", "time"),
        ({"channels": ("a", "a")}, "", "channel"),
        ({"muscles": {"biceps": {"long": 0.0}}}, "biceps", "muscles"),
        ({"reach": "../a"}, "", ""),
    ],
)
def test_what_cannot_be_an_envelope_is_refused(changes, channel, fault):
    with pytest.raises(EmgError) as error:
        envelope(**changes)
    assert (error.value.channel, error.value.fault) == (channel, fault)


@pytest.mark.parametrize(
    ("damage", "kind"),
    [
        (lambda text: text.replace("0.5", "0.6"), RunError),
        (lambda text: text.replace("EMG", "ECG"), EmgError),
        (lambda text: text.replace("\t0.25", ""), EmgError),
        (lambda text: text.replace('"long"', "long"), EmgError),
        (lambda text: text.replace("# format: 1", "# format: 9"), FormatError),
    ],
)
def test_a_damaged_file_is_refused(tmp_path, damage, kind):
    file = tmp_path / "c_emg.tsv"
    envelope().save(file)
    file.write_text(damage(file.read_text()))
    if kind is not RunError:
        (tmp_path / "sha256sums.txt").unlink()
    with pytest.raises(kind):
        Envelope.load(file)


def test_advice_on_files_of_envelopes(tmp_path):
    one = Envelope("a", np.arange(3.0), np.zeros((3, 2)), ("x", "y"), {})
    emg.told("two channels have one name, of", replace, one, channels=("x", "x"))
    emg.told("Give it a plain name", replace(one, channels=("x", "#")).save, tmp_path / "a_emg.tsv")
    emg.told("or name the folder that it was imported to", load_folder, tmp_path)
    (tmp_path / "b").mkdir()
    one.save(tmp_path / "a_emg.tsv")
    one.save(tmp_path / "b" / "a_emg.tsv")
    emg.told("as another file of", load_folder, tmp_path)
    (tmp_path / "b" / "a_emg.tsv").unlink()
    assert load_folder(tmp_path)["a"].channels == ("x", "y")
