"""Repositories of the Hub as folders here: downloaded once, checked by their hashes each time; copies; what is next."""

import glob
import hashlib
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from mousearm.door import check_name, read_json, sha256
from mousearm.errors import HubError
from mousearm.files import make_folder, staged, write_json
from mousearm.hub.repository import PREFIX, HubUri, hub_errors
from mousearm.text import listed, override, shell

if TYPE_CHECKING:
    from huggingface_hub import RepoFile

CATALOGUE = {
    "model": "hf://AlBornoLab/MouseArmModel",
    "kinematics": "hf://AlBornoLab/MouseArmKinematics",
    "agent": "hf://AlBornoLab/Welle",
}
"""Kinds of things that can be downloaded, and the lab's repository of each."""

RECORD = "hub.json"  # the note in a copy: repository, kind, revision, commit, and the SHA-256 of every file
_TO_IMPORT = ("--trust", "--out", "outputs/NAME", "OVERRIDES")
# Files that may name others, which then lie beside or below them.
_NAMING = (".xml", ".mjcf", ".osim")


@dataclass(frozen=True, slots=True)
class DownloadResult:
    """A download, in the cache of the Hub's library on this machine."""

    uri: HubUri  # where it comes from: the kind of the repository, and the commit as its revision
    asked: str  # the revision that was asked for
    before: str | None  # the commit that this revision was when it was last downloaded here; None if it never was
    folder: Path  # the commit's folder; what is not below ``uri.path`` need not be there
    files: tuple[str, ...]  # the paths that are there

    @property
    def path(self) -> Path:
        """The file or folder that was asked for."""
        return self.folder / self.uri.path

    @property
    def moved(self) -> str:
        """Note that the revision has become another commit since the last download; empty if it has not."""
        now = self.uri.revision
        if self.before in (None, now):
            return ""
        return f"{self.uri.repo} has changed: {self.asked} was {self.before[:12]} here before, and is {now[:12]} now."


def fetch(uri: HubUri) -> DownloadResult:
    """Download a file or folder, as far as the cache does not have it, and check every file by the Hub's hashes.

    A file that is damaged in the cache is downloaded again. A commit that is in the cache needs no network; nor does a
    branch if the Hub cannot be reached, which then is what it was last time. Of a repository that may be a model or a
    data set, the model is taken if there is one. HubError if it cannot be reached, does not exist, may not be
    downloaded, or arrives damaged.
    """
    from huggingface_hub import errors

    absent = (errors.RepositoryNotFoundError, errors.RevisionResolutionError, errors.LocalEntryNotFoundError)
    with hub_errors(uri, "downloaded"):
        try:
            return _fetch(replace(uri, kind=uri.kind or "model"))
        except absent as error:
            if uri.kind is not None or isinstance(error, errors.GatedRepoError):
                raise
            try:
                return _fetch(replace(uri, kind="dataset"))
            except absent as second:
                raise (second if isinstance(second, errors.GatedRepoError) else error) from second


def pin(text: str) -> str:
    """A path of the configuration; a place on the Hub is downloaded, or a HubError, and gets its commit as revision."""
    if not text.startswith(PREFIX):
        return text
    result = fetch(HubUri.parse(text))
    if result.moved:
        print(result.moved)
    return str(result.uri)


def _fetch(uri: HubUri) -> DownloadResult:
    """``fetch`` of a repository of a known kind; with the library's errors."""
    from huggingface_hub import HfApi, errors, get_cached_repo_tree

    resolve = partial(HfApi(library_name="mousearm").resolve_revision, uri.repo, repo_type=uri.kind)
    try:
        before = resolve(revision=uri.revision, local_files_only=True).resolved
    except errors.RevisionResolutionError:
        before = None
    commit = resolve(revision=uri.revision).resolved
    pinned = replace(uri, revision=commit)
    folder = _download(pinned, _patterns(uri.path))
    tree = get_cached_repo_tree(uri.repo, repo_type=uri.kind, revision=commit)
    for file in tree:
        check_name(file.path, HubError)
    if uri.path and not (folder / uri.path).exists():
        found = listed([file.path for file in tree], 20) or "no files"
        raise HubError(f"{uri.repo} ({uri.kind}, {uri.revision}) has no '{uri.path}'. It has {found}.")
    there = [file for file in tree if (folder / file.path).is_file()]
    if damaged := _damaged(pinned, folder, there):
        print(f"Damaged in the cache, and downloaded again: {', '.join(damaged)}")
        _download(pinned, [glob.escape(path) for path in damaged], again=True)
        if damaged := _damaged(pinned, folder, there):
            raise HubError(
                f"{pinned} does not arrive as the Hub says it is: {', '.join(damaged)}. Try again later, or remove "
                f"{folder.parents[1]}."
            )
    return DownloadResult(pinned, uri.revision, before, folder, tuple(file.path for file in there))


def _download(uri: HubUri, patterns: list[str] | None, again: bool = False) -> Path:
    """The folder of a commit, with the files of some patterns; ``again`` downloads them although they are there."""
    from huggingface_hub import errors, get_cached_repo_tree, snapshot_download

    known = {"repo_type": uri.kind, "revision": uri.revision}
    download = partial(snapshot_download, uri.repo, **known, allow_patterns=patterns, library_name="mousearm")
    if not again:
        try:
            get_cached_repo_tree(uri.repo, **known)  # without the list nobody knows whether everything is there
            return Path(download(local_files_only=True))
        except (errors.CachedRepoTreeNotFoundError, errors.LocalEntryNotFoundError, errors.IncompleteSnapshotError):
            pass
    return Path(download(force_download=again))


