"""Made neurons as files: a session of NWB with spike times, as a laboratory would have it, and the truth beside it."""

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from mousearm.errors import NeuralError
from mousearm.neural.made import Made
from mousearm.neural.session import REFRACTORY_S
from mousearm.text import listed

_GAP_S = 1.05 * REFRACTORY_S  # between spikes
_PAUSE_S = 1.0  # between trials, besides the margins
_TRUTH = ("tuned", "unique", "explainable")


def spike_times(made: Made, seed: int = 0) -> tuple[list[np.ndarray], np.ndarray]:
    """Spike times of each unit, s, and the time of frame 0 of each trial, on the clock of one session.

    Spikes are in the intervals of their frames, so that `count_spikes` finds the counts again, and keep the refractory
    time of real neurons.
    """
    random, step_s, kernel = np.random.default_rng(seed), made.neurons.step_s, made.recipe.kernel
    before, after = kernel.margins(step_s)
    shift = 1.0 if kernel.shape == "causal" else 0.5
    lasts = [(len(counts) + 1) * step_s + _PAUSE_S for counts in made.counts]
    starts = np.cumsum([0.0, *lasts[:-1]]) + (before + 1) * step_s + _PAUSE_S / 2
    of = zip(starts, made.neurons.n_frames, strict=True)
    begin = np.concatenate([start + step_s * (np.arange(-before, n + after) - shift) for start, n in of])
    counts = np.concatenate(made.counts)
    return [_placed(begin, unit, step_s, random) for unit in counts.T], starts


def _placed(begin: np.ndarray, counts: np.ndarray, step_s: float, random: np.random.Generator) -> np.ndarray:
    """Times of so many spikes in each interval, s, further apart than the refractory time wherever they have room."""
    n = np.repeat(counts, counts)
    at, u = np.repeat(begin, counts), random.uniform(0.001, 0.999, len(n))
    order = np.lexsort((u, at))
    number = np.arange(len(n)) - np.repeat(np.cumsum(counts) - counts, counts)  # of a spike in its interval, from 0
    gap = np.minimum(_GAP_S, 0.99 * step_s / np.maximum(n, 1))
    return at + gap * (number + 0.5) + u[order] * (step_s - n * gap)


def write_made(
    made: Made, path: Path, animal: str = "made", session: str = "1", seed: int = 0, areas: Sequence[str] = ("M1",)
) -> None:
    """Write made neurons as a session of NWB: units with area and the truth as columns, a trial for each reach.

    Args:
        made: the neurons.
        path: the file, which does not exist yet.
        animal: name of the animal.
        session: name of the session.
        seed: of where spikes are within their frames.
        areas: of the units, in turns.

    Raises:
        NeuralError: pynwb is not here.
        OSError: the file cannot be written.
    """
    pynwb = _pynwb()
    times, starts = spike_times(made, seed)
    nwb = pynwb.NWBFile(
        session_description="Neurons that were made of known activity, with Poisson spikes. No animal.",
        identifier=str(uuid.uuid5(uuid.NAMESPACE_OID, f"{animal}/{session}/{seed}/{made.recipe}")),
        session_start_time=datetime(2020, 1, 1, tzinfo=UTC),
        session_id=session,
        experiment_description=f"{made.recipe}; lag {1e3 * made.lag_s:g} ms; sources {listed(list(made.shares), 9)}",
        subject=pynwb.file.Subject(subject_id=animal, species="Mus musculus", sex="U", age="P0D/"),
    )
    nwb.add_unit_column("brain_area", "where the unit is said to be")
    for name in _TRUTH:
        nwb.add_unit_column(f"true_{name}", f"{name}: the truth about the made unit")
    for i, unit in enumerate(times):
        truth = {f"true_{name}": float(getattr(made, name)[i]) for name in _TRUTH}
        nwb.add_unit(spike_times=unit, brain_area=areas[i % len(areas)], **truth)
    nwb.add_trial_column("reach", "name of the reach")
    for reach, start, n in zip(made.neurons.reaches, starts, made.neurons.n_frames, strict=True):
        nwb.add_trial(start_time=start, stop_time=start + (n - 1) * made.neurons.step_s, reach=reach)
    with pynwb.NWBHDF5IO(path, "w") as io:
        io.write(nwb)


def _pynwb() -> Any:
    try:
        import pynwb
    except ImportError as error:
        raise NeuralError(
            f"Writing NWB needs pynwb, which cannot be imported here ({error}): pip install 'mousearm[neural]'."
        ) from error
    return pynwb
