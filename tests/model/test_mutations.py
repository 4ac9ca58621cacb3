"""Damaged model files: each is refused by name, or is another legal arm that all checks get through, in time.

A changed number is not damage that anything could see: it is another arm. A run knows its model by hash.
"""

import multiprocessing
import re
import resource
import signal
import warnings
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from osim_text import document, muscle, points
from test_coupling import EQUALITIES, chain_text
from test_opensim_held import LINE, coupler

from mousearm.config import LandmarksConfig, ModelConfig
from mousearm.errors import MouseArmError
from mousearm.mechanics import random_poses
from mousearm.model import load_arm
from mousearm.model.muscles import muscles_of
from mousearm.model.opensim import MjcfOptions, convert, read_osim
from mousearm.model_check import anatomy, muscles, stability
from mousearm.model_check.strength import gravity_check, gravity_strength, reach_checks
from mousearm.simulation import log_warnings_to

SECONDS, BYTES = 20, 2 * 2**30
NUMBER = re.compile(r"(?<=[\s\"'>])-?\d+(?:\.\d+)?(?:e-?\d+)?(?=[\s\"'<])")
OTHERS = [
    "0",
    "-1",
    "1e3",
    "-1e-3",
    "1e9",
    "1e30",
    "1e308",
    "nan",
    "inf",
    "-inf",
    "1e-300",
    "",
    "x",
    "0x10",
    "1,5",
    "9" * 400,
]


def changed_number(text, random):
    place = random.choice(list(NUMBER.finditer(text)))
    scaled = [f"{float(place[0]) * factor:g}" for factor in (-1, 10, 1e3, 1e6, 1e-6)]
    return text[: place.start()] + str(random.choice([*OTHERS, *scaled])) + text[place.end() :]


def changed_bytes(text, random):
    at, n = random.integers(len(text)), random.integers(1, 30)
    return text[:at] + random.choice(["", "<", '"', "\0", "é", "&", "/>", " ", text[at : at + n] * 2]) + text[at + n :]


def cut_off(text, random):
    return text[: random.integers(len(text))]


def removed_attribute(text, random):
    place = random.choice(list(re.finditer(r' [\w]+="[^"]*"', text)))
    return text[: place.start()] + text[place.end() :]


def moved_element(text, random):
    """An element without parts is removed, doubled, or put elsewhere."""
    place = random.choice(list(re.finditer(r"<(\w+)[^<>]*/>|<(\w+)>[^<>]*</\2>", text)))
    rest = text[: place.start()] + text[place.end() :]
    at = random.choice([m.start() for m in re.finditer("<", rest)][1:])
    return [rest, text[: place.end()] + text[place.start() :], rest[:at] + place[0] + rest[at:]][random.integers(3)]


def swapped_values(text, random):
    one, two = sorted(
        random.choice(list(re.finditer(r'(?<=")[^"]*(?=")', text)), 2, replace=False), key=lambda m: m.start()
    )
    return text[: one.start()] + two[0] + text[one.end() : two.start()] + one[0] + text[two.end() :]


WAYS = (changed_number, changed_number, changed_bytes, cut_off, removed_attribute, moved_element, swapped_values)


def mutations(text, n, seed):
    random = np.random.default_rng(seed)
    return [WAYS[i % len(WAYS)](text, random) for i in range(n)]


def use_mjcf(file, landmarks):
    """Load an arm and go through what check_model does, on few poses and a short time."""
    arm = load_arm(ModelConfig(file=str(file), osim=None, landmarks=landmarks, joints=None, action_map="direct"))
    poses = random_poses(arm, 5, 0)
    results = [anatomy.landmarks_check(arm), anatomy.gyration_check(arm)]
    if len(muscles_of(arm)):
        results += [muscles.pull_check(arm, poses), muscles.fibre_check(muscles.fibre_lengths(arm, poses))]
    results.append(muscles.paths_check(arm, muscles.sweep(arm, poses[:1], 0.2)))
    strength = gravity_strength(arm, poses)
    results += [gravity_check(arm, strength), *reach_checks(arm, strength)]
    results += stability.stress_checks(arm, stability.stress_test(arm, 1 / 150, 8, 0, seconds=0.05, n=2))
    assert anatomy.describe_arm(arm)
    assert all(result.measured for result in results)


