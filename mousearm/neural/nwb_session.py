"""Sessions of Neurodata Without Borders, by pynapple and pynwb, whatever program wrote them.

pynapple gives the units. Trials come from their table as it stands, for pynapple drops rows without an end and merges
those that overlap; what cannot be used of them is said.
"""

import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from mousearm.door import open_hdf5
from mousearm.errors import MouseArmError, NeuralError
from mousearm.neural.session import NeuralSession
from mousearm.neural.spike_tables import AREAS, session_of_tables
from mousearm.text import one_line

_MAX_BYTES = 200_000_000_000  # of a file, of which raw signals are not read
_MAX_SPIKE_BYTES = 4_000_000_000
_LONGEST = 200  # letters of what the libraries say
_PAWS = ("paw", "hand", "wrist")
_ADVICE = "Give a file of Neurodata Without Borders (.nwb) with units and trials."


def read_nwb(path: Path, names: str | None = None) -> NeuralSession:
    """Read units and trials of an NWB file.

    Args:
        path: the file.
        names: column of the table of trials that names the reach; None: as of `session_of_tables`.

    Raises:
        NeuralError: it is no such file, or has no units or trials; or pynapple is not here.
        UnknownNameError: there is no such column.
    """
    with open_hdf5(path, _MAX_BYTES, NeuralError, _ADVICE) as file:
        units: Any = file.get("units/spike_times")
        if units is None:
            raise NeuralError(f"{path} has no units with spike times (units/spike_times). {_ADVICE}")
        if not units.size:
            raise NeuralError(f"{path}: no unit has a spike (units/spike_times is empty). {_ADVICE}")
        if units.nbytes > _MAX_SPIKE_BYTES:
            raise NeuralError(f"{path} says that it holds {units.nbytes / 1e9:.0f} GB of spike times. {_ADVICE}")
    nap, pynwb = _libraries()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what other programs left out, and of versions
            with pynwb.NWBHDF5IO(path, "r") as io:  # pynapple itself leaves a file open that it cannot read
                return _session(path, nap.NWBFile(io.read()), names)
    except MouseArmError:
        raise
    except Exception as error:  # pynwb, hdmf and pynapple raise many kinds for damaged files
        why = one_line(error)[:_LONGEST]
        raise NeuralError(f"{path} cannot be read as NWB ({type(error).__name__}: {why}). {_ADVICE}") from error


def _libraries() -> tuple[Any, Any]:
    try:
        import pynapple
        import pynwb
    except ImportError as error:
        raise NeuralError(
            f"Reading NWB needs pynapple, which cannot be imported here ({error}): pip install 'mousearm[neural]'."
        ) from error
    return pynapple, pynwb


def of_pynapple(
    units: Any, trials: Any, names: str | None, source: str, animal: str = "", session: str = ""
) -> NeuralSession:
    """A session of pynapple's objects, however they were loaded.

    Args:
        units: a ``TsGroup``, perhaps with metadata.
        trials: an ``IntervalSet`` whose metadata names the reach; other numbers in it are events.
        names: the column of it that does, as of `session_of_tables`.
        source: what the session is called in messages.
        animal: name of the animal.
        session: name of the session.

    Raises:
        NeuralError: as of `session_of_tables`.
        UnknownNameError: there is no such column.
    """
    table = {"start_time": list(trials.start), "stop_time": list(trials.end)}
    table |= {str(name): list(trials.get_info(name)) for name in trials.metadata_columns}
    return session_of_tables(source, (animal, session), _spikes(units), _facts(units), table, names)


def _session(path: Path, file: Any, names: str | None) -> NeuralSession:
    nwb = file.nwb
    if nwb.trials is None or not len(nwb.trials):
        raise NeuralError(f"{path} has no trials (intervals/trials). {_ADVICE}")
    units = file[next(key for key in file.keys() if key.rpartition("/")[2] == "units")]  # noqa: SIM118
    frame = nwb.trials.to_dataframe()
    facts = _facts(units)
    if not set(AREAS) & set(nwb.units.colnames) and (places := _electrode_places(nwb)):
        facts["location"] = places
    who = str(getattr(nwb.subject, "subject_id", None) or ""), str(nwb.session_id or path.stem)
    table = {str(name): list(frame[name]) for name in frame.columns}
    return replace(session_of_tables(str(path), who, _spikes(units), facts, table, names), paw=_paw(file))


def _paw(file: Any) -> tuple[np.ndarray, np.ndarray] | None:
    """Times and positions of the first series of two or three columns that is called after a paw or a hand."""
    for key in file.keys():  # noqa: SIM118
        name = key.rpartition("/")[2].lower()
        if any(word in name for word in _PAWS) and file.nwb.objects[file.key_to_id[key]].data.shape[1:] in ((2,), (3,)):
            found = file[key]
            return np.asarray(found.t, dtype=float), np.asarray(found.d[:], dtype=float)
    return None


def _spikes(units: Any) -> dict[str, np.ndarray]:
    return {str(key): np.asarray(units[key].t, dtype=float) for key in units.keys()}  # noqa: SIM118


def _facts(units: Any) -> dict[str, list[Any]]:
    return {str(name): list(units.get_info(name)) for name in units.metadata_columns if name != "rate"}


def _electrode_places(nwb: Any) -> list[str]:
    """Location of the first electrode of each unit; none if units have no electrodes. pynapple gives the group's."""
    if "electrodes" not in nwb.units.colnames or "location" not in nwb.electrodes.colnames:
        return []
    first = [nwb.units["electrodes"][i] for i in range(len(nwb.units))]
    return [str(rows["location"].iloc[0]) if len(rows) else "" for rows in first]
