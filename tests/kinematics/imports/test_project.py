"""A project remembers: reaches.yaml is written by the first import, read by the next, and told where it is wrong."""

import os

import numpy as np
import pytest
from tracked_files import POINTS, RATE, arm, write_anipose

from mousearm.errors import KinematicsError, MouseArmError, UnknownNameError
from mousearm.kinematics import read_csv, read_reaches, write_csv
from mousearm.kinematics.imports import import_project
from mousearm.kinematics.imports.conversion import read_origin
from mousearm.kinematics.imports.project import Project
from mousearm.kinematics.imports.sources import MissingError
from mousearm.paths import resolve
from mousearm.trajectory import LANDMARKS

SAID = {"points": POINTS, "unit": "mm", "axes": "x y z", "rate": RATE}
REACHES = read_reaches(resolve("package:synthetic", "kinematics/data"))
ROOT = os.geteuid() == 0 if hasattr(os, "geteuid") else False


@pytest.fixture
def day(tmp_path):
    """A folder of two recordings in mm, in OpenSim's axes, of arms in a mouse's posture."""
    folder = tmp_path / "day"
    folder.mkdir()
    for i, reach in enumerate(REACHES[:2]):
        write_anipose(folder / f"take{i}.csv", 1e3 * reach.landmarks[:, :, [1, 2, 0]])
    return folder


@pytest.fixture
def bring(tmp_path):
    """Import the recordings of a folder; gives the reaches and what was told."""

    def run(folder, out="out", **given):
        imported, told = import_project(sorted(folder.rglob("*.csv")), tmp_path / out, given)
        return [reach for item in imported for reach in item.reaches], "\n".join(told)

    return run


def test_the_first_import_writes_what_the_next_reads(day, bring):
    first, told = bring(day, **SAID, side="right", cutoff=30.0, max_gap_ms=20.0)
    text = (day / "reaches.yaml").read_text()
    assert "Noted in" in told
    for line in ("points: {paw: hand, shoulder: sh1}", "units: mm", "axes: x y z", "rate: 150", "side: right"):
        assert f"\n{line}  # " in text
    assert "\ncutoff: 30  # Hz" in text
    assert "\n# animal:  # with the session" in text
    assert max(map(len, text.splitlines())) <= 80
    again, told = bring(day, "again")
    assert "units: mm, axes: x y z, rate: 150" in told
    assert (day / "reaches.yaml").read_text() == text
    for one, other in zip(first, again, strict=True):
        np.testing.assert_array_equal(one.landmarks, other.landmarks)


def test_reaches_that_an_import_wrote_beside_the_recordings_speak_for_themselves(day, bring):
    """What reaches.yaml says of the recordings does not hold for them, nor do their options for the recordings."""
    bring(day, "day/reaches", **SAID)
    text = (day / "reaches.yaml").read_text()
    turned, told = bring(day / "reaches", "day/turned", unit="m", axes="x z -y")
    assert (day / "reaches.yaml").read_text() == text
    assert "From" not in told
    assert not (day / "reaches" / "reaches.yaml").exists()
    right, up, forward = REACHES[0].landmarks[:, :, 0], REACHES[0].landmarks[:, :, 2], REACHES[0].landmarks[:, :, 1]
    expected = np.stack([-up, forward, right], axis=2)  # z, to the right, has become up, and up is left
    np.testing.assert_allclose(turned[0].landmarks, expected, atol=1e-12)


def test_advice_all_that_is_missing_is_told_at_once_and_its_lines_can_be_added(day, bring):
    with pytest.raises(MissingError) as caught:
        bring(day)
    assert list(caught.value.lines) == ["points", "units", "axes", "rate"]
    assert str(day / "reaches.yaml") in str(caught.value)
    own = {"paw: NAME": "paw: hand", "shoulder: NAME": "shoulder: sh1", "F U R": "x y z", "HZ": "150", "UNIT": "mm"}
    text = "\n".join(caught.value.lines.values())
    for capitals, value in own.items():
        text = text.replace(capitals, value)
    (day / "reaches.yaml").write_text(text)
    assert len(bring(day)[0]) == 2
    with pytest.raises(MissingError) as caught:
        bring(day, "new", animal="m1")
    assert list(caught.value.lines) == ["session"]
    assert bring(day, "new", animal="m1", session="007")[0][0].name == "m1/007/take0"
    assert 'session: "007"  # ' in (day / "reaches.yaml").read_text()
    assert bring(day, "same")[0][0].name == "m1/007/take0"


