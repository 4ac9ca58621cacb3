"""Before a generated engine is used it is held against MuJoCo; where it cannot be used, the reason is told."""

import json
from dataclasses import fields, replace

import mujoco
import pytest

from mousearm.engine import check as checking
from mousearm.engine.check import TOLERANCE, EngineCheck, load_engine
from mousearm.errors import CompilerError, EngineError
from mousearm.simulation import GeneratedSimulation, MujocoSimulation, build_simulation, choose_engine

DT, SUBSTEPS = 1 / 150, 16


@pytest.fixture(scope="session")
def little(build_two_link):
    """The two-link arm as tests of simulation have it."""
    return build_two_link('autolimits="true"/>', 'autolimits="true"/><option integrator="RK4"/>')


@pytest.fixture(scope="session")
def timed(little):
    little.physics.opt.timestep = DT / SUBSTEPS
    return little.physics


@pytest.mark.usefixtures("compiler")
def test_the_check_is_made_once_for_each_version_of_mujoco(timed, little, monkeypatch):
    made, compare = [], checking.compare
    monkeypatch.setattr(checking, "compare", lambda *given: made.append(1) or compare(*given))
    first = load_engine(timed, little.landmarks, SUBSTEPS)
    made.clear()  # another test may have been the first
    assert 0 < first.check.qpos < 1e-10
    assert first.check.passed
    assert load_engine(timed, little.landmarks, SUBSTEPS).check == first.check
    assert not made
    file = first.library.folder / "check.json"
    for damage in ("", "{}", '{"mujoco": 1}', file.read_text().replace(mujoco.__version__, "1.0")):
        file.write_text(damage)
        assert load_engine(timed, little.landmarks, SUBSTEPS).check == first.check
    assert len(made) == 4


@pytest.mark.usefixtures("compiler")
def test_a_generator_that_is_wrong_is_found_out(timed, little, monkeypatch):
    wrong, right = "#define TIMESTEP ", "#define TIMESTEP 1.000001 * "  # steps that are a millionth too long
    source = checking.engine_source
    monkeypatch.setattr(checking, "engine_source", lambda *given: source(*given).replace(wrong, right))
    for _ in range(2):  # and never used later
        with pytest.raises(EngineError, match="differs from MuJoCo") as refused:
            load_engine(timed, little.landmarks, SUBSTEPS)
        assert set(refused.value.reasons) <= {field.name for field in fields(EngineCheck)}
    assert isinstance(build_simulation(little, 1, DT, SUBSTEPS, engine="auto"), MujocoSimulation)
    assert isinstance(build_simulation(little, 1, DT, SUBSTEPS, engine="mujoco"), MujocoSimulation)


def test_a_difference_that_is_not_a_number_fails():
    good = EngineCheck(0.0, 0.0, 0.0, 0.0, 0.0, TOLERANCE)
    assert good.passed
    assert not replace(good, force=float("nan")).passed
    assert not replace(good, landmarks=2 * TOLERANCE).passed


@pytest.mark.usefixtures("compiler")
def test_what_auto_is(little, two_link):
    chosen = choose_engine(little, DT, SUBSTEPS, "auto")
    assert chosen.name == "generated"
    assert chosen.text.startswith("generated, within ")
    assert json.loads(json.dumps(chosen.record))["compiler"] == chosen.compiler
    assert isinstance(build_simulation(little, 1, DT, SUBSTEPS, engine="auto"), GeneratedSimulation)
    assert choose_engine(little, DT, SUBSTEPS, "mujoco").record == {}


def test_without_a_compiler_it_is_mujoco_and_says_why(little):
    """As on every machine where the tests run: their CXX is no compiler."""
    chosen = choose_engine(little, DT, SUBSTEPS, "auto")
    assert chosen.name == "mujoco"
    assert chosen.record == {}
    assert "There is no C++ compiler that works" in chosen.text
    with pytest.raises(CompilerError, match="give engine=mujoco"):
        choose_engine(little, DT, SUBSTEPS, "generated")
    assert choose_engine(little, DT, SUBSTEPS, "mujoco").name == "mujoco"
