import os

# Before NumPy is loaded, here and in programs that tests start: where tests run beside one another, threads of linear
# algebra keep processors busy that others need.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import copy
import gc
import importlib.util
import logging
import shutil
import signal
import sys
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import torch
from hydra import compose as hydra_compose
from matplotlib.figure import Figure
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException
from tqdm import tqdm

from mousearm.agent import Agent
from mousearm.config import CONF, compose
from mousearm.config.command_line import parse
from mousearm.env.references import References, prepare
from mousearm.env.task import Task
from mousearm.errors import MouseArmError
from mousearm.kinematics import Split
from mousearm.model import Arm, load_arm
from mousearm.policy.network import build_policy
from mousearm.retarget import Reference
from mousearm.setup import Setup

torch.set_num_threads(1)
signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored where a shell began the tests in the background
tqdm.monitor_interval = 0  # no thread that may hold the lock of bars while a test forks


def pytest_collection_finish():
    """Modules stay until the end, and tests leave little behind: looking for what could go took a twentieth of all."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 20)


ROOT = Path(__file__).parents[1]
DT = 1 / 150

# Two rods of 10 mm in the plane z = 0; gravity is along -z, so only the motors move them.
TWO_LINK = """
<mujoco model="two_link">
  <compiler angle="radian" autolimits="true"/>
  <default><geom type="capsule" size="0.001" contype="0" conaffinity="0"/><joint axis="0 0 1" damping="1e-6"/></default>
  <worldbody>
    <body name="upper"><joint name="shoulder" range="-1.5 1.5"/><geom name="upper" fromto="0 0 0 0.01 0 0"/>
      <body name="fore" pos="0.01 0 0"><joint name="elbow" range="-2 2"/><geom name="fore" fromto="0 0 0 0.01 0 0"/>
        <site name="paw" pos="0.01 0 0"/>
      </body>
    </body>
  </worldbody>
  <actuator>
    <motor name="shoulder" joint="shoulder" gear="1e-5" ctrlrange="-1 1"/>
    <motor name="elbow" joint="elbow" gear="1e-5" ctrlrange="-1 1"/>
  </actuator>
</mujoco>
"""
TWO_LINK_LANDMARKS = {"shoulder": "joint:shoulder", "elbow": "joint:elbow", "paw": "site:paw"}

# Two weightless rods of 10 mm in the vertical plane, 0.1 g and 0.2 g at their ends; at q = 0 both lie along x.
# Joint axes point along -y, so that positive torque lifts.
HANGING = """
<mujoco model="hanging">
  <compiler angle="radian" autolimits="true"/>
  <option gravity="0 0 -10"/>
  <default><geom type="sphere" size="0.0001" contype="0" conaffinity="0"/><joint axis="0 -1 0"/></default>
  <worldbody>
    <body name="upper"><joint name="shoulder" range="-3 3"/><geom name="one" pos="0.01 0 0" mass="1e-4"/>
      <body name="fore" pos="0.01 0 0"><joint name="elbow" range="-2 2"/><geom name="two" pos="0.01 0 0" mass="2e-4"/>
        <site name="paw" pos="0.01 0 0"/>
      </body>
    </body>
  </worldbody>
  <actuator>
    <motor name="shoulder" joint="shoulder" gear="1e-4" ctrlrange="-1 1"/>
    <motor name="elbow" joint="elbow" gear="1e-4" ctrlrange="-0.5 1"/>
  </actuator>
</mujoco>
"""
HANGING_LANDMARKS = {"shoulder": "joint:shoulder", "elbow": "joint:elbow", "paw": "site:paw"}


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory):
    """Nothing is read from the user's cache, or written to it; nothing is compiled, unless a test asks for it.

    Processes that share the tests of a run share its cache: what it holds lies under hashes, and is put there whole.
    """
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:  # whose folder is one of its own, below that of the run
        folder = folder.parent
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
        patch.setenv("CXX", "false")
        yield


@pytest.fixture
def compiler(monkeypatch):
    """A C++ compiler; what it makes is kept for the whole session."""
    monkeypatch.delenv("CXX")
    if not any(shutil.which(name) for name in ("c++", "g++", "clang++")):
        pytest.skip("there is no C++ compiler on the PATH")


@pytest.fixture(scope="session", autouse=True)
def blank_figures():
    """Figures at the end of a run are blank: to draw them takes half a second.

    tests/evaluate looks at what they show, and commands in processes of their own draw them.
    """
    with pytest.MonkeyPatch.context() as patch:
        for name in ("reach_figure", "generalisation_figure"):
            patch.setattr(f"mousearm.evaluate.film.{name}", lambda *_: Figure((0.1, 0.1)))
        yield


@cache
def composed(choices):
    """The configuration of some choices of groups, to be copied: Hydra needs a tenth of a second for each."""
    return hydra_compose("config", list(choices))


def compose_remembered(name, overrides, return_hydra_config=False):
    """What Hydra composes in its place: choices once. Hydra, too, sets the values of keys last, one after the other."""
    try:
        if not return_hydra_config:
            changes = [parse(word) for word in overrides]
            is_choice = [(CONF / one.key_or_group).is_dir() or one.input_line[0] in "+~" for one in changes]
            choices = tuple(one.input_line for one, choice in zip(changes, is_choice, strict=True) if choice)
            found = copy.deepcopy(composed(choices))
            for one, choice in zip(changes, is_choice, strict=True):
                if not choice:
                    OmegaConf.update(found, one.key_or_group, one.value())
            return found
    except (OmegaConfBaseException, MouseArmError):
        pass
    return hydra_compose(name, overrides, return_hydra_config=return_hydra_config)  # refuses in the program's words


@pytest.fixture(scope="session", autouse=True)
def hydra_remembers():
    """The program composes as `compose_remembered` does, but for what Hydra itself starts."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("mousearm.config.loading.hydra_compose", compose_remembered)
        yield compose_remembered


