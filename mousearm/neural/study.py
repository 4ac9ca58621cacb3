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
from mousearm.errors import NeuralError
from mousearm.files import make_folder
from mousearm.model import model_hashes
from mousearm.neural.alignment import START, align, read_cohort
from mousearm.neural.comparing import (
    Population,
    Predictor,
    beside,
    bound_all,
    compare_all,
    piece,
    resemblances,
    set_beside,
)
from mousearm.neural.measures import Settings
from mousearm.neural.measures.ceilings import ceiling_kind
from mousearm.neural.measures.compare import OF_FEATURES
from mousearm.neural.measures.preparation import FEWEST_REACHES
from mousearm.neural.pieces import Piece, run_pieces
from mousearm.neural.predictors import layer_names, predictor
from mousearm.neural.rates import Kernel
from mousearm.neural.results import NeuralStudy
from mousearm.neural.session import NeuralSession, UnitFilter, keep_units
from mousearm.neural.source import PredictorSource
from mousearm.record import write_recording
from mousearm.registry import SIMILARITIES
from mousearm.rundir.runs import find_runs, is_recording
from mousearm.text import plural

HIDDEN, MOVEMENT = "hidden", "kinematics"
_MOST_RUNS = 4  # whose layers are set beside one another
_OfRuns = Mapping[str, Sequence[Predictor]]  # layers and rivals by the name of the run; the same objects where shared


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

    def __post_init__(self):
        for name, least in (("nulls", 0), ("processes", 1)):
            if (value := getattr(self, name)) < least:
                raise NeuralError(f"{value} {name} (--{name}) cannot be: give {least} or more.")
        if not self.layers:
            raise NeuralError("No layer is asked about (--layers). Give one, such as hidden.")
        for name in OF_FEATURES:
            if name in self.measures and MOVEMENT not in self.against:
                raise NeuralError(
                    f"{name} (--measures) is what there is beyond movement. Compare with {MOVEMENT}, too (--against), "
                    "or leave it out."
                )


@dataclass(frozen=True)
class NeuralResult:
    """What came of a study."""

    study: NeuralStudy
    populations: Sequence[Population]
    predictors: Sequence[Predictor]
    sessions: Sequence[NeuralSession]
    facts: Mapping[str, str]  # how it was done, and hashes of what it was done with
    runs: Mapping[str, Path] = field(default_factory=dict)  # run folders by name, where there are several


def study_neurons(folders: Sequence[Path], asked: NeuralAsked, out: Path) -> NeuralResult:
    """Compare layers of runs and their rivals with recorded neurons; what is computed is kept below ``out``.

    Raises:
        MouseArmError: a run, a recording, a session, a layer, a rival or a measure cannot be used.
    """
    for name in asked.measures:
        SIMILARITIES[name]  # which refuses what is not there, before anything is recorded
    sessions = [keep_units(session, asked.units) for session in read_cohort(asked.neurons, asked.names)]
    paths = _paths(folders)
    result = compare_sources(sessions, _sources(paths, asked, out / "recordings"), asked, out)
    runs = {name: path for name, path in paths.items() if not is_recording(path)} if len(paths) > 1 else {}
    return replace(result, runs=runs)


def compare_sources(
    sessions: Sequence[NeuralSession], sources: Mapping[str, PredictorSource], asked: NeuralAsked, out: Path
) -> NeuralResult:
    """The same of sessions that were read and of what runs do on the reaches, by the name of the run."""
    measures = list(asked.measures) or list(SIMILARITIES)
    of_runs = _shared({run: [*_predictors(run, source, asked)] for run, source in sources.items()}, asked.layers)
    predictors = [*{one.label: one for ones in of_runs.values() for one in ones}.values()]
    populations = _populations(sessions, next(iter(sources.values())), asked)
    work = _work(populations, of_runs, measures, asked)
    results = dict(zip(work, run_pieces(list(work.values()), out / "results", asked.processes), strict=True))
    matches, besides = [], []
    for population in populations:
        bounds = results[population.name, "", ""]
        for one in predictors:
            matches += resemblances(one, population, results[population.name, one.label, ""], bounds)
        for one, rivals in _rivals(of_runs, asked.layers):
            found = results[population.name, one.label, "rivals"]["rivals"]
            besides += [beside(one, rival, population, of) for rival, of in zip(rivals, found, strict=True)]
    study = NeuralStudy(matches, besides, list(asked.layers))
    facts = _facts(asked, sessions, sources, populations)
    return NeuralResult(study, populations, predictors, sessions, facts)


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
    """A run's recording, in a file by its `recording_key`."""
    agent = Agent.load(path, asked.checkpoint, asked.kinematics)
    file = place / f"{recording_key(agent)}.h5"
    if not file.is_file():
        write_recording(agent, file, "hdf5")
    return replace(PredictorSource.of_file(file), agent=agent)


