"""EMG that is refused is taken when what the message says has been done."""

from dataclasses import replace

import numpy as np
import pytest

from mousearm.emg import Envelope, load_folder
from mousearm.errors import MouseArmError


def told(says, call, *arguments, **options):
    with pytest.raises(MouseArmError) as refused:
        call(*arguments, **options)
    assert says in " ".join(str(refused.value).split()), refused.value
    return refused.value


def test_advice_on_files_of_envelopes(tmp_path):
    one = Envelope("a", np.arange(3.0), np.zeros((3, 2)), ("x", "y"), {})
    told("two channels have one name, of", replace, one, channels=("x", "x"))
    told("Give it a plain name", replace(one, channels=("x", "#")).save, tmp_path / "a_emg.tsv")
    told("or name the folder that it was imported to", load_folder, tmp_path)
    (tmp_path / "b").mkdir()
    one.save(tmp_path / "a_emg.tsv")
    one.save(tmp_path / "b" / "a_emg.tsv")
    told("as another file of", load_folder, tmp_path)
    (tmp_path / "b" / "a_emg.tsv").unlink()
    assert load_folder(tmp_path)["a"].channels == ("x", "y")