@cache
def loaded(overrides):
    """The configuration of overrides, to be copied."""
    return compose(["name=test", "threads=1", "engine=mujoco", *overrides])


def compose_quickly(*overrides):
    """What ``compose`` makes of overrides, for a test to change as it likes."""
    return copy.deepcopy(loaded(overrides))


@pytest.fixture(scope="session")
def configure():
    """Compose a configuration from the files in conf/ and overrides; MuJoCo on one thread, a fixed name."""
    return compose_quickly


@pytest.fixture(scope="session")
def torque_config(configure):
    return configure()


@pytest.fixture(scope="session")
def torque_arm(torque_config):
    return load_arm(torque_config.model)


@pytest.fixture(scope="session")
def muscle_arm(configure):
    return load_arm(configure("model=muscle").model)


@pytest.fixture(scope="session")
def demo(torque_config):
    """The reference of the shipped reach on the torque arm, shortened to 12 frames."""
    (whole,) = prepare(torque_config).references
    fields = ("elbow", "paw", "qpos", "qvel", "residual_mm", "activation")
    return replace(whole, **{name: getattr(whole, name)[:12] for name in fields})


@pytest.fixture(scope="session")
def two_link_xml():
    return TWO_LINK


def replaced(xml, replacements):
    """A text with pieces replaced: old, new, old, new, ..."""
    for old, new in zip(replacements[::2], replacements[1::2], strict=True):
        assert old in xml
        xml = xml.replace(old, new)
    return xml


@pytest.fixture(scope="session")
def build_two_link():
    """The two-link arm, with pieces of its XML replaced: ``build("old", "new", "old", "new", ...)``."""

    import mujoco  # after mousearm, which chooses how MuJoCo draws

    def build(*replacements, landmarks=TWO_LINK_LANDMARKS, joints=None):
        xml = replaced(TWO_LINK, replacements)
        return Arm(mujoco.MjModel.from_xml_string(xml), landmarks, joints, "two_link.xml")

    return build


@pytest.fixture(scope="session")
def two_link(build_two_link):
    return build_two_link()


@pytest.fixture(scope="session")
def explosive(build_two_link):
    """A two-link arm whose elbow motor is so strong that any action but 0 makes the simulation diverge."""
    return build_two_link('joint="elbow" gear="1e-5"', 'joint="elbow" gear="1e15"')


@pytest.fixture(scope="session")
def build_hanging():
    """The hanging arm, with pieces of its XML replaced: ``build("old", "new", ...)``."""
    import mujoco  # after mousearm, which chooses how MuJoCo draws

    def build(*replacements):
        xml = replaced(HANGING, replacements)
        return Arm(mujoco.MjModel.from_xml_string(xml), HANGING_LANDMARKS, None, "hanging.xml")

    return build


@pytest.fixture(scope="session")
def hanging(build_hanging):
    return build_hanging()


@pytest.fixture(scope="session")
def cable(build_hanging):
    """The hanging arm with one muscle instead of motors: from 10 mm above the shoulder to the end of the upper arm."""
    motors = HANGING[HANGING.index("<actuator>") : HANGING.index("</mujoco>")]
    return build_hanging(
        motors,
        """
        <tendon><spatial name="lift"><site site="above"/><site site="end"/></spatial></tendon>
        <actuator><muscle name="lift" tendon="lift" force="0.1" lengthrange="0.005 0.015" range="0.5 1.5" fpmax="1e-9"
        ctrlrange="0 1"/></actuator>
        """,
        'range="-3 3"',
        'range="-3 1"',  # at pi / 2 the ends of the path would meet
        '<body name="upper">',
        '<site name="above" pos="0 0 0.01"/><body name="upper"><site name="end" pos="0.01 0 0"/>',
    )


