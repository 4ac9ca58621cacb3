"""The cache of the Hub's library."""

from pathlib import Path


def both_cached(first: Path, second: Path) -> bool:
    """Whether two paths are in the cache, links followed.

    There the files of a repository are links, which that library makes, to a store of contents beside them.
    """
    from huggingface_hub import constants

    cache = Path(constants.HF_HUB_CACHE).resolve()
    return all(path.resolve().is_relative_to(cache) for path in (first, second))