def _patterns(path: str) -> list[str] | None:
    """Patterns of the files that belong to a path: those of a folder, or all around a file that may name others."""
    if PurePosixPath(path).suffix.lower() in _NAMING:
        path = PurePosixPath(path).parent.as_posix()
    return None if path in ("", ".") else [glob.escape(path), f"{glob.escape(path)}/*"]


def _damaged(uri: HubUri, folder: Path, files: Sequence["RepoFile"]) -> list[str]:
    """Paths of those files that are not what the Hub says that they are."""
    from huggingface_hub import HfApi

    if all(_is_named(folder / file.path, file.blob_id) for file in files):
        return []
    # The Hub has the last word: of large files it tells the hashes of what they hold.
    answer = HfApi(library_name="mousearm").verify_repo_checksums(uri.repo, repo_type=uri.kind, revision=uri.revision)
    return [mismatch["path"] for mismatch in answer.mismatches]


def _is_named(file: Path, name: str) -> bool:
    """True if git calls a file by this name, a hash of its content, or of the pointer in place of a large file.

    The pointer is that of Git LFS, specification v1: three lines with the SHA-256 and the size.
    """
    size = file.stat().st_size
    small = f"version https://git-lfs.github.com/spec/v1\noid sha256:{sha256(file)}\nsize {size}\n".encode()
    whole = hashlib.sha1(b"blob %d\0" % size)
    with file.open("rb") as opened:
        for piece in iter(partial(opened.read, 1 << 20), b""):
            whole.update(piece)
    return name in (whole.hexdigest(), hashlib.sha1(b"blob %d\0" % len(small) + small).hexdigest())


def both_cached(first: Path, second: Path) -> bool:
    """True if two paths are in the cache, where files are links to a store of contents beside them; links followed."""
    from huggingface_hub import constants

    cache = Path(constants.HF_HUB_CACHE).resolve()
    return all(path.resolve().is_relative_to(cache) for path in (first, second))


def export(result: DownloadResult, folder: Path) -> str:
    """Copy what was downloaded into a folder, which must be new, empty, or an earlier copy that nobody changed.

    Returns a note that the earlier copy was of another commit; empty if it was not. HubError if the folder holds
    something else, or files that were changed; it stays as it is.
    """
    uri = result.uri
    root = PurePosixPath(uri.path)
    root = root.parent if root.suffix else root  # models name files that lie beside them
    wanted = (name for name in result.files if PurePosixPath(name).is_relative_to(root) and name != RECORD)
    files = {name: sha256(result.folder / name) for name in wanted}
    record = {"repo": uri.repo, "kind": uri.kind, "revision": result.asked, "commit": uri.revision}
    earlier = earlier_copy(folder, uri.repo)
    make_folder(folder.resolve().parent)
    with staged(folder) as new:
        new.mkdir()
        for name in files:
            make_folder((new / name).parent)
            shutil.copyfile(result.folder / name, new / name)
        write_json(new / RECORD, {**record, "files": files})
        if folder.exists():
            shutil.rmtree(folder)
    if changed := _changed(earlier.get("files", files), files):
        return (
            f"{uri.repo} has changed: {folder} was {str(earlier['commit'])[:12]}, and is {uri.revision[:12]} now. "
            f"Changed, new or gone: {', '.join(changed)}."
        )
    return ""


def _changed(was: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """Names of files whose hashes differ, or that are there once only."""
    return sorted(name for name in {*was, *now} if was.get(name) != now.get(name))


def earlier_copy(folder: Path, repo: str) -> dict[str, Any]:
    """The note of an earlier copy, if there is one; empty for a folder that is new or empty; errors of `export`."""
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return {}
    if not (folder / RECORD).is_file():
        raise HubError(f"{folder} holds something else. Give a new folder (--out).")
    record = read_json(folder / RECORD)
    files = record.get("files")
    if record.get("repo") != repo or not isinstance(files, dict):
        raise HubError(f"{folder} holds a copy of {record.get('repo')}, not of {repo}. Give another folder (--out).")
    if changed := _changed(files, {name: sha256(folder / name) for name in _below(folder) if name != RECORD}):
        raise HubError(
            f"{folder} was changed since it was downloaded: {', '.join(changed)}. It stays as it is. Give another "
            "folder (--out), or remove it."
        )
    return record


def next_steps(what: str, folder: Path, name: str) -> list[str]:
    """Commands for what was downloaded, a key of `CATALOGUE`, into a folder that configurations are to name so."""
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
    if archives := _below(folder, ".zip"):
        steps = [shell("scripts/import_agent.py", folder / file, *_TO_IMPORT) for file in archives]
        return ["Archives of Stable-Baselines3, made of pickles. If you trust who made them:", *steps]
    return ["It holds no agent: neither a run folder (config.yaml) nor an archive of Stable-Baselines3 (.zip)."]


def _below(folder: Path, *suffixes: str) -> list[str]:
    """Files below a folder, with one of these suffixes if there are any, by their paths from there."""
    files = (file for file in folder.rglob("*") if file.is_file() and (not suffixes or file.suffix.lower() in suffixes))
    return sorted(file.relative_to(folder).as_posix() for file in files)
