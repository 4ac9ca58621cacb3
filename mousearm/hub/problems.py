"""What the Hub, or the way to it, refuses: in words that say what to do."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from mousearm.errors import HubError, MouseArmError
from mousearm.hub.place import Place

_QUERY = re.compile(r"\?\S+")  # addresses of storage are signed there
LOG_IN = "`hf auth login` (or set HF_TOKEN)"


@contextmanager
def explained(place: Place, doing: str) -> Iterator[None]:
    """Turn what the Hub's library raises into a HubError.

    Args:
        place: what is worked on.
        doing: what cannot be done to it, such as ``downloaded``.
    """
    try:
        yield
    except MouseArmError:
        raise
    except Exception as error:  # the library's, its HTTP library's, the operating system's
        raise HubError(_text(place, doing, error)) from error


def _text(place: Place, doing: str, error: Exception) -> str:
    from huggingface_hub import errors, get_token

    known = get_token() is not None
    place = replace(place, kind=place.kind or getattr(error, "repo_type", None))
    if isinstance(error, errors.GatedRepoError):
        first = "your account has no access to it (yet)" if known else "you are not logged in"
        return (
            f"{place.repo} cannot be {doing}: it is given to those who ask, and {first}. Visit {place.page}, log in "
            f"there and ask for access; when it is granted, log in here by {LOG_IN}, and give the same command again."
        )
    if isinstance(error, errors.RevisionNotFoundError):
        return f"{place.repo} has no revision '{place.revision}'. Those that exist: {place.page}/tree/main"
    if isinstance(error, errors.RepositoryNotFoundError):
        hint = "the account that is logged in here does not see it" if known else f"log in by {LOG_IN} if it is private"
        return (
            f"{place.repo} cannot be {doing}: there is no such repository, or {hint}. A repository is written "
            "OWNER/NAME, a data set datasets/OWNER/NAME."
        )
    if isinstance(error, errors.HfHubHTTPError):
        return _refused(place, doing, error.response.status_code, error)
    if isinstance(error, errors.RevisionResolutionError | errors.LocalEntryNotFoundError):
        return (
            f"{place} cannot be {doing}: the Hub cannot be reached, and it is not complete in the cache of this "
            f"machine. Try again with a network. ({_line(error)})"
        )
    return f"{place} cannot be {doing}: {type(error).__name__}: {_line(error)}. Try again."


def _refused(place: Place, doing: str, status: int, error: Exception) -> str:
    if status in (401, 403):
        return (
            f"{place.repo} cannot be {doing}: the Hub does not allow it ({status}). Log in by {LOG_IN}, with a token "
            "that may do so."
        )
    return f"{place.repo} cannot be {doing}: the Hub answers {status}. {_line(error)}"


def _line(error: Exception) -> str:
    """The error in one line, without what follows the addresses in it."""
    return _QUERY.sub("", " ".join(str(error).split()))[:500].rstrip(".")
