"""A thing is added in one place: a function with a docstring below its registry's ``add``."""

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest

from mousearm.errors import UnknownNameError
from mousearm.registry import (
    ACTION_MAPS,
    BACKBONES,
    CONTROLLERS,
    EFFORTS,
    FORMATS,
    KERNELS,
    OBSERVATIONS,
    REWARDS,
    TRACKERS,
    Registry,
)

ROOT = Path(__file__).parents[1]

ADDED = '''
import numpy as np
from mousearm.registry import OBSERVATIONS, REWARDS

@REWARDS.add
def stillness(step, form):
    """Minus the squared joint velocities, (rad/s)^2."""
    return -np.square(step.after.qvel).sum(axis=1)

@OBSERVATIONS.add
def miss(snapshot, ahead, body):
    """Present target minus the arm, (N, 6) metres."""
    return (ahead.target - snapshot.landmarks[:, 1:]).reshape(len(snapshot.qpos), 6)
'''

USED = """
import json, runpy, sys
from pathlib import Path
from mousearm import experiment
from mousearm.config import compose
from mousearm.errors import UnknownNameError
from mousearm.evaluate import film

quick = ["debug=quick", "video=false", "policy.lstm_hidden_size=8", "algo.timesteps=784", "threads=1"]
words = [*quick, "reward.w_stillness=0.01", "env.observation=[qpos,qvel,miss]", "name=new"]
folder = Path("new")
film.show_results = lambda *_, **__: None  # nothing is added to what is drawn
experiment.run(compose(words), folder, words)
for wrong in ("reward.w_stilness=1", "env.observation=[mis]"):
    try:
        compose([wrong])
    except UnknownNameError as error:
        print("refused", error)
print("PAGE", json.dumps(runpy.run_path(sys.argv[1] + "/docs/generated.py")["keys"]()))
sys.argv = ["run.py", "--help"]
runpy.run_path(sys.path.pop() + "/run.py", run_name="__main__")
"""


@pytest.fixture(scope="module")
def added(tmp_path_factory):
    """What a program prints that adds a reward term and an observation term, and then uses the project."""
    folder = tmp_path_factory.mktemp("added")
    program = f"import sys\nsys.path.append(sys.argv[1])\n{ADDED}{USED}"
    command = [sys.executable, "-c", program, str(ROOT)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder, done.stdout


@pytest.mark.slow
def test_added_terms_stand_in_the_table_before_training(added):
    shown = dict(
        line.split(maxsplit=1) for line in added[1].splitlines() if line.startswith(("observation ", "reward "))
    )
    assert shown["observation"] == "qpos 6, qvel 6, miss 6"
    assert set(shown["reward"].split(" + ")) == {"0.5 elbow", "0.5 paw", "0.05 action", "0.01 stillness"}


@pytest.mark.slow
def test_added_terms_are_logged(added):
    with (added[0] / "new" / "metrics.csv").open() as file:
        values = [float(row["reward/stillness"]) for row in csv.DictReader(file) if row.get("reward/stillness")]
    assert values
    assert max(values) < 0


@pytest.mark.slow
def test_added_terms_are_listed_by_help_and_described_on_the_reference_page(added):
    page = json.loads(next(line for line in added[1].splitlines() if line.startswith("PAGE")).removeprefix("PAGE "))
    assert "### `reward.w_stillness`" in page
    assert "Minus the squared joint velocities, (rad/s)^2." in page
    assert "- `miss`: Present target minus the arm, (N, 6) metres." in page
    assert "  w_stillness: 0.0\n" in added[1]


@pytest.mark.slow
def test_near_misses_of_added_terms_are_refused(added):
    assert "in reward named 'w_stilness'. Did you mean 'w_stillness'?" in added[1]
    assert "env.observation named 'mis'. Did you mean 'miss'?" in added[1]


def test_a_name_that_does_not_exist():
    with pytest.raises(UnknownNameError) as caught:
        REWARDS["pwa"]
    assert (caught.value.name, caught.value.valid) == ("pwa", sorted(REWARDS))


def test_what_cannot_be_added():
    registry = Registry("tool", "mousearm.errors")
    with pytest.raises(ValueError, match="tool <lambda> needs a docstring"):
        registry.add(lambda: None)
    registry.add(dict, "hammer")
    with pytest.raises(ValueError, match="already a tool named 'hammer'"):
        registry.add(list, "hammer")


@pytest.mark.parametrize(
    "registry", [REWARDS, KERNELS, EFFORTS, OBSERVATIONS, ACTION_MAPS, BACKBONES, CONTROLLERS, FORMATS, TRACKERS]
)
def test_everything_is_described_in_one_line(registry):
    assert list(registry)
    for name, meaning in registry.described().items():
        assert name in registry
        assert meaning.endswith("."), name


def test_what_the_configuration_and_help_ask_is_light():
    asked = "REWARDS, KERNELS, EFFORTS, OBSERVATIONS, ACTION_MAPS, BACKBONES, CONTROLLERS, FORMATS"
    code = f"""
import sys
from mousearm.config import compose
from mousearm.registry import {asked}
compose(["name=a"])
assert all(registry.described() for registry in ({asked}))
print(sorted({{"torch", "mujoco", "scipy", "matplotlib", "stable_baselines3", "wandb", "h5py"}} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.stderr) == ("[]", "")
