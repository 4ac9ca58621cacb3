"""A repository of the Hub as a folder on this machine: downloaded once, and checked by its hashes each time."""

import glob
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from mousearm.errors import HubError
from mousearm.hub.hashes import is_named
from mousearm.hub.place import Place
from mousearm.hub.problems import explained

if TYPE_CHECKING:
    from huggingface_hub import RepoFile

# Files that may name others, which then lie beside or below them.
_NAMING = (".xml", ".mjcf", ".osim")
_MOST_LISTED = 20


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What was asked for, as it is on this machine, in the cache of the Hub's library.

    Attributes:
        place: where it comes from: the kind of the repository, and the commit as its revision.
        asked: the revision that was asked for.
        before: the commit that this revision was when it was last downloaded here; None if it never was.
        folder: the commit's folder; what is not below ``place.path`` need not be there.
        files: paths of the files that are there.
    """

    place: Place
    asked: str
    before: str | None
    folder: Path
    files: tuple[str, ...]

    @property
    def path(self) -> Path:
        """The file or folder that was asked for."""
        return self.folder / self.place.path

    @property
    def moved(self) -> str:
        """What to tell if the revision has become another commit since the last download; empty if not."""
        now = self.place.revision
        if self.before in (None, now):
            return ""
        return f"{self.place.repo} has changed: {self.asked} was {self.before[:12]} here before, and is {now[:12]} now."


def fetch(place: Place) -> Snapshot:
    """Download a file or folder, as far as the cache does not have it, and check every file by the Hub's hashes.

    A file that is damaged in the cache is downloaded again. A commit that is in the cache needs no network; nor does a
    branch if the Hub cannot be reached, which then is what it was last time. Of a repository that may be a model or a
    data set, the model is taken if there is one.

    Raises:
        HubError: if it cannot be reached, does not exist, may not be had, or arrives damaged.
    """
    from huggingface_hub import errors

    absent = (errors.RepositoryNotFoundError, errors.RevisionResolutionError, errors.LocalEntryNotFoundError)
    with explained(place, "downloaded"):
        try:
            return _fetch(replace(place, kind=place.kind or "model"))
        except absent as error:
            if place.kind is not None or isinstance(error, errors.GatedRepoError):
                raise
            try:
                return _fetch(replace(place, kind="dataset"))
            except absent as second:
                raise (second if isinstance(second, errors.GatedRepoError) else error) from second


def _fetch(place: Place) -> Snapshot:
    """``fetch`` of a repository of a known kind; with the library's errors."""
    from huggingface_hub import get_cached_repo_tree

    before, commit = _commits(place)
    pinned = replace(place, revision=commit)
    folder = _download(pinned, _patterns(place.path))
    tree = get_cached_repo_tree(place.repo, repo_type=place.kind, revision=commit)
    if place.path and not (folder / place.path).exists():
        raise HubError(f"{place.repo} ({place.kind}, {place.revision}) has no '{place.path}'. It has {_listed(tree)}.")
    there = [file for file in tree if (folder / file.path).is_file()]
    if damaged := _damaged(pinned, folder, there):
        print(f"Damaged in the cache, and downloaded again: {', '.join(damaged)}")
        _download(pinned, [glob.escape(path) for path in damaged], again=True)
        if damaged := _damaged(pinned, folder, there):
            raise HubError(
                f"{pinned} does not arrive as the Hub says it is: {', '.join(damaged)}. Try again later, or remove "
                f"{folder.parents[1]}."
            )
    return Snapshot(pinned, place.revision, before, folder, tuple(file.path for file in there))


def _commits(place: Place) -> tuple[str | None, str]:
    """The commit that a revision was when it was last downloaded here, and the one that it is."""
    from huggingface_hub import HfApi, errors

    api = HfApi(library_name="mousearm")
    known = {"repo_type": place.kind, "revision": place.revision}
    try:
        before = api.resolve_revision(place.repo, **known, local_files_only=True).resolved
    except errors.RevisionResolutionError:
        before = None
    return before, api.resolve_revision(place.repo, **known).resolved


def _download(place: Place, patterns: list[str] | None, again: bool = False) -> Path:
    """The folder of a commit, with the files of some patterns; ``again`` downloads them although they are there."""
    from huggingface_hub import errors, get_cached_repo_tree, snapshot_download

    known = {"repo_type": place.kind, "revision": place.revision}
    download = partial(snapshot_download, place.repo, **known, allow_patterns=patterns, library_name="mousearm")
    if not again:
        try:
            get_cached_repo_tree(place.repo, **known)  # without the list nobody knows whether everything is there
            return Path(download(local_files_only=True))
        except (errors.CachedRepoTreeNotFoundError, errors.LocalEntryNotFoundError, errors.IncompleteSnapshotError):
            pass
    return Path(download(force_download=again))


def _patterns(path: str) -> list[str] | None:
    """Which files belong to a path: a folder's own, and all beside and below a file that may name others."""
    if PurePosixPath(path).suffix.lower() in _NAMING:
        path = PurePosixPath(path).parent.as_posix()
    return None if path in ("", ".") else [glob.escape(path), f"{glob.escape(path)}/*"]


def _damaged(place: Place, folder: Path, files: Sequence["RepoFile"]) -> list[str]:
    """Paths of those files that are not what the Hub says that they are."""
    from huggingface_hub import HfApi

    if all(is_named(folder / file.path, file.blob_id) for file in files):
        return []
    # The Hub has the last word, because it knows the hashes of large files themselves.
    told = HfApi(library_name="mousearm").verify_repo_checksums(
        place.repo, repo_type=place.kind, revision=place.revision
    )
    return [mismatch["path"] for mismatch in told.mismatches]


def _listed(files: Sequence["RepoFile"]) -> str:
    names = [file.path for file in files]
    more = f" and {len(names) - _MOST_LISTED} more" if len(names) > _MOST_LISTED else ""
    return (", ".join(names[:_MOST_LISTED]) or "no files") + more
