"""Places on the Hub: which repository, at which revision, which file or folder of it."""

import re
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from mousearm.errors import HubError

PREFIX = "hf://"
"""How a place on the Hub begins."""

_KINDS = ("model", "dataset")
_COMMIT = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True, slots=True)
class Place:
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
    def parse(text: str) -> "Place":
        """Read ``hf://...``, the address of a page of the Hub, or the bare ``OWNER/NAME``.

        Raises:
            HubError: if it is none of these.
        """
        from huggingface_hub import parse_hf_uri
        from huggingface_hub.errors import HfUriError

        is_address = text.startswith((PREFIX, "https://", "http://"))
        try:
            uri = parse_hf_uri(text if is_address else PREFIX + text)
        except HfUriError as error:
            raise HubError(
                f"'{text[:200]}' is no place on the Hub: {str(error).strip()} Write {PREFIX}OWNER/NAME, "
                f"{PREFIX}OWNER/NAME@REVISION/PATH, or {PREFIX}datasets/OWNER/NAME..."
            ) from error
        if uri.type not in _KINDS:
            raise HubError(f"'{text[:200]}' is a {uri.type}; only {' and '.join(_KINDS)} repositories are used.")
        if ".." in PurePosixPath(uri.path_in_repo).parts or "\\" in uri.path_in_repo:
            raise HubError(f"'{text[:200]}' leads out of the repository. Give a path below it.")
        bare = text.removeprefix(PREFIX)
        said = uri.type != "model" or bare.startswith(("models/", "https://", "http://"))
        return Place(uri.id, uri.type if said else None, uri.revision or "main", uri.path_in_repo)

    @property
    def is_pinned(self) -> bool:
        """Whether the revision is a commit, which never changes."""
        return _COMMIT.fullmatch(self.revision) is not None

    @property
    def page(self) -> str:
        """Address of the repository's page."""
        from huggingface_hub import HfUri

        return HfUri(self.kind or "model", self.repo).to_url()  # type: ignore[arg-type]

    def __str__(self) -> str:
        from huggingface_hub import HfUri

        if self.kind is not None:
            return HfUri(self.kind, self.repo, self.revision, self.path).to_uri()  # type: ignore[arg-type]
        return HfUri("model", self.repo, self.revision, self.path).to_uri().replace("models/", "", 1)


def pin(text: str) -> str:
    """A path of the configuration; where it is a place on the Hub, downloaded and with the commit as its revision.

    Raises:
        HubError: if it cannot be had.
    """
    if not text.startswith(PREFIX):
        return text
    from mousearm.hub.download import fetch  # which knows places

    snapshot = fetch(Place.parse(text))
    if snapshot.moved:
        print(snapshot.moved)
    return str(snapshot.place)


def as_saved(wanted: str, saved: str) -> str:
    """The path that a run was saved with, where the wanted one is the same place and leaves the commit open.

    So a run that took a commit goes on with it, whatever the branch has become, and without asking the Hub.

    Raises:
        HubError: if the wanted one is malformed.
    """
    if not (wanted.startswith(PREFIX) and saved.startswith(PREFIX)):
        return wanted
    place, taken = Place.parse(wanted), Place.parse(saved)
    same = replace(place, kind=place.kind or taken.kind, revision=taken.revision) == taken
    return saved if same and not place.is_pinned else wanted
