"""A recording or an option that is refused is imported when what the message says has been done."""

import numpy as np
import pytest
import tracked_files as tracked

from mousearm.errors import MouseArmError
from mousearm.kinematics.imports import CutRule, ImportOptions, import_reaches

GOOD = {"points": tracked.POINTS, "unit": "mm", "axes": "x y z", "rate": tracked.RATE}
WITHOUT = object()


def one_movement():
    """Shoulder, elbow, paw (200, 3, 3) in metres: at rest but for noise of a micrometre, then moved, then at rest."""
    s = np.clip((np.arange(200) - 60) / 80, 0, 1)
    frames = 40 + 60 * s**3 * (10 - 15 * s + 6 * s**2)
    columns = tracked.arm(200).reshape(200, -1).T
    moved = np.stack([np.interp(frames, np.arange(200), column) for column in columns], axis=1).reshape(200, 3, 3)
    return moved + 1e-6 * np.random.default_rng(0).standard_normal(moved.shape)


def options(**changes):
    given = {**GOOD, **{key: make() if callable(make) else make for key, make in changes.items()}}
    return ImportOptions(**{key: value for key, value in given.items() if value is not WITHOUT})


# Options that are refused, what is said, and those that it asks for.
OPTIONS = [
    ({"rate": 0.0}, "give the frames per second, ", {"rate": 150.0}),
    ({"min_likelihood": 2.0}, "give a number from 0 to 1", {"min_likelihood": 0.5}),
    ({"max_gap_ms": -1.0}, "give a number of ms, 0 or more", {"max_gap_ms": 0.0}),
    ({"cutoff": 0.0}, "give a frequency above 0 Hz", {"cutoff": 20.0}),
    ({"cutoff": 80.0}, "Lower it, or leave the filter out", {"cutoff": 20.0}),
    ({"cutoff": 80.0}, "Lower it, or leave the filter out", {}),
    ({"axes": "x y"}, "such as --axes 'x z -y' for a file with x forward and z up", {"axes": "x z -y"}),
    ({"axes": "x z y"}, "Flip that sign", {"axes": "x z -y"}),
    ({"axes": "x z y"}, "flip it too and give the other --side", {"axes": "x z -y", "side": "left"}),
    ({"axes": WITHOUT, "unit": WITHOUT, "rate": WITHOUT}, "(or give the options named behind)", {}),
    ({"min_likelihood": 0.99}, "where --min-likelihood is given, it may be too high", {"min_likelihood": 0.9}),
    ({"cut": lambda: CutRule(pause_ms=0.0)}, "give a number above 0", {"cut": lambda: CutRule(peak_speed=0.05)}),
    (
        {"cut": lambda: CutRule(pad_ms=60.0, pause_ms=100.0)},
        "Give at most half of the pause",
        {"cut": lambda: CutRule(pad_ms=50.0, pause_ms=100.0, peak_speed=0.05)},
    ),
    (
        {"cut": lambda: CutRule(peak_speed=5.0)},
        "Change these, or leave --cut out",
        {"cut": lambda: CutRule(peak_speed=0.05)},
    ),
    ({"cut": lambda: CutRule(peak_speed=5.0)}, "Change these, or leave --cut out", {}),
]


@pytest.mark.parametrize(("wrong", "says", "right"), OPTIONS, ids=[f"{i}-{c[1][:30]}" for i, c in enumerate(OPTIONS)])
def test_advice_on_options(tmp_path, wrong, says, right):
    tracked.write_anipose(tmp_path / "take.csv", 1e3 * one_movement())
    refused(says, lambda: import_reaches([tmp_path / "take.csv"], tmp_path / "out", options(**wrong)))
    assert import_reaches([tmp_path / "take.csv"], tmp_path / "out", options(**right))[0].reaches


def refused(says, call):
    with pytest.raises(MouseArmError) as error:
        call()
    assert says in " ".join(str(error.value).split()), str(error.value)


def lines(n=60, **changes):
    """The lines of an Anipose table, with cells of columns changed: ``lines(fnum={5: 3})``."""
    header, *rows = [line.split(",") for line in table(n)]
    for name, cells in changes.items():
        for row, cell in cells.items():
            rows[row][header.index(name)] = cell
    return [",".join(row) for row in (header, *rows)]


def table(n):
    import io

    written = io.StringIO()
    tracked.write_anipose(written, 1e3 * tracked.arm(n))
    return written.getvalue().splitlines()


def unseen(rows, name="hand"):
    return {f"{name}_{axis}": dict.fromkeys(rows, "") for axis in "xyz"}


def timed(**changes):
    """Lines with times in s instead of frame numbers, which may be changed."""
    header, *rows = [line.split(",") for line in lines()]
    for row in rows:
        row[-1] = changes.get(f"frame_{row[-1]}", f"{int(row[-1]) / tracked.RATE:.6f}")
    return [",".join(row) for row in ([*header[:-1], "time"], *rows)]


