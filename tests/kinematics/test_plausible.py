"""Time, speed and damage held against the animal: what is refused and named, what the advice does, what passes."""

import re
import shlex

import numpy as np
import pytest

from mousearm.errors import KinematicsError
from mousearm.kinematics import Reach, generate, read_csv, read_reaches, resample, write_csv, write_reaches
from mousearm.kinematics.files import COLUMNS, REQUIRED
from mousearm.kinematics.imports import CutRule, ImportOptions, import_reaches
from mousearm.paths import resolve
from mousearm.text import plural
from mousearm.trajectory import LANDMARKS

from .test_files import RECORDED, needs_recordings

PLAIN = {"unit": "m", "axes": "x y z"}


@pytest.fixture(scope="module")
def reach(torque_arm):
    return generate(torque_arm, 1, seed=3, frames=(60, 60))[0]


def changed(reach, change, header=True, scale=1.0, name="time"):
    """The text of a reach's file, with its numbers (T, 10) changed, time in another unit, or without a header."""
    positions = [getattr(reach, point)[:, [1, 2, 0]] for point in ("paw", "shoulder", "elbow")]
    values = np.column_stack([reach.time, *positions])
    columns = [column for column in COLUMNS if not column.startswith("wrist")]
    values = change(values.copy())
    values[:, 0] = values[:, 0] * scale
    if not header:
        values, columns = np.insert(values, [4, 4, 4], 9.0, axis=1), []
    lines = [",".join([name, *columns[1:]])] if header else []
    return "\n".join([*lines, *(",".join(f"{value:.7f}" for value in row) for row in values)]) + "\n"


@pytest.fixture
def saved(tmp_path, reach):
    """Write a changed reach; gives its path."""

    def write(change=lambda values: values, **options):
        path = tmp_path / "a b.csv"
        path.write_text(changed(reach, change, **options))
        return path

    return write


def refusal(path):
    with pytest.raises(KinematicsError) as caught:
        read_csv(path)
    assert str(path) in str(caught.value)
    return str(caught.value)


def test_huge_numbers_are_refused_without_a_warning_of_the_program(saved, recwarn):
    assert "1e+300" in refusal(saved(lambda values: values + np.eye(1, 10, 2) * 1e300))
    assert [str(warning.message) for warning in recwarn] == []


@pytest.fixture
def follow(run_script, tmp_path):
    """Run the command that a refusal advises; gives what it printed, and the reach that it wrote."""

    def run(text):
        words = shlex.split(re.search(r"python scripts/import_reaches\.py (.*)", text)[1])
        done = run_script("import_reaches", *(str(tmp_path / "out") if word == "FOLDER" else word for word in words))
        assert done.status == 0, done.err
        (imported,) = read_reaches(tmp_path / "out")
        return done.out, imported

    return run


def brought_in(path, folder, **options):
    (result,) = import_reaches([path], folder, ImportOptions(**{**PLAIN, **options}))
    (read,) = read_reaches(folder)
    return result, read


def farthest_mm(found, truth):
    """How far any point of a reach is from where the true one has it at that time [mm]."""
    time = found.time - found.time[0] + truth.time[0] if abs(found.time[0] - truth.time[0]) > 60 else found.time
    off = [
        np.stack([np.interp(time, truth.time, getattr(truth, name)[:, i]) for i in range(3)], 1) - getattr(found, name)
        for name in LANDMARKS
    ]
    return 1e3 * max(np.linalg.norm(difference, axis=1).max() for difference in off)


UNITS = [("ms", 1e3, "time_ms"), ("us", 1e6, "Time (µs)"), ("ns", 1e9, "time [ns]"), ("min", 1 / 60, "time min")]


