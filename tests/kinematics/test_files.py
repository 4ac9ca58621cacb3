import os
import re
from pathlib import Path

import numpy as np
import pytest

from mousearm.errors import KinematicsError, OutputError
from mousearm.kinematics import Reach, read_csv, read_reaches, write_csv
from mousearm.kinematics.files import COLUMNS, REQUIRED

RECORDED = Path(__file__).parents[2].parent / "shared" / "kinematics"
needs_recordings = pytest.mark.skipif(not RECORDED.is_dir(), reason=f"no recorded reaches in {RECORDED}")


def table(n_frames=4):
    """Cells by row: time, then paw, wrist, shoulder, elbow; an arm of 12 and 14 mm that swings at 0.07 m/s."""
    rows = []
    for k in range(n_frames):
        shoulder, elbow, wrist, paw = (
            (0.017, 0.008, -0.015),
            (0.017, 0.02, -0.015),
            (9, 9, 9),
            (0.031, 0.02, -0.015 + k * 7e-4),
        )
        rows.append([f"{value:.4f}" for value in (k * 0.01, *paw, *wrist, *shoulder, *elbow)])
    return rows


def text(rows, header=None):
    return "".join(",".join(row) + "\n" for row in ([header] if header else []) + rows)


def save(tmp_path, content, name="a.csv"):
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def refused(path, *parts):
    with pytest.raises(KinematicsError) as caught:
        read_csv(path)
    message = str(caught.value)
    for part in (str(path), *parts):
        assert part in message


def column(name):
    return COLUMNS.index(name)


def test_axes_without_header(tmp_path):
    reach = read_csv(save(tmp_path, text(table())))
    assert reach.name == "a"
    np.testing.assert_allclose(reach.time, [0, 0.01, 0.02, 0.03])
    # The file's (x, y, z) is (z, x, y) here.
    np.testing.assert_allclose(reach.paw[0], [-0.015, 0.031, 0.02])
    np.testing.assert_allclose(reach.elbow[1], [-0.015, 0.017, 0.02])
    np.testing.assert_allclose(reach.shoulder[3], [-0.015, 0.017, 0.008])


def test_header_in_any_order_with_other_columns(tmp_path):
    plain = read_csv(save(tmp_path, text(table())))
    order = np.random.default_rng(0).permutation(len(COLUMNS))
    header = [f" {COLUMNS[i]} ".title() for i in order] + ["comment"]
    named = read_csv(save(tmp_path, text([[row[i] for i in order] + ["fine"] for row in table()], header)))
    for field in ("time", "paw", "elbow", "shoulder"):
        np.testing.assert_array_equal(getattr(named, field), getattr(plain, field))


def test_header_without_wrist(tmp_path):
    keep = [column(name) for name in REQUIRED]
    path = save(tmp_path, text([[row[i] for i in keep] for row in table()], list(REQUIRED)))
    assert read_csv(path).n_frames == 4


def test_the_wrist_may_be_anything(tmp_path):
    rows = table()
    rows[1][column("wrist_y")] = "lost"
    assert read_csv(save(tmp_path, text(rows))).n_frames == 4


def test_byte_order_mark_spaces_windows_lines_and_blank_end(tmp_path):
    content = "\ufeff" + text(table()).replace(",", " , ").replace("\n", "\r\n") + "\r\n\r\n"
    assert read_csv(save(tmp_path, content)).n_frames == 4


def test_header_lacks_columns(tmp_path):
    header = [{"paw_x": "hand_x", "elbow_z": "elbow"}.get(name, name) for name in COLUMNS]
    refused(save(tmp_path, text(table(), header)), "row 1", "no column paw_x, elbow_z", "hand_x", "Needed")


def test_header_has_a_column_twice(tmp_path):
    header = ["paw_y" if name == "wrist_y" else name for name in COLUMNS]
    refused(save(tmp_path, text(table(), header)), "row 1", "paw_y more than once")


def test_wrong_number_of_columns(tmp_path):
    rows = table()
    rows[2].pop()
    refused(save(tmp_path, text(rows)), "row 3", "12 columns instead of the 13")
    refused(save(tmp_path, text(rows, list(COLUMNS))), "row 4", "12 columns instead of the 13")
    refused(save(tmp_path, text([row[:10] for row in rows])), "row 1", "no header, and 10 columns instead of 13: time")


def test_blank_lines_and_another_separator_do_not_matter(tmp_path):
    lines = text(table()).replace(",", ";").splitlines()
    assert read_csv(save(tmp_path, "\n".join([*lines[:2], "", *lines[2:]]))).n_frames == 4


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("abc", "'abc' is not a number"),
        ("0,01", "14 columns instead of"),
        ("0_1", "'0_1' is not a number"),
        ("", "nan is not a finite number"),
        ("nan", "nan is not a finite number"),
        ("-inf", "-inf is not a finite number"),
        ("1e999", "inf is not a finite number"),
    ],
)
@pytest.mark.parametrize("row", [1, 3])
@pytest.mark.parametrize("name", ["time", "elbow_y"])
def test_bad_cell(tmp_path, cell, said, row, name):
    rows = table()
    rows[row - 1][column(name)] = cell
    where = f"row {row}" if "columns" in said else f"row {row}, column {name}"
    refused(save(tmp_path, text(rows)), where, said)
    where = where.replace(f"row {row}", f"row {row + 1}")
    refused(save(tmp_path, text(rows, list(COLUMNS))), where, said)