def lost_cells(instead):
    """Lines of which one has lost the cells of the paw, or has something in their place."""
    whole, header = lines(), lines()[0].split(",")
    row, first = whole[8].split(","), header.index("hand_x")
    return [*whole[:8], ",".join(row[:first]) + "," + instead + ",".join(row[first + 3 :]), *whole[9:]]


# Lines that are refused, what is said, and the lines or options after that was done.
LINES = [
    (lambda: lines(fnum={7: "3"}), "Remove or reorder the rows", lines, {}),
    (lambda: lines(**unseen(range(20, 40))), "Raise --max-gap, or split", None, {"max_gap_ms": 200.0}),
    (lambda: lines(fnum={59: "9000"}), "Correct the frame number or time, or cut the file there", lines, {}),
    (lambda: lines(hand_x={3: "1.5 mm"}), "Write a decimal number, or leave the cell empty", lines, {}),
    (
        lambda: lines(hand_x={3: "two"}),
        "or leave the cell empty where there is none",
        lambda: lines(**unseen([3])),
        {},
    ),
    (lambda: lines(fnum={3: "2.5"}), "Write a whole number", lines, {}),
    (lambda: table(60)[:1], "Export the recording again", lines, {}),
    (lambda: [table(2)[0].replace("hand_y", "hand_x"), *table(60)[1:]], "). Rename one", lines, {}),
    (lambda: timed(frame_7=""), "Write a time in every row", timed, {"rate": WITHOUT}),
    (lambda: timed(frame_7=""), ", or remove the row.", lambda: timed()[:8] + timed()[9:], {"rate": WITHOUT}),
    (lambda: lost_cells(""), "Export it again", lines, {}),
    (lambda: lost_cells(""), ", or write NaN in them.", lambda: lost_cells("NaN,NaN,NaN,"), {}),
    (
        lambda: lines(**unseen([*range(20), *range(40, 60)]), **unseen(range(20, 40), "sh1")),
        "seen. Raise --max-gap",
        None,
        {"max_gap_ms": 200.0},
    ),
    (
        lambda: lines(**unseen(range(30)), **unseen(range(30, 60), "sh1")),
        "if that does not help, check --points",
        lines,
        {},
    ),
]


@pytest.mark.parametrize(
    ("wrong", "says", "right", "more"), LINES, ids=[f"{i}-{c[1][:30]}" for i, c in enumerate(LINES)]
)
def test_advice_on_lines(tmp_path, wrong, says, right, more):
    file = tmp_path / "take.csv"
    file.write_text("\n".join(wrong()) + "\n")
    refused(says, lambda: import_reaches([file], tmp_path / "out", options()))
    if right is not None:
        file.write_text("\n".join(right()) + "\n")
    assert import_reaches([file], tmp_path / "out", options(**more))[0].reaches


def test_advice_where_a_file_may_be_cut_off(tmp_path):
    file, rows = tmp_path / "take.csv", [["fnum", *tracked_names()]]
    rows += [[str(i), *(f"{value:.4f}" for value in row.ravel())] for i, row in enumerate(1e3 * tracked.arm(60))]
    rows[-1][-1] = rows[-1][-1][:-2]  # whole, as its two last decimals may have been 0
    text = "\n".join(map(",".join, rows))
    file.write_text(text)
    says = "Remove the row or, if it is whole, add a line break"
    refused(says, lambda: import_reaches([file], tmp_path / "out", options()))
    for i, (right, n) in enumerate([(text.rpartition("\n")[0], 59), (text + "\n", 60)]):
        file.write_text(right)
        (reach,) = import_reaches([file], tmp_path / f"out_{i}", options())[0].reaches
        assert reach.n_frames == n


def tracked_names():
    return [f"{mark}_{axis}" for mark in tracked.MARKS for axis in "xyz"]


def test_advice_to_leave_a_recording_out(tmp_path):
    """A gap that ends where it began is filled by a point that stands still, between frames in which it moves."""
    whole = one_movement()
    again = np.tile(whole[-1], (100, 1, 1))
    again[:, 2, 0] += np.cumsum(np.repeat([2e-6, 4e-4, 0.0, -8e-4, 2e-6], [40, 10, 4, 10, 36]))
    again[50:53, 2] = np.nan
    points = np.concatenate([whole, again])
    tracked.write_anipose(tmp_path / "still.csv", 1e3 * points)
    tracked.write_anipose(tmp_path / "good.csv", 1e3 * one_movement())
    files, cut = [tmp_path / "good.csv", tmp_path / "still.csv"], CutRule(peak_speed=0.05)
    says = "Lower --max-gap, so that no gap is filled there, or leave this recording out."
    refused(says, lambda: import_reaches(files, tmp_path / "out", options(cut=cut)))
    assert import_reaches(files[:1], tmp_path / "out", options(cut=cut))[0].reaches
    assert import_reaches(files, tmp_path / "new", options(cut=cut, max_gap_ms=0.0))[0].reaches


