"""From a configuration to an arm and its references; above all, whose lengths the arm has."""

from dataclasses import replace
from pathlib import Path
from statistics import median

import numpy as np
import pytest

import mousearm
from mousearm.env.references import prepare, reach_files, with_lengths
from mousearm.errors import KinematicsError
from mousearm.kinematics import Reach, read_reaches, write_csv

RECORDED = Path(__file__).parents[3] / "shared" / "kinematics"
recorded = pytest.mark.skipif(not RECORDED.is_dir(), reason="the recorded reaches are not there")


def reach(upper_arm, forearm, name="reach"):
    """An arm of given lengths, in m, along x; the paw of its last of five frames is 9 mm farther away."""
    x = np.array([1.0, 0, 0])
    shoulder = np.zeros((5, 3))
    elbow = shoulder + upper_arm * x
    paw = elbow + forearm * x
    paw[-1] += 0.009 * x
    return Reach(name, np.arange(5) / 150, shoulder=shoulder, elbow=elbow, paw=paw)


def test_nothing_is_filled_in_where_the_model_stays_as_it_is(configure):
    config = configure()
    assert with_lengths(config.model, [reach(0.01, 0.015)]) == config.model
    assert prepare(config).config == config


def test_lengths_are_medians_of_medians(configure):
    # Each reach counts once, whatever its bad frame says: medians of 9, 10, 13 mm and of 14, 15, 19 mm.
    reaches = [reach(0.009, 0.019), reach(0.013, 0.014), reach(0.010, 0.015)]
    model = with_lengths(configure("model.fit=animal").model, reaches)
    assert (model.upper_arm_mm, model.forearm_mm) == pytest.approx((10, 15))


def test_a_length_that_is_given_stays(configure):
    model = with_lengths(configure("model.fit=animal", "model.forearm_mm=12.5").model, [reach(0.009, 0.019)])
    assert (model.upper_arm_mm, model.forearm_mm) == (pytest.approx(9), 12.5)


def test_the_arm_has_the_lengths_that_the_configuration_says(configure):
    config, arm, references = prepare(configure("model=muscle", "model.fit=animal"))
    (recorded,) = read_reaches(Path(arm.source).parents[1] / "kinematics" / "data" / "demo.csv")
    lengths = (recorded.upper_arm_length, recorded.forearm_length)
    np.testing.assert_allclose((config.model.upper_arm_mm, config.model.forearm_mm), np.multiply(1e3, lengths))
    np.testing.assert_allclose(arm.segment_lengths(), lengths, rtol=1e-9)
    assert references[0].residual_mm.max() < 0.01
    # What it says is enough: the same arm without a look at the reaches.
    assert prepare(config).config == config


def test_lengths_do_not_depend_on_the_control_rate(configure):
    fast, slow = (prepare(configure("model.fit=animal", f"env.control_dt={dt}")).config.model for dt in (0.005, 0.01))
    assert fast == slow


def test_an_arm_is_not_fitted_to_several_animals_unless_their_lengths_are_given(configure, tmp_path):
    (shipped,) = read_reaches(Path(mousearm.__file__).parent / "kinematics" / "data" / "demo.csv")
    for animal in ("m1", "m2"):
        (tmp_path / animal / "monday").mkdir(parents=True)
        write_csv(shipped, tmp_path / animal / "monday" / "r.csv")
    words = ("model.fit=animal", f"kinematics.path={tmp_path}")
    with pytest.raises(KinematicsError, match=r"of 2 animals, m1 and m2 .* model.fit=animal .*model.upper_arm_mm"):
        prepare(configure(*words))
    assert len(prepare(configure(*words, "model.upper_arm_mm=10", "model.forearm_mm=15")).references) == 2
    assert len(prepare(configure("model.fit=animal", f"kinematics.path={tmp_path / 'm1'}")).references) == 1


@recorded
@pytest.mark.parametrize("model", ["torque", "muscle"])
def test_recorded_animals(configure, model):
    files = sorted(RECORDED.glob("*.csv"))
    assert len(files) == 6
    for file in files:
        config, arm, references = prepare(configure(f"model={model}", "model.fit=animal", f"kinematics.path={file}"))
        (animal,) = read_reaches(file)
        np.testing.assert_allclose(
            arm.segment_lengths(), (animal.upper_arm_length, animal.forearm_length), rtol=1e-9, err_msg=file.stem
        )
        assert references[0].residual_mm.max() < 0.01, file.stem
        assert config.model.fit == "animal"


