"""Reports in Weights & Biases, by its real client, on a server of our own."""

import json
import re
import subprocess
import sys

import pytest
from wandb_server import KEY, WandbServer

from mousearm import experiment
from mousearm.errors import RunError
from mousearm.report.comparison import compare
from mousearm.report.wandb_report import distinguishing_keys, final_error, publish
from mousearm.rundir.folder import RunFolder
from mousearm.tracking.wandb_parts import forget_service

PLACE = "lab/mousearm"


@pytest.fixture
def server(monkeypatch, tmp_path):
    """A server, and somebody who is logged in there."""
    with WandbServer() as server:
        monkeypatch.setenv("WANDB_BASE_URL", server.url)
        monkeypatch.setenv("WANDB_API_KEY", KEY)
        monkeypatch.setenv("HOME", str(tmp_path))
        monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
        forget_service()  # it remembers the last test's server
        yield server
        forget_service()


@pytest.fixture
def upload(server):
    """Put a run onto the server as tracking does: under its own name, with the errors of its best network."""

    def put(folder):
        errors = json.loads(folder.evaluation.read_text())
        summary = {
            f"result/{split}_{point}_mm_mean": errors[split][f"{point}_mm"]["mean"]
            for split in ("train", "test")
            for point in ("paw", "elbow")
            if split in errors
        }
        server.store(folder.id, summary)

    return put


@pytest.fixture
def uploaded(sweep, upload):
    """The sweep, with all of its runs on the server."""
    for job in range(6):
        upload(RunFolder(sweep / str(job)))
    return sweep


def blocks(server, kind):
    """What the report that was saved has of a kind of block."""
    (report,) = server.reports
    return [block for block in report["spec"]["blocks"] if block["type"] == kind]


def table_rows(server, first):
    """The cells of the Markdown tables of the report, of the rows that begin with a cell."""
    lines = "\n".join(block["content"] for block in blocks(server, "markdown-block")).splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [row for row in rows if row[0] == first]


def test_the_report_has_the_numbers_of_evaluation_json(uploaded, server):
    published = publish(compare([uploaded]), PLACE)
    assert (published.url, published.absent) == (
        f"{server.url}/lab/mousearm/reports/reward:-6-runs-in-2-groups--Vmlldzox",
        [],
    )
    means = [json.loads((uploaded / str(job) / "evaluation.json").read_text())["train"] for job in range(6)]
    paw = [mean["paw_mm"]["mean"] for mean in means]
    for reward, first in (("default", 0), ("smooth", 3)):
        own = paw[first : first + 3]
        row = [reward, "3", "0, 1, 2", f"{sum(own) / 3:.3f}", f"{min(own):.3f} to {max(own):.3f}"]
        assert row in [cells[:5] for cells in table_rows(server, reward)]
    for job, mean in enumerate(means):
        (cells,) = table_rows(server, f"rewards/{job}")
        assert cells[2:5] == [str(job % 3), f"{mean['paw_mm']['mean']:.3f}", f"{mean['elbow_mm']['mean']:.3f}"]
    headings = [block["children"][0]["text"] for block in blocks(server, "heading")]
    assert headings == ["Learning curves and errors", "What differs", "Runs", "How to make these runs again"]
    assert "python run.py reward=smooth seed=2 name=again/rewards/5" in blocks(server, "markdown-block")[-1]["content"]


