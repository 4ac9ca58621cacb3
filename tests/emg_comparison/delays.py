"""How often the delay of planted EMG is found to 1 ms: ``python tests/emg_comparison/delays.py --studies 40``.

Each study is activations of three muscles in some reaches, made into raw EMG at 2 kHz that is 12 ms later, with hum of
the mains and 10 % of cross-talk; it goes through import_emg.py's import and emg.py's comparison. --muscles smooth are
random courses in which all three muscles act; cmc is computed muscle control of synthetic reaches.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np
from test_emg_comparison import TIME, smooth

from mousearm.emg.importing import examine_emg
from mousearm.emg.mapping import PUBLISHED_MUSCLES, read_map
from mousearm.emg.recording import EmgOptions
from mousearm.emg.synthetic import RawEmgModel, write_raw_emg
from mousearm.emg_comparison.controllers import MuscleController, MusclePerformance, without_network
from mousearm.emg_comparison.study import compare_emg
from mousearm.emg_comparison.timing import delay
from mousearm.emg_comparison.traces import Trace
from mousearm.kinematics import Reach, find_reaches, write_reaches
from mousearm.paths import resolve
from mousearm.trajectory import LANDMARKS

CHANNELS = ("biceps", "triceps_long", "triceps_lateral")
TRUTH = RawEmgModel(delay_s=0.012, hum=1e-4, crosstalk=0.1, offset=2e-3)
SAID = EmgOptions(kind="raw", offset_s=0.0, notch_hz=50.0)


def cmc(n):
    """Activations (n, T, 3) of computed muscle control of reaches that ship, and their times."""
    (performed,) = without_network("cmc", ["threads=1"], "package:synthetic", "activation").performances
    muscles = [[int(name in PUBLISHED_MUSCLES[of]) for of in CHANNELS] for name in performed.actuators]
    weights = np.array(muscles) / np.sum(muscles, axis=0)
    return [(of.time, of.values @ weights) for of in performed.muscles.values()][:n]


def lasting(one, name, time):
    """A reach with these times; where the arm is says nothing here."""
    at = np.linspace(one.time[0], one.time[-1], len(time))
    points = {of: np.stack([np.interp(at, one.time, x) for x in getattr(one, of).T], axis=1) for of in LANDMARKS}
    return Reach(name, time, **points)


def found(truth, seed):
    """The delay that a study finds; truth are times and activations of each reach."""
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
    study = compare_emg([right], {of.reach: of for of in made.envelopes})
    return delay(study.sets[0], study.sets[0].measured[0], study.lags_ms), study


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--muscles", choices=("smooth", "cmc"), default="smooth")
    parser.add_argument("--reaches", type=int, default=12)
    parser.add_argument("--studies", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    performed = cmc(32) if given.muscles == "cmc" else []
    delays, covers = [], []
    for study in range(given.studies):
        rng = np.random.default_rng([given.seed, study])
        drawn = rng.choice(len(performed), given.reaches, replace=False) if performed else range(given.reaches)
        truth = [performed[i] for i in drawn] if performed else [(TIME, of) for of in smooth(rng, given.reaches, 50, 3)]
        late, _ = found(truth, int(rng.integers(2**31)))
        delays.append(late.ms)
        covers.append(late.low <= 12 <= late.high)
    off = np.array(delays) - 12
    print(
        f"{given.muscles}, {given.reaches} reaches, {given.studies} studies: mean {np.mean(delays):.2f} ms, s.d. "
        f"{np.std(delays):.2f}, within 1 ms {np.mean(abs(off) <= 1):.3f}, interval holds 12 in {np.mean(covers):.3f}"
    )


if __name__ == "__main__":
    main()
