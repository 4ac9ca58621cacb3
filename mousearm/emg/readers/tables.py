"""EMG in text: CSV, TSV, tables of OpenSim (.sto, .mot).

A row of names stands above the numbers, and comments or titles may stand above it. A column ``time`` (``time_ms``,
``t (us)``) holds the times. The unit of a channel may stand in its name, ``biceps_uV`` or ``biceps (mV)``, or in a row
below the names.
"""

import re
from collections.abc import Sequence
from pathlib import Path

from mousearm.emg.recording import AS_EMG_TABLE, Choose, EmgRecording, emg_errors, finish, known_unit
from mousearm.errors import EmgError
from mousearm.kinematics.files import TIME_NAME
from mousearm.kinematics.imports.marker_systems import check_count, open_sto
from mousearm.kinematics.sheets import NumberTable, Sheet, parse_number, to_number
from mousearm.registry import EMG_FORMATS

_UNIT_IN_NAME = re.compile(r"(?P<name>.*[^\s_])[\s_]*(?:[(\[](?P<inside>[^)\]]+)[)\]]|_(?P<behind>V|mV|uV|µV|μV))")


def read_table(path: Path, choose: Choose) -> EmgRecording:
    """Table of text with a row of names: commas, semicolons, tabs or spaces."""
    with emg_errors(path):
        sheet = Sheet.read(path, AS_EMG_TABLE)
        first, labels, units = _header(sheet)
        return _columns(sheet, labels, units, first, choose, "table", None)


def read_opensim(path: Path, choose: Choose) -> EmgRecording:
    """Table of OpenSim, with times in s."""
    with emg_errors(path):
        header, sheet, start = open_sto(Sheet.read(path, AS_EMG_TABLE))
        rate = parse_number(header.get("datarate", "")) or None
        recording = _columns(sheet, sheet.cells(start), {}, start + 1, choose, "OpenSim table", rate)
        for key in ("nRows", "datarows"):
            check_count(header, key, len(recording.rows or ()), "rows of data", path)
        return recording


EMG_FORMATS.add(read_table, "csv", "tsv", "txt")
EMG_FORMATS.add(read_opensim, "sto", "mot")


def _header(sheet: Sheet) -> tuple[int, list[str], dict[int, str]]:
    """Index of the first row of numbers, the names of columns, and units by column from a row of units below them."""
    names: list[str] = []
    units: dict[int, str] = {}
    for index in range(len(sheet.lines)):
        cells = sheet.cells(index)
        filled = [cell for cell in cells if cell]
        if not filled:
            continue
        if 2 * sum(to_number(cell) is not None for cell in filled) >= len(filled):
            break
        found = {i: cell.strip("()[]") for i, cell in enumerate(cells)}
        if names and all(
            known_unit(unit) or TIME_NAME.fullmatch(f"t_{unit.lower()}") for unit in found.values() if unit
        ):
            units = found
            continue
        names = [cells[0].lstrip("#% "), *cells[1:]]
    else:
        index = len(sheet.lines)
    if not names:
        what = f"has no row of names above its numbers, so nobody knows which channel is which. {AS_EMG_TABLE}."
        raise EmgError(what, sheet.path, fault="channel")
    return index, names, units


def _columns(
    sheet: Sheet,
    labels: Sequence[str],
    below: dict[int, str],
    first: int,
    choose: Choose,
    kind: str,
    rate: float | None,
) -> EmgRecording:
    """Read the time and the chosen channels of the rows from an index on."""
    path, at, units = sheet.path, dict[str, int](), dict[str, str]()
    time, time_unit = None, ""
    for i, label in enumerate(labels):
        said = _UNIT_IN_NAME.fullmatch(label)
        if time is None and (match := TIME_NAME.fullmatch(label.lower())):
            time, time_unit = i, match[1] or below.get(i, "").lower()
            continue
        unit = known_unit((said["inside"] or said["behind"]) if said else below.get(i, ""))
        name = said["name"] if said and unit else label
        if name in at:
            raise EmgError(f"two columns have the name {name}. Rename one.", path, name, "channel")
        if name:
            at[name], units[name] = i, unit
    names = tuple(choose(list(at)))
    wanted = [at[name] for name in names] + ([] if time is None else [time])
    table = NumberTable(path, sheet.rows(first), labels, wanted)
    columns = {name: table.numbers(at[name]) for name in names}
    times = None if time is None else table.numbers(time)
    return finish(path, kind, columns, list, units, time=times, time_unit=time_unit, rate=rate, rows=table.lines)