def test_a_run_set_for_each_group_has_exactly_its_runs(uploaded, server):
    publish(compare([uploaded]), PLACE)
    (grid,) = blocks(server, "panel-grid")
    run_sets = grid["metadata"]["runSets"]
    for run_set, (name, jobs) in zip(run_sets, {"reward=default": "012", "reward=smooth": "345"}.items(), strict=True):
        assert run_set["name"] == name
        assert run_set["project"] == {"name": "mousearm", "entityName": "lab", "id": "4711"}
        (only,) = run_set["filters"]["filters"]
        assert only["key"] == {"section": "run", "name": "name"}
        assert (only["op"], only["value"], only["disabled"]) == ("IN", [f"id-rewards-{job}" for job in jobs], False)
        assert run_set["grouping"] == [{"section": "config", "name": "reward.value.w_action"}]
    colours = grid["metadata"]["customRunColors"]
    first, second = (f"{run_set['id']}-config:reward.value.w_action" for run_set in run_sets)
    assert (colours[f"{first}:0.05"], colours[f"{second}:0.5"]) == ("#0072B2", "#D55E00")
    assert colours["id-rewards-2"] == "#0072B2"


def test_panels_are_learning_curves_and_errors_by_group(uploaded, server):
    publish(compare([uploaded]), PLACE)
    (grid,) = blocks(server, "panel-grid")
    panels = [(panel["viewType"], panel["config"]) for panel in grid["metadata"]["panelBankSectionConfig"]["panels"]]
    curves = [config for kind, config in panels if kind == "Run History Line Plot"]
    bars = [config for kind, config in panels if kind == "Bar Chart"]
    assert [(config["xAxis"], config["metrics"]) for config in curves] == [
        ("_step", ["eval/train_paw_mm"]),
        ("time/training_s", ["eval/train_paw_mm"]),
    ]
    assert [config["metrics"] for config in bars] == [
        [f"summary_metrics.result/train_{point}_mm_mean"] for point in ("paw", "elbow")
    ]
    assert {config["groupAgg"] for config in (*curves, *bars)} == {"mean"}
    assert all(config["limit"] >= 6 for config in (*curves, *bars))


def test_the_test_split_counts_and_one_group_is_one_line(make_run, upload, server, tmp_path):
    for seed in (0, 1):
        upload(make_run(f"s/{seed}", [f"seed={seed}"], {"a": 0.2, "b": 0.4}, test=True))
    publish(compare([tmp_path]), PLACE)
    (grid,) = blocks(server, "panel-grid")
    (run_set,) = grid["metadata"]["runSets"]
    assert (run_set["name"], run_set["grouping"]) == ("all runs", [])
    configs = [panel["config"] for panel in grid["metadata"]["panelBankSectionConfig"]["panels"]]
    assert all(config["aggregate"] for config in configs)
    assert {metric for config in configs for metric in config["metrics"]} == {
        "eval/test_paw_mm",
        "summary_metrics.result/test_paw_mm_mean",
        "summary_metrics.result/test_elbow_mm_mean",
    }