class TestTime:
    @pytest.mark.parametrize("rate", [60, 1000])
    @pytest.mark.parametrize(("unit", "scale", "name"), UNITS)
    def test_advice_in_another_unit(self, tmp_path, torque_arm, unit, scale, name, rate):
        (truth,) = generate(torque_arm, 1, seed=5, dt=1 / rate, frames=(50, 50))
        path = tmp_path / "a.csv"
        path.write_text(changed(truth, lambda values: values, scale=scale))
        text = refusal(path)  # 7 decimals
        if unit == "min" and rate == 60:  # a rate of 3 600 Hz can be, a paw of 10 m/s cannot
            assert "m/s" in text
        else:
            assert float(re.search(rf"{unit} \(at ([\d.]+) Hz\)", text)[1]) == pytest.approx(rate, rel=3e-3)
        _, imported = brought_in(path, tmp_path / "by_rate", rate=float(rate))
        assert farthest_mm(imported, truth) < 1e-3
        path.write_text(changed(truth, lambda values: values, scale=scale, name=name))
        assert farthest_mm(read_csv(path), truth) < 0.02  # 7 decimals of a minute
        assert farthest_mm(brought_in(path, tmp_path / "by_name")[1], truth) < 0.02

    def test_advice_frame_numbers(self, saved, reach, tmp_path):
        path = saved(lambda values: np.column_stack([np.arange(len(values)) + 7, values[:, 1:]]))
        assert "frame numbers" in refusal(path)
        _, imported = brought_in(path, tmp_path / "out", rate=150.0)
        np.testing.assert_allclose(imported.paw, reach.paw, atol=1e-7)

    def test_an_unknown_clock_is_said_by_the_rate(self, saved, reach, tmp_path):
        path = saved(scale=30_000.0)  # samples of an amplifier
        refusal(path)
        np.testing.assert_allclose(brought_in(path, tmp_path / "out", rate=150.0)[1].paw, reach.paw, atol=1e-7)

    def test_a_column_in_seconds_is_preferred(self, tmp_path, saved):
        path = saved()
        lines = path.read_text().splitlines()
        path.write_text("\n".join([f"{lines[0]},time_ms", *(f"{line},0" for line in lines[1:])]))
        assert read_csv(path).rate == pytest.approx(150, rel=1e-3)

    @pytest.mark.parametrize("rate", [1.5, 15.0, 15_000.0])
    def test_a_rate_that_no_camera_has(self, rate):
        with pytest.raises(KinematicsError, match="20 to 5000 Hz"):
            ImportOptions(rate=rate)

    def test_advice_a_session_is_no_reach(self, tmp_path, torque_arm):
        (reach,) = generate(torque_arm, 1, seed=5, dt=1 / 60)
        n = 60 * 61
        still = np.arange(n) / 60
        paw, elbow, shoulder = (np.tile(getattr(reach, name)[0], (n, 1)) for name in ("paw", "elbow", "shoulder"))
        middle = slice(2000, 2000 + reach.n_frames)
        for points, name in ((paw, "paw"), (elbow, "elbow"), (shoulder, "shoulder")):
            points[middle] = getattr(reach, name)
            points[middle.stop :] = points[middle.stop - 1]
        write_csv(Reach("day", still, paw=paw, elbow=elbow, shoulder=shoulder), tmp_path / "day.csv")
        assert "--cut" in refusal(tmp_path / "day.csv")
        results = import_reaches([tmp_path / "day.csv"], tmp_path / "out", ImportOptions(**PLAIN, cut=CutRule()))
        assert 0.1 < results[0].reaches[0].duration < 1.5

    @pytest.mark.parametrize("factor", [0.01, 20])
    def test_speeds_that_no_paw_has(self, saved, factor):
        def slower(values):
            values[:, 1:] = values[:1, 1:] + factor * (values[:, 1:] - values[:1, 1:])
            return values

        assert "m/s" in refusal(saved(slower)) or factor > 1  # where it is too fast, points jump, too


STAND_INS = ["0", "-1", "9999", "-9999", "1e10", "-1e10", "999999", "1e7", "0.0", "", "NaN", "NA", "null", "#N/A", "-"]


