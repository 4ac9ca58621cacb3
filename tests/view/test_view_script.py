import sys
from argparse import Namespace

import pytest


@pytest.fixture
def script(load_script):
    return load_script("view")


@pytest.fixture
def run(run_script, monkeypatch, tmp_path):
    """Run the script without a display; gives how it ended."""
    monkeypatch.chdir(tmp_path)
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    return lambda *arguments: run_script("view", *arguments)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there always is a display")
def test_without_a_display_it_says_what_else_there_is(run):
    message = run("model=muscle", "threads=1").err
    assert "error: There is no display to open a window on. `--web` shows the same in a browser" in message
    assert "python scripts/video.py" in message


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["none"], "error: There is no run in none"),
        (["modle=muscle"], "error: "),
        (["--kinematics", "none.csv"], "error: "),
        (["--reach", "dmeo"], "error: There is no reach named 'dmeo'. Did you mean 'demo'?"),
        *(
            (["--kinematics", "none.csv", "--slowmo", s], f"error: the speed {s} is not above 0")
            for s in ("0", "-1", "nan", "7")
        ),
        (["--kinematics", "none.csv", "--web", "--port", "70000"], "error: port 70000 does not exist"),
        (["none", "--web", "--port", "-1"], "error: port -1 does not exist"),
    ],
)
def test_wrong_input_is_explained(run, arguments, message):
    refused = run(*arguments)
    assert refused.status == 1
    assert refused.err.startswith(message)


@pytest.mark.parametrize(
    "arguments",
    [
        ["first", "second"],
        ["outputs/first", "seed=1"],
        ["--checkpoint", "best"],
        ["outputs/first", "--controller", "cmc"],
    ],
)
def test_what_does_not_go_together_is_refused(run, arguments):
    assert run(*arguments).status == 2


def test_a_run_is_told_from_overrides(script, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def driver(*what, controller=None):
        given = Namespace(what=what, controller=controller, kinematics=None, checkpoint=None)
        return script.performer(given).driver

    assert driver("model=torque", "threads=1") == "reference"
    assert driver(controller="cmc") == "controller"


@pytest.mark.parametrize("library", ["viser", "trimesh"])
def test_what_the_browser_needs_is_named(run, monkeypatch, library):
    for module in [name for name in sys.modules if name.startswith("mousearm.view.")]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, library, None)
    assert run("--web").err == "error: The viewer in a browser needs viser: pip install 'mousearm[web]'.\n"