def recording_key(agent: Agent) -> str:
    """Hash of all that a recording follows from: network, arm with its files, reaches, environment and condition."""
    config, references = agent.config, agent.evaluator.task.references
    digest = hashlib.sha256(read_bytes(agent.checkpoint / MANIFEST))
    known = config.model, sorted(model_hashes(config.model).items()), references.names, config.env, config.condition
    digest.update(repr(known).encode())
    digest.update(np.ascontiguousarray(references.targets).tobytes())
    return digest.hexdigest()[:32]


def _predictors(run: str, source: PredictorSource, asked: NeuralAsked) -> Iterator[Predictor]:
    layers = layer_names(source)
    for name in asked.layers:
        of = _layer(name, layers)
        yield Predictor(run, name, predictor(source, of, of))
    first = _layer(asked.layers[0], layers)
    for name in asked.against:
        yield Predictor(run, name, predictor(source, name, first))


def _shared(of_runs: _OfRuns, layers: Sequence[str]) -> _OfRuns:
    """The same with one predictor, of no run, for a rival that is the same in all runs, such as kinematics."""
    every = [one for ones in of_runs.values() for one in ones if one.name not in layers]
    kinds = {name: {one.activity.sha256 for one in every if one.name == name} for name in {one.name for one in every}}
    once = {one.name: replace(one, run="") for one in every if len(kinds[one.name]) == 1}
    return {run: [once.get(one.name, one) for one in ones] for run, ones in of_runs.items()}


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
            if (n := len(set(rates.reaches))) < FEWEST_REACHES:
                raise NeuralError(
                    f"{session.source} has trials of {plural(n, 'reach', 'reaches')}. What is fitted on some is scored "
                    f"on others, for which {FEWEST_REACHES} are needed: leave the session out, or record more."
                )
            found.append(Population(rates.name, session.animal, rates))
    return found


def _rivals(of_runs: _OfRuns, layers: Sequence[str]) -> Iterator[tuple[Predictor, list[Predictor]]]:
    """Layers with the rivals of their run, and with the same layer of later runs, if they are few."""
    every = [*of_runs.values()]
    for i, ones in enumerate(every):
        for layer in (one for one in ones if one.name in layers):
            later = every[i + 1 :] if len(every) <= _MOST_RUNS else []
            rivals = [other for other in ones if other.name not in layers]
            rivals += [other for others in later for other in others if other.name == layer.name]
            if rivals:
                yield layer, rivals


def _work(
    populations: Sequence[Population], of_runs: _OfRuns, measures: Sequence[str], asked: NeuralAsked
) -> dict[tuple[str, str, str], Piece]:
    """The pieces by population, predictor, and what else is there."""
    found, settings = {}, asked.settings
    movement = {run: one.activity for run, ones in of_runs.items() for one in ones if one.name == MOVEMENT}
    for of in populations:
        own, title = [of.activity], f"ceilings of {of.name}"
        found[of.name, "", ""] = piece(title, bound_all, own, measures, settings, asked.kernel)
        for run, one in ((run, one) for run, ones in of_runs.items() for one in ones):
            beyond = movement.get(run) if one.name != MOVEMENT else None
            names = [name for name in measures if beyond is not None or name not in OF_FEATURES]
            both, title = [one.activity, of.activity, beyond], f"{one.label} with {of.name}"
            found[of.name, one.label, ""] = piece(title, compare_all, both, names, settings, asked.nulls)
        for one, rivals in _rivals(of_runs, asked.layers):
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
        "held out": f"{settings.folds} folds of reaches, or as many as have three, by the seed {settings.seed}",
        "lag": f"-{1e3 * settings.most_lag_s:g} to {1e3 * settings.most_lag_s:g} ms, chosen without held-out reaches",
        "null": f"neurons of other reaches of the same fold and session, {asked.nulls} times",
    }
    for of in populations:
        rates = of.activity
        n, trials = plural(len(set(rates.reaches)), "reach", "reaches"), plural(len(rates.reaches), "trial")
        counts = f"{rates.n_units} neurons, {trials} of {n}; ceilings by {ceiling_kind(rates)}"
        facts[of.name] = f"{counts}; sha256 of rates {rates.sha256[:16]}"
    for session in sessions:
        facts[f"file {session.source}"] = f"sha256 of spikes {session.sha256[:16]}"
    for run, source in sources.items():
        left = f"; diverged: {', '.join(source.diverged)}" if source.diverged else ""
        facts[f"run {run or source.name}"] = f"{len(source.reaches)} trials{left}"
    return facts
