"""Everything that a run saves, damaged: what is read is right, or refused with its name; nothing else ever.

Disks and editors damage files alone. Somebody who means it makes the hashes anew: then the content may be another one,
but nobody gets a traceback, waits for long, or needs all of the memory.
"""

import contextlib
import os
import random
import resource
import shlex
import shutil
import signal
import socket
from dataclasses import astuple
from functools import cache

import numpy as np
import pytest
import torch
from golden_run import FOLDERS, STEPS
from mutations import damage

from mousearm import checkpoint
from mousearm.config import compose
from mousearm.door import MANIFEST, check_seal, read_json, read_seal, sha256
from mousearm.errors import MouseArmError
from mousearm.evaluate.evaluation import Evaluation
from mousearm.files import seal, write_json
from mousearm.policy.network import build_policy
from mousearm.record import read_recording
from mousearm.record.files import seal_recording
from mousearm.rundir.folder import RunFolder
from mousearm.rundir.logs import read_environment, read_metrics

FEW, MANY, SECONDS = 3, 1000, 20
NEWEST = f"run/checkpoints/{STEPS}"


def plain(value):
    """Arrays and tensors as what can be compared."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value.tolist() if isinstance(value, np.ndarray | torch.Tensor) else repr(value)


@cache
def small():
    return compose(["policy.lstm_hidden_size=3", "policy.net_arch_pi=[3]", "policy.net_arch_vf=[3]"])


def network(folder):
    policy = build_policy(small(), 4, 2)
    checkpoint.load_policy(folder, policy)
    return plain(policy.state_dict())


def recording(path):
    read = read_recording(path)
    reaches = [
        (r.name, r.split, r.repeat, r.completed, {k: plain(astuple(s)) for k, s in r.signals.items()})
        for r in read.reaches
    ]
    return reaches, dict(read.about)


def best(place):
    return network(RunFolder(place / "run").find_checkpoint("best"))


def newest(place):
    return plain(checkpoint.load_state(RunFolder(place / "run").complete_checkpoints()[-1]).states)


def environment(folder):
    """What a comparison reads of it."""
    check_seal(folder / "environment.txt")
    return read_environment(folder / "environment.txt")


def agent(read):
    return lambda place: read(RunFolder(place / "agent"))


READERS = {
    "run/config.yaml": lambda place: RunFolder(place / "run").saved_config(),
    "run/overrides.yaml": lambda place: RunFolder(place / "run").saved_overrides(),
    "run/environment.txt": lambda place: environment(place / "run"),
    "run/origin.json": lambda place: (RunFolder(place / "run").id, RunFolder(place / "run").saved_split()),
    "run/split.json": lambda place: RunFolder(place / "run").saved_split(),
    "run/status.json": lambda place: RunFolder(place / "run").status(),
    "run/metrics.csv": lambda place: read_metrics(RunFolder(place / "run").metrics),
    "run/timing.csv": lambda place: read_metrics(RunFolder(place / "run").timing),
    "run/evaluation.json": lambda place: Evaluation.load(RunFolder(place / "run").evaluation),
    "run/sha256sums.txt": lambda place: Evaluation.load(RunFolder(place / "run").evaluation),
    f"run/best/{MANIFEST}": best,
    "run/best/state.json": best,
    "run/best/policy.safetensors": best,
    f"{NEWEST}/{MANIFEST}": newest,
    f"{NEWEST}/state.json": newest,
    f"{NEWEST}/policy.safetensors": newest,
    f"{NEWEST}/state.pt": newest,
    "agent/config.yaml": agent(RunFolder.saved_config),
    "agent/origin.json": agent(lambda folder: (folder.id, folder.saved_split())),
    "agent/split.json": agent(RunFolder.saved_split),
    "agent/status.json": agent(RunFolder.status),
    "agent/evaluation.json": agent(lambda folder: Evaluation.load(folder.evaluation)),
    "agent/environment.txt": lambda place: environment(place / "agent"),
    "agent/best/policy.safetensors": agent(lambda folder: network(folder.find_checkpoint("best"))),
    "recording.h5": lambda place: recording(place / "recording.h5"),
}


@pytest.fixture
def saved(tmp_path):
    return shutil.copytree(FOLDERS[-1], tmp_path / "saved")


@contextlib.contextmanager
def limits():
    """End the process after too long, and refuse it more memory than 2 GiB over what it has."""
    with open("/proc/self/statm") as file:
        has = int(file.read().split()[0]) * resource.getpagesize()
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(
        resource.RLIMIT_AS, (min(has + (2 << 30), before[1]) if before[1] > 0 else has + (2 << 30), before[1])
    )
    signal.setitimer(signal.ITIMER_PROF, SECONDS)  # nobody catches the signal
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        resource.setrlimit(resource.RLIMIT_AS, before)


def passed_over(said, name):
    """Whether the damage was told, and an older checkpoint taken."""
    return name.startswith(NEWEST) and f"{STEPS} is passed over" in said


def sweep(place, name, seeds, capsys, reseal=None):
    """Count what becomes of the damage of a file; faults are raised."""
    read, file = READERS[name], place / name
    whole, expected = file.read_bytes(), read(place)
    counts = dict.fromkeys(("right", "refused", "another"), 0)
    for seed in seeds:
        file.write_bytes(damage(whole, random.Random(seed)))
        if reseal is not None:
            reseal(file)
        try:
            with limits():
                result = read(place)
            told = passed_over(capsys.readouterr().out, name)
            how = "refused" if told else "right" if plain(result) == plain(expected) else "another"
        except MouseArmError as error:
            assert str(place) in str(error), f"seed {seed}: {error}"  # noqa: PT017
            how = "refused"
        assert how != "another" or reseal is not None, f"seed {seed}: accepted in silence"
        counts[how] += 1
    file.write_bytes(whole)
    if reseal is not None:
        reseal(file)
    assert plain(read(place)) == plain(expected)  # brought back as it was, as the messages advise
    assert counts["refused"] or reseal is not None
    return counts


def reseal(file):
    """Make the hash of a file anew, wherever it stands."""
    if file.suffix == ".h5":
        seal_recording(file)
        return
    if (file.parent / MANIFEST).exists() and file.name != MANIFEST:
        manifest = read_json(file.parent / MANIFEST)
        write_json(file.parent / MANIFEST, {**manifest, "sha256": {**manifest["sha256"], file.name: sha256(file)}})
    if file.name in read_seal(file.parent):
        seal(file.parent, {file.name: sha256(file)})


RESEALED = [name for name in READERS if not name.startswith("agent/") and name != "run/sha256sums.txt"]


@pytest.mark.parametrize("name", READERS)
def test_some_damage_is_found(saved, name, capsys):
    sweep(saved, name, range(FEW), capsys)


@pytest.mark.slow
@pytest.mark.parametrize("name", READERS)
def test_damage_is_found(saved, name, capsys, draws):
    counts = sweep(saved, name, range(draws(MANY)), capsys)
    with capsys.disabled():
        print(f"\n{name}: {counts}")


@pytest.mark.parametrize("name", RESEALED)
def test_some_damage_that_is_meant_does_no_harm(saved, name, capsys):
    sweep(saved, name, range(FEW), capsys, reseal)


@pytest.mark.slow
@pytest.mark.parametrize("name", RESEALED)
def test_damage_that_is_meant_does_no_harm(saved, name, capsys, draws):
    counts = sweep(saved, name, range(draws(MANY // 4)), capsys, reseal)
    with capsys.disabled():
        print(f"\n{name}, resealed: {counts}")


def something_else(kind, path):
    """Put something else than a file of a sensible size where a file was."""
    path.unlink()
    match kind:
        case "pipe":
            os.mkfifo(path)
        case "folder":
            path.mkdir()
        case "socket":
            with contextlib.chdir(path.parent), socket.socket(socket.AF_UNIX) as listening:  # a short name
                listening.bind(path.name)
        case "zeros":
            path.symlink_to("/dev/zero")
        case "circle":
            path.symlink_to(path)
        case "sparse":
            with path.open("wb") as file:
                file.truncate(1 << 40)


SLOW_KINDS = [pytest.param(kind, marks=pytest.mark.slow) for kind in ("folder", "socket", "zeros", "circle", "sparse")]


@pytest.mark.parametrize("kind", ["pipe", *SLOW_KINDS])
def test_what_is_no_file_is_refused_and_not_waited_for(saved, kind, capsys):
    for name, read in READERS.items():
        kept = saved.with_name("kept")
        shutil.copy(saved / name, kept)
        something_else(kind, saved / name)
        with limits():
            try:
                found = read(saved)
            except MouseArmError as error:
                assert str(saved) in str(error)  # noqa: PT017
            else:  # a link that leads nowhere is nothing, which some files may be; or an older checkpoint was taken
                assert kind == "circle" or passed_over(capsys.readouterr().out, name), (name, found)
        shutil.rmtree(saved / name) if kind == "folder" else (saved / name).unlink()
        kept.rename(saved / name)
    os.mkfifo(saved / "run" / "lock")
    assert RunFolder(saved / "run").status().state == "finished"


def test_advice_on_an_evaluation_that_has_changed(saved, run_script):
    file = saved / "run" / "evaluation.json"
    whole = Evaluation.load(file)
    file.write_text(file.read_text().replace('"mean": ', '"mean": 1'))
    with pytest.raises(MouseArmError) as caught:
        Evaluation.load(file)
    words = shlex.split(str(caught.value).partition("Make it again: python scripts/")[2])
    ended = run_script(words[0].removesuffix(".py"), *words[1:])
    assert ended.status == 0, ended.err
    assert Evaluation.load(file).objective == pytest.approx(whole.objective, rel=1e-3)
