"""Damaged files of reaches: what was written here is found by its hash, other files as far as a reach tells.

Of a file without a hash it is asked that no point ends more than `ALLOWED_MM` from where it was at that time.
"""

import random
import shutil
from collections import Counter

import mutations
import numpy as np
import pytest

from mousearm.errors import KinematicsError, MouseArmError
from mousearm.kinematics import generate, read_csv, read_reaches, write_reaches
from mousearm.kinematics.imports import ImportOptions, import_reaches
from mousearm.trajectory import LANDMARKS

ALLOWED_MM = 10.0


def lose(rows, rng):
    at = rng.randrange(1, len(rows) - 4)
    del rows[at : at + rng.choice((1, 1, 2, 3))]


def double(rows, rng):
    at = rng.randrange(len(rows))
    rows.insert(at, list(rows[at]))


def swap(rows, rng):
    a, b = rng.sample(range(len(rows)), 2)
    rows[a], rows[b] = rows[b], rows[a]


def swap_positions(rows, rng):
    a, b = rng.sample(range(len(rows)), 2)
    rows[a][1:], rows[b][1:] = rows[b][1:], rows[a][1:]


def move(rows, rng):
    """A point, or the arm, of one row, some, or all that follow, by 10.5 to 30 mm."""
    direction = np.random.default_rng(rng.randrange(10**6)).normal(size=3)
    offset = rng.uniform(0.0105, 0.03) * direction / np.linalg.norm(direction)
    first = rng.randrange(1, len(rows) - 1)
    last = rng.choice((first + 1, min(first + rng.randrange(1, 9), len(rows)), len(rows)))
    points = rng.choice(((0,), (1,), (2,), (0, 1, 2)))
    for row in rows[first:last]:
        for point in points:
            for axis in range(3):
                column = 1 + 3 * point + axis
                row[column] = f"{float(row[column]) + offset[axis]:.7f}"


def exchange_points(rows, rng):
    row, (a, b) = rng.choice(rows), rng.sample((1, 4, 7), 2)
    row[a : a + 3], row[b : b + 3] = row[b : b + 3], row[a : a + 3]


def stand_in(rows, rng):
    first, point = rng.randrange(len(rows)), 1 + 3 * rng.randrange(3)
    for row in rows[first : first + rng.randrange(1, 9)]:
        row[point : point + 3] = [rng.choice(("0", "-1", "1e10", "nan", "", "-9999", "NA"))] * 3


ROWS = (lose, double, swap, swap_positions, move, move, exchange_points, stand_in)


def damage_rows(data, rng):
    header, *rows = (line.split(",") for line in data.decode().splitlines())
    rng.choice(ROWS)(rows, rng)
    return ("\n".join(",".join(row) for row in [header, *rows]) + "\n").encode()


def bring_in(path):
    out = path.parent / "out"
    shutil.rmtree(out, ignore_errors=True)
    import_reaches([path], out, ImportOptions(unit="m", axes="x y z", max_gap_ms=60.0))
    return read_csv(out / path.name)


def outcome(read, path, truth):
    """What becomes of one file: refused, harmless, or how far a point is off."""
    try:
        found = read(path)
    except MouseArmError:
        return "refused"
    off = 0.0
    for name in LANDMARKS:
        there = np.stack([np.interp(found.time, truth.time, axis) for axis in getattr(truth, name).T], axis=1)
        off = max(off, 1e3 * np.linalg.norm(there - getattr(found, name), axis=1).max())
    return "harmless" if off <= ALLOWED_MM else f"silent: {off:.1f} mm"


def sweep(arm, folder, seeds):
    """Damage reaches; gives the outcomes without a hash, and how many of those with one were read though changed."""
    reaches = generate(arm, 4, seed=1)
    write_reaches(reaches, folder / "hashed")
    (folder / "plain").mkdir()
    found, missed = {}, []
    for seed in seeds:
        rng = random.Random(seed)
        reach = rng.choice(reaches)
        file = folder / "hashed" / f"{reach.name}.csv"
        good = file.read_bytes()
        bad = damage_rows(good, rng) if seed % 2 else mutations.damage(good, rng)
        plain = folder / "plain" / "reach.csv"
        plain.write_bytes(bad)
        found[seed] = outcome(read_csv, plain, reach)
        found[seed, "import"] = outcome(bring_in, plain, reach)
        file.write_bytes(bad)
        try:
            read_reaches(file)
            missed += [seed] if bad != good else []
        except KinematicsError:
            pass
        file.write_bytes(good)
    return found, missed


def check(found, missed):
    silent = {seed: said for seed, said in found.items() if said.startswith("silent")}
    assert not silent
    assert not missed
    return Counter(found.values())


def test_some_damaged_reaches(torque_arm, tmp_path):
    assert check(*sweep(torque_arm, tmp_path, range(60)))["refused"] > 60


@pytest.mark.slow
def test_damaged_reaches(torque_arm, tmp_path, draws):
    print(check(*sweep(torque_arm, tmp_path, range(draws(2000)))))
