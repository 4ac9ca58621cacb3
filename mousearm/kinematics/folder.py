"""Folders of reaches: their files, the animal and session of each, and hashes of what was written."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from mousearm.door import SEAL, read_seal, read_text, sha256
from mousearm.errors import KinematicsError, os_errors_as
from mousearm.files import make_folder, seal
from mousearm.kinematics.files import read_csv, write_csv
from mousearm.kinematics.reach import Reach
from mousearm.kinematics.sheets import Sheet

REACH_MANIFEST = "manifest.csv"  # in a folder: says of which animal and session its reaches are
MANIFEST_COLUMNS = ("file", "animal", "session")  # that it must have; others are ignored


@dataclass(frozen=True, slots=True)
class ReachFile:
    """A file that holds a reach; animal and session are empty where they are not known."""

    name: str  # of the reach: the path below the folder without suffix, such as ``mouse_1/monday/reach_3``
    path: Path
    animal: str = ""  # as the manifest or the folder above the session's says
    session: str = ""  # unique over animals: ``animal/session``
    written: str = ""  # hash of the file when it was written, as `SEAL` beside it says

    def read(self) -> Reach:
        """Read the reach; KinematicsError as `read_csv`, or if the file is not as it was written."""
        if self.written and self.written != self.sha256():
            raise KinematicsError(
                f"{self.path}: is not as it was written; its hash is not that in {SEAL} beside it. Bring it back as it "
                f"was or, if you changed it yourself, remove its line from {SEAL}."
            )
        return read_csv(self.path, name=self.name)

    def sha256(self) -> str:
        """Hash of the file's bytes, as hexadecimal text; KinematicsError if it cannot be read."""
        with os_errors_as(KinematicsError, self.path, "read"):
            return sha256(self.path)


def write_reaches(reaches: Iterable[Reach], folder: Path) -> None:
    """Write each reach below a folder, by its name, and its hash; OutputError if one cannot be written."""
    hashes: dict[Path, dict[str, str | None]] = {}
    for reach in reaches:
        file = folder / f"{reach.name}.csv"
        make_folder(file.parent)
        seal(file.parent, {file.name: None})
        write_csv(reach, file)
        hashes.setdefault(file.parent, {})[file.name] = sha256(file)
    for parent, known in hashes.items():
        seal(parent, known)


def read_reaches(path: Path | str) -> tuple[Reach, ...]:
    """Read all that `find_reaches` finds, in its order; errors as there and as `read_csv`."""
    return tuple(file.read() for file in find_reaches(path))


def find_reaches(path: Path | str) -> tuple[ReachFile, ...]:
    """Find one file, or every ``*.csv`` below a folder, at any depth; only the manifest and `SEAL` are read.

    Hidden files and folders are skipped. Animal and session are those of the folder's `REACH_MANIFEST`, where there
    is one (columns `MANIFEST_COLUMNS`, files as paths below the folder); otherwise the names of the folders that a file
    lies in: ``FOLDER/animal/session/reach.csv``.

    Returns:
        The files, sorted by their path below the folder (as POSIX text, so every disk gives the same order). A single
        file is named by its stem.

    Raises:
        KinematicsError: the folder has no CSV file, or its manifest cannot be used.
    """
    path = Path(path)
    if not path.is_dir():
        return (ReachFile(path.stem, path, written=read_seal(path.parent).get(path.name, "")),)
    relatives = sorted(file.relative_to(path).as_posix() for file in path.rglob("*.csv") if file.is_file())
    relatives = [relative for relative in relatives if "/." not in f"/{relative}" and relative != REACH_MANIFEST]
    if not relatives:
        raise KinematicsError(
            f"{path}: no file matches *.csv in this folder or below it. Give a CSV file or a folder with some."
        )
    sessions = {file: file.rpartition("/")[0] for file in relatives}  # animal/session/reach.csv
    known = {file: (session.rpartition("/")[0], session) for file, session in sessions.items()}
    if (path / REACH_MANIFEST).is_file():
        known = _read_manifest(path / REACH_MANIFEST, relatives)
    seals = {session: read_seal(path / session) for session in sessions.values()}
    return tuple(
        ReachFile(
            file[: -len(".csv")], path / file, *known.get(file, ("", "")), seals[session].get(Path(file).name, "")
        )
        for file, session in sessions.items()
    )


def _read_manifest(path: Path, files: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Animal and session by file."""
    sheet = Sheet(path, read_text(path, kind=KinematicsError).splitlines() or [""], ",")
    columns = sheet.cells(0)
    missing = [name for name in MANIFEST_COLUMNS if name not in columns]
    if missing:
        raise KinematicsError(
            f"{path}: has no column {', '.join(missing)}. A file of this name says whose the folder's reaches are, in "
            f"the columns {', '.join(MANIFEST_COLUMNS)}; if it is a reach, give it another name."
        )
    known: dict[str, tuple[str, str]] = {}
    for _, cells in sheet.rows(1):
        if not any(cells):
            continue
        row = dict(zip(columns, cells, strict=False))
        file, animal, session = (row.get(name, "") for name in MANIFEST_COLUMNS)
        if file in known:
            raise KinematicsError(f"{path}: names {file} twice; a reach is of one animal and session.")
        if file not in files:
            raise KinematicsError(
                f"{path}: names '{file[:200]}', which is not among the reaches in {path.parent}. Correct or remove "
                "the row."
            )
        known[file] = animal, (f"{animal}/{session}" if session else "")
    return known
