"""Places on the Hub, those of the lab, and in plain words what the Hub, or the way to it, refuses of them."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from mousearm.errors import HubError, MouseArmError
from mousearm.text import override, shell

PREFIX = "hf://"
"""Prefix of the URI of a place on the Hub."""

CATALOGUE = {
    "model": "hf://AlBornoLab/MouseArmModel",
    "kinematics": "hf://AlBornoLab/MouseArmKinematics",
    "agent": "hf://AlBornoLab/Welle",
}
"""What can be downloaded, and the lab's repository of it."""

LOG_IN = "`hf auth login` (or set HF_TOKEN)"

_KINDS = ("model", "dataset")
_COMMIT = re.compile(r"[0-9a-f]{40}")
_TO_IMPORT = ("--trust", "--out", "outputs/NAME", "OVERRIDES")
_QUERY = re.compile(r"\?\S+")  # addresses of storage are signed there


@dataclass(frozen=True, slots=True)
class HubUri:
    """A repository at a revision, or a file or folder in it.

    Attributes:
        repo: ``OWNER/NAME``.
        kind: of the repository, ``model`` or ``dataset``; None where it is not said, and either may be meant.
        revision: a branch, a tag or a commit.
        path: below the repository; empty for all of it.
    """

    repo: str
    kind: str | None
    revision: str
    path: str = ""

    @staticmethod
    def parse(text: str) -> "HubUri":
        """Read ``hf://...``, the address of a page of the Hub, or the bare ``OWNER/NAME``.

        Raises:
            HubError: if it is none of these.
        """
        from huggingface_hub import parse_hf_uri
        from huggingface_hub.errors import HfUriError

        is_address = text.startswith((PREFIX, "https://", "http://"))
        try:
            parsed = parse_hf_uri(text if is_address else PREFIX + text)
        except HfUriError as error:
            raise HubError(
                f"'{text[:200]}' is not a place on the Hub: {str(error).strip()} Write {PREFIX}OWNER/NAME, "
                f"{PREFIX}OWNER/NAME@REVISION/PATH, or {PREFIX}datasets/OWNER/NAME..."
            ) from error
        if parsed.type not in _KINDS:
            raise HubError(f"'{text[:200]}' is a {parsed.type}; only {' and '.join(_KINDS)} repositories are used.")
        if ".." in PurePosixPath(parsed.path_in_repo).parts or "\\" in parsed.path_in_repo:
            raise HubError(f"'{text[:200]}' leads out of the repository. Give a path below it.")
        bare = text.removeprefix(PREFIX)
        said = parsed.type != "model" or bare.startswith(("models/", "https://", "http://"))
        return HubUri(parsed.id, parsed.type if said else None, parsed.revision or "main", parsed.path_in_repo)

    @property
    def is_pinned(self) -> bool:
        """True if the revision is a commit, which never changes."""
        return _COMMIT.fullmatch(self.revision) is not None

    @property
    def page(self) -> str:
        """Address of the repository's page."""
        from huggingface_hub import HfUri

        return HfUri(self.kind or "model", self.repo).to_url()  # type: ignore[arg-type]

    def __str__(self) -> str:
        from huggingface_hub import HfUri

        text = HfUri(self.kind or "model", self.repo, self.revision, self.path).to_uri()  # type: ignore[arg-type]
        return text if self.kind else text.replace("models/", "", 1)


def as_saved(wanted: str, saved: str) -> str:
    """Return the path that a run was saved with, where the wanted one is the same place and leaves the commit open.

    So a run that took a commit keeps it when it is resumed, whatever the branch has become, and without asking the Hub.

    Raises:
        HubError: if the wanted one is malformed.
    """
    if not (wanted.startswith(PREFIX) and saved.startswith(PREFIX)):
        return wanted
    found, taken = HubUri.parse(wanted), HubUri.parse(saved)
    same = replace(found, kind=found.kind or taken.kind, revision=taken.revision) == taken
    return saved if same and not found.is_pinned else wanted


