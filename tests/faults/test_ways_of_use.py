"""Used in another way than by a command in the main thread: threads, notebooks, hung-up terminals, closed pipes."""

import fcntl
import os
import select
import shutil
import signal
import subprocess
import sys
import termios
import threading
import time
from pathlib import Path

import pytest
from short_runs import QUICK, result

from mousearm import cli
from mousearm.errors import Interrupted, RunError
from mousearm.experiment import run
from mousearm.rundir.folder import RunFolder
from mousearm.training.interruption import SIGNALS, Interruption

ROOT = Path(__file__).parents[2]
ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
LONGER = (*QUICK, "algo.timesteps=6000", "algo.eval_freq=2000")


@pytest.fixture(autouse=True)
def hang_ups_count():
    """Take what stands for SIGHUP back to the system's, where the tests themselves run under nohup."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


def in_thread(work):
    """What a function in another thread gives, or raises."""
    ended = []

    def caught():
        try:
            ended.append((work(), None))
        except BaseException as error:
            ended.append((None, error))

    thread = threading.Thread(target=caught)
    thread.start()
    thread.join()
    ((value, error),) = ended
    if error is not None:
        raise error
    return value


def test_a_thread_resumes_to_the_last_bit(tmp_path, configure, unbroken, stopped):
    handlers = [signal.getsignal(number) for number in SIGNALS]
    folder = RunFolder(shutil.copytree(stopped, tmp_path / "r"))
    in_thread(lambda: run(configure(*QUICK), folder.path))
    assert result(folder) == unbroken(QUICK)[0]
    assert [signal.getsignal(number) for number in SIGNALS] == handlers


def test_one_process_trains_one_run_at_a_time(tmp_path, configure):
    with Interruption().listening(), pytest.raises(RunError, match="Another run is training in this process"):
        in_thread(lambda: run(configure(*QUICK), tmp_path / "r"))
    assert not (tmp_path / "r").exists()
    with Interruption().listening():  # as the message advises: the other one has ended
        pass


@pytest.mark.parametrize("number", SIGNALS)
def test_every_signal_ends_a_run_with_its_status(number):
    with Interruption().listening(), pytest.raises(Interrupted) as stop:
        signal.raise_signal(number)
    assert stop.value.status == 128 + number


def test_nohup_is_obeyed():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with Interruption().listening():
            signal.raise_signal(signal.SIGHUP)
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_signal_is_heard_where_nothing_can_be_written(monkeypatch):
    def gone(*_):
        raise OSError(5, "Input/output error")

    interruption = Interruption()
    with interruption.listening(), interruption.patient():
        with monkeypatch.context() as patch:
            patch.setattr(os, "write", gone)
            signal.raise_signal(signal.SIGHUP)
        with pytest.raises(Interrupted, match="SIGHUP"):
            interruption.check()


def dead_pipe():
    reading, writing = os.pipe()
    os.close(reading)
    return writing


def dead_terminal():
    master, slave = os.openpty()
    os.close(master)
    return slave


@pytest.mark.parametrize("dead", [dead_pipe, dead_terminal])
@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_what_trains_outlives_who_reads_it(monkeypatch, dead, stream):
    with os.fdopen(dead(), "w") as nobody, monkeypatch.context() as patch:
        patch.setattr(sys, stream, nobody)
        with cli.outliving_readers():
            for _ in range(3):
                print("a line", file=getattr(sys, stream), flush=True)
            print("x" * 100_000, file=getattr(sys, stream))


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_every_terminal_can_print_every_name(tmp_path, monkeypatch, encoding):
    file = tmp_path / "out"
    with file.open("w", encoding=encoding) as stdout, monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", stdout)
        with cli.handled():
            print("mäuse – \udce4.csv")
    assert file.read_bytes().endswith(b"\\udce4.csv\n")


def test_advice_for_a_terminal_of_ascii():
    def said(**more):
        command = [sys.executable, str(ROOT / "scripts" / "sync.py"), "mäuse"]
        return subprocess.run(command, env={**os.environ, **ASCII, **more}, capture_output=True, check=False).stderr

    assert b"Give it as PYTHONUTF8=1 python" in said()
    assert "There is no folder mäuse".encode() in said(PYTHONUTF8="1")


def start(folder, words, options=(), **more):
    """Start run.py as a process."""
    command = [sys.executable, *options, str(ROOT / "run.py"), f"name={folder.name}", "threads=1", *words]
    folder.parent.mkdir(exist_ok=True)
    return subprocess.Popen(command, cwd=folder.parent.parent, **more)


def wait_until_it_trains(folder, process):
    end = time.monotonic() + 120
    while not (folder.metrics.exists() and folder.metrics.read_text().count("\n") > 3):
        assert process.poll() is None
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.fixture
def folder(tmp_path):
    return RunFolder(tmp_path / "outputs" / "r")


def dropped(folder, ignored):
    """Train on a terminal of its own, as ssh gives one, and drop the connection; gives the exit status."""
    (ours, its), drop = os.openpty(), threading.Event()

    def own_terminal():
        os.setsid()
        fcntl.ioctl(its, termios.TIOCSCTTY, 0)
        signal.signal(signal.SIGHUP, signal.SIG_IGN if ignored else signal.SIG_DFL)

    def read():
        while not drop.is_set():
            if select.select([ours], [], [], 0.05)[0]:
                os.read(ours, 4096)
        os.close(ours)

    process = start(folder.path, LONGER, preexec_fn=own_terminal, stdin=its, stdout=its, stderr=its)
    os.close(its)
    threading.Thread(target=read, daemon=True).start()
    wait_until_it_trains(folder, process)
    drop.set()
    return process.wait(timeout=600)


@pytest.mark.slow
def test_a_dropped_connection_loses_nothing(folder, unbroken):
    assert dropped(folder, ignored=False) == 128 + signal.SIGHUP
    assert (folder.status().state, folder.status().reason) == ("interrupted", "SIGHUP")
    assert start(folder.path, LONGER).wait(timeout=600) == 0
    assert result(folder) == unbroken(LONGER)[0]


@pytest.mark.slow
def test_under_nohup_it_goes_on(folder, unbroken):
    assert dropped(folder, ignored=True) == 0
    assert result(folder) == unbroken(LONGER)[0]


@pytest.mark.slow
def test_a_reader_that_goes_away_loses_nothing(folder, unbroken):
    process = start(folder.path, LONGER, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    process.stdout.close()  # before the first line, which tells of keys that are given twice
    assert process.wait(timeout=600) == 0
    assert folder.status().state == "finished"
    assert result(folder) == unbroken(LONGER)[0]


NOTEBOOK, BACKEND = "module://matplotlib_inline.backend_inline", "module://nowhere"
SURROUNDINGS = {
    "jupyter": {"MPLBACKEND": NOTEBOOK, "PYTHONOPTIMIZE": "1", **ASCII},
    "bare": {"MPLBACKEND": BACKEND, "PYTHONOPTIMIZE": "2", "DISPLAY": "localhost:99.0", "HOME": "/nonexistent"},
}


@pytest.mark.slow
@pytest.mark.parametrize("surroundings", SURROUNDINGS.values(), ids=list(SURROUNDINGS))
def test_it_trains_the_same_in_all_surroundings(folder, unbroken, surroundings):
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "env": {**os.environ, **surroundings}}
    process = start(folder.path, QUICK, **pipes)
    _, errors = process.communicate(timeout=600)
    assert process.returncode == 0, errors.decode()
    assert b"Traceback" not in errors
    assert result(folder) == unbroken(QUICK)[0]
    assert list(folder.path.glob("figures/*.pdf"))


CELLS = f"""
from pathlib import Path
import gymnasium
import matplotlib.pyplot as plt
from stable_baselines3.common.env_util import make_vec_env
from stable_baselines3.common.vec_env import SubprocVecEnv
from mousearm.config import compose
from mousearm.experiment import run
words, folder = {list(QUICK)!r}, Path("outputs/notebook")
#---
import signal, threading, time
def interrupt():
    while not (folder / "metrics.csv").exists() or (folder / "metrics.csv").read_text().count("\\n") < 3:
        time.sleep(0.01)
    signal.raise_signal(signal.SIGINT)
