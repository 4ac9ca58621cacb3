"""A study from runs and recorded neurons to what it found; interrupted, it goes on where it was."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from tqdm.auto import tqdm

from mousearm.agent import Agent, titles
from mousearm.door import MANIFEST, read_bytes
from mousearm.emg import load_folder
from mousearm.files import make_folder
from mousearm.neural.alignment import START, align, read_cohort
from mousearm.neural.comparing import (
    Population,
    Predictor,
    beside,
    bound_all,
    compare_all,
    fingerprint,
    piece,
    resemblances,
    set_beside,
)
from mousearm.neural.measures import Settings
from mousearm.neural.measures.ceilings import ceiling_kind
from mousearm.neural.measures.compare import OF_FEATURES
from mousearm.neural.pieces import Piece, run_pieces
from mousearm.neural.predictors import layer_names, predictor
from mousearm.neural.rates import Kernel
from mousearm.neural.results import NeuralStudy
from mousearm.neural.session import NeuralSession, UnitFilter, keep_units
from mousearm.neural.source import PredictorSource
from mousearm.record import write_recording
from mousearm.record.opened import is_recording
from mousearm.registry import SIMILARITIES
from mousearm.rundir.runs import find_runs

HIDDEN, MOVEMENT = "hidden", "kinematics"
_MOST_RUNS = 4  # whose layers are set beside one another; of more, kinds of networks are compared


@dataclass(frozen=True)
class NeuralAsked:
    """What a study is to do."""

    neurons: Sequence[Path]
    layers: Sequence[str] = (HIDDEN,)
    against: Sequence[str] = ("kinematics", "untrained", "muscles")
    measures: Sequence[str] = ()  # none: all
    nulls: int = 1000
    settings: Settings = field(default_factory=Settings)
    processes: int = 1
    kinematics: str | None = None  # other reaches than the runs' own
    checkpoint: str = "best"
    emg: Path | None = None  # folder of envelopes
    names: str | None = None  # column of the trials that names the reach
    event: str = START
    offset_ms: float = 0.0
    kernel: Kernel = field(default_factory=Kernel)
    units: UnitFilter = field(default_factory=UnitFilter)


@dataclass(frozen=True)
class NeuralResult:
    """What came of a study."""

    study: NeuralStudy
    populations: Sequence[Population]
    predictors: Sequence[Predictor]
    sessions: Sequence[NeuralSession]
    facts: Mapping[str, str]  # how it was done, and hashes of what it was done with
    runs: Mapping[str, Path]  # run folders by name, where there are more than can be set beside one another


def study_neurons(folders: Sequence[Path], asked: NeuralAsked, out: Path) -> NeuralResult:
    """Compare layers of runs and their rivals with recorded neurons; what is computed is kept below ``out``.

    Raises:
        MouseArmError: a run, a recording, a session, a layer, a rival or a measure cannot be used.
    """
    measures = list(asked.measures) or list(SIMILARITIES)
    for name in measures:
        SIMILARITIES[name]  # which refuses what is not there
    sessions = [keep_units(session, asked.units) for session in read_cohort(asked.neurons, asked.names)]
    paths = _paths(folders)
    sources = _sources(paths, asked, out / "recordings")
    predictors = [one for run, source in sources.items() for one in _predictors(run, source, asked)]
    populations = _populations(sessions, next(iter(sources.values())), asked)
    work = _work(populations, predictors, measures, asked)
    results = dict(zip(work, run_pieces(list(work.values()), out / "results", asked.processes), strict=True))
    matches, besides = [], []
    for population in populations:
        bounds = results[population.name, "", ""]
        for one in predictors:
            matches += resemblances(one, population, results[population.name, one.label, ""], bounds)
        for one, rivals in _rivals(predictors, asked):
            found = results[population.name, one.label, "rivals"]["rivals"]
            besides += [beside(one, rival, population, of) for rival, of in zip(rivals, found, strict=True)]
    study = NeuralStudy(matches, besides, list(asked.layers))
    facts = _facts(asked, sessions, sources, populations)
    several = {name: path for name, path in paths.items() if not is_recording(path)} if len(paths) > _MOST_RUNS else {}
    return NeuralResult(study, populations, predictors, sessions, facts, several)


def _paths(folders: Sequence[Path]) -> dict[str, Path]:
    """Runs and recordings by name, those in sweeps one by one; one alone needs no name."""
    paths = [run for path in folders for run in ([path] if is_recording(path) else find_runs([path]))]
    return dict(zip(titles(paths) if len(paths) > 1 else [""], paths, strict=True))


def _sources(paths: Mapping[str, Path], asked: NeuralAsked, place: Path) -> dict[str, PredictorSource]:
    """What every run does on the reaches, by its name; recorded once for each network and its reaches."""
    envelopes = load_folder(asked.emg) if asked.emg is not None else {}
    found = {}
    for name, path in tqdm(paths.items(), "recording", delay=1, leave=False, unit=" runs"):
        recorded = is_recording(path)
        source = PredictorSource.of_file(path) if recorded else _recorded(path, asked, make_folder(place))
        found[name] = replace(source, envelopes=envelopes)
    return found


def _recorded(path: Path, asked: NeuralAsked, place: Path) -> PredictorSource:
    """A run's recording, in a file by the hash of its network, its reaches and its configuration."""
    agent = Agent.load(path, asked.checkpoint, asked.kinematics)
    digest = hashlib.sha256(read_bytes(agent.checkpoint / MANIFEST))
    digest.update(repr((agent.evaluator.task.references.names, agent.config.env, agent.config.condition)).encode())
    digest.update(np.ascontiguousarray(agent.evaluator.task.references.targets).tobytes())
    file = place / f"{digest.hexdigest()[:32]}.h5"
    if not file.is_file():
        write_recording(agent, file, "hdf5")
    return replace(PredictorSource.of_file(file), agent=agent)


