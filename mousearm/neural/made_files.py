"""Made neurons as files: a session of NWB with spike times, as a laboratory would have it, and the truth beside it."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from mousearm.errors import NeuralError
from mousearm.files import new_output
from mousearm.neural.made import Made, Recipe, make_neurons
from mousearm.neural.predictors import predictor
from mousearm.neural.session import REFRACTORY_S
from mousearm.neural.source import PredictorSource
from mousearm.text import facts, listed, plural

_GAP_S = 1.05 * REFRACTORY_S  # between spikes
_PAUSE_S = 1.0  # between trials, besides the margins of the kernel
_FRAME = "world: x to the right, y forward, z up"
_TRUTH = ("tuned", "unique", "explainable")


def read_mix(text: str) -> dict[str, float]:
    """Shares by name of ``hidden=0.6,kinematics=0.4``; NeuralError if it is none."""
    shares: dict[str, float] = {}
    for word in text.split(","):
        name, _, share = word.strip().partition("=")
        try:
            value = float(share or 1)
        except ValueError:
            value = -1.0
        if not name or not 0 <= value < np.inf or name in shares:
            raise NeuralError(
                f"{text!r} (--mix) does not say what neurons are made of. Give names with shares of at least 0, such "
                "as hidden=0.6,kinematics=0.4."
            )
        shares[name] = value
    return shares


def made_of_run(
    run: tuple[Path, str, str | None],
    mix: Mapping[str, float],
    recipe: Recipe,
    out: Path,
    who: tuple[str, str] = ("made", "1"),
    seed: int = 0,
    overwrite: bool = False,
    repeats: int = 1,
) -> Made:
    """Let a run perform its reaches, make neurons of what happens in it, and write them as NWB.

    Args:
        run: the run folder, the checkpoint, and the path of other reaches or None, as of `Agent.load`.
        mix: shares by the name of a layer or a predictor, as of `predictor`.
        recipe: how.
        out: the file, which ends with .nwb.
        who: animal and session.
        seed: of everything random.
        overwrite: whether to replace the file.
        repeats: trials of each reach, which differ in noise alone; all reaches are done, then all of them again.

    Raises:
        NeuralError: there is no trial; or as of `predictor`, `make_neurons` and `write_made`.
        OutputError: the file exists, or cannot be written.
        MouseArmError: as of `Agent.load`.
    """
    if repeats < 1:
        raise NeuralError(f"Neurons cannot be made of {repeats} trials of each reach (--repeats): give 1 or more.")
    _pynwb()
    with new_output(out, overwrite) as path:
        from mousearm.agent import Agent

        source = PredictorSource.of_agent(Agent.load(*run))
        source = source.only([*range(len(source.reaches))] * repeats)
        made = make_neurons([(predictor(source, name), share) for name, share in mix.items()], recipe, seed)
        paw = [rows[:, 3:] for rows in source.signals("target")]
        write_made(made, path, *who, seed, paw=paw)
    return made


def made_text(made: Made, path: Path) -> str:
    """What was made, for people."""
    neurons, silent = made.neurons, int((np.concatenate(made.counts).sum(axis=0) == 0).sum())
    spikes = int(sum(counts.sum() for counts in made.counts))
    tuned = made.unique[made.tuned]
    first = next(iter(made.shares))
    said = {
        "file": path,
        "neurons": f"{neurons.n_units}, {int(made.tuned.sum())} tuned, {silent} without a spike",
        "trials": f"{len(neurons.reaches)} of {plural(len(set(neurons.reaches)), 'reach', 'reaches')}, {spikes} spikes",
        "made of": ", ".join(f"{name} {share.max():.2g}" for name, share in made.shares.items()),
        "lag": f"{1e3 * made.lag_s:.1f} ms, by which neurons follow; below 0 they lead",
        "unique": f"{tuned.mean() if len(tuned) else 0:.3f} of a tuned unit's variance is {first}'s alone",
        "explainable": f"{made.explainable.mean():.3f} of the variance of smoothed rates; the rest is spiking",
    }
    return facts(said)


def spike_times(made: Made, seed: int = 0) -> tuple[list[np.ndarray], np.ndarray]:
    """Spike times of each unit, s, and the time of frame 0 of each trial, on the clock of one session.

    Spikes are in the intervals of their frames, so that `count_spikes` finds the counts again, and keep the refractory
    time of real neurons. Between trials units fire at their mean rates.
    """
    random, step_s, kernel = np.random.default_rng(seed), made.neurons.step_s, made.recipe.kernel
    before, after = kernel.margins(step_s)
    shift, pause = 1.0 if kernel.shape == "causal" else 0.5, round(_PAUSE_S / step_s)
    lasts = [(pause + len(counts)) * step_s for counts in made.counts]
    starts = np.cumsum([0.0, *lasts[:-1]]) + (pause + before + 1) * step_s
    mean = step_s * np.concatenate(made.truth.values).mean(axis=0)
    begin, all_counts = [], []
    for start, n, counts in zip(starts, made.neurons.n_frames, made.counts, strict=True):
        begin.append(start + step_s * (np.arange(-before - pause, n + after) - shift))
        all_counts += [random.poisson(mean, (pause, len(mean))), counts]
    first = np.concatenate(begin)
    return [_placed(first, unit, step_s, random) for unit in np.concatenate(all_counts).T], starts


def _placed(begin: np.ndarray, counts: np.ndarray, step_s: float, random: np.random.Generator) -> np.ndarray:
    """Times of so many spikes in each interval, s, further apart than the refractory time wherever they have room."""
    n = np.repeat(counts, counts)
    at, u = np.repeat(begin, counts), random.uniform(0.001, 0.999, len(n))
    order = np.lexsort((u, at))
    number = np.arange(len(n)) - np.repeat(np.cumsum(counts) - counts, counts)  # of a spike in its interval, from 0
    gap = np.minimum(_GAP_S, 0.99 * step_s / np.maximum(n, 1))
    return at + gap * (number + 0.5) + u[order] * (step_s - n * gap)


def write_made(
    made: Made,
    path: Path,
    animal: str = "made",
    session: str = "1",
    seed: int = 0,
    areas: Sequence[str] = ("M1",),
    paw: Sequence[np.ndarray] = (),
) -> None:
    """Write made neurons as a session of NWB: units with area and the truth as columns, a trial for each reach.

    Args:
        made: the neurons.
        path: the file, which does not exist yet.
        animal: name of the animal.
        session: name of the session.
        seed: of where spikes are within their frames.
        areas: of the units, in turns.
        paw: its position, (T_i, 3) m, in each trial, which becomes a behaviour; none: there is none.

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
    if len(paw):
        clock = [start + made.neurons.step_s * np.arange(len(rows)) for start, rows in zip(starts, paw, strict=True)]
        series = pynwb.behavior.SpatialSeries(
            name="paw", data=np.concatenate(paw), timestamps=np.concatenate(clock), unit="m", reference_frame=_FRAME
        )
        nwb.create_processing_module("behavior", "movement").add(pynwb.behavior.Position(spatial_series=series))
    with pynwb.NWBHDF5IO(path, "w") as io:
        io.write(nwb)


def _pynwb() -> Any:
    try:
        import pynwb
        import pynwb.behavior
    except ImportError as error:
        raise NeuralError(
            f"Writing NWB needs pynwb, which cannot be imported here ({error}): pip install 'mousearm[neural]'."
        ) from error
    return pynwb
