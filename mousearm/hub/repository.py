"""Repositories of the Hub: how their places are written, what the Hub refuses of them in plain words, and pushing."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Any

from mousearm.errors import HubError, MouseArmError
from mousearm.text import one_line

PREFIX = "hf://"  # of the URI of a place on the Hub
LOG_IN = "`hf auth login` (or set HF_TOKEN)"
_KINDS = ("model", "dataset")
_COMMIT = re.compile(r"[0-9a-f]{40}")
_QUERY = re.compile(r"\?\S+")  # addresses of storage are signed there
_OF_THE_HUB = {".gitattributes", "README.md"}  # which the Hub itself puts into a new repository


@dataclass(frozen=True, slots=True)
class HubUri:
    """A repository, ``OWNER/NAME``, at a revision, or a file or folder in it.

    The kind is ``model`` or ``dataset``, or None where it is not said, and either may be meant.
    """

    repo: str
    kind: str | None
    revision: str  # a branch, a tag or a commit
    path: str = ""  # below the repository; empty for all of it

    @staticmethod
    def parse(text: str) -> "HubUri":
        """Read ``hf://...``, the address of a page of the Hub, or the bare ``OWNER/NAME``; HubError if it is none."""
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
        said = parsed.type != "model" or text.removeprefix(PREFIX).startswith(("models/", "https://", "http://"))
        return HubUri(parsed.id, parsed.type if said else None, parsed.revision or "main", parsed.path_in_repo)

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
    HubError if the wanted one is malformed.
    """
    if not (wanted.startswith(PREFIX) and saved.startswith(PREFIX)):
        return wanted
    found, taken = HubUri.parse(wanted), HubUri.parse(saved)
    same = replace(found, kind=found.kind or taken.kind, revision=taken.revision) == taken
    return saved if same and not _COMMIT.fullmatch(found.revision) else wanted


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
            why = f"the Hub does not allow it ({status}). Log in by {LOG_IN}, with a token that may do so."
        else:
            why = f"the Hub answers {status}. {_line(error)}"
        return f"{uri.repo} cannot be {verb}: {why}"
    if isinstance(error, errors.RevisionResolutionError | errors.LocalEntryNotFoundError):
        return (
            f"{uri} cannot be {verb}: the Hub cannot be reached, and it is not complete in the cache of this "
            f"machine. Try again with a network. ({_line(error)})"
        )
    return f"{uri} cannot be {verb}: {type(error).__name__}: {_line(error)}. Try again."


def _line(error: Exception) -> str:
    """The error in one line, without what follows the addresses in it."""
    return _QUERY.sub("", one_line(error))[:500].rstrip(".")


def push(files: Mapping[str, bytes], uri: HubUri, marks: Iterable[str], private: bool, message: str) -> HubUri:
    """Make a repository, whose kind is said, consist of files, contents by path, in one commit, and return it at that.

    One with files of the names ``marks`` is replaced; its history keeps what it was. One that does not exist is made,
    seen by its owner only if it is to be ``private``. HubError if nobody is logged in, or may not write there; or the
    repository holds something else, or others see it although it is to be private. Nothing is written then.
    """
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi, errors, get_token

    if get_token() is None:
        raise HubError(f"{uri.repo} cannot be written: you are not logged in. Log in by {LOG_IN}.")
    with hub_errors(uri, "written"):
        api, there = HfApi(library_name="mousearm"), set()
        try:
            info: Any = api.repo_info(uri.repo, repo_type=uri.kind)
        except errors.RepositoryNotFoundError as error:
            if isinstance(error, errors.GatedRepoError):
                raise
        else:
            if private and not info.private:
                raise HubError(f"{uri.repo} exists, and all can see it. Make it private on {uri.page}/settings first.")
            there = {file.rfilename for file in info.siblings or ()}
        if there - _OF_THE_HUB and not set(marks) <= there:
            raise HubError(
                f"{uri.repo} holds something else ({', '.join(sorted(there)[:5])}), which is not overwritten. Give "
                "another REPO."
            )
        api.create_repo(uri.repo, repo_type=uri.kind, private=private, exist_ok=True)
        stale = sorted(there - files.keys() - _OF_THE_HUB)
        operations = [*(CommitOperationAdd(*file) for file in files.items()), *map(CommitOperationDelete, stale)]
        done = api.create_commit(uri.repo, operations, commit_message=message, repo_type=uri.kind)
    return replace(uri, revision=done.oid)


def card_head(name: str, licence: str, tags: Sequence[str], data: str, results: Mapping[str, float]) -> str:
    """YAML, between two lines of dashes, on an agent: its results are on ``data``, numbers by what they are."""
    from huggingface_hub import EvalResult, ModelCardData

    task, kind = "reinforcement-learning", "mean-error-mm"
    entries = [EvalResult(task, "reaches", data, kind, value, metric_name=what) for what, value in results.items()]
    known = {"library_name": "mousearm", "pipeline_tag": task, "tags": list(tags), "model_name": name}
    head = ModelCardData(license=licence, eval_results=entries, **known)
    return f"---\n{head.to_yaml()}\n---\n"