def _predictors(run: str, source: PredictorSource, asked: NeuralAsked) -> Iterator[Predictor]:
    layers = layer_names(source)
    for name in asked.layers:
        of = _layer(name, layers)
        yield Predictor(run, name, predictor(source, of, of))
    first = _layer(asked.layers[0], layers)
    for name in asked.against:
        yield Predictor(run, name, predictor(source, name, first))


def _layer(name: str, layers: Sequence[str]) -> str:
    """The layer of a name; of a network without memory its last layer stands for ``hidden``."""
    without = [layer for layer in layers if layer.startswith("backbone_")]
    return without[-1] if name == HIDDEN and name not in layers and without else name


def _populations(sessions: Sequence[NeuralSession], source: PredictorSource, asked: NeuralAsked) -> list[Population]:
    """Every area of every session on the reaches of the runs."""
    frames = {reach.name: len(reach.signals["time"].values) for reach in source.reaches}
    found = []
    for session in sessions:
        for part in session.by_area().values():
            rates = align(part, source.step_s, frames, asked.kernel, asked.event, asked.offset_ms)
            found.append(Population(rates.name, session.animal, rates))
    return found


def _rivals(predictors: Sequence[Predictor], asked: NeuralAsked) -> Iterator[tuple[Predictor, list[Predictor]]]:
    """Layers with the rivals of their run, and with the same layer of later runs, if they are few."""
    runs = list(dict.fromkeys(one.run for one in predictors))
    for one in (one for one in predictors if one.name in asked.layers):
        later = runs[runs.index(one.run) + 1 :] if len(runs) <= _MOST_RUNS else []
        rivals = [other for other in predictors if other.run == one.run and other.name not in asked.layers]
        rivals += [other for other in predictors if other.run in later and other.name == one.name]
        if rivals:
            yield one, rivals


def _work(
    populations: Sequence[Population], predictors: Sequence[Predictor], measures: Sequence[str], asked: NeuralAsked
) -> dict[tuple[str, str, str], Piece]:
    """The pieces by population, predictor, and what else is there."""
    found, settings = {}, asked.settings
    movement = {one.run: one.activity for one in predictors if one.name == MOVEMENT}
    for of in populations:
        found[of.name, "", ""] = piece(f"ceilings of {of.name}", bound_all, [of.activity], measures, settings)
        for one in predictors:
            beyond = movement.get(one.run) if one.name != MOVEMENT else None
            names = [name for name in measures if beyond is not None or name not in OF_FEATURES]
            both, title = [one.activity, of.activity, beyond], f"{one.label} with {of.name}"
            found[of.name, one.label, ""] = piece(title, compare_all, both, names, settings, asked.nulls)
        for one, rivals in _rivals(predictors, asked):
            every, title = [one.activity, *(rival.activity for rival in rivals), of.activity], f"{one.label} and rivals"
            found[of.name, one.label, "rivals"] = piece(f"{title} with {of.name}", set_beside, every, settings)
    return found


def _facts(
    asked: NeuralAsked,
    sessions: Sequence[NeuralSession],
    sources: Mapping[str, PredictorSource],
    populations: Sequence[Population],
) -> dict[str, str]:
    settings = asked.settings
    facts = {
        "rates": f"{asked.kernel}; frame 0 at {asked.event} {asked.offset_ms:+g} ms",
        "both sides": f"soft normalisation, then at most {settings.components} principal components",
        "held out": f"{settings.folds} folds of reaches, dealt out with the seed {settings.seed}",
        "lag": f"-{1e3 * settings.most_lag_s:g} to {1e3 * settings.most_lag_s:g} ms, chosen without held-out reaches",
        "null": f"neurons of other reaches of the same fold and session, {asked.nulls} times",
    }
    for of in populations:
        rates = of.activity
        counts = f"{rates.n_units} neurons, {len(set(rates.reaches))} reaches; ceilings by {ceiling_kind(rates)}"
        facts[of.name] = f"{counts}; sha256 of rates {fingerprint(rates)[:16]}"
    for session in sessions:
        facts[f"file {session.source}"] = "; ".join([*session.notes, f"sha256 of spikes {session.sha256[:16]}"])
    for run, source in sources.items():
        left = f"; diverged: {', '.join(source.diverged)}" if source.diverged else ""
        facts[f"run {run or source.name}"] = f"{len(source.reaches)} trials{left}"
    return facts
