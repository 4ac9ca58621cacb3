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
    ({"axes": WITHOUT}, "Say which of them point forward, up and right", {}),
    ({"unit": WITHOUT}, "Say --units. ", {}),
    ({"rate": WITHOUT}, "Say how many frames a second were filmed: --rate HZ", {}),
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


# Lines that are refused, what is said, and the lines or options after that was done.
LINES = [
    (lambda: lines(fnum={7: "3"}), "Remove or reorder the rows", lines, {}),
    (lambda: lines(**unseen(range(20, 40))), "Raise --max-gap, or split", None, {"max_gap_ms": 200.0}),
    (lambda: lines(fnum={59: "9000"}), "Correct the frame number or time, or cut the file there", lines, {}),
    (lambda: lines(hand_x={3: "1.5 mm"}), "Write a decimal number, or leave the cell empty", lines, {}),
    (
        lambda: lines(hand_x={3: "two"}),
        "or leave the cell empty where the point was not seen",
        lambda: lines(**unseen([3])),
        {},
    ),
    (lambda: lines(fnum={3: "2.5"}), "Write a whole number", lines, {}),
    (lambda: table(60)[:1], "Export the recording again", lines, {}),
    (lambda: [table(2)[0].replace("hand_y", "hand_x"), *table(60)[1:]], "). Rename one", lines, {}),
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