def next_steps(what: str, folder: Path, name: str) -> list[str]:
    """Commands for what was downloaded.

    Args:
        what: a key of `CATALOGUE`.
        folder: where it is.
        name: how configurations are to name the folder.
    """
    if what == "model":
        keys = {".osim": ("model=osim", "model.osim"), ".xml": ("model=hub", "model.file")}
        found = [(keys[Path(file).suffix.lower()], f"{name}/{file}") for file in _below(folder, *keys)]
        steps = [shell("run.py", group, override(key, path)) for (group, key), path in found]
        return steps or ["It holds no model: neither an MJCF (.xml) nor an OpenSim file (.osim)."]
    if what == "kinematics":
        if files := _below(folder, ".csv"):
            look = f"CSV files: {len(files)}. Look at them: {shell('scripts/check_reaches.py', name)}"
            return [look, shell("run.py", override("kinematics.path", name))]
        return ["It holds no reach: no CSV file. scripts/import_reaches.py reads those of tracking programs."]
    if (folder / "config.yaml").is_file():
        return [shell("scripts/reproduce.py", name)]
    archives = _below(folder, ".zip")
    if not archives:
        return ["It holds no agent: neither a run folder (config.yaml) nor an archive of Stable-Baselines3 (.zip)."]
    return [
        "Archives of Stable-Baselines3, made of pickles. If you trust who made them:",
        *(shell("scripts/import_agent.py", folder / file, *_TO_IMPORT) for file in archives),
    ]


def _below(folder: Path, *suffixes: str) -> list[str]:
    files = (file for file in folder.rglob("*") if file.suffix.lower() in suffixes and file.is_file())
    return sorted(file.relative_to(folder).as_posix() for file in files)


@contextmanager
def hub_errors(uri: HubUri, verb: str) -> Iterator[None]:
    """Turn what the Hub's library raises into a HubError: the place cannot be ``downloaded``, or another verb."""
    try:
        yield
    except MouseArmError:
        raise
    except Exception as error:  # the library's, its HTTP library's, the operating system's
        raise HubError(_text(uri, verb, error)) from error


def _text(uri: HubUri, verb: str, error: Exception) -> str:
    from huggingface_hub import errors, get_token

    known = get_token() is not None
    uri = replace(uri, kind=uri.kind or getattr(error, "repo_type", None))
    if isinstance(error, errors.GatedRepoError):
        first = "your account has no access to it (yet)" if known else "you are not logged in"
        return (
            f"{uri.repo} cannot be {verb}: it is given to those who ask, and {first}. Visit {uri.page}, log in "
            f"there and ask for access; when it is granted, log in here by {LOG_IN}, and give the same command again."
        )
    if isinstance(error, errors.RevisionNotFoundError):
        return f"{uri.repo} has no revision '{uri.revision}'. Those that exist: {uri.page}/tree/main"
    if isinstance(error, errors.RepositoryNotFoundError):
        hint = "the account that is logged in here does not see it" if known else f"log in by {LOG_IN} if it is private"
        return (
            f"{uri.repo} cannot be {verb}: there is no such repository, or {hint}. A repository is written "
            "OWNER/NAME, a data set datasets/OWNER/NAME."
        )
    if isinstance(error, errors.HfHubHTTPError):
        if (status := error.response.status_code) in (401, 403):
            return (
                f"{uri.repo} cannot be {verb}: the Hub does not allow it ({status}). Log in by {LOG_IN}, with a token "
                "that may do so."
            )
        return f"{uri.repo} cannot be {verb}: the Hub answers {status}. {_line(error)}"
    if isinstance(error, errors.RevisionResolutionError | errors.LocalEntryNotFoundError):
        return (
            f"{uri} cannot be {verb}: the Hub cannot be reached, and it is not complete in the cache of this "
            f"machine. Try again with a network. ({_line(error)})"
        )
    return f"{uri} cannot be {verb}: {type(error).__name__}: {_line(error)}. Try again."


def _line(error: Exception) -> str:
    """The error in one line, without what follows the addresses in it."""
    return _QUERY.sub("", " ".join(str(error).split()))[:500].rstrip(".")
