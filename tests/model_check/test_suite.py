"""All checks together, and the command line as a user calls it."""

from functools import partial

import pytest
from PIL import Image

from mousearm.model_check import Result, result_table
from mousearm.model_check.figure import check_figure, draw_check
from mousearm.model_check.stability import stress_test
from mousearm.model_check.suite import check_model


def test_only_a_failure_tells_what_to_do():
    good = Result("one", True, "1 mm", "2 mm", "never shown")
    bad = Result("second", False, "3 mm", "2 mm", "shrink it")
    assert result_table([good, bad]).splitlines() == [
        "pass  one: 2 mm",
        "      1 mm",
        "FAIL  second: 2 mm",
        "      3 mm",
        "      -> shrink it",
    ]


@pytest.fixture
def call(run_script, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: run_script("check_model", "threads=1", *arguments)


@pytest.fixture(scope="module")
def quick_stress():
    """A second of random controls in place of ten."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("mousearm.model_check.stability.stress_test", partial(stress_test, seconds=1.0))
        yield


@pytest.fixture(scope="module")
def reports(configure, quick_stress):
    return {model: check_model(configure(f"model={model}")) for model in ("torque", "muscle")}


@pytest.mark.parametrize(("model", "n_results"), [("torque", 9), ("muscle", 11)])
def test_shipped_models_pass(reports, model, n_results):
    report = reports[model]
    assert report.passed, report.text()
    assert len(report.results) == n_results
    assert report.text().endswith("All checks passed.")
    assert [line for line in report.text().splitlines() if len(line) > 80 and report.arm.source not in line] == []


@pytest.mark.slow
@pytest.mark.parametrize("lengths", [(7.43, 13.38), (14.54, 14.37)])
def test_the_muscle_arm_passes_at_the_sizes_of_recorded_animals(configure, lengths):
    upper_arm, forearm = (f"model.{name}_mm={mm}" for name, mm in zip(("upper_arm", "forearm"), lengths, strict=True))
    report = check_model(configure("model=muscle", "model.fit=animal", upper_arm, forearm))
    assert report.passed, report.text()
    assert "upper arm {:.2f} mm, forearm {:.2f} mm".format(*lengths) in report.text()


def test_muscles_have_a_table_of_their_own(reports):
    assert "Pectoralis_Major_Anterior" in reports["muscle"].text()
    assert "Fibre length" not in reports["torque"].text()


def test_figure_has_a_panel_for_muscles_only_where_there_are_some(reports, tmp_path):
    titles = {model: [axes.get_title(loc="left") for axes in check_figure(reports[model]).axes] for model in reports}
    assert titles == {"torque": ["Torque"], "muscle": ["Torque", "Muscles"]}
    files = draw_check(reports["muscle"], tmp_path / "new")
    assert [file.name for file in files] == ["check_muscle.png", "check_muscle.pdf"]
    assert Image.open(files[0]).width == int(180 / 25.4 * 200)  # 180 mm at 200 dpi
    assert files[1].read_bytes().startswith(b"%PDF")


def test_figure_has_two_rows_per_joint(reports):
    (axes,) = check_figure(reports["torque"]).axes
    assert [label.get_text() for label in axes.get_yticklabels()][:2] == ["elv_angle +", "elv_angle −"]
    assert len(axes.get_yticks()) == 12


@pytest.mark.slow
@pytest.mark.parametrize(("model", "more"), [("torque", ["--integration"]), ("muscle", [])])
def test_script_passes_the_shipped_models(call, tmp_path, monkeypatch, model, more):
    monkeypatch.setattr("mousearm.model_check.stability.stress_test", stress_test)
    done = call(f"model={model}", "--figure", "out", *more)
    assert done.status == 0, done.err
    assert done.err == ""
    assert "10 s survived" in done.out
    assert "All checks passed." in done.out
    assert (tmp_path / "out" / f"check_{model}.png").is_file()
    assert ("implicitfast  16" in done.out) == bool(more)


def test_script_refuses_the_published_inertia(call, published_inertia, quick_stress):
    done = call(f"model.file={published_inertia}")
    assert done.status == 1
    assert "FAIL  radius of gyration" in done.out
    assert "humerus 113 mm" in done.out
    assert "FAIL  strength for the reaches" in done.out
    assert "checks FAILED." in done.out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["model.file=nowhere.xml"], "there is no file nowhere.xml"),
        (["model.landmarks.paw=site:hand"], "Did you mean 'handm'?"),
        (["--kinematics", "nowhere.csv"], "nowhere.csv cannot be read: No such file or directory."),
        (["model.fil=x"], "There is no configuration key in model named 'fil'"),
        (["model.file=broken.xml"], "MuJoCo cannot compile broken.xml"),
    ],
)
def test_wrong_input_is_one_line(call, tmp_path, arguments, message):
    (tmp_path / "broken.xml").write_text("<mujoco><worldbdy/></mujoco>")
    done = call(*arguments)
    assert done.status == 1
    assert done.err.startswith("error: ")
    assert message in done.err
    assert done.err.count("\n") == 1
    assert done.out == ""
