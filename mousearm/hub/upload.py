"""Files of this machine as a repository on the Hub, and the head of its model card."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from mousearm.errors import HubError
from mousearm.hub.uri import LOG_IN, HubUri, hub_errors

# What the Hub itself puts into a new repository.
_OF_THE_HUB = {".gitattributes", "README.md"}


def push(files: Mapping[str, bytes], uri: HubUri, marks: Iterable[str], private: bool, message: str) -> HubUri:
    """Make a repository consist of these files, in one commit; it is made if it does not exist.

    Args:
        files: contents by path.
        uri: the repository, whose kind must be said.
        marks: names of files by which a repository is known that may be replaced; its history keeps what it was.
        private: whether only its owner sees a repository that is made here.
        message: of the commit.

    Returns:
        The repository at the new commit.

    Raises:
        HubError: if nobody is logged in, or may not write there; or the repository holds something else, or others see
            it although it is to be private. Nothing is written then.
    """
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi, get_token

    if get_token() is None:
        raise HubError(f"{uri.repo} cannot be written: you are not logged in. Log in by {LOG_IN}.")
    with hub_errors(uri, "written"):
        api = HfApi(library_name="mousearm")
        there = _contents(api, uri, private)
        if there - _OF_THE_HUB and not set(marks) <= there:
            raise HubError(
                f"{uri.repo} holds something else ({', '.join(sorted(there)[:5])}), which is not overwritten. Give "
                "another REPO."
            )
        api.create_repo(uri.repo, repo_type=uri.kind, private=private, exist_ok=True)
        stale = there - files.keys() - _OF_THE_HUB
        operations = [
            *(CommitOperationAdd(path, content) for path, content in files.items()),
            *(CommitOperationDelete(path) for path in sorted(stale)),
        ]
        done = api.create_commit(uri.repo, operations, commit_message=message, repo_type=uri.kind)
    return replace(uri, revision=done.oid)


def _contents(api, uri: HubUri, private: bool) -> set[str]:
    """Names of the files of a repository, none if it does not exist; HubError if all see what is to be private."""
    from huggingface_hub import errors

    try:
        info = api.repo_info(uri.repo, repo_type=uri.kind)
    except errors.GatedRepoError:
        raise
    except errors.RepositoryNotFoundError:
        return set()
    if private and not info.private:
        raise HubError(f"{uri.repo} exists, and all can see it. Make it private on {uri.page}/settings first.")
    return {file.rfilename for file in info.siblings or ()}


def card_head(name: str, licence: str, tags: Sequence[str], data: str, results: Mapping[str, float]) -> str:
    """YAML between two lines of dashes.

    Args:
        name: of the agent.
        licence: as the Hub abbreviates it, such as ``mit``.
        tags: to be found by.
        data: what the results are on.
        results: numbers by what they are, such as ``mean paw error (mm), test``.
    """
    from huggingface_hub import EvalResult, ModelCardData

    head = ModelCardData(
        license=licence,
        library_name="mousearm",
        pipeline_tag="reinforcement-learning",
        tags=list(tags),
        model_name=name,
        eval_results=[
            EvalResult("reinforcement-learning", "reaches", data, "mean-error-mm", value, metric_name=metric)
            for metric, value in results.items()
        ],
    )
    return f"---\n{head.to_yaml()}\n---\n"
