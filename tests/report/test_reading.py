import pytest

from mousearm.errors import RunError
from mousearm.report.reading import learning_curve, read_runs
from mousearm.rundir.folder import RunFolder
from mousearm.rundir.runs import find_runs
from mousearm.sweep.records import Sweep, Worker


def test_runs_are_found_below_a_folder_by_number_and_once(tmp_path):
    sweep = tmp_path / "sweep"
    for job in ("10", "2", "1/wandb/files"):
        (sweep / job).mkdir(parents=True)
        (sweep / job / "config.yaml").write_text("")
    (sweep / "1" / "config.yaml").write_text("")
    (sweep / ".submitit").mkdir()
    (sweep / "multirun.yaml").write_text("")
    (sweep / "3").mkdir()  # a job that never began
    (sweep / "comparison").mkdir()
    (sweep / "code-0" / "conf").mkdir(parents=True)
    (sweep / "code-0" / "conf" / "config.yaml").write_text("")
    (study := tmp_path / "whatif").mkdir()
    (study / "whatif.json").write_text("{}")
    (study / "retrained").mkdir()
    (study / "retrained" / "config.yaml").write_text("")
    assert [path.name for path in find_runs([sweep, sweep / "2", tmp_path])] == ["1", "2", "3", "10"]
    assert [path.name for path in find_runs([study])] == ["retrained"]


def test_jobs_that_made_no_run_folder_are_excluded_with_what_the_sweep_knows(make_run, tmp_path):
    make_run("sweep/0", ["seed=0"], {"a": 0.5})
    sweep = Sweep(tmp_path / "outputs" / "sweep")
    (sweep.path / "multirun.yaml").write_text("")
    sweep.create("sweep", "slurm", {})
    for number in range(3):
        sweep.job(number).plan(["name=sweep", f"seed={number}"], Worker("slurm", f"7_{number}", "head"))
    sweep.job(1).end("failed", "late.csv: there is no such file or folder.")
    runs, excluded = read_runs(find_runs([sweep.path]))
    assert [run.name for run in runs] == ["sweep/0"]
    assert [(out.name, out.state, out.overrides) for out in excluded] == [
        ("sweep/1", "failed", "seed=1"),
        ("sweep/2", "never began", "seed=2"),
    ]
    assert excluded[0].reason == "late.csv: there is no such file or folder."


def test_folders_without_runs(tmp_path):
    with pytest.raises(RunError, match=r"There is no run in .* or below it: no config.yaml"):
        find_runs([tmp_path])
    with pytest.raises(RunError, match=r"There is no folder .*none. Give run folders or sweeps"):
        find_runs([tmp_path / "none"])


def test_only_finished_runs_are_compared_and_the_others_say_why(make_run, tmp_path):
    make_run("sweep/0", ["seed=0", "reward=smooth"], {"a": 0.5})
    make_run("sweep/1", ["seed=1"], {"a": 0.5}, state="failed", reason="RunError: it broke\nin two lines")
    make_run("sweep/2", ["seed=2"], {"a": 0.5}, state="interrupted")
    make_run("sweep/3", ["seed=3"], {"a": 0.5}, state="running")
    make_run("sweep/4", ["seed=4"], {"a": 0.5}).evaluation.unlink()
    make_run("sweep/5", ["seed=5"], {"a": 0.5}).evaluation.write_text("{")
    make_run("sweep/6", ["seed=6"], {"a": 0.5}).config.write_text("algo: {gama: 1}")
    make_run("sweep/7", ["seed=7"], {"a": 0.5}).path.joinpath("status.json").unlink()
    make_run("sweep/9", ["seed=9"], {"a": 0.5}).path.joinpath("status.json").write_text("[]")
    sweep = tmp_path / "outputs" / "sweep"
    (sweep / "multirun.yaml").write_text("")
    (sweep / "8").mkdir()
    (run,), excluded = read_runs(find_runs([sweep]))
    assert (run.name, run.seed, run.error_mm("train", "paw"), run.error_mm("train", "elbow")) == (
        "sweep/0",
        0,
        0.5,
        0.25,
    )
    assert [(out.name, out.state) for out in excluded] == [
        ("sweep/1", "failed"),
        ("sweep/2", "interrupted"),
        ("sweep/3", "killed"),
        *((f"sweep/{job}", "unreadable") for job in (4, 5, 6)),
        ("sweep/7", "unknown"),
        ("sweep/8", "never began"),
        ("sweep/9", "unreadable"),
    ]
    reasons = [out.reason for out in excluded]
    assert reasons[0] == "RunError: it broke in two lines"
    assert "the same command resumes it" in reasons[1]
    assert "gave no sign of life" in reasons[2]
    assert "evaluation.json. Make it: python scripts/evaluate.py" in reasons[3]
    assert "evaluation.json cannot be read" in reasons[4]
    assert "gama" in reasons[5]
    assert "status.json cannot be read: it holds no JSON object." in reasons[-1]
    assert excluded[0].overrides == "seed=1"


