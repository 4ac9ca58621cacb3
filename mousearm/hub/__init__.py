"""The Hugging Face Hub: its repositories as folders on this machine, and files of this machine as repositories.

Places on it are written as its own library writes them: ``hf://OWNER/NAME@REVISION/PATH``, for data sets
``hf://datasets/OWNER/NAME@REVISION/PATH``. That library downloads, caches, resumes and logs in; it is imported when a
place on the Hub is first used. No token is ever read, kept or shown here.
"""

from mousearm.hub.cache import both_cached
from mousearm.hub.catalogue import CATALOGUE, Entry
from mousearm.hub.download import Snapshot, fetch
from mousearm.hub.export import export
from mousearm.hub.place import PREFIX, Place, as_saved, pin
from mousearm.hub.upload import push

__all__ = [
    "CATALOGUE",
    "PREFIX",
    "Entry",
    "Place",
    "Snapshot",
    "as_saved",
    "both_cached",
    "export",
    "fetch",
    "pin",
    "push",
]