def use_osim(file, _):
    convert(read_osim(file), MjcfOptions(allow_missing=True, samples=20))


def work(use, landmarks, file, inbox, outbox):
    """Use one file after the other, and say how each ended."""
    warnings.simplefilter("ignore")
    log_warnings_to(Path(file).with_suffix(".log"))
    outbox.send("ready")
    while True:
        text = inbox.recv()
        Path(file).write_bytes(text.encode())
        signal.setitimer(signal.ITIMER_PROF, SECONDS)  # of the processor; nobody catches the signal
        try:
            use(Path(file), landmarks)
            how = "legal"
        except MouseArmError as error:
            how = "refused" if str(error) and len(str(error)) < 20_000 else "refused without a text"
        except BaseException as error:
            how = f"{type(error).__name__}: {str(error)[:200]}"
        outbox.send((how, 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss))


def outcomes(use, landmarks, texts, file):
    """How each text ends, in a process that ends where one takes too long.

    Not a fork: one that collects a batch of simulations which its parent dropped waits for threads that it lacks.
    """
    context, found, process = multiprocessing.get_context("spawn"), [], None
    for text in texts:
        if process is None:
            (mine, inbox), (outbox, theirs) = context.Pipe(), context.Pipe()
            process = context.Process(target=work, args=(use, landmarks, str(file), inbox, theirs), daemon=True)
            process.start()
            theirs.close(), outbox.recv()
        mine.send(text)
        if outbox.poll(20 * SECONDS):  # what waits takes no time of the processor
            try:
                how, memory = outbox.recv()
            except EOFError:
                process.join()
                how, memory = "hang" if process.exitcode == -signal.SIGPROF else "crash", 0
            found.append(how if memory < BYTES else f"{how} with {memory / 2**30:.1f} GiB")
        else:
            found.append("hang")
        if found[-1] not in ("legal", "refused"):
            process.kill()
            process = None
    if process is not None:
        process.kill()
    return found


def whole(arm):
    """The shipped muscle arm as one file."""
    drive = Path(arm.source).read_text(encoding="utf-8")
    limb = Path(arm.source).with_name("forelimb.xml").read_text(encoding="utf-8")
    inside = limb[limb.index("<compiler") : limb.rindex("</mujoco>")]
    return re.sub(r"<include [^>]*/>", lambda _: inside, drive)


SHIPPED = LandmarksConfig("joint:elv_angle", "joint:elbow_flex", "site:handm")
COUPLED = LandmarksConfig("body:upper", "joint:bend", "site:paw")
OSIM = document(rest=coupler(LINE), forces=muscle(points(("upper", "0.007 0 0"), ("fore", "0.004 0 0"))))


def check(use, landmarks, text, n, seed, tmp_path):
    assert outcomes(use, landmarks, [text], tmp_path / "arm.xml") == ["legal"]
    texts = mutations(text, n, seed)
    found = outcomes(use, landmarks, texts, tmp_path / "arm.xml")
    count = Counter(found)
    print(dict(count))
    wrong = {how: texts[found.index(how)] for how in count.keys() - {"legal", "refused"}}
    for i, (how, bad) in enumerate(wrong.items()):
        (tmp_path / f"wrong_{i}").write_text(f"<!-- {how} -->\n{bad}")
    assert not wrong, (list(wrong), tmp_path)
    assert count["refused"] > n / 4
    assert count["legal"] > n / 20


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1])
def test_some_damaged_files(seed, tmp_path):
    check(use_mjcf, COUPLED, chain_text(EQUALITIES["polynomial"]), 28, seed, tmp_path)
    check(use_osim, None, OSIM, 14, seed, tmp_path)


@pytest.mark.slow
def test_many_damaged_files(muscle_arm, tmp_path, draws):
    check(use_mjcf, SHIPPED, whole(muscle_arm), draws(600), 2, tmp_path)
    check(use_mjcf, COUPLED, chain_text(EQUALITIES["polynomial"]), draws(400), 3, tmp_path)
    check(use_osim, None, OSIM, draws(400), 4, tmp_path)
