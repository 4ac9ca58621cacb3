"""Recordings in many dialects: each gives its reach, or is refused with advice that works."""

import os
from time import process_time

import numpy as np
import pytest
from dialects import DIALECTS, OWN, RATE, REFUSED, TRUTH, T
from tracked_files import POINTS

from mousearm.errors import KinematicsError, MouseArmError
from mousearm.kinematics.imports import ImportOptions, import_file


def bring(path, case):
    """What a file of a dialect is read as, which is not written."""
    return import_file(path, "a", ImportOptions(points=case.points or POINTS, axes="x y z", **case.say))


def written(folder, name, case):
    path = folder / f"take.{case.suffix}"
    case.write(path)
    return path


def check(case, imported):
    """The points are those of the reach, but for what the case says."""
    (reach,) = imported.reaches
    points, time = reach.landmarks[:, :, [1, 2, 0]], reach.time
    first = case.gap[1] if case.gap and case.gap[0] == 0 else 0
    truth = TRUTH[first:]
    assert points.shape == truth.shape
    np.testing.assert_allclose(np.diff(time), 1 / RATE, rtol=2e-3)
    far = np.linalg.norm(points - truth, axis=-1)
    if case.gap and first == 0:
        inside = np.zeros(T, bool)
        inside[slice(*case.gap)] = True
        assert far[inside].max() < 2e-4
        far = far[~inside]
    assert far.max() <= (case.far + 1e-12) * 3**0.5


@pytest.mark.parametrize("name", DIALECTS)
def test_the_reach_of_every_dialect(tmp_path, name):
    case = DIALECTS[name]
    check(case, bring(written(tmp_path, name, case), case))


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=pytest.mark.slow) if name in ("Vicon", "QTM", "NDI") else name for name in REFUSED],
)
def test_advice_for_what_cannot_be_read(tmp_path, name):
    advice, broken, followed = REFUSED[name]
    with pytest.raises(MouseArmError) as caught:
        bring(written(tmp_path, name, broken), broken)
    assert f"take.{broken.suffix}" in str(caught.value)
    assert advice in str(caught.value)
    check(followed, bring(written(tmp_path, name, followed), followed))


@pytest.mark.parametrize("suffix", ["csv", "trc", "sto", "h5", "nc", "nwb", "c3d", "xyz"])
def test_what_is_no_regular_file(tmp_path, suffix):
    folder, pipe = tmp_path / f"folder.{suffix}", tmp_path / f"pipe.{suffix}"
    folder.mkdir()
    os.mkfifo(pipe)
    for path in (folder, pipe, tmp_path / f"missing.{suffix}"):
        with pytest.raises(MouseArmError) as caught:
            bring(path, OWN)
        assert str(path) in str(caught.value)


def test_there_are_enough():
    assert len(DIALECTS) >= 60


@pytest.mark.parametrize(
    ("name", "note"),
    [
        ("times off by 15 %", "of the mean interval apart, resampled by cubic splines"),
        ("time in ms, --rate", "its times are ms"),
        ("trc, always 120 Hz, --rate", "its DataRate is 120 Hz"),
        ("JARVIS", "without frame numbers, each row is a frame"),
    ],
)
def test_what_was_assumed_is_noted(tmp_path, name, note):
    assert note in bring(written(tmp_path, name, DIALECTS[name]), DIALECTS[name]).text()


def test_a_unit_that_the_file_says_otherwise_is_noted(tmp_path):
    _, _, followed = REFUSED["trc, wrong about its unit"]
    notes = bring(written(tmp_path, "trc", followed), followed).text()
    assert "unit      m (--units says so, the file says mm)" in notes


def test_without_the_package_for_c3d(tmp_path, monkeypatch):
    path = written(tmp_path, "C3D", DIALECTS["C3D"])
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(KinematicsError, match=r"pip install 'mousearm\[c3d\]'. Or export .trc"):
        bring(path, DIALECTS["C3D"])


def damaged(content, rng):
    """Bytes with one of six kinds of damage: cut off, changed, lost, doubled, a bit turned, a line lost or doubled."""
    kind, n = int(rng.integers(6)), len(content)
    start, stop = sorted(map(int, rng.integers(0, n, 2)))
    piece = slice(start, min(stop, start + 200))
    if kind == 0:
        return content[:start]
    if kind in (1, 4):
        damage = bytearray(content)
        for _ in range(int(rng.integers(1, 6)) if kind == 1 else 1):
            place = int(rng.integers(n))
            damage[place] = int(rng.integers(256)) if kind == 1 else damage[place] ^ 1 << int(rng.integers(8))
        return bytes(damage)
    if kind in (2, 3):
        return content[:start] + (2 * content[piece] if kind == 3 else b"") + content[piece.stop :]
    lines = content.split(b"\n")
    which = int(rng.integers(len(lines)))
    return b"\n".join(lines[:which] + (2 * lines[which : which + 1] if start % 2 else []) + lines[which + 1 :])


@pytest.mark.parametrize(
    ("seed", "n_files"), [(0, 180), *(pytest.param(seed, 400, marks=pytest.mark.slow) for seed in (1, 2, 3, 4, 5))]
)
def test_damage_is_refused_or_leaves_a_reach(tmp_path, seed, n_files, draws):
    """Never a traceback, nor a hang; what the damage left whole is the reach."""
    rng, names = np.random.default_rng(seed), [name for name, case in DIALECTS.items() if case.suffix != "c3d"]
    contents = {name: written(tmp_path, name, DIALECTS[name]).read_bytes() for name in names}
    n_refused, drawn = 0, rng.choice(names, draws(n_files))
    for name in drawn:
        path = tmp_path / f"take.{DIALECTS[name].suffix}"
        path.write_bytes(damaged(contents[name], rng))
        started = process_time()
        try:
            (reach,) = bring(path, DIALECTS[name]).reaches
            assert 3 <= reach.n_frames <= 20 * T
        except MouseArmError:
            n_refused += 1
        assert process_time() - started < 20
    assert n_refused > len(drawn) / 2


@pytest.mark.slow
def test_damage_of_c3d(tmp_path, draws):
    """The package that reads it crashes, and asks for gigabytes, where some bytes are changed."""
    rng, case = np.random.default_rng(0), DIALECTS["C3D"]
    path = written(tmp_path, "C3D", case)
    whole, n_refused, n = path.read_bytes(), 0, draws(40)
    for _ in range(n):
        content = bytearray(damaged(whole[:1600], rng) + whole[1600:])
        path.write_bytes(content)
        try:
            assert np.abs(bring(path, case).reaches[0].landmarks).max() < 1
        except MouseArmError:
            n_refused += 1
    assert n_refused > n / 2
