"""The code of docs/recording.md runs as it stands there."""

import re
from pathlib import Path

import matplotlib
import pytest
from PIL import Image

from mousearm.agent import Agent
from mousearm.record import write_recording

GUIDE = Path(__file__).parents[2] / "docs" / "recording.md"


@pytest.fixture
def place(trained, tmp_path, monkeypatch):
    """A folder in which there is what the guide speaks of."""
    agent = Agent.load(trained)
    for name in ("muscles.h5", "muscles.nwb"):
        write_recording(agent, tmp_path / name)
    (tmp_path / "outputs").mkdir()
    (tmp_path / "outputs" / "muscles").symlink_to(trained)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.slow
def test_the_guide(place, capsys):
    pytest.importorskip("pandas", reason="pandas is not installed")
    pytest.importorskip("pynwb", reason="pynwb is not installed")
    matplotlib.use("Agg")
    blocks = re.findall(r"```python\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) == 4
    known = {}
    try:
        for block in blocks:
            exec(block, known)
        rows = known["table"]("/reaches/mouse/long/repeat_0", "activation")
        assert rows.columns[0] == "Pectoralis_Clavicle_Head"
        assert rows.index[-1] == pytest.approx((len(rows) - 1) / 150)
    finally:
        known["file"].close()
    printed = capsys.readouterr().out
    assert "mouse/long" in printed
    assert "N ['Pectoralis_Clavicle_Head'" in printed
    assert Image.open(place / "population.png").size == (1350, 540)