def test_time_back_and_repeated(tmp_path):
    rows = table()
    rows[2][0] = rows[1][0]
    refused(save(tmp_path, text(rows)), "row 3, column time", "time repeats", "0.01 s follows 0.01 s")
    rows[2][0] = "0.005"
    refused(save(tmp_path, text(rows, list(COLUMNS))), "row 4, column time", "time goes back")


def test_too_few_frames(tmp_path):
    refused(save(tmp_path, text(table(2))), "2 frames", "at least 3")
    refused(save(tmp_path, text([], list(COLUMNS))), "no rows below")


@pytest.mark.parametrize(("factor", "unit"), [(1e3, "millimetres"), (2e4, "pixels"), (100, "centimetres")])
def test_units(tmp_path, factor, unit):
    rows = [[row[0], *(str(float(cell) * factor) for cell in row[1:])] for row in table()]
    refused(save(tmp_path, text(rows)), unit)


def test_a_point_that_jumps(tmp_path):
    rows = table()
    for axis in "xyz":
        rows[1][column(f"elbow_{axis}")] = rows[1][column(f"shoulder_{axis}")]
    refused(save(tmp_path, text(rows)), "row 2: the elbow is 12 mm from where it is before and after")


def test_not_a_text_file(tmp_path):
    refused(save(tmp_path, b""), "is empty")
    refused(save(tmp_path, "\n\n  \n"), "is empty")
    refused(save(tmp_path, b"\x89PNG\r\n\xff\xfe\x00"), "is a picture. Track its points in 3D first")
    refused(save(tmp_path, b"\x00\x01\x02\n\x00\x00"), "is no text, and of no kind that is known here")
    refused(tmp_path / "missing.csv", "No such file or directory")
    refused(tmp_path, "is a folder")


def test_files_without_an_end_are_not_read(tmp_path):
    os.mkfifo(tmp_path / "pipe.csv")
    refused(tmp_path / "pipe.csv", "cannot be read: it is a named pipe")
    with (tmp_path / "large.csv").open("wb") as file:
        file.truncate(300_000_001)
    refused(tmp_path / "large.csv", "cannot be read: it has 300.0 MB or more")


def test_one_endless_cell_is_not_shown_whole(tmp_path):
    path = save(tmp_path, b"a" * 200_000)
    with pytest.raises(KinematicsError, match="has no column time") as caught:
        read_csv(path)
    assert len(str(caught.value)) < 1500


def test_round_trip(tmp_path):
    shoulder = np.cumsum(np.random.default_rng(0).uniform(-0.001, 0.001, (20, 3)), axis=0)
    elbow = shoulder + np.array([0.012, 0, 0])
    reach = Reach("a", np.arange(20) / 150, shoulder=shoulder, elbow=elbow, paw=elbow + np.array([0, 0.014, 0]))
    write_csv(reach, tmp_path / "b.csv")
    again = read_csv(tmp_path / "b.csv")
    assert again.name == "b"
    for field in ("time", "paw", "elbow", "shoulder"):
        # Half of the last of 7 decimals.
        np.testing.assert_allclose(getattr(again, field), getattr(reach, field), atol=5.01e-8, rtol=0)
    write_csv(again, tmp_path / "c.csv")
    assert (tmp_path / "c.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()


def test_write_refuses_a_missing_folder(tmp_path):
    reach = read_csv(save(tmp_path, text(table())))
    with pytest.raises(OutputError, match=r"nowhere.*cannot be written: No such file"):
        write_csv(reach, tmp_path / "nowhere" / "a.csv")


def test_folder_is_read_in_the_order_of_paths(tmp_path):
    for name in ("b.csv", "a/z.csv", "a/10.csv", "a/2.csv", "c/d/e.csv"):
        save(tmp_path, text(table()), name)
    save(tmp_path, "no reach", "readme.txt")
    assert [reach.name for reach in read_reaches(tmp_path)] == ["a/10", "a/2", "a/z", "b", "c/d/e"]


def test_single_file(tmp_path):
    (reach,) = read_reaches(save(tmp_path, text(table()), "any.txt"))
    assert reach.name == "any"


def test_folder_names_the_broken_file(tmp_path):
    save(tmp_path, text(table()), "a.csv")
    broken = save(tmp_path, "x", "deep/b.csv")
    with pytest.raises(KinematicsError, match=re.escape(str(broken))):
        read_reaches(tmp_path)


def test_folder_without_reaches(tmp_path):
    save(tmp_path, "hello", "notes.txt")
    with pytest.raises(KinematicsError, match=rf"{re.escape(str(tmp_path))}: no file matches \*\.csv"):
        read_reaches(tmp_path)
    with pytest.raises(KinematicsError, match="No such file or directory"):
        read_reaches(tmp_path / "missing")


@needs_recordings
def test_recorded_reaches_have_the_published_lengths():
    reaches = {reach.name: reach for reach in read_reaches(RECORDED)}
    # Upper arm and elbow to paw in mm, from the table that comes with the recordings.
    published = {
        "demo_reachset1_reach1": (12.228, 14.294),
        "reachset1_reach3": (12.228, 14.294),
        "reachset1_reach5": (12.228, 14.294),
        "reachset2_reach3": (14.540, 14.368),
        "reachset4_reach1": (7.429, 13.381),
        "reachset6_reach1": (12.944, 16.778),
    }
    assert set(reaches) == set(published)
    for name, (upper_arm, forearm) in published.items():
        reach = reaches[name]
        assert (reach.n_frames, round(reach.rate)) == (50, 150)
        assert reach.upper_arm_length * 1e3 == pytest.approx(upper_arm, abs=1e-3)
        assert reach.forearm_length * 1e3 == pytest.approx(forearm, abs=1e-3)
