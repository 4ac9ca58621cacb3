"""One order of landmarks in the whole package, and what a trial says of itself."""

import ast
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import mousearm
from mousearm.trajectory import ELBOW, FOLLOWED, LANDMARKS, PAW, SHOULDER, Trial, errors_mm, hold

PACKAGE = Path(mousearm.__file__).parent
# These show the paw first, and take its numbers by name.
BY_NAME = {"report", "share"}


def test_indices_are_those_of_the_names():
    assert [LANDMARKS[i] for i in (SHOULDER, ELBOW, PAW)] == ["shoulder", "elbow", "paw"]
    assert LANDMARKS[FOLLOWED] == ("elbow", "paw")


def orders(source):
    """Landmarks as literals and unpacked variables of a source list them, and whether these are texts."""
    for node in ast.walk(ast.parse(source)):
        parts = node.keys if isinstance(node, ast.Dict) else getattr(node, "elts", [])
        texts = [part.value for part in parts if isinstance(part, ast.Constant)]
        variables = [part.id for part in parts if isinstance(part, ast.Name)]
        if "wrist" not in texts:  # it is among the columns of a file, which are found by name
            yield from ((names, names is texts) for names in (texts, variables) if len({*names} & {*LANDMARKS}) > 1)


def test_no_file_has_an_order_of_its_own():
    for module in (path.relative_to(PACKAGE) for path in sorted(PACKAGE.rglob("*.py"))):
        for names, texts in orders((PACKAGE / module).read_text(encoding="utf-8")):
            named = [name for name in names if name in LANDMARKS]
            assert named == sorted(named, key=LANDMARKS.index) or module.parts[0] in BY_NAME, module
            whole = texts and {*named} == {*LANDMARKS}
            assert not whole or module.name == "trajectory.py", f"{module}: import LANDMARKS"


def test_another_order_is_found():
    assert list(orders('a = ("paw", "elbow")\npaw, x, elbow = a')) == [
        (["paw", "elbow"], True),
        (["paw", "x", "elbow"], False),
    ]


@pytest.fixture
def trial():
    """Five of seven frames 10 ms apart; the paw leaves its target by 5 mm a frame (3, 4, 5), the elbow stays 1 mm off.

    Nothing is known of the shoulder's target, nor of velocities.
    """
    frame = np.arange(7.0)[:, None]
    targets = np.random.default_rng(0).normal(scale=0.01, size=(7, 3, 3))
    landmarks = targets[:5].copy()
    landmarks[:, ELBOW, 2] -= 1e-3
    landmarks[:, PAW] += frame[:5] * [3e-3, 4e-3, 0]
    targets[:, SHOULDER] = np.nan
    return Trial(
        name="reach",
        dt=0.01,
        diverged=True,
        landmarks=landmarks,
        targets=targets,
        qpos=frame[:5] * [0.1, -0.2],
        reference=frame * [0.1, -0.2],
        driven=np.array([True, True, False, False, True]),
    )


def test_errors_by_hand(trial):
    np.testing.assert_allclose(trial.errors_mm[:, PAW], 5 * np.arange(5))
    np.testing.assert_allclose(trial.errors_mm[:, ELBOW], 1)
    assert np.isnan(trial.errors_mm[:, SHOULDER]).all()
    np.testing.assert_allclose(trial.mean_errors_mm[FOLLOWED], [1, 5 * 2.5])  # frame 0 does not count
    np.testing.assert_array_equal(errors_mm(trial.landmarks, trial.targets[:5]), trial.errors_mm)


def test_time(trial):
    assert (len(trial), trial.n_frames) == (5, 7)
    assert (trial.end, trial.duration) == pytest.approx((0.04, 0.06))
    np.testing.assert_allclose(trial.time, [0, 0.01, 0.02, 0.03, 0.04])


def test_on_a_frame_it_is_that_frame_and_between_two_a_mixture(trial):
    for i, time in enumerate(trial.time):
        frame = trial.at(time)
        np.testing.assert_allclose(frame.qpos, trial.qpos[i], atol=1e-12)
        np.testing.assert_allclose(frame.errors_mm, trial.errors_mm[i], atol=1e-9)
    quarter = trial.at(0.0125)
    assert quarter.time == pytest.approx(0.0125)
    np.testing.assert_allclose(quarter.qpos, [0.125, -0.25])
    np.testing.assert_allclose(quarter.reference, quarter.qpos)
    np.testing.assert_allclose(quarter.landmarks, 0.75 * trial.landmarks[1] + 0.25 * trial.landmarks[2])
    # Both the paw and its target move in a straight line from 5 to 10 mm apart, in one direction.
    assert quarter.errors_mm[PAW] == pytest.approx(6.25)
    assert [trial.at(time).driven for time in (0.005, 0.0199, 0.02, 0.04)] == [True, True, False, True]


def test_before_the_first_frame_and_after_the_last_it_is_these(trial):
    np.testing.assert_array_equal(trial.at(-1).landmarks, trial.landmarks[0])
    assert trial.at(9).time == trial.end
    np.testing.assert_array_equal(trial.at(9).landmarks, trial.landmarks[-1])


def test_an_arm_that_outlives_its_reach_is_held_to_the_last_target(trial):
    longer = replace(trial, diverged=False, targets=trial.targets[:3], reference=trial.reference[:3])
    assert (len(longer), longer.n_frames) == (5, 3)
    np.testing.assert_array_equal(longer.at(0.04).targets, trial.targets[2])
    np.testing.assert_array_equal(longer.at(0.035).reference, trial.reference[2])
    apart = np.linalg.norm(trial.landmarks[4, PAW] - trial.targets[2, PAW])
    assert longer.errors_mm[4, PAW] == pytest.approx(1e3 * apart)


def test_what_is_not_known_has_no_columns(trial):
    assert trial.qvel.shape == trial.ctrl.shape == (5, 0)
    assert trial.at(0.01).activation.shape == (0,)


@pytest.mark.parametrize(
    "change",
    [
        {"qpos": np.zeros((4, 2))},
        {"reference": np.zeros((5, 2))},
        {"landmarks": np.zeros((5, 2, 3))},
        {"targets": np.zeros((7, 3))},
        {"landmarks": np.zeros((0, 3, 3))},
    ],
    ids=lambda change: next(iter(change)),
)
def test_shapes_that_do_not_fit_are_refused(trial, change):
    with pytest.raises(ValueError, match=f"trial reach: {next(iter(change))} has"):
        replace(trial, **change)


@pytest.mark.parametrize("n", [1, 3, 6])
def test_rows_are_held(n):
    rows = np.arange(6.0).reshape(3, 2)
    np.testing.assert_array_equal(hold(rows, n), rows[np.minimum(np.arange(n), 2)])
