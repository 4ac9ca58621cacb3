import base64
import re
import shlex
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mousearm.errors import KinematicsError
from mousearm.kinematics import Reach, generate, read_csv, write_csv
from mousearm.kinematics.imports import ImportOptions, import_reaches
from mousearm.paths import resolve
from mousearm.reach_check import check_reaches, suspicion
from mousearm.reach_check.measures import at_limits, measure
from mousearm.reach_check.page import PER_FIGURE, noise_figure, trajectory_figures, write_check
from mousearm.setup import Setup
from mousearm.text import NO_VALUE

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory, monkeypatch):
    """Joint angles that are found in a test are kept for that test alone."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))


@pytest.fixture
def folder(tmp_path, torque_arm):
    """Two synthetic reaches, one file in millimetres, and one that the arm cannot follow: its elbow bends backwards."""
    path = tmp_path / "reaches"
    path.mkdir()
    first, second = generate(torque_arm, 2, seed=0)
    write_csv(first, path / "good.csv")
    write_csv(second, path / "bold <b>$x$.csv")
    lines = (path / "good.csv").read_text().splitlines()
    rows = [[float(cell) for cell in line.split(",")] for line in lines[1:]]
    big = [",".join(f"{value * (1 if i == 0 else 1e3):.4f}" for i, value in enumerate(row)) for row in rows]
    (path / "millimetres.csv").write_text("\n".join([lines[0], *big]) + "\n")
    backwards = first.elbow - (first.paw - first.elbow)
    write_csv(replace(first, name="backwards", paw=backwards), path / "backwards.csv")
    return path


@pytest.fixture
def turning():
    """A reach whose paw circles the elbow by 14 mm at 10 rad/s, 150 Hz; with changes of time and paw."""

    def make(change=lambda time, paw: (time, paw)):
        time = np.arange(60) / 150
        elbow = np.tile([0.0, 0.0, -0.012], (60, 1))
        around = np.stack([np.cos(10 * time), np.sin(10 * time), 0 * time], axis=1)
        time, paw = change(time, elbow + 0.014 * around)
        return Reach("turning", time, shoulder=np.zeros((len(time), 3)), elbow=elbow[: len(time)], paw=paw)

    return make


@pytest.fixture
def report_of(configure):
    return lambda path, *overrides: check_reaches(configure(f"kinematics.path='{path}'", *overrides))


def test_speed_and_acceleration_of_a_circle(turning):
    found = measure(turning())
    # 14 mm x 10 rad/s, and x 10 rad/s again; central differences give sin(h)/h of them, h = 1/15 rad: 0.07 % less.
    assert found.peak_speed == pytest.approx(0.14, rel=2e-3)
    assert found.peak_acceleration == pytest.approx(1.4, rel=5e-2)
    assert found.n_frames == 60
    assert found.rate == pytest.approx(150)
    assert str(found.upper_arm) == "12.00 ±0.00 +0.00"
    assert found.forearm.median_mm == pytest.approx(14)
    assert found.remarks() == []


def test_drift_and_spread(turning):
    # The forearm grows evenly from 14 to 17.5 mm: the drift is 3.5 mm, the standard deviation 3.5 / sqrt(12) = 1.01 mm.
    def grow(time, paw):
        elbow = np.array([0.0, 0.0, -0.012])
        return time, elbow + (paw - elbow) * np.linspace(1, 1.25, 60)[:, None]

    found = measure(turning(grow))
    assert found.forearm.drift_mm == pytest.approx(3.5)
    assert found.forearm.spread_mm == pytest.approx(3.5 / 12**0.5, rel=0.03)
    assert found.remarks() == [
        "the forearm changes its length by 7% (standard deviation): a point was tracked badly or does not sit on its "
        "joint"
    ]


@pytest.mark.parametrize(("slower", "remarks"), [(1, 0), (4, 1), (20, 2)])
def test_time_that_is_unusual_is_remarked_upon(turning, slower, remarks):
    # 0.14 m/s for 0.39 s; then 0.035 m/s for 1.6 s, then 0.007 m/s for 7.9 s: too slow, and too long.
    found = measure(turning(lambda time, paw: (slower * time, paw))).remarks()
    assert [remark.split()[0] for remark in found] == ["the", "it"][:remarks]


def test_frames_at_a_limit_are_suspicious(folder, report_of):
    report = report_of(folder / "good.csv")
    (good,) = report.checked
    limited = replace(report, checked=[replace(good, at_limit=0.34)])
    assert (good.cells()[-1], limited.checked[0].cells()[-1]) == ("good", "suspicious")
    assert replace(good, at_limit=0.2).verdict == "good"
    assert "1 of 1 reaches can be trained on, 1 of them suspicious." in limited.text()
    assert report.suspicions == []


@pytest.mark.parametrize("options", [{"axes": "y z x", "side": "left"}, {"axes": "x y z", "side": "left"}])
def test_advice_to_turn_files_is_a_command_that_turns_them(tmp_path, run_script, monkeypatch, options):
    monkeypatch.chdir(tmp_path)
    folder = resolve("package:synthetic", "kinematics/data")
    sources = [folder / f"reach_{i:02d}.csv" for i in range(4)]
    import_reaches(sources, Path("wrong"), ImportOptions(unit="m", **options))
    told = run_script("check_reaches", "wrong")
    assert told.status == 1
    assert re.findall(r"^reach_\d\d +\d.* (\w+)$", told.out, re.MULTILINE).count("good") == 0
    (command,) = re.findall(r"^  python scripts/import_reaches.py (.*)$", told.out, re.MULTILINE)
    pattern, *words = shlex.split(command)
    assert run_script("import_reaches", *sorted(Path().glob(pattern)), *words).status == 0
    assert run_script("check_reaches", "turned").status == 0
    for source in sources:
        np.testing.assert_allclose(read_csv(f"turned/{source.name}").paw, read_csv(source).paw, atol=1e-7)


def test_advice_to_import_with_other_axes(tmp_path, run_script):
    """The import says which options would have been right, and names the side where it was given."""
    folder, options = resolve("package:synthetic", "kinematics/data"), ["--axes", "z x y", "--side", "left"]
    files = [Path(shutil.copy(folder / f"reach_{i:02d}.csv", tmp_path)) for i in range(4)]
    for name in ("first", "second"):
        done = run_script("import_reaches", *files, "--out", tmp_path / name, "--units", "m", *options)
        told = re.search(r"^SUSPICIOUS .*?^Import again.* with (--axes .*?)$", done.out, re.MULTILINE | re.DOTALL)
        assert (told is not None) == (name == "first")
        assert ("SUSPICIOUS" in (tmp_path / name / "import.txt").read_text()) == (name == "first")
        options = shlex.split(told[1]) if told else []
    np.testing.assert_allclose(read_csv(tmp_path / "second" / "reach_03.csv").paw, read_csv(files[3]).paw, atol=1e-7)


def test_suspicion_before_a_training(configure, tmp_path):
    source = resolve("package:demo.csv", "kinematics/data")
    import_reaches([source], tmp_path / "mirrored", ImportOptions(unit="m", axes="x y z", side="left"))
    for path, is_told in ((source, False), (tmp_path / "mirrored", True)):
        setup = Setup.build(configure(f"kinematics.path='{path}'"))
        said = suspicion(setup.arm, setup.references, str(path))
        assert bool(said) == is_told
        assert said.endswith(f"See python scripts/check_reaches.py {path}") == is_told


def test_every_file_is_looked_at_by_itself(folder, report_of):
    report = report_of(folder)
    found = {item.name: item for item in report.checked}
    assert list(found) == ["backwards", "bold <b>$x$", "good", "millimetres"]
    assert [item.name for item in report.refused] == ["backwards", "millimetres"]
    assert found["good"].measures.n_frames == read_csv(folder / "good.csv").n_frames
    assert found["good"].reference.residual_mm.max() < 1e-2
    assert found["good"].cells()[-1] == "good"


def test_refusals_are_those_of_training(folder, report_of):
    found = {item.name: item for item in report_of(folder).checked}
    with pytest.raises(KinematicsError) as caught:
        read_csv(folder / "millimetres.csv")
    assert found["millimetres"].refusal == str(caught.value)
    assert found["millimetres"].cells()[1:] == [*[NO_VALUE] * 8, "REFUSED"]
    assert "cannot follow it" in found["backwards"].refusal
    # How far it is from what the arm can do is told all the same.
    assert found["backwards"].reference.residual_mm.max() > 5
    assert float(found["backwards"].cells()[-2]) > 5


def test_text(folder, report_of):
    text = report_of(folder).text()
    assert "2 of 4 reaches can be trained on." in text
    assert "REFUSED millimetres:" in text
    assert "it looks like millimetres: divide the positions by 1000" in " ".join(text.split())
    assert re.search(r"elbow_flex +-57 to 72 +-29 to 11 +-?\d+ to -?\d+", text)


def test_the_same_reason_is_told_once(folder, report_of):
    """A second reach whose elbow bends backwards, by another angle."""
    backwards = read_csv(folder / "backwards.csv")
    further = replace(backwards, name="further", paw=backwards.paw + 0.1 * (backwards.paw - backwards.elbow))
    write_csv(further, folder / "further.csv")
    first, second = report_of(folder).refusals
    assert first.startswith("backwards: ")
    assert first.endswith(" Likewise further.")
    assert second.startswith("millimetres: ")


def test_joint_rows_cover_all_reaches(folder, report_of, torque_arm):
    report = report_of(folder)
    rows = {row[0]: row for row in report.joint_rows()}
    used = np.concatenate([item.reference.qpos for item in report.checked if item.reference is not None])
    joint = torque_arm.joint_names.index("elbow_flex")
    low, high = np.rad2deg([used[:, joint].min(), used[:, joint].max()])
    assert rows["elbow_flex"][3] == f"{low:.0f} to {high:.0f}"


def test_at_limits(torque_arm):
    joint = torque_arm.joint_names.index("elbow_flex")  # -1.0 to 1.25 rad; 1 % of the range is 0.0225 rad
    qpos = np.array([[-1.0], [-0.98], [-0.97], [0.0], [1.22], [1.24]])
    assert at_limits(torque_arm, qpos, [joint]) == pytest.approx(3 / 6)


def test_an_arm_fitted_to_the_animal(folder, report_of):
    (folder / "backwards.csv").unlink()
    report = report_of(folder, "model.fit=animal", "kinematics.retarget=uniform")
    good = next(item for item in report.checked if item.name == "good")
    upper_arm, forearm = (1e3 * length for length in report.arm.segment_lengths())
    assert good.measures.upper_arm.median_mm == pytest.approx(upper_arm, rel=1e-3)
    assert good.measures.forearm.median_mm == pytest.approx(forearm, rel=1e-3)


def test_nothing_to_fit_to(folder, report_of):
    for name in ("good", "backwards", "bold <b>$x$"):
        (folder / f"{name}.csv").unlink()
    with pytest.raises(KinematicsError, match="No reach can be read, so the model cannot be fitted"):
        report_of(folder, "model.fit=animal")
    report = report_of(folder)
    assert report.joint_rows() == []
    assert "0 of 1 reaches can be trained on." in report.text()


def test_page_needs_no_other_file(folder, report_of, tmp_path):
    page = write_check(report_of(folder), tmp_path / "new" / "report.html").read_text(encoding="utf-8")
    assert "<b>$x$" not in page
    assert "bold &lt;b&gt;$x$" in page
    sources = re.findall(r'(?:src|href)="([^"]*)"', page)
    assert len(sources) == 2  # trajectories and joint ranges
    for source in sources:
        assert base64.b64decode(source.removeprefix("data:image/png;base64,")).startswith(PNG)
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["report.html"]


def test_figures_hold_a_dozen_reaches_of_one_scale(folder, report_of):
    good = next(item for item in report_of(folder / "good.csv").checked)
    figures = trajectory_figures([replace(good, name=f"reach {i}") for i in range(PER_FIGURE + 3)])
    assert [len(figure.axes) for figure in figures] == [3 * PER_FIGURE, 9]
    for panel in range(3):
        limits = {(axes.get_xlim(), axes.get_ylim()) for figure in figures for axes in figure.axes[panel::3]}
        assert len(limits) == 1
    # From the side, forward is to the right and up is up: the paw's path is that of the recording.
    side = figures[0].axes[0]
    path = np.array([piece[0] for piece in side.collections[0].get_segments()])
    paw = 1e3 * (good.reach.paw - np.median(good.reach.shoulder, axis=0))
    np.testing.assert_allclose(path, paw[:-1, [1, 2]])


def test_check_script(folder, run_script, tmp_path):
    some = run_script("check_reaches", folder, "--out", tmp_path / "report.html")
    assert some.status == 1
    assert "2 of 4 reaches can be trained on." in some.out
    assert (tmp_path / "report.html").is_file()
    good = run_script("check_reaches", folder / "good.csv", "model=muscle")
    assert good.status == 0
    assert "1 of 1 reaches can be trained on." in good.out
    assert run_script("check_reaches", folder / "missing").status == 1
    misspelt = run_script("check_reaches", folder / "good.csv", "modle=muscle")
    assert misspelt.err.startswith("error: ")
    assert "modle" in misspelt.err


def test_import_script(folder, run_script, tmp_path):
    # The project's own file in millimetres, which cannot be trained on, becomes one that can.
    arguments = [folder / "millimetres.csv", "--out", tmp_path / "out", "--axes", "x y z", "--units"]
    refused = run_script("import_reaches", *arguments, "m")
    assert refused.err.startswith(f"error: {folder / 'millimetres.csv'}: in m, ")
    assert refused.err.endswith("--units mm would fit.\n")
    assert not (tmp_path / "out").exists()
    done = run_script("import_reaches", *arguments, "mm")
    assert done.status == 0
    assert "Wrote 1 reach to" in done.out
    np.testing.assert_allclose(
        read_csv(tmp_path / "out" / "millimetres.csv").paw, read_csv(folder / "good.csv").paw, atol=1e-7
    )


def test_import_script_refuses_what_does_not_belong_together(folder, run_script, tmp_path):
    base = [folder / "good.csv", "--out", tmp_path / "out"]
    for arguments, text in (
        (["--points", "hand"], "error: --points hand: write LANDMARK=NAME, such as paw=hand"),
        (["--peak-speed", "0.2"], "error: --peak-speed is about cutting; add --cut, or leave it out."),
    ):
        assert run_script("import_reaches", *base, *arguments).err.startswith(text)
    assert not (tmp_path / "out").exists()


def test_a_name_orders_no_terminal_about(folder, run_script, tmp_path):
    (tmp_path / "strange").mkdir()
    file = tmp_path / "strange" / "\x1b[2J\x1b[31ma\n\u202eb.csv"
    file.write_bytes((folder / "good.csv").read_bytes())
    ended = run_script("check_reaches", tmp_path / "strange")
    assert not {"\x1b", "\u202e"} & {*ended.out, *ended.err}
    assert "\\x1b[2J" in ended.out + ended.err


def test_noise_is_drawn_where_a_filter_would_help(torque_arm):
    reaches = generate(torque_arm, 4, seed=2)
    assert noise_figure(reaches) is None
    rng = np.random.default_rng(0)
    noisy = [of.moved(of.landmarks + rng.normal(0, 1.5e-4, of.landmarks.shape)) for of in reaches]
    spectrum, errors = noise_figure(noisy).axes
    (noise, _) = spectrum.lines[5].get_ydata()  # of the paw: each landmark has its spectrum and its noise
    assert noise == pytest.approx(0.15, rel=0.1)
    paw = errors.lines[4]
    assert errors.lines[-1].get_xdata()[0] == pytest.approx(paw.get_xdata()[paw.get_ydata().argmin()], abs=4)