def test_runs_that_are_not_there_are_named_with_what_to_do(make_run, upload, server, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    places = [f"s/{job}" for job in range(5)]
    folders = [make_run(place, [f"seed={i}", "tracking=wandb_offline"], {"a": 0.5}) for i, place in enumerate(places)]
    for folder in (folders[0], folders[1], folders[2]):
        upload(folder)
    server.store("id-s-1", {"_step": 500})
    server.runs["id-s-2"].summary["result/train_paw_mm_mean"] = 0.25
    folders[4].origin.unlink()  # as of a run that is older than names of runs
    make_run("s/5", ["seed=5"], {"a": 0.5})
    make_run("s/6", ["seed=6"], {"a": 0.5}, state="failed", reason="it broke")
    published = publish(compare([tmp_path]), PLACE)
    sync = "python scripts/sync.py outputs/s"
    assert published.absent == [
        f"1 is there without its result: {sync}/1 --again",
        f"2 has another error there (0.250 mm) than evaluation.json (0.500 mm): {sync}/2 --again",
        f"3 is not uploaded yet: {sync}/3",
        f"4 is not uploaded yet: {sync}/4",
        "5 was not tracked: python run.py resume=outputs/s/5 tracking=wandb",
    ]
    assert str(published).splitlines()[1:] == published.absent
    (grid,) = blocks(server, "panel-grid")
    assert grid["metadata"]["runSets"][0]["filters"]["filters"][0]["value"] == ["id-s-0"]
    (listed,) = blocks(server, "list")
    assert [item["children"][0]["children"][0]["text"] for item in listed["children"]] == published.absent
    assert table_rows(server, "6") == [["6", "failed", "1000", "it broke", "seed=6"]]


def test_distinguishing_keys(make_run, tmp_path):
    def keys(*by):
        return distinguishing_keys(compare([tmp_path / "outputs"], by))

    make_run("s/0", ["seed=0"], {"a": 0.5})
    assert keys() == []
    make_run("s/1", ["seed=1"], {"a": 0.5})
    assert (keys(), keys("seed")) == ([], ["seed"])
    make_run("s/2", ["reward=smooth", "env.path_steps=5"], {"a": 0.5})
    make_run("s/3", ["reward=smooth", "env.path_steps=0"], {"a": 0.5})
    # The first key of the reward tells it; of the pooled key there is none.
    assert (keys(), keys("reward")) == (["env.path_steps", "reward.w_action"], ["reward.w_action"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {},
            r"error: None of these 6 runs can be shown from lab/mousearm:\n  rewards/0 was not tracked: python run",
        ),
        ({"WANDB_API_KEY": None}, r"error: Nobody is logged in .* Log in once with: wandb login"),
        ({"WANDB_API_KEY": "other" + KEY}, r"error: .* does not know this key: .* Log in once with: wandb login"),
    ],
)
def test_what_is_missing_is_explained_and_the_page_is_left(run, sweep, server, monkeypatch, change, message):
    for name, value in change.items():
        monkeypatch.delenv(name) if value is None else monkeypatch.setenv(name, value)
    ended = run(sweep, "--wandb", PLACE)
    assert re.match(message, ended.err)
    assert KEY not in ended.out + ended.err
    assert (sweep / "comparison" / "comparison.html").is_file()
    assert not server.reports


def test_a_project_that_does_not_exist(sweep, server):
    with pytest.raises(RunError, match=r"Weights & Biases, lab/mouse: Could not find project mouse\. Does it exist"):
        publish(compare([sweep]), "lab/mouse")
    with pytest.raises(RunError, match=r"named ENTITY/PROJECT, such as my-lab/mousearm, not 'mouse'"):
        publish(compare([sweep]), "mouse")


@pytest.mark.slow
def test_panels_name_what_a_run_sends(configure, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("WANDB_API_KEY", raising=False)
    quick = ("debug=quick", "video=false", "policy.lstm_hidden_size=8", "algo.timesteps=784")
    experiment.run(configure("tracking=wandb_offline", *quick), tmp_path / "run")
    (kept,) = (tmp_path / "run" / "wandb").glob("offline-run-*/run-*.wandb")
    sent = kept.read_bytes()
    for name in ("eval/train_paw_mm", "time/training_s", final_error("train", "paw"), final_error("train", "elbow")):
        assert name.encode() in sent
    assert RunFolder(tmp_path / "run").id in kept.name


def test_the_script_prints_where_the_report_is(run, uploaded, server):
    assert (
        run(uploaded, "--wandb", PLACE).out.splitlines()[-1].startswith(f"Report: {server.url}/lab/mousearm/reports/")
    )
    assert server.strangers == 0


def test_without_the_packages_the_page_is_made_and_the_remedy_told(load_script, sweep):
    code = (
        "import runpy, sys; sys.modules |= {'wandb': None, 'wandb_workspaces': None}; sys.argv = sys.argv[1:]; "
        "runpy.run_path(sys.argv[0], run_name='__main__')"
    )
    command = [sys.executable, "-c", code, load_script("compare").__file__, str(sweep), "--wandb", PLACE]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert (sweep / "comparison" / "comparison.html").is_file()
    assert ended.returncode == 1
    assert ended.stderr.startswith("error: A report in Weights & Biases needs the package wandb-workspaces.")
    assert "pip install '.[report]'" in ended.stderr
