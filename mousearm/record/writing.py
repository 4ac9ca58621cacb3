"""Recordings as files, of the format that is asked for."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from tqdm import tqdm

from mousearm.agent import Agent
from mousearm.errors import OutputError, UnknownNameError
from mousearm.output import new_output
from mousearm.record.hdf5 import write_hdf5
from mousearm.record.opensim import write_tables
from mousearm.record.performing import about, performances
from mousearm.record.recording import ReachRecording

About = Mapping[str, str | float | int]
Write = Callable[[Iterable[ReachRecording], About, Path], None]


def _write_nwb(reaches: Iterable[ReachRecording], facts: About, path: Path) -> None:
    try:
        from mousearm.record.nwb import write_nwb
    except ImportError as error:
        raise OutputError(
            f"--format nwb needs pynwb, which cannot be imported here ({error}): pip install 'mousearm[nwb]'."
        ) from error
    write_nwb(reaches, facts, path)


FORMATS: MappingProxyType[str, Write] = MappingProxyType({"hdf5": write_hdf5, "nwb": _write_nwb, "sto": write_tables})
"""What writes each format."""

SUFFIXES = MappingProxyType({".h5": "hdf5", ".hdf5": "hdf5", ".nwb": "nwb"})
"""What a file's name says of its format; sto is a folder."""


@dataclass
class Written:
    """What was written.

    Attributes:
        performances: how many.
        seconds: of reaches in all of them.
        bytes: on the disk.
        diverged: name and repeat of those whose simulation did not live to the end of the reach.
    """

    performances: int = 0
    seconds: float = 0.0
    bytes: int = 0
    diverged: list[str] = field(default_factory=list)

    def count(self, reaches: Iterable[ReachRecording]) -> Iterator[ReachRecording]:
        """Pass performances on, and count them."""
        for reach in reaches:
            self.performances += 1
            self.seconds += float(reach.signals["time"].values[-1])
            self.diverged += [] if reach.completed else [f"{reach.name} (repeat {reach.repeat})"]
            yield reach


def write_recording(
    agent: Agent,
    out: Path,
    kind: str | None = None,
    repeats: int = 1,
    noise: float = 0.0,
    seed: int = 0,
    overwrite: bool = False,
) -> Written:
    """Record an agent, see ``record``, into a file or folder that appears whole or not at all.

    Args:
        agent: the agent.
        out: the file, or the folder of tables.
        kind: one of ``FORMATS``; None: what the suffix says.
        repeats: performances of each reach.
        noise: motor noise.
        seed: of the noise.
        overwrite: whether a file of that name is replaced.

    Raises:
        UnknownNameError: if there is no such format.
        OutputError: if the name does not fit the format, is taken, or cannot be written.
        ConfigError: if another argument is out of its range.
    """
    write = _find_format(out, kind)
    reaches, written = performances(agent, repeats, noise, seed), Written()
    bar = tqdm(reaches, "recording", repeats * agent.evaluator.task.n, delay=1, leave=False, unit=" reaches")
    with new_output(out, overwrite) as path:
        write(written.count(bar), about(agent, repeats, noise, seed), path)
        files = path.rglob("*") if path.is_dir() else [path]
        written.bytes = sum(file.stat().st_size for file in files)
    return written


def _find_format(out: Path, kind: str | None) -> Write:
    kind = SUFFIXES.get(out.suffix) if kind is None else kind
    if kind is None:
        raise OutputError(f"{out} (--out) ends with none of {', '.join(SUFFIXES)}: change it, or say --format.")
    if kind not in FORMATS:
        raise UnknownNameError("format of recordings (--format)", kind, FORMATS)
    own = [suffix for suffix, name in SUFFIXES.items() if name == kind]
    if own and out.suffix not in own:
        raise OutputError(f"{out} (--out) must end with {' or '.join(own)} for --format {kind}.")
    if not own and out.suffix in (*SUFFIXES, f".{kind}"):
        raise OutputError(f"{out} (--out) must be a folder for --format {kind}: leave {out.suffix} out.")
    return FORMATS[kind]