@pytest.fixture
def no_convergence(monkeypatch):
    """Within it NumPy's singular value decomposition does not converge.

    Of which matrices that is so depends on the library of linear algebra: here of all.
    """

    def diverging(*arguments, **options):
        raise np.linalg.LinAlgError("SVD did not converge")

    @contextmanager
    def within():
        with monkeypatch.context() as patch:
            patch.setattr(np.linalg, "svd", diverging)
            yield

    return within


@pytest.fixture(scope="session")
def follow():
    """The reference that joint angles (T, nq) draw with an arm, which is therefore exact."""

    def build(arm, qpos, name="drawn", dt=DT):
        qpos = np.asarray(qpos, dtype=float)
        points = arm.landmark_positions(qpos)
        qvel = np.gradient(qpos, dt, axis=0)
        elbow, paw = points[:, 1].copy(), points[:, 2].copy()
        return Reference(name, elbow, paw, qpos, qvel, np.zeros(len(qpos)), np.zeros((len(qpos), arm.na)))

    return build


@pytest.fixture(scope="session")
def swing(follow):
    """A smooth reference of T frames on a two-link arm."""

    def build(arm, n_frames, name="swing", amplitude=0.3):
        phase = np.linspace(0, np.pi, n_frames)
        return follow(arm, np.stack([amplitude * np.sin(phase), 0.5 + amplitude * np.cos(phase)], axis=1), name)

    return build


@pytest.fixture(scope="session")
def build_task(configure):
    """A task of n simulations on references, with overrides of the configuration."""

    def build(arm, references, n, *overrides):
        return Task(arm, References(references), configure(*overrides), n)

    return build


@pytest.fixture(scope="session")
def assemble():
    """An agent that was never trained, of a configuration, an arm and references, all in one split."""

    def build(config, arm, references, split="test"):
        names = {"train": [], "test": []} | {split: [reference.name for reference in references]}
        setup = Setup(config, arm, list(references), Split(**names, sha256={}), [])
        torch.manual_seed(0)
        evaluator = setup.evaluator()
        policy = build_policy(config, evaluator.task.n_observations, arm.nu)
        return Agent(setup, evaluator, policy, Path("outputs/none/best"))

    return build


@pytest.fixture(scope="session")
def draws():
    """How many of its n cases a random test draws: all where the environment says ALL_DRAWS=1, else a third."""
    return lambda n: n if os.environ.get("ALL_DRAWS") == "1" else n // 3


class Ended(NamedTuple):
    """A command that ended: its exit status, what it printed, and what it said of errors."""

    status: int
    out: str
    err: str


@pytest.fixture(scope="session")
def load_script():
    """The module of a program: ``run``, or the name of one of scripts/."""

    def load(name):
        file = ROOT / "run.py" if name == "run" else ROOT / "scripts" / f"{name}.py"
        spec = importlib.util.spec_from_file_location(name, file)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return load


@pytest.fixture
def run_script(load_script, monkeypatch, capsys):
    """Run a program in this process as from the command line: ``run_script("evaluate", RUN, "--json", FILE)``."""

    def run(name, *arguments):
        words = [str(word) for word in arguments]
        capsys.readouterr()
        handlers, level = logging.root.handlers[:], logging.root.level
        with monkeypatch.context() as patch:
            patch.setattr(sys, "argv", [f"{name}.py", *words])
            try:
                status = load_script(name).main(words) or 0
            except SystemExit as end:
                status = end.code or 0
                if isinstance(status, str):  # as the interpreter would
                    print(status, file=sys.stderr)
                    status = 1
        # Hydra, which run.py starts, lets the root log to the stdout of this call.
        logging.root.handlers[:] = handlers
        logging.root.setLevel(level)
        return Ended(status, *capsys.readouterr())

    return run


@pytest.fixture
def run_notebook(monkeypatch):
    """Run a notebook in a folder, by this Python; gives what each cell prints and shows. Its kernel ends with it."""

    def run(notebook, folder):
        import nbclient  # slow to import, as are those below
        from jupyter_client import AsyncKernelManager

        monkeypatch.delenv("MPLBACKEND", raising=False)  # which programs that ran in this process have set
        kernel = AsyncKernelManager()
        kernel.kernel_spec.argv[0] = sys.executable
        client = nbclient.NotebookClient(notebook, km=kernel, timeout=600, resources={"metadata": {"path": folder}})
        client.execute(cleanup_kc=True)  # also of a kernel that was given to it
        return [str(cell.get("outputs", "")) for cell in notebook.cells]

    return run


@pytest.fixture
def quiet_log(tmp_path, monkeypatch):
    """MuJoCo writes its warnings to a file in the working directory; a test that provokes some works elsewhere."""
    monkeypatch.chdir(tmp_path)
