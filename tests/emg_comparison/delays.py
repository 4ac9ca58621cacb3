"""Whether planted EMG is found, and its delay: ``python tests/emg_comparison/delays.py --studies 40``.

Each study is activations of three muscles in some reaches, made into raw EMG at 2 kHz that is 12 ms later, with hum of
the mains and 10 % of cross-talk; it goes through import_emg.py's import and emg.py's comparison. --muscles smooth are
random courses in which all three muscles act; cmc is computed muscle control of reaches that ship, and optimal is
optimal control of these that follows such courses, so that the arm reaches while all three muscles act.
"""

import argparse
import shutil
import tempfile
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
from scipy.optimize import linprog
from test_emg_comparison import TIME, smooth

import mousearm.model
from mousearm.config import compose
from mousearm.emg import Envelope
from mousearm.emg.importing import examine_emg
from mousearm.emg.mapping import PUBLISHED_MUSCLES, read_map
from mousearm.emg.recording import EmgOptions
from mousearm.emg.synthetic import RawEmgModel, write_raw_emg
from mousearm.emg_comparison.controllers import MuscleController, MusclePerformance, without_network
from mousearm.emg_comparison.study import compare_emg
from mousearm.emg_comparison.timing import delay
from mousearm.emg_comparison.traces import Trace
from mousearm.kinematics import Reach, find_reaches, write_reaches
from mousearm.mechanics import ArmDynamics
from mousearm.paths import resolve
from mousearm.setup import Setup
from mousearm.trajectory import LANDMARKS

CHANNELS = ("biceps", "triceps_long", "triceps_lateral")
TRUTH = RawEmgModel(delay_s=0.012, hum=1e-4, crosstalk=0.1, offset=2e-3)
FOLLOW = ("optimal.w_emg=30", "kinematics.emg_scale=[0.1]")
SAID = EmgOptions(kind="raw", offset_s=0.0, notch_hz=50.0)


def performed(name, overrides, n, seed=7):
    """Times and activations (T, 3) of n reaches that ship, by a controller without a network.

    Optimal control is given random courses of all three muscles to follow as EMG, on an arm whose long head has a tenth
    of its force: at a tenth of its full force no muscles of the published arm can hold against it.
    """
    shipped = [one.read() for one in find_reaches(resolve("package:synthetic", "kinematics/data"))[:n]]
    muscles = {channel: dict.fromkeys(PUBLISHED_MUSCLES[channel], 1.0) for channel in CHANNELS}
    with tempfile.TemporaryDirectory() as folder:
        write_reaches(shipped, Path(folder) / "reaches")
        (Path(folder) / "emg").mkdir()
        for reach, wanted in zip(shipped, smooth(np.random.default_rng(seed), n, 50, 3), strict=True):
            time = np.linspace(0, reach.time[-1] - reach.time[0], len(wanted))
            envelope = Envelope(reach.name, time, wanted, CHANNELS, muscles)
            envelope.save(Path(folder) / "emg" / f"{reach.name}_emg.tsv")
        follow = [f"kinematics.emg={folder}/emg", f"model.file={weaker(folder)}", *FOLLOW] if name == "optimal" else []
        words = ["threads=1", *follow, *overrides]
        (done,) = without_network(name, words, f"{folder}/reaches", "activation").performances
    weights = envelope.weights(done.actuators)
    return [(of.time, of.values @ weights) for of in done.muscles.values()]


def weaker(folder):
    """The published arm with a weaker long head of triceps."""
    package, root = Path(mousearm.model.__file__).parent, ElementTree.parse(resolve("package:muscle.xml", "model"))
    muscle = root.find(".//muscle[@name='Triceps_Long_Head']")
    muscle.set("force", str(0.1 * float(muscle.get("force"))))
    root.write(f"{folder}/weaker.xml")
    shutil.copy(package / "forelimb.xml", folder)
    return f"{folder}/weaker.xml"


def held(*words):
    """How far the long head can act at rest, (n,), in poses of reaches that ship, so that other muscles can hold it.

    The largest share of its force that torques of the others balance at shoulder and elbow: a linear programme.
    """
    setup = Setup.to_test(compose(["model=muscle", *words]), "package:synthetic")
    poses = np.concatenate([one.qpos[::5] for one in setup.references[:12]])
    of = ArmDynamics(setup.arm).dynamics(poses, np.zeros_like(poses))
    wanted = -np.equal(setup.arm.actuator_names, "Triceps_Long_Head").astype(float)
    scale, joints = 1e6, slice(4)  # µN m; those of the wrist are left free
    torque, rest = scale * of.bounds.gain.mT[:, joints], scale * (of.bias - of.bounds.offset)[:, joints]
    found = [linprog(wanted, A_eq=a, b_eq=b, bounds=(0, 1)) for a, b in zip(torque, rest, strict=True)]
    return -np.array([one.fun for one in found if one.success])