def test_advice_where_an_option_contradicts(day, bring):
    bring(day, **SAID, cutoff=30.0)
    before = (day / "reaches.yaml").read_text()
    reaches, told = bring(day, "again", cutoff=None, rate=200.0)
    assert f"{day / 'reaches.yaml'} says rate: 150; rate: 200 was given, and counts." in told
    assert "says cutoff: 30; cutoff: none was given" in told
    assert reaches[0].rate == pytest.approx(200)
    assert (day / "reaches.yaml").read_text() == before
    _, told = bring(day, "other", points={"paw": "elbow", "elbow": "hand"}, side="left")
    assert "says points: {paw: hand, shoulder: sh1}; points: {paw: elbow" in told
    (day / "reaches.yaml").write_text(before.replace("rate: 150", "rate: 200"))
    reaches, told = bring(day, "written")
    assert reaches[0].rate == pytest.approx(200)
    assert "was given" not in told


def test_wrong_axes_are_not_noted_and_those_that_are_proposed_are(day, bring):
    _, told = bring(day, **{**SAID, "axes": "y z x"})
    assert "axes not noted" in told
    assert "with --axes 'x y z'" in told
    assert "\n# axes:" in (day / "reaches.yaml").read_text()
    bring(day, "right", axes="x y z")
    assert "\naxes: x y z  # " in (day / "reaches.yaml").read_text()


def test_the_cutoff_that_auto_chooses_is_noted(tmp_path, bring):
    noisy = tmp_path / "noisy"
    noisy.mkdir()
    reach = REACHES[0]
    noise = 2e-4 * np.random.default_rng(0).standard_normal(reach.landmarks.shape)
    write_anipose(noisy / "take.csv", 1e3 * (reach.landmarks + noise)[:, :, [1, 2, 0]])
    bring(noisy, **SAID, cutoff=50.0)
    (chosen,), _ = bring(noisy, "auto", cutoff="auto")
    assert chosen.cutoff not in (None, 50.0)
    assert f"\ncutoff: {chosen.cutoff:g}  # " in (noisy / "reaches.yaml").read_text()
    (again,), _ = bring(noisy, "again")
    assert again.cutoff == chosen.cutoff


def test_files_may_differ_by_pattern_and_folder(day, bring):
    for name in ("mouse_1", "mouse_2"):
        (day / name).mkdir()
    for i in range(2):
        (day / f"take{i}.csv").rename(day / f"mouse_{i + 1}" / f"take{i}.csv")
    (day / "reaches.yaml").write_text(
        "# mine\nunits: mm\nrate: 150\npoints: {paw: hand, shoulder: sh1}\naxes: x y z\n"
        "files:\n  mouse_2: {animal: m2, session: 2026-03-01, side: left}\n"
    )
    reaches, _ = bring(day, cutoff=30.0)
    assert [reach.name for reach in reaches] == ["mouse_1/take0", "m2/2026-03-01/take1"]
    assert reaches[1].shoulder[0, 0] < 0 < reaches[0].shoulder[0, 0] or reaches[0].shoulder[0, 0] < 0
    text = (day / "reaches.yaml").read_text()
    assert text.startswith("# mine\nunits: mm\n")
    assert text.endswith(
        "side: left}\ncutoff: 30  # Hz, of the low-pass filter; none; or auto, chosen at each import\n"
    )
    (only,), _ = bring(day / "mouse_1", "only")  # what stands two folders above counts, too
    assert only.cutoff == 30.0


@pytest.mark.parametrize(
    ("text", "place", "right"),
    [
        ("unit: mm", "key in {}", "units: mm"),
        ("units: inch", "{}: There is no unit", "units: mm"),
        ("units: [mm, cm]", "{}, units: has several values", "units: mm"),
        ("rate: fast", "{}, rate: 'fast' is not a number", "rate: 150"),
        ("rate: 3", "{}: --rate 3", "rate: 150"),
        ("axes: x y", "{}: --axes 'x y'", "axes: x y z"),
        ("points: hand", "{}, points: write", "points: {paw: hand}"),
        ("points: {pow: hand}", "{}: There is no landmark", "points: {paw: hand}"),
        ("cut: maybe", "{}, cut: 'maybe' is none of true, false", "cut: {peak_speed: 0.05}"),
        ("cut: {peak: 1}", "key in {}, cut", "cut: {peak_speed: 0.05}"),
        ("cut: {peak_speed: -1}", "{}, cut: --peak-speed -1", "cut: {peak_speed: 0.05}"),
        ("animal: ../up\nsession: a", "{}: '../up' is no name", "animal: up\nsession: a"),
        ("files: {a: {cutoff: 3}}", "key in {}, files, a", "files: {a: {side: left}}"),
        ("files: mouse_1", "{}, files: has no PATTERN", "files: {a: {side: left}}"),
        ("files: {a: left}", "{}, files, a: has no KEY", "files: {a: {side: left}}"),
        ("- mm", "{}: has no KEY: VALUE", "units: mm"),
        ("units: mm\nunits: cm", "{} cannot be read: line 1 or below: the key units is there twice", "units: mm"),
        ("units: !!python/name:os.system x", "{} cannot be read: line 1: a tag", "units: mm"),
        ("units: {", "{} cannot be read", "units: mm"),
        ("a" * 100_001, "{} cannot be read: it has 0.1 MB", "units: mm"),
    ],
)
def test_advice_on_what_is_wrong_in_it(tmp_path, text, place, right):
    path, recording = tmp_path / "reaches.yaml", tmp_path / "take.csv"
    path.write_text(text)
    with pytest.raises((KinematicsError, UnknownNameError)) as caught:
        Project.of([recording])
    assert place.format(path) in str(caught.value)
    path.write_text(right)
    assert Project.of([recording]).path == path
    path.unlink()
    assert Project.of([recording]).said == {}


