"""Studies of muscles as commands: solve, write a page with its figures and tables, and say what came out."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from mousearm.config import Config
from mousearm.document import Block, Cells, Document, Section, picture_block, table_block, terminal_table, text_block
from mousearm.emg.envelope import EmgTarget, load_folder
from mousearm.errors import ConfigError
from mousearm.files import to_json, unknown_as_null
from mousearm.paths import resolve
from mousearm.planning import muscle_tables as tables
from mousearm.planning.commands import parsed_efforts
from mousearm.planning.family import build_family
from mousearm.planning.informed import MUSCLE, REACH, inform
from mousearm.planning.inverse import invert
from mousearm.planning.muscles import Movements, Solver, movements_of, recorded_emg
from mousearm.record.opened import open_trials
from mousearm.setup import Setup
from mousearm.text import wrapped

_MOST_MUSCLES = 12  # in a terminal


def config_with_emg(config: Config, emg: Path | None) -> Config:
    """The same with another folder of envelopes, unless it is None."""
    return config if emg is None else replace(config, kinematics=replace(config.kinematics, emg=str(emg)))


def study_family(config: Config, weights: str, within_mm: float, others: Sequence[Path], out: Path) -> str:
    """A family of movements by several weights of effort, with others, in a folder; what a terminal shows of it."""
    solver, efforts = Solver(_to_test(config)), parsed_efforts(weights)
    emg = None if config.kinematics.emg is None else recorded_emg(solver.setup)
    more = [read_movements(path, solver.setup) for path in others]
    family = build_family(solver, efforts, within_mm, more, emg)
    from mousearm.planning.muscle_figures import family_figure  # slow to import

    verdict = tables.family_verdict(family)
    members, muscles = tables.member_cells(family), tables.range_cells(family)
    caption = f"{family.reaches[0]}. The widest range first. Vermilion: recorded EMG, by one scale for all channels."
    each = {f"redundancy_{Path(of).name}": partial(family_figure, family, i) for i, of in enumerate(family.reaches)}
    files = Block(lambda: "", figures=each)
    drawn = picture_block(lambda: family_figure(family), "muscles", caption)
    sections = [
        Section("", [text_block(verdict, "headline"), drawn, files]),
        Section("Muscles", [table_block(muscles, "muscles"), text_block(tables.FAMILY_KEY, "key")]),
        Section("Movements", [table_block(members, "members"), text_block(tables.EMG_KEY, "key")]),
    ]
    rows = {"members": _rows(members), "muscles": [asdict(one) | {"verdict": one.verdict} for one in family.muscles()]}
    page = _write(out, "redundancy", "Redundancy of muscles", sections, rows, config)
    lines = terminal_table(members, range(1, 20))
    lines += terminal_table(tables.range_cells(family, _MOST_MUSCLES), range(1, 5))
    return "\n".join([*lines, *wrapped(verdict), str(page)])


def study_informed(config: Config, w_emg: float, out: Path) -> str:
    """Movements whose muscles follow EMG, in a folder; what a terminal shows of it."""
    solver, emg, groups, _ = _with_emg(config)
    informed = inform(solver, emg, groups, w_emg)
    from mousearm.planning.muscle_figures import informed_figure  # slow to import

    gains, verdict = informed.gains(), tables.informed_verdict(informed)
    cells = {kind: tables.gain_cells(gains, kind) for kind in (MUSCLE, REACH)}
    blocks = {kind: [table_block(of, kind.replace(" ", "_"))] for kind, of in cells.items()}
    top = [
        text_block(verdict, "headline"),
        picture_block(lambda: informed_figure(informed), "EMG and muscles", "", "informed"),
    ]
    sections = [Section("", top), *(Section(kind.capitalize(), of) for kind, of in blocks.items())]
    sections.append(Section("How to read it", [text_block(_ASSUMED, "key"), text_block(_TESTS, "key")]))
    rows = {kind.replace(" ", "_"): _rows(of) for kind, of in cells.items()}
    page = _write(out, "informed", "Movements that follow EMG", sections, rows, config)
    lines = []
    for kind, of in cells.items():
        lines += [kind, *terminal_table(of, range(1, 9))]
    return "\n".join([*lines, *wrapped(verdict), str(page)])


def choose_cost(config: Config, folder: Path) -> float:
    """Search for the cost whose movements have the recorded EMG, and print it.

    Returns the share of the EMG that is left on reaches that were left out, 0 at best.
    """
    solver, emg, groups, each_scaled = _with_emg(config)
    inverse = invert(solver, emg, groups, config.inverse, config.seed, each_scaled)
    from mousearm.planning.muscle_figures import inverse_figure  # slow to import

    verdict, cells = tables.inverse_verdict(inverse), tables.inverse_cells(inverse)
    caption = "Each point is the best cost with this weight. Line: chosen on all reaches; grey: its 95 % interval."
    top = [
        text_block(verdict, "headline"),
        picture_block(lambda: inverse_figure(inverse), "fit over weights", caption, "inverse"),
    ]
    of_folds = [table_block(cells, "folds"), text_block(tables.INVERSE_KEY, "key")]
    sections = [Section("", top), Section("Reaches left out", of_folds)]
    solved = [
        {**one._asdict(), "factors": list(one.factors), "left": float(np.exp(inverse.costs.loss(fit, inverse.rows)))}
        | {"r": np.nanmean(fit.r[list(inverse.rows)], axis=1).tolist()}
        for one, fit in inverse.costs.fits.items()
    ]
    rows = {"folds": _rows(cells), "costs": solved, "interval": [inverse.interval() | {"told": inverse.is_told()}]}
    page = _write(folder, "inverse", "Which cost has the recorded EMG?", sections, rows, config)
    print("\n".join([*terminal_table(cells, range(2, 7)), *wrapped(verdict), str(page)]))
    return float(np.exp(inverse.gain("tested").spread.mean))


def read_movements(path: Path, setup: Setup) -> Movements:
    """How a recording, or the network of a run, performs the reaches of a setup.

    ConfigError if it lacks a reach or has other actuators; others as of `open_trials`.
    """
    arm, trials = open_trials(path, kinematics=setup.config.kinematics.path)
    if tuple(arm.actuator_names) != tuple(setup.arm.actuator_names):
        raise ConfigError(f"{path} has other actuators than {setup.arm.source}. Give one of the same arm, or model=.")
    return movements_of(path.name, str(path), setup, trials)


def _to_test(config: Config) -> Setup:
    setup = Setup.to_test(config)
    if setup.arm.na == 0:
        raise ConfigError(f"{setup.arm.source} has no muscles. Give model=muscle.", "model")
    return setup


def _with_emg(config: Config) -> tuple[Solver, EmgTarget, list[str], bool]:
    """The reaches that have EMG, their EMG, the animal/session of each; and whether each was scaled by itself."""
    setup = _to_test(config)
    emg = recorded_emg(setup)
    have = np.flatnonzero(np.isfinite(emg.values).any(axis=(1, 2)))
    setup = replace(setup, references=[setup.references[row] for row in have])
    envelopes = load_folder(resolve(str(config.kinematics.emg), "kinematics/data"))
    groups = [envelopes[one.name].session or envelopes[one.name].animal for one in setup.references]
    each_scaled = any(envelopes[one.name].about.get("scaled_over") == "file" for one in setup.references)
    return Solver(setup), recorded_emg(setup), groups, each_scaled


def _rows(cells: Cells) -> list[dict[str, Any]]:
    return [dict(zip(cells[0], row, strict=False)) for row in cells[1]]


def _write(
    folder: Path, name: str, title: str, sections: list[Section], rows: dict[str, list[dict[str, Any]]], config: Config
) -> Path:
    """Write the page, Markdown, JSON and a table of each kind of rows; the page."""
    kinematics = config.kinematics
    source = (
        f"Reaches: {kinematics.path}. EMG: {kinematics.emg or 'none'}. Arm: {config.model.file or config.model.osim}."
    )
    content = to_json(unknown_as_null({"title": title, "source": source, **rows}))
    tables = {f"{name}_{kind}": of for kind, of in rows.items() if kind != "interval"}
    return Document(name, title, source, sections, tables, {f"{name}.json": content}).write(folder)


_ASSUMED = (
    "Envelopes are scaled by one factor for all channels, fitted to the movements without EMG: recordings do not tell "
    "how active a muscle is, nor compare muscles. Channels with cross-talk predict one another without any muscle."
)
_TESTS = (
    "r: Pearson correlation with EMG that was not used, over the frames of a reach, without a lag; means over reaches. "
    "p: of the change, by all signs of reaches, one-sided. p exchanged: r with the reach's own EMG against that of "
    "other reaches of the same session, one-sided. Both are corrected for the channels. Mean of others: r of the mean "
    "envelope of the other reaches, which knows no muscle at all."
)