def lasting(one, name, time):
    """A reach with these times; where the arm is says nothing here."""
    at = np.linspace(one.time[0], one.time[-1], len(time))
    points = {of: np.stack([np.interp(at, one.time, x) for x in getattr(one, of).T], axis=1) for of in LANDMARKS}
    return Reach(name, time, **points)


def study_of(truth, seed):
    """What import and comparison make of raw EMG of these times and activations of each reach."""
    (demo,) = find_reaches(resolve("package:demo.csv", "kinematics/data"))
    rows = {f"m/d/r{i}": of for i, of in enumerate(truth)}
    chosen = read_map([f"{name}={name}" for name in CHANNELS], dict.fromkeys(CHANNELS, 1.0))
    with tempfile.TemporaryDirectory() as folder:
        files = write_raw_emg(rows, CHANNELS, TRUTH, seed, 0.2, Path(folder) / "raw")
        write_reaches([lasting(demo.read(), name, time) for name, (time, _) in rows.items()], Path(folder) / "reaches")
        made = examine_emg(files, find_reaches(Path(folder) / "reaches"), SAID, chosen, {})
    assert not made.refusals, made.refusals[0]
    traces = {name: Trace(name, time, of, float(time[-1])) for name, (time, of) in rows.items()}
    right = MuscleController("right", [MusclePerformance(CHANNELS, traces, {})])
    return made, compare_emg([right], {of.reach: of for of in made.envelopes})


def agreement(truth, made):
    """(3,) r of all envelopes, read later by the delay that was planted, with what the muscles did."""
    late = [one.at(time + TRUTH.delay_s) for one, (time, _) in zip(made.envelopes, truth, strict=True)]
    both = np.concatenate([of for _, of in truth]), np.concatenate(late)
    return np.array([np.corrcoef(a, b)[0, 1] for a, b in zip(both[0].T, both[1].T, strict=True)])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--muscles", choices=("smooth", "cmc", "optimal"), default="smooth")
    parser.add_argument("--reaches", type=int, default=12)
    parser.add_argument("--of", type=int, default=32)
    parser.add_argument("--studies", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("overrides", nargs="*")
    given = parser.parse_args()
    drawn_of = [] if given.muscles == "smooth" else performed(given.muscles, given.overrides, given.of)
    delays, covers, r, pairs, below = [], [], [], [], 0
    for study in range(given.studies):
        rng = np.random.default_rng([given.seed, study])
        drawn = rng.choice(len(drawn_of), given.reaches, replace=False) if drawn_of else range(given.reaches)
        truth = [drawn_of[i] for i in drawn] if drawn_of else [(TIME, of) for of in smooth(rng, given.reaches, 50, 3)]
        made, compared = study_of(truth, int(rng.integers(2**31)))
        late = delay(compared.sets[0], compared.sets[0].measured[0], compared.lags_ms)
        delays.append(late.ms)
        covers.append(late.low <= 12 <= late.high)
        r.append(agreement(truth, made))
        pairs += made.common["m/d"]
        below += bool(made.covered["m/d"])
    off = np.array(delays) - 12
    print(
        f"{given.muscles}, {given.reaches} reaches, {given.studies} studies: mean {np.mean(delays):.2f} ms, s.d. "
        f"{np.std(delays):.2f}, within 1 ms {np.mean(abs(off) <= 1):.3f}, interval holds 12 in {np.mean(covers):.3f}"
    )
    if given.muscles == "optimal":
        print(
            f"long head held at rest, published arm: median {np.median(most := held()):.3f}, at most {most.max():.3f}"
        )
    if drawn_of:
        shown = np.concatenate([of for _, of in drawn_of])
        print("activation:", ", ".join(f"{of.mean():.3f} ± {of.std():.3f}" for of in shown.T))
    for channel, of in zip(CHANNELS, np.transpose(r), strict=True):
        print(f"{channel}: r with the truth {of.mean():.3f}, {of.min():.3f} to {of.max():.3f}")
    flagged, share = np.mean([one.is_suspicious for one in pairs]), np.mean([abs(one.share) for one in pairs])
    print(f"cross-talk: {flagged:.0%} of pairs flagged, {share:.1%} in the mean; a channel below it in {below} studies")


if __name__ == "__main__":
    main()