def test_advice_to_move_the_origin(tmp_path):
    points = tracked.arm(60) + np.array([0.0, 2.0, 0.0])
    tracked.write_anipose(tmp_path / "far.csv", 1e3 * points)
    says = "Move the origin: subtract a point near it, such as the first shoulder."
    refused(says, lambda: import_reaches([tmp_path / "far.csv"], tmp_path / "out", options()))
    tracked.write_anipose(tmp_path / "far.csv", 1e3 * (points - points[0, 0]))
    assert import_reaches([tmp_path / "far.csv"], tmp_path / "out", options())[0].reaches


def test_advice_to_check_the_points(tmp_path):
    header, *rows = table(60)
    file = tmp_path / "take.csv"
    file.write_text("\n".join([f"{header},lost_x,lost_y,lost_z", *(f"{row},,," for row in rows)]) + "\n")
    lost = options(points={**tracked.POINTS, "paw": "lost"})
    refused("the paw is never seen. Check --points", lambda: import_reaches([file], tmp_path / "out", lost))
    assert import_reaches([file], tmp_path / "out", options())[0].reaches
    header, *rows = lines(**unseen(range(30)), **unseen(range(30, 60), "elbow"))
    file.write_text("\n".join([header, *rows]) + "\n")
    never = "paw, elbow and shoulder are never seen in the same frame. Check --points"
    refused(never, lambda: import_reaches([file], tmp_path / "new", options()))


def test_advice_where_two_files_would_be_one(tmp_path):
    for name in ("take.csv", "take.trc"):
        writer = tracked.write_anipose if name.endswith("csv") else tracked.write_trc
        writer(tmp_path / name, 1e3 * tracked.arm(60))
    files = [tmp_path / "take.csv", tmp_path / "take.trc"]
    refused("Leave one out, or import it to another --out", lambda: import_reaches(files, tmp_path / "out", options()))
    for i, file in enumerate(files):
        assert import_reaches([file], tmp_path / f"out_{i}", options())[0].reaches


def test_advice_to_export_again(tmp_path):
    file = tmp_path / "take.trc"
    tracked.write_trc(file, 1e3 * tracked.arm(60))
    good = file.read_text()
    for n, says in ((4, ", within its header. Export it again"), (40, "Export it again or, if all is there, correct")):
        file.write_text("\n".join(good.splitlines()[:n]) + "\n")
        refused(says, lambda: import_reaches([file], tmp_path / "out", options(unit=WITHOUT)))
    file.write_text(good)
    assert import_reaches([file], tmp_path / "out", options(unit=WITHOUT))[0].reaches


def test_advice_to_leave_an_option_out(tmp_path):
    tracked.write_trc(tmp_path / "take.trc", 1e3 * tracked.arm(60))
    likely = options(unit=WITHOUT, min_likelihood=0.5)
    refused("cannot be kept. Leave it out", lambda: import_reaches([tmp_path / "take.trc"], tmp_path / "out", likely))
    assert import_reaches([tmp_path / "take.trc"], tmp_path / "out", options(unit=WITHOUT))[0].reaches
    tracked.write_anipose(tmp_path / "few.csv", 1e3 * tracked.arm(8))
    out = "Leave --cutoff out, or leave this recording out"
    refused(out, lambda: import_reaches([tmp_path / "few.csv"], tmp_path / "few", options(cutoff=20.0)))
    assert import_reaches([tmp_path / "few.csv"], tmp_path / "few", options())[0].reaches


def test_advice_to_write_positions(tmp_path):
    file = tmp_path / "take.sto"
    tracked.write_sto(file, tracked.arm(60))
    good = file.read_text()
    file.write_text(good.replace("DataType=double", "DataType=Quaternion"))
    metres = options(unit="m", rate=WITHOUT)
    refused(
        "is not a position. Write a table of double or Vec3", lambda: import_reaches([file], tmp_path / "o", metres)
    )
    file.write_text(good)
    assert import_reaches([file], tmp_path / "o", metres)[0].reaches


def test_advice_on_headers(tmp_path):
    file = tmp_path / "take.trc"
    tracked.write_trc(file, 1e3 * tracked.arm(60))
    good = file.read_text()
    file.write_text(good.replace("\tmm\t", "\tfeet\t", 1))
    refused("are known. Correct it there", lambda: import_reaches([file], tmp_path / "out", options(unit=WITHOUT)))
    file.write_text(good)
    assert import_reaches([file], tmp_path / "out", options(unit=WITHOUT))[0].reaches
