"""Files of this machine as a repository on the Hub."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from mousearm.errors import HubError
from mousearm.hub.place import Place
from mousearm.hub.problems import LOG_IN, explained

# What the Hub itself puts into a new repository.
_OF_THE_HUB = {".gitattributes", "README.md"}


def push(files: Mapping[str, bytes], place: Place, marks: Iterable[str], private: bool, message: str) -> Place:
    """Make a repository consist of these files, in one commit; it is made where there is none.

    Args:
        files: contents by path.
        place: the repository, whose kind must be said.
        marks: names of files by which a repository is known that may be replaced; its history keeps what it was.
        private: whether only its owner sees a repository that is made here.
        message: of the commit.

    Returns:
        The place with the new commit.

    Raises:
        HubError: if nobody is logged in, or may not write there; or the repository holds something else, or others see
            it although it is to be private. Nothing is written then.
    """
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi, get_token

    if get_token() is None:
        raise HubError(f"{place.repo} cannot be written: you are not logged in. Log in by {LOG_IN}.")
    with explained(place, "written"):
        api = HfApi(library_name="mousearm")
        there = _contents(api, place, private)
        if there - _OF_THE_HUB and not set(marks) <= there:
            raise HubError(
                f"{place.repo} holds something else ({', '.join(sorted(there)[:5])}), which is not overwritten. Give "
                "another REPO."
            )
        api.create_repo(place.repo, repo_type=place.kind, private=private, exist_ok=True)
        stale = there - files.keys() - _OF_THE_HUB
        operations = [
            *(CommitOperationAdd(path, content) for path, content in files.items()),
            *(CommitOperationDelete(path) for path in sorted(stale)),
        ]
        done = api.create_commit(place.repo, operations, commit_message=message, repo_type=place.kind)
    return replace(place, revision=done.oid)


def _contents(api, place: Place, private: bool) -> set[str]:
    """Names of the files of a repository; none if it does not exist.

    Raises:
        HubError: if it is seen by all and is to be private.
    """
    from huggingface_hub import errors

    try:
        info = api.repo_info(place.repo, repo_type=place.kind)
    except errors.GatedRepoError:
        raise
    except errors.RepositoryNotFoundError:
        return set()
    if private and not info.private:
        raise HubError(f"{place.repo} exists, and all can see it. Make it private on {place.page}/settings first.")
    return {file.rfilename for file in info.siblings or ()}
