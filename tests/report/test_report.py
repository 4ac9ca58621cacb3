import base64
import csv
import html
import json
import re

import numpy as np
import pytest
from page_tables import Tables
from PIL import Image

from mousearm.errors import RunError
from mousearm.report.comparison import caveats, compare, extremes
from mousearm.report.figure import MOST_REACHES, curves_figure, overview_figure, reaches_figure, shown_reaches
from mousearm.report.page import comparison_text, verdict, write_report
from mousearm.report.reading import LearningCurve


def read_csv(file):
    with file.open(newline="", encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


def test_means_and_intervals_by_hand(sweep):
    comparison = compare([sweep])
    paw, elbow, effort, minutes = comparison.measures
    default, smooth = comparison.groups
    mean = comparison.mean(paw, smooth)  # 0.5, 0.6 and 1.0
    assert (mean.mean, mean.low, mean.high) == pytest.approx((0.7, 0.5, 1.0))
    assert comparison.mean(elbow, default).mean == pytest.approx(0.15)
    assert comparison.mean(effort, default).mean == pytest.approx(0.003)
    assert comparison.mean(minutes, default).mean == pytest.approx(1000 / 100 / 60)
    assert comparison.best is default
    assert verdict(comparison) == (
        "Lowest mean paw error, train reaches: reward=default with 0.300 mm (range 0.200 to 0.400 mm)."
    )
    assert caveats(comparison) == []


def test_an_overlap_is_told(make_run, tmp_path):
    for job, (reward, mm) in enumerate([("default", 0.2), ("default", 0.5), ("smooth", 0.4), ("smooth", 0.6)]):
        make_run(f"s/{job}", [f"reward={reward}", f"seed={job % 2}"], {"a": mm})
    assert verdict(compare([tmp_path])).endswith("Its range overlaps with that of reward=smooth.")


def test_nothing_is_called_lowest_where_a_group_has_one_seed(make_run, tmp_path):
    make_run("first", [], {"a": 0.2})
    make_run("smooth", ["reward=smooth"], {"a": 0.3})
    comparison = compare([tmp_path])
    assert comparison.best is None
    assert verdict(comparison).startswith(
        "Mean paw error, train reaches: first, 0.200 mm; smooth (reward=smooth), 0.300 mm. One seed"
    )
    page = write_report(comparison, tmp_path / "report").read_text()
    assert "Lowest" not in page
    assert 'class="best"' not in page
    table = Tables(page).found["groups"]
    assert table[0] == ["run", "reward", "runs", "seeds", "paw mm, train", "elbow mm, train", "effort", "minutes"]
    assert [row[:2] for row in table[1:]] == [["first", "(default)"], ["smooth", "smooth"]]
    paw, _, trade_off = overview_figure(comparison).axes
    assert [len(axes.lines) for axes in (paw, trade_off)] == [2, 2]  # one dot for each run
    make_run("again", ["reward=smooth"], {"a": 0.5})  # the same seed once more is no repetition
    assert compare([tmp_path]).best is None
    make_run("second", ["seed=1"], {"a": 0.2})
    make_run("smooth2", ["reward=smooth", "seed=1"], {"a": 0.3})
    assert compare([tmp_path]).best.factors == {"reward": "(default)"}


def test_unequal_training_is_told(make_run, tmp_path):
    make_run("s/0", ["seed=0"], {"a": 0.2})
    other = make_run("s/1", ["seed=1"], {"a": 0.2})
    assert caveats(compare([tmp_path])) == []
    other.metrics.write_text("steps,pretrain/loss,eval/train_paw_mm\n0,,1\n300,1.5,\n600,1.0,\n1000,,1\n")
    (told,) = caveats(compare([tmp_path]))
    assert told.endswith("differ by: 1 000 by reward: 0; 600 by imitation + 400 by reward: 1.")


@pytest.mark.parametrize(("excitation", "told"), [(0.25, False), (0.1, True)])  # of motors it is the effort
def test_squared_excitations_are_told_of_muscles(make_run, excitation, told):
    file = make_run("one", [], {"a": 0.5}, effort=0.25).evaluation
    content = json.loads(file.read_text())
    content["reaches"][0]["excitation"] = excitation
    file.write_text(json.dumps(content))
    assert ("u²" in [measure.title for measure in compare([file.parent]).measures]) == told


def test_the_test_split_counts_where_all_runs_have_one(make_run, tmp_path):
    make_run("s/0", ["seed=0"], {"a": 0.2, "b": 0.4, "c": 0.9}, test=True)
    make_run("s/1", ["seed=1"], {"a": 0.2, "b": 0.4, "c": 0.7}, test=True)
    comparison = compare([tmp_path])
    assert comparison.split == "test"
    assert comparison.mean(comparison.measures[0], comparison.groups[0]).mean == pytest.approx(0.8)
    titles = [measure.title for measure in comparison.measures]
    assert titles == ["paw mm, test", "elbow mm, test", "paw mm, train", "effort", "minutes"]
    make_run("s/2", ["seed=2"], {"a": 0.2, "b": 0.4, "c": 0.6})
    comparison = compare([tmp_path])
    assert comparison.split == "train"
    assert "Errors are of the train split. Without test reaches are: 2." in caveats(comparison)


def test_what_spoils_a_comparison_is_told(make_run, tmp_path):
    make_run("s/0", ["seed=0", "reward=smooth"], {"a": 0.2}, host="one")
    make_run("s/1", ["seed=1", "reward=smooth"], {"a": 0.2, "b": 0.3}, host="two")
    make_run("s/2", ["seed=1"], {"a": 0.2}, upper_arm=12.0, host="one").metrics.unlink()
    folder = make_run("s/3", ["seed=1"], {"a": 0.2}, host="one").path
    (folder / "environment.txt").write_text("$ git rev-parse HEAD\n0123456789abcdef\n\n$ git diff HEAD\ndiff --git\n")
    make_run("s/4", ["seed=0"], {"a": 0.2}, state="failed", reason="RunError: it broke")
    told = "\n".join(caveats(compare([tmp_path / "outputs"])))
    assert "Not compared: 1 failed." in told
    assert "Not the same train reaches, so that errors do not compare: 1 in 0, 2, 3; 2 in 1." in told
    assert "upper arm 11.50, forearm 17.00 mm), retargeted by segments: 0, 1, 3; millimetres" in told
    assert "upper arm 12.00, forearm 17.00 mm), retargeted by segments: 2." in told
    assert "Not the same code: " in told
    assert "0123456789+: 3" in told
    assert "The code had changes that are in no commit" in told
    assert "Groups do not have the same seeds: reward=(default) lacks 0." in told
    assert "A seed occurs twice, and the same run twice makes intervals too narrow: reward=(default)." in told
    assert "Not in the learning curves, for want of a readable metrics.csv with such errors: 2." in told
    assert "Minutes do not compare: the runs were on different machines (one, two)." in told


def test_files_of_one_name_that_are_not_the_same(make_run, tmp_path):
    make_run("s/0", ["seed=0"], {"a": 0.2})
    split = make_run("s/1", ["seed=1"], {"a": 0.2}).split
    assert caveats(compare([tmp_path])) == []
    split.write_text(split.read_text().replace("hash of", "other"))
    (told,) = caveats(compare([tmp_path]))
    assert told.endswith("1 in 0; 1 in 1. Their names are the same, the files are not.")


def test_pooled_keys_and_threads_are_told(make_run, tmp_path):
    make_run("s/0", ["env.path_steps=0", "threads=1"], {"a": 0.2})
    make_run("s/1", ["env.path_steps=5", "threads=2"], {"a": 0.2})
    told = caveats(compare([tmp_path], ["reward"]))
    assert told[0].startswith("Runs of one group differ in more than the seed: env.path_steps.")
    assert told[1] == "Minutes do not compare: the runs had different numbers of threads, or devices."


def test_files_say_what_evaluation_json_says(sweep, tmp_path):
    worst = sweep / "5" / "figures" / "reach.png"
    Image.new("RGB", (7, 5), "red").save(worst)
    page = write_report(compare([sweep]), tmp_path / "new" / "report")
    assert sorted(file.name for file in page.parent.iterdir()) == [
        "comparison.csv",
        "comparison.html",
        "comparison.md",
        "reaches.csv",
        "runs.csv",
    ]
    text = page.read_text(encoding="utf-8")
    assert base64.b64encode(worst.read_bytes()).decode() in text
    tables = Tables(text).found
    results = [json.loads((sweep / str(job) / "evaluation.json").read_text()) for job in range(6)]
    means = [result["train"]["paw_mm"]["mean"] for result in results]
    assert [row[:4] for row in tables["runs"][1:]] == [
        [f"rewards/{job}", "default" if job < 3 else "smooth", str(job % 3), f"{mean:.3f}"]
        for job, mean in enumerate(means)
    ]
    assert [row[:5] for row in tables["groups"][1:]] == [
        ["default", "3", "0, 1, 2", "0.300", "0.200 to 0.400"],
        ["smooth", "3", "0, 1, 2", "0.700", "0.500 to 1.000"],
    ]
    markdown = (page.parent / "comparison.md").read_text(encoding="utf-8")
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in markdown.splitlines()]
    assert all(row in rows for row in (*tables["groups"], *tables["runs"], *tables["keys"]))
    assert [float(row["paw_mm"]) for row in read_csv(page.parent / "runs.csv")] == means
    first, second = read_csv(page.parent / "comparison.csv")
    assert [float(first[key]) for key in ("paw_mm", "paw_mm_low", "paw_mm_high")] == pytest.approx([0.3, 0.2, 0.4])
    assert (second["reward"], second["runs"], second["seeds"]) == ("smooth", "3", "0 1 2")
    reaches = read_csv(page.parent / "reaches.csv")
    assert [float(row["elbow_max_mm"]) for row in reaches] == [r["reaches"][0]["elbow_mm"]["max"] for r in results]