@recorded
def test_recorded_animals_together(configure):
    config, arm, references = prepare(configure("model.fit=animal", f"kinematics.path={RECORDED}"))
    animals = read_reaches(RECORDED)
    assert config.model.upper_arm_mm == 1e3 * median(animal.upper_arm_length for animal in animals)
    assert config.model.forearm_mm == 1e3 * median(animal.forearm_length for animal in animals)
    assert max(reference.residual_mm.max() for reference in references) < 0.01
    np.testing.assert_allclose(arm.segment_lengths()[0], config.model.upper_arm_mm / 1e3, rtol=1e-9)


@recorded
def test_with_one_scale_the_targets_are_what_was_recorded(configure):
    """That scale is 1 for an arm of the animal's size; the trunk's movement is left out as always."""
    file = RECORDED / "reachset4_reach1.csv"
    (animal,) = read_reaches(file)
    overrides = ("model.fit=animal", "kinematics.retarget=uniform", f"kinematics.path={file}")
    _, arm, (reference,) = prepare(configure(*overrides))
    shoulder = arm.landmark_positions(arm.rest_qpos[None])[0, 0]
    np.testing.assert_allclose(reference.paw[0] - shoulder, animal.paw[0] - animal.shoulder[0], atol=1e-8)


@pytest.fixture
def folder(tmp_path):
    """Three shipped reaches, a file of text, and a reach with a forearm that points backwards."""
    reaches = read_reaches(Path(mousearm.__file__).parent / "kinematics" / "data" / "synthetic")[:4]
    for one in reaches[:3]:
        write_csv(one, tmp_path / f"{one.name}.csv")
    (tmp_path / "notes.csv").write_text("hello\nworld\n")
    write_csv(replace(reaches[3], paw=2 * reaches[3].elbow - reaches[3].paw), tmp_path / "turned.csv")
    return tmp_path


def test_a_bad_file_is_refused_by_name(folder, configure):
    with pytest.raises(KinematicsError, match=r"notes\.csv, row 1: the header has no column .*kinematics\.on_bad=skip"):
        prepare(configure(f"kinematics.path={folder}"))
    (folder / "notes.csv").unlink()
    with pytest.raises(KinematicsError, match=r"turned: the arm of .* cannot follow it\. At frame .*on_bad=skip"):
        prepare(configure(f"kinematics.path={folder}"))


def test_bad_files_are_skipped_and_named(folder, configure):
    left_out = []
    config = configure(f"kinematics.path={folder}", "kinematics.on_bad=skip")
    references = prepare(config, on_skip=left_out.append).references
    assert [reference.name for reference in references] == ["reach_00", "reach_01", "reach_02"]
    assert [text.split(":")[0].split(",")[0] for text in left_out] == [str(folder / "notes.csv"), "turned"]
    with pytest.warns(UserWarning, match=r"notes\.csv"), pytest.warns(UserWarning, match="turned: the arm of"):
        prepare(config)


def test_nothing_left_is_refused(folder, configure):
    for file in folder.glob("reach_*.csv"):
        file.unlink()
    config = configure(f"kinematics.path={folder}", "kinematics.on_bad=skip")
    with pytest.raises(KinematicsError, match=r"leaves no reach of 1\. The last one: turned: the arm of"):
        prepare(config, on_skip=lambda text: None)
    (folder / "turned.csv").unlink()
    with pytest.raises(KinematicsError, match=r"leaves no reach of 1\. The last one: .*notes\.csv"):
        prepare(config, on_skip=lambda text: None)


def test_only_the_files_that_are_asked_for_are_read(folder, configure):
    config = configure(f"kinematics.path={folder}")
    good = [file for file in reach_files(config) if file.name in ("reach_00", "reach_02")]
    assert [reference.name for reference in prepare(config, good).references] == ["reach_00", "reach_02"]


def test_a_second_time_nothing_is_searched(folder, configure, monkeypatch, tmp_path_factory):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
    config = configure(f"kinematics.path={folder / 'reach_00.csv'}")
    first = prepare(config).references[0]

    def search(*arguments):
        raise AssertionError("inverse kinematics was done again")

    monkeypatch.setattr("mousearm.inverse_kinematics.inverse_kinematics", search)
    again = prepare(config).references[0]
    for name in ("elbow", "paw", "qpos", "qvel", "residual_mm"):
        np.testing.assert_array_equal(getattr(again, name), getattr(first, name))
    # A bound that is not kept is found out from the cache too.
    with pytest.raises(KinematicsError, match=r"kinematics\.max_residual_mm=1e-12 is allowed"):
        prepare(configure(f"kinematics.path={folder / 'reach_00.csv'}", "kinematics.max_residual_mm=1e-12"))
    # Another rate gives other targets.
    with pytest.raises(AssertionError, match="done again"):
        prepare(configure(f"kinematics.path={folder / 'reach_00.csv'}", "env.control_dt=0.01"))