def test_how_to_make_a_run_again(make_run, tmp_path):
    make_run("first", ["seed=3", "kinematics.path='my reaches'", "algo.timesteps=5"], {"a": 0.5})
    make_run("second", ["experiment=effort_sweep", "reward.w_effort=1"], {"a": 0.5})
    (first, second), _ = read_runs(find_runs([tmp_path]))
    assert first.command == (
        "python run.py seed=3 'kinematics.path='\"'\"'my reaches'\"'\"'' algo.timesteps=5 name=again/first"
    )
    assert second.command.endswith("reward.w_effort=1 name=again/second hydra.mode=RUN")


@pytest.mark.parametrize(
    ("text", "commit"),
    [
        ("numpy==2\n\n$ git rev-parse HEAD\nabc123\n\n\n$ git diff HEAD\n\n", "abc123"),
        ("$ git rev-parse HEAD\nabc123\n\n\n$ git diff HEAD\ndiff --git a/x b/x\n", "abc123+"),
        ("$ git rev-parse HEAD\n(not a git checkout)\n\n$ git diff HEAD\n(not a git checkout)\n", "unknown"),
        ("", "unknown"),
    ],
)
def test_commit(make_run, text, commit):
    folder = make_run("run", [], {"a": 0.5}).path
    (folder / "environment.txt").write_text(text)
    ((run,), _) = read_runs([folder])
    assert run.commit == commit


def test_effort_of_a_split_is_over_its_steps(make_run):
    ((run,), _) = read_runs([make_run("run", [], {"a": 0.5, "b": 0.1}, test=True, effort=0.25).path])
    assert run.effort("test") == 0.25
    assert run.files == {"train": (("a", "hash of a"),), "test": (("b", "hash of b"),)}


def test_curve_of_a_run_that_was_continued(tmp_path):
    folder = RunFolder(tmp_path)
    folder.metrics.write_text("steps,reward,eval/test_paw_mm\n0,,8\n50,1.5,\n100,,4\n200,,2\n300,,1\n")
    folder.timing.write_text("steps,time/training_s\n0,1\n100,11\n200,2\n300,12\n")  # continued after 100 steps
    curve = learning_curve(folder, "test")
    assert [column.tolist() for column in curve] == [[0, 100, 200, 300], [1, 11, 13, 23], [8, 4, 2, 1]]
    assert len(learning_curve(folder, "train").steps) == 0


@pytest.mark.parametrize("text", [None, "", "steps,eval/test_paw_mm\n0,eight\n"])
def test_metrics_that_cannot_be_read_make_no_curve(tmp_path, text):
    folder = RunFolder(tmp_path)
    if text is not None:
        folder.metrics.write_text(text)
    assert len(learning_curve(folder, "test").steps) == 0