class TestNotSeen:
    @pytest.mark.parametrize(("value", "point"), list(zip(STAND_INS, 5 * LANDMARKS, strict=True)))
    def test_advice_stand_ins(self, saved, follow, reach, value, point):
        path = saved()
        rows = [line.split(",") for line in path.read_text().splitlines()]
        columns = [i for i, name in enumerate(rows[0]) if name.startswith(point)]
        for row in rows[14:17]:
            for i in columns:
                row[i] = value
        path.write_text("\n".join(map(",".join, rows)))
        said, imported = follow(refusal(path))
        assert farthest_mm(imported, reach) < 1
        assert "(3 positions" in said

    @pytest.mark.parametrize("header", [True, False])
    @pytest.mark.parametrize("value", [0.0, -1.0])
    def test_a_long_gap(self, saved, tmp_path, reach, value, header):
        def lose(values):
            values[20:28, 1:4] = value
            return values

        path = saved(lose, header=header)
        assert "not seen" in refusal(path)
        with pytest.raises(KinematicsError, match=r"53\.33 ms.*--max-gap"):
            brought_in(path, tmp_path / "out")
        result, imported = brought_in(path, tmp_path / "out", max_gap_ms=100.0)
        assert "8 points" in result.text()
        assert farthest_mm(imported, reach) < 1

    @pytest.mark.parametrize("n", [1, 3])
    def test_rows_that_are_held(self, tmp_path, reach, n):
        values = {name: getattr(reach, name).copy() for name in LANDMARKS}
        for points in values.values():
            points[7 : 7 + n] = points[6]
        write_csv(Reach("held", reach.time, **values), tmp_path / "held.csv")
        assert "repeats" in refusal(tmp_path / "held.csv")
        result, imported = brought_in(tmp_path / "held.csv", tmp_path / "out")
        assert "held while the arm moves" in result.text()
        assert farthest_mm(imported, reach) < 0.5

    def test_another_point_between_gaps_is_noted(self, tmp_path, reach):
        paw = reach.paw.copy()
        paw[20:24] += [0, 0, 0.015]
        other = Reach("other", reach.time, shoulder=reach.shoulder, elbow=reach.elbow, paw=paw)
        write_csv(other, tmp_path / "other.csv")
        lines = [line.split(",") for line in (tmp_path / "other.csv").read_text().splitlines()]
        columns = [i for i, name in enumerate(lines[0]) if name.startswith("paw")]
        for frame in (17, 18, 19, 24, 25, 26):
            for column in columns:
                lines[1 + frame][column] = ""
        (tmp_path / "other.csv").write_text("\n".join(map(",".join, lines)) + "\n")
        result, _ = brought_in(tmp_path / "other.csv", tmp_path / "out")
        assert re.search(r"row 2\d the length of the forearm", result.text())

    @pytest.mark.parametrize("times", [2, 3])
    def test_rows_of_a_slower_camera(self, tmp_path, reach, times):
        slow = np.arange(reach.n_frames) // times * times
        values = {name: getattr(reach, name)[slow] for name in LANDMARKS}
        write_csv(Reach("slow", reach.time, **values), tmp_path / "slow.csv")
        assert "repeats" in refusal(tmp_path / "slow.csv")
        _, imported = brought_in(tmp_path / "slow.csv", tmp_path / "out")
        assert farthest_mm(imported, reach) < 0.5

    @pytest.mark.parametrize("point", LANDMARKS)
    def test_an_origin_in_a_point_is_a_position(self, tmp_path, reach, point):
        origin = getattr(reach, point)
        for shift in (origin, origin[:1]):  # in all frames, or where the point starts
            values = {name: getattr(reach, name) - shift for name in LANDMARKS}
            write_csv(Reach("o", reach.time, **values), tmp_path / "o.csv")
            if np.ptp(values["paw"]) > 0:
                assert read_csv(tmp_path / "o.csv").n_frames == reach.n_frames
                result, _ = brought_in(tmp_path / "o.csv", tmp_path / "out")
                assert "taken as not seen" not in result.text()
                (tmp_path / "out" / "o.csv").rename(tmp_path / f"{shift.shape}.csv")
                for left in (tmp_path / "out").iterdir():
                    left.unlink()


