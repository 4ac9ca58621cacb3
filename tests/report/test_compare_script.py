from pathlib import Path

import pytest


def test_runs_are_compared_by_what_is_asked_for(run, sweep, tmp_path):
    printed = run(sweep / "0", sweep / "4", "--by", "reward, seed", "--out", "other").out
    assert printed.splitlines()[1].split()[:3] == ["rewards/0", "default", "0"]
    assert "Page: other/comparison.html" in printed
    assert len((tmp_path / "other" / "comparison.csv").read_text().splitlines()) == 3


def test_a_sweep_keeps_its_comparison(load_script):
    script = load_script("compare")
    assert script.usual_place([Path("outputs/a")]) == Path("outputs/a/comparison")
    assert script.usual_place([Path("outputs/a"), Path("outputs/b")]) == Path("comparison")
    assert script.usual_place([Path("outputs/a"), Path("point.HDF5")]) == Path("outputs/a/comparison")


def test_an_example_agent_is_compared_in_the_working_directory(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert "Page: comparison/comparison.html" in run("package:example_torque").out
    assert [path.name for path in tmp_path.iterdir()] == ["comparison"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["none"], "error: There is no folder none."),
        (["empty"], "error: There is no run in empty or below it"),
        (["outputs", "--by", "modle"], "error: There is no key or group of the configuration (--by) named 'modle'"),
        (["outputs", "--out", "outputs/rewards/multirun.yaml"], "error: "),
    ],
)
def test_wrong_input_is_explained(run, sweep, tmp_path, arguments, message):
    (tmp_path / "empty").mkdir()
    refused = run(*arguments)
    assert refused.status == 1
    assert refused.err.startswith(message)
    assert not (tmp_path / "comparison").exists()