def test_a_damaged_one_costs_nothing_but_its_correction(day, bring, tmp_path):
    (day / "reaches.yaml").write_text("units: {")
    before = {file: file.read_bytes() for file in day.iterdir()}
    with pytest.raises(KinematicsError):
        bring(day, **SAID)
    assert {file: file.read_bytes() for file in day.iterdir()} == before
    assert sorted(file.name for file in tmp_path.iterdir()) == ["day"]


def test_a_file_that_cannot_be_added_to_is_left_and_the_reaches_are_there(day, bring, tmp_path):
    (day / "reaches.yaml").write_text("{units: mm}")
    _, told = bring(day, **SAID)
    assert "Not noted in" in told
    assert (day / "reaches.yaml").read_text() == "{units: mm}"
    assert len(read_reaches(tmp_path / "out")) == 2


@pytest.mark.skipif(ROOT, reason="who is root may write everywhere")
def test_recordings_that_cannot_be_written_beside(day, bring, tmp_path):
    day.chmod(0o500)
    try:
        _, told = bring(day, **SAID)
    finally:
        day.chmod(0o700)
    assert "Not noted in" in told
    assert len(read_reaches(tmp_path / "out")) == 2


def test_reaches_that_were_filtered_here_are_imported_as_they_were_recorded(tmp_path, bring):
    folder = tmp_path / "made"
    folder.mkdir()
    reach = REACHES[0]
    noise = 1.5e-4 * np.random.default_rng(1).standard_normal(reach.landmarks.shape)
    noisy = reach.moved(reach.landmarks + noise, versions={"truth": reach.landmarks})
    write_csv(noisy, folder / "a.csv")
    (first,), _ = bring(folder, "filtered", cutoff=15.0)  # unit and axes of a file of ours are known
    assert set(first.versions) == {"recorded", "truth"}
    imported, _ = import_project([tmp_path / "filtered" / "a.csv"], tmp_path / "again", {"cutoff": None})
    (again,) = imported[0].reaches
    assert "recorded  paw_recorded and the like are taken" in imported[0].text()
    np.testing.assert_allclose(again.landmarks, noisy.landmarks, atol=2e-7)
    np.testing.assert_allclose(again.versions["truth"], reach.landmarks, atol=2e-7)
    np.testing.assert_allclose([again.measured_noise_mm[name] for name in LANDMARKS], 0.15, rtol=0.25)
    assert read_origin(tmp_path / "again" / "a.csv") == read_origin(tmp_path / "filtered" / "a.csv")
    import_project([tmp_path / "filtered" / "a.csv"], tmp_path / "turned", {"axes": "z x y"})
    with pytest.raises(KinematicsError):
        read_origin(tmp_path / "turned" / "a.csv")
    read = read_csv(tmp_path / "again" / "a.csv")
    np.testing.assert_allclose(read.versions["truth"], reach.landmarks, atol=3e-7)


def test_a_file_that_lost_what_was_recorded_says_so(tmp_path, day):
    lines = ["fnum," + ",".join(f"{mark}_{axis}" for mark in LANDMARKS for axis in "xyz") + ",cutoff_hz"]
    lines += [f"{i}," + ",".join(f"{x:.8f}" for x in row.ravel()) + ",15" for i, row in enumerate(arm(60))]
    (tmp_path / "a.csv").write_text("\n".join(lines) + "\n")
    imported, _ = import_project([tmp_path / "a.csv"], tmp_path / "out", {"rate": RATE})
    assert "filtered before, and lacks what was recorded" in imported[0].text()


def test_a_folder_is_told_as_such(day, tmp_path):
    with pytest.raises(KinematicsError, match=f"is a folder. Give the files in it, such as {day}/\\*.csv"):
        import_project([day], tmp_path / "out", {})
    points = {"shoulder": "sh1", "paw": "hand"}
    given = {"rate": RATE, "unit": "mm", "axes": "z x y", "points": points}
    imported, _ = import_project(sorted(day.glob("*.csv")), tmp_path / "out", given)
    assert len(imported) == 2


def test_no_file(tmp_path):
    with pytest.raises(MouseArmError, match="No file is given to import"):
        import_project([], tmp_path / "out", {})