def test_page_needs_no_other_file_and_text_stays_text(make_run, tmp_path):
    nasty = "<b>$x$|&"
    make_run("s/0", ["seed=0"], {nasty: 0.2, "other": 0.3}, test=True)
    make_run("s/1", ["seed=1"], {"a": 0.2}, state="failed", reason=nasty)
    (tmp_path / "outputs" / "s" / "0" / "figures" / "other.png").unlink()
    page = write_report(compare([tmp_path]), tmp_path / "out").read_text(encoding="utf-8")
    assert "<b>" not in page
    assert "http" not in page
    sources = re.findall(r'(?:src|href)="([^"]*)"', page)
    assert len(sources) == 4  # overview, curves, reaches, and the picture of the best reach
    for source in sources:
        assert base64.b64decode(source.removeprefix("data:image/png;base64,")).startswith(b"\x89PNG")
    assert "The run has no figures/other.png." in page
    assert Tables(page).found["excluded"][1][:4] == ["1", "failed", "1000", nasty]


def test_best_and_worst_reach_are_those_of_all_runs(make_run, tmp_path):
    make_run("s/0", ["seed=0"], {"a": 0.2, "b": 0.4})
    make_run("s/1", ["seed=1"], {"a": 0.3, "b": 0.1})
    (best, worst) = extremes(compare([tmp_path]).groups[0])
    assert (best[0].name, best[1].name, worst[0].name, worst[1].name) == ("1", "b", "0", "b")


