"""Films of trained agents, and the command line that makes them."""

from pathlib import Path

import imageio.v2 as imageio
import numpy as np
import pytest
from PIL import Image

from mousearm import experiment
from mousearm.agent import titles
from mousearm.errors import ConfigError, RenderError, RunError, UnknownNameError
from mousearm.record.filming import film_runs
from mousearm.render import Picture

SMALL = {"size": (64, 48), "slowmo": 1.0}


@pytest.fixture(scope="module")
def run(configure, tmp_path_factory):
    """A run of seconds on the shipped reach."""
    folder = tmp_path_factory.mktemp("outputs") / "first"
    quick = ("debug=quick", "policy.lstm_hidden_size=8", "algo.timesteps=784", "video=false")
    experiment.run(configure(*quick), folder)
    return folder


@pytest.fixture
def draws(torque_arm):
    try:
        with Picture(torque_arm.model, 32, 32):
            pass
    except RenderError as error:
        pytest.skip(str(error))


@pytest.mark.parametrize(
    ("folders", "expected"),
    [
        (["/a/outputs/first"], ["first"]),
        (["/a/outputs/rewards/3"], ["rewards/3"]),
        (["/a/outputs/first", "/a/outputs/rewards/3"], ["first", "rewards/3"]),
        (["/a/x/same", "/a/y/same", "/a/z/other"], ["x/same", "y/same", "other"]),
        (["/a/x", "/a/x"], ["x", "x"]),
    ],
)
def test_titles_tell_runs_apart_and_are_no_mere_numbers(folders, expected):
    assert titles([Path(folder) for folder in folders]) == expected


@pytest.mark.slow
def test_a_run_is_filmed_into_its_folder_and_runs_beside_each_other(run, draws, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert film_runs([run], **SMALL) == run / "videos" / "demo.mp4"
    with imageio.get_reader(run / "videos" / "demo.mp4") as reader:
        assert reader.get_meta_data()["size"] == (64, 48)
        assert reader.count_frames() == 11 + 15  # 327 ms at 30 a second, from 0 to the end, and half a second more
    assert film_runs([run, run], **SMALL, camera="top") == Path("demo.mp4")
    two = film_runs([run, run], Path("new/two.gif"), **SMALL, reach="demo")
    with Image.open(two) as image:
        assert image.size == (128, 48)
        assert image.n_frames == 9 + 1  # 327 ms at 25 a second, from 0 to the end
        pictures = np.asarray(image.convert("RGB"))
        np.testing.assert_array_equal(pictures[30:, 4:64], pictures[30:, 68:])  # below the titles it is one agent


@pytest.mark.parametrize(
    ("changed", "kind", "text"),
    [
        ({"reach": "dmeo"}, UnknownNameError, "no reach in .*first named 'dmeo'. Did you mean 'demo'"),
        ({"slowmo": 0.0}, ConfigError, "the speed 0 is not above 0 and up to 1"),
        ({"size": (63, 48)}, RunError, "demo.mp4 cannot be filmed: .* even and above 0"),
        ({"camera": "sdie"}, UnknownNameError, "Did you mean 'side'"),
        ({"checkpoint": "5"}, RunError, "no checkpoint '5'"),
    ],
)
def test_what_cannot_be_filmed_is_explained(run, draws, changed, kind, text):
    with pytest.raises(kind, match=text):
        film_runs([run], **{**SMALL, **changed})


def test_the_command_line_explains_without_a_traceback(run_script):
    refused = run_script("video", "outputs/none")
    assert refused.status == 1
    assert refused.err.startswith("error: There is no run in outputs/none")