threading.Thread(target=interrupt).start()
try:
    run(compose(["name=notebook", "threads=1", *words]), folder)
except KeyboardInterrupt as stop:
    print("stopped by", stop)
#---
run(compose(["name=notebook", "threads=1", *words]), folder)
#---
env = gymnasium.make("mousearm.env:mousearm/Tracking-v0", render_mode="rgb_array")
env.reset(seed=0)
plt.imshow(env.render());
#---
two = make_vec_env("mousearm.env:mousearm/Tracking-v0", 2, vec_env_cls=SubprocVecEnv)
print(two.reset().shape)
two.close()
#---
!{sys.executable} {ROOT}/run.py name=shell threads=1 {" ".join(QUICK)} && echo done
"""


@pytest.mark.slow
def test_a_notebook_trains_resumes_and_draws(tmp_path, unbroken, run_notebook):
    import nbformat  # slow to import

    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS.split("#---")])
    _, trained, resumed, drawn, two, shell = run_notebook(notebook, tmp_path)
    assert "stopped by SIGINT" in trained
    assert "paw" in resumed
    assert "image/png" in drawn
    assert "(2, " in two
    assert "done" in shell
    for name in ("notebook", "shell"):
        folder = RunFolder(tmp_path / "outputs" / name)
        assert folder.status().state == "finished"
        assert result(folder) == unbroken(QUICK)[0]
        assert list(folder.path.glob("figures/*.png"))