def test_figures_draw_what_was_measured(sweep):
    comparison = compare([sweep])
    paw = overview_figure(comparison).axes[0]
    drawn = {tuple(np.round(line.get_xdata(), 9)) for line in paw.lines}
    assert {(0.2, 0.3, 0.4), (0.5, 0.6, 1.0), (0.2, 0.4), (0.5, 1.0), (0.3,), (0.7,)} == drawn
    by_steps, by_clock = curves_figure(comparison).axes
    thick = [line for line in by_steps.lines if line.get_linewidth() > 1]
    assert thick[0].get_xdata().tolist() == [0.0, 0.5, 1.0]  # thousands
    assert thick[0].get_ydata().tolist() == pytest.approx([0.6, 0.45, 0.3])
    assert by_clock.lines[0].get_xdata().tolist() == [0.0, 5.0, 10.0]
    for name, curve in comparison.curves.items():  # of imitation alone there is one value, which no line would show
        comparison.curves[name] = LearningCurve(*(values[-1:] for values in curve))
    assert {line.get_marker() for line in curves_figure(comparison).axes[0].lines} == {"o"}
    panel = reaches_figure(comparison).axes[1]
    assert [label.get_text() for label in reaches_figure(comparison).axes[0].get_yticklabels()] == ["reach (train)"]
    assert any(tuple(line.get_xdata()) == pytest.approx((0.1, 0.2)) for line in panel.lines)