class TestDamage:
    @pytest.mark.parametrize("n", [1, 2, 3])
    def test_advice_lost_rows(self, saved, follow, reach, n):
        path = saved(lambda values: np.delete(values, range(25, 25 + n), axis=0))
        text = refusal(path)
        assert f"row 26, column time: {plural(n, 'row')} lost after this one" in text
        _, imported = follow(text)
        assert imported.n_frames == reach.n_frames
        assert farthest_mm(imported, reach) < 0.5

    @pytest.mark.parametrize("point", [0, 1, 2])
    @pytest.mark.parametrize("row", [1, 2, 30, 58])
    def test_advice_a_spike(self, saved, tmp_path, reach, point, row):
        def move(values):
            values[row, 1 + 3 * point : 4 + 3 * point] += [0.006, -0.006, 0.006]  # 10.4 mm
            return values

        path = saved(move)
        assert f"row {row + 2}" in refusal(path)
        result, imported = brought_in(path, tmp_path / "out")
        assert "spikes    1 points" in result.text()
        assert farthest_mm(imported, reach) < 1

    @pytest.mark.parametrize("rows", [slice(0, 1), slice(0, 2), slice(58, 60), slice(59, 60), slice(30, 60)])
    def test_what_is_moved_at_an_end_is_no_spike(self, saved, tmp_path, rows):
        def move(values):
            values[rows, 1:4] += [0.006, -0.006, 0.006]
            return values

        path = saved(move)
        refusal(path)
        with pytest.raises(KinematicsError, match=r"the paw is .* mm from"):
            brought_in(path, tmp_path / "out")

    def test_advice_a_stretch_that_is_moved(self, saved, tmp_path, reach):
        def move(values):
            values[20:23, 1:4] += [0.006, -0.006, 0.006]
            return values

        path = saved(move)
        refusal(path)
        with pytest.raises(KinematicsError, match=r"row 2\d: the paw is .* emptying its cells"):
            brought_in(path, tmp_path / "out")
        rows = [line.split(",") for line in path.read_text().splitlines()]
        for row in rows[21:24]:
            row[1:4] = "", "", ""
        path.write_text("\n".join(map(",".join, rows)))
        assert farthest_mm(brought_in(path, tmp_path / "out")[1], reach) < 1

    def test_advice_what_was_written_here_is_hashed(self, tmp_path, reach):
        write_reaches([reach], tmp_path)
        file = tmp_path / f"{reach.name}.csv"
        before = file.read_text()
        file.write_text(before.replace("0.0066667", "0.0066668", 1))
        with pytest.raises(KinematicsError, match=re.escape("sha256sums.txt")):
            read_reaches(tmp_path)
        (tmp_path / "sha256sums.txt").write_text("")
        assert read_reaches(tmp_path)[0].time[1] == 0.0066668
        write_reaches([reach], tmp_path)
        assert file.read_text() == before
        assert read_reaches(file)[0].n_frames == reach.n_frames

    def test_hashes_of_other_files_are_kept(self, tmp_path, torque_arm):
        first, second = generate(torque_arm, 2, seed=0)
        write_reaches([first], tmp_path)
        write_reaches([second], tmp_path)
        lines = (tmp_path / "sha256sums.txt").read_text().splitlines()
        assert [line.split("  ")[1] for line in lines] == ["reach_00.csv", "reach_01.csv"]


class TestRecordingsPass:
    @pytest.mark.parametrize("rate", [60, 150, 1000])
    def test_noise_of_a_tracker(self, tmp_path, torque_arm, rate):
        rng = np.random.default_rng(rate)
        noisy = [
            Reach(r.name, r.time, **{name: getattr(r, name) + rng.normal(0, 3e-4, r.paw.shape) for name in LANDMARKS})
            for r in generate(torque_arm, 4, seed=rate, dt=1 / rate)
        ]
        write_reaches(noisy, tmp_path / "in")
        files = sorted((tmp_path / "in").glob("*.csv"))
        assert [read.n_frames for read in read_reaches(tmp_path / "in")] == [one.n_frames for one in noisy]
        for result in import_reaches(files, tmp_path / "out", ImportOptions(**PLAIN)):
            assert "taken as not seen" not in result.text()

    @pytest.mark.parametrize("decimals", [3, 4, 5])
    def test_times_and_positions_that_were_rounded(self, saved, decimals):
        def rounded(values):
            values[:, 0], values[:, 1:] = values[:, 0].round(3), values[:, 1:].round(decimals)
            return values

        assert read_csv(saved(rounded)).n_frames == 60

    def test_what_ships(self):
        assert len(read_reaches(resolve("package:synthetic", "kinematics/data"))) == 32
        assert read_reaches(resolve("package:demo.csv", "kinematics/data"))[0].n_frames == 50

    @needs_recordings
    def test_recorded(self, tmp_path):
        files = sorted(RECORDED.glob("*.csv"))
        for file in files:
            resample(read_csv(file), 1 / 150)
        for result in import_reaches(files, tmp_path / "out", ImportOptions(**PLAIN)):
            assert "taken as not seen" not in result.text()


def test_the_columns_that_are_needed():
    assert {column for column in COLUMNS if not column.startswith("wrist")} == set(REQUIRED)