def test_of_many_reaches_the_worst_are_drawn(make_run, tmp_path):
    make_run("s", [], {f"r{i:02}": 0.1 + i / 100 for i in range(MOST_REACHES + 3)})
    shown = shown_reaches(compare([tmp_path]))
    assert len(shown) == MOST_REACHES
    assert shown[0] == (f"r{MOST_REACHES + 2:02}", "train")
    assert shown[-1] == ("r03", "train")


def test_many_groups_can_be_told_apart(make_run, tmp_path):
    for job in range(9):
        make_run(f"s/{job}", [f"seed={job}"], {"a": 0.1 * (job + 1)})
    figure = reaches_figure(compare([tmp_path], ["seed"]))
    looks = {(line.get_color(), line.get_marker()) for line in figure.axes[0].lines if line.get_marker() != "None"}
    assert len(looks) == 9


def test_text_for_the_terminal(sweep):
    text = comparison_text(compare([sweep])).splitlines()
    assert text[0].split()[:3] == ["reward", "runs", "seeds"]
    assert text[1].split()[:2] == ["default", "3"]
    assert max(map(len, text)) <= 80
    assert [line.split()[0] for line in text if "default" in line] == ["default", "default", "Lowest"]  # in two parts


def test_no_finished_run(make_run, tmp_path):
    make_run("s/0", ["seed=0"], {"a": 0.2}, state="failed", reason="RunError: it broke")
    with pytest.raises(RunError, match=r"None of these 1 runs can be compared:\n  0: failed\. RunError: it broke"):
        compare([tmp_path])


HOSTILE = ("<script>alert(1)</script>", "=cmd|' /C calc'!A0", "**b** [x](https:__a)", "$x$ $", "a `b`", "+1+1", "@a")


def test_names_are_nothing_but_text_wherever_they_are_shown(make_run, tmp_path):
    names = {name.replace("/", "_"): 0.1 * (i + 1) for i, name in enumerate(HOSTILE)}
    make_run("s/0", ["seed=0"], names)
    make_run("s/1", ["seed=1"], names)
    page = write_report(compare([tmp_path]), tmp_path / "report")
    text = page.read_text()
    assert "<script" not in text
    assert html.escape(min(names, key=names.get)) in text  # the best reach
    assert "`b`" not in (tmp_path / "report" / "comparison.md").read_text()
    tables = [read_csv(page.with_name(f"{name}.csv")) for name in ("comparison", "runs", "reaches")]
    cells = [cell for rows in tables for row in rows for cell in row.values()]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))]
    assert {cell.removeprefix("'") for cell in cells} >= names.keys()


@pytest.mark.parametrize("name", ["../../x", "/etc/passwd", "a/../../b", "\x1b[2Jx", "a\nb", "", "..", "x" * 300])
def test_names_that_lead_elsewhere_exclude_a_run(make_run, tmp_path, name):
    folder = make_run("s/0", ["seed=0"], {"a": 0.2})
    make_run("s/1", ["seed=1"], {"a": 0.2})
    content = json.loads(folder.evaluation.read_text())
    content["reaches"][0]["name"] = name
    folder.evaluation.write_text(json.dumps(content))
    (out,) = compare([tmp_path]).excluded
    assert out.name == "0"
    assert "no name of something in a folder" in out.reason
    assert "python scripts/evaluate.py" in out.reason


def test_a_figure_that_is_a_link_elsewhere_is_not_shown(make_run, tmp_path):
    folder = make_run("s/0", ["seed=0"], {"a": 0.2})
    make_run("s/1", ["seed=1"], {"a": 0.3})
    (tmp_path / "secret").write_bytes(b"secret of another folder")
    (folder.figures / "a.png").unlink()
    (folder.figures / "a.png").symlink_to(tmp_path / "secret")
    with pytest.raises(RunError, match=r"leads out of .*figures by a link.*Put the file itself there"):
        write_report(compare([tmp_path]), tmp_path / "report")
    (folder.figures / "a.png").unlink()
    (folder.figures / "a.png").write_bytes((tmp_path / "secret").read_bytes())
    assert write_report(compare([tmp_path]), tmp_path / "report").is_file()
