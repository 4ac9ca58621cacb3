"""Numbers that are not finite: the error that names them, a dump of the last states, and a way to look at it.

A dump is a folder with the model (``model.mjb``) and, for each event, ``000.json`` (what, step, key), ``000.npz`` and,
where the network is of interest, ``000.safetensors``. ``python -m mousearm.nan_guard FOLDER`` prints what it holds.
"""

import io
from argparse import Namespace
from collections import deque
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import mujoco
import numpy as np

from mousearm import cli
from mousearm.door import check_zip, read_json
from mousearm.errors import NonFiniteError, RunError
from mousearm.files import make_folder, staged, write_bytes, write_json
from mousearm.text import columns, printable
from mousearm.trajectory import Snapshot

KEPT_STATES = 8  # control steps before an event that a dump shows
_MODEL = "model.mjb"
_MAX_DUMP_BYTES = 1_000_000_000
_MOST_EVENTS = 10  # more dumps than this tell nothing new
_VALUE = "value_"


class LastStates:
    """A ring of the last states of N simulations."""

    def __init__(self):
        self._ring: deque[tuple[Snapshot, np.ndarray, np.ndarray]] = deque(maxlen=KEPT_STATES)

    def add(self, snapshot: Snapshot, reach: np.ndarray, frame: np.ndarray) -> None:
        """Keep a state: the arms, the (N,) indices of the reaches that they follow, the (N,) frames of these."""
        self._ring.append((snapshot, reach.copy(), frame.copy()))

    def clear(self) -> None:
        """Forget all."""
        self._ring.clear()

    def up_to(self, snapshot: Snapshot, reach: np.ndarray, frame: np.ndarray) -> dict[str, np.ndarray]:
        """The states that are kept, then one more: (T, N, ...) by the names of `Snapshot`, ``reach``, ``frame``."""
        snapshots, reaches, frames = zip(*self._ring, (snapshot, reach, frame), strict=True)
        arrays = {name: np.stack([getattr(now, name) for now in snapshots]) for name in snapshot.arrays()}
        return {**arrays, "reach": np.stack(reaches), "frame": np.stack(frames)}


def term_error(
    what: str, key: str, terms: Mapping[str, np.ndarray], states: Mapping[str, np.ndarray]
) -> NonFiniteError:
    """Make the error of an observation or reward that is not finite: terms (N, ...), states as `LastStates.up_to`."""
    bad = {name: ~np.isfinite(value.reshape(len(value), -1)).all(axis=1) for name, value in terms.items()}
    named = [f"'{name}' of simulation {wrong.argmax()}" for name, wrong in bad.items() if wrong.any()]
    text = f"The {what} is not finite: {', '.join(named) or 'the sum of its terms'}."
    return NonFiniteError(text, key, terms, states)


def loss_error(what: str, key: str, figures: Mapping[str, Any], batch: Mapping[str, Any]) -> NonFiniteError:
    """Make the error of a loss or gradient that is not finite, before the network has learned from it.

    Figures are tensors of one number each; tensors of the minibatch that are None are left out of the dump.
    """
    text = ", ".join(f"{name} {float(value.detach()):.3g}" for name, value in figures.items())
    arrays = {name: value.detach().cpu().numpy() for name, value in batch.items() if value is not None}
    return NonFiniteError(f"The {what} or its gradient is not finite: {text}.", key, arrays)


class Dumps:
    """Writes events into a folder; the first few only."""

    def __init__(self, folder: Path, model: mujoco.MjModel):
        self._folder, self._model = folder, model
        self._n = len(list(folder.glob("*.npz")))

    def write(
        self,
        what: str,
        step: int,
        states: Mapping[str, np.ndarray],
        values: Mapping[str, np.ndarray] | None = None,
        key: str | None = None,
        network: bytes | None = None,
    ) -> None:
        """Write an event: what happened, in a sentence, and at which step; OutputError if it cannot be written.

        With the states of the arms as of `LastStates.up_to`, numbers that show it, the configuration key that is to
        blame, and weights as in a safetensors file.
        """
        if self._n >= _MOST_EVENTS:
            return
        make_folder(self._folder)
        name = f"{self._n:03d}"
        if not (self._folder / _MODEL).is_file():
            with staged(self._folder / _MODEL) as file:
                mujoco.mj_saveModel(self._model, str(file))
        if network is not None:
            write_bytes(self._folder / f"{name}.safetensors", network)
        shown = {f"{_VALUE}{value}": array for value, array in (values or {}).items()}
        content = io.BytesIO()
        np.savez(content, **states, **shown)  # type: ignore[arg-type]  # none is called allow_pickle
        write_json(self._folder / f"{name}.json", {"what": what, "step": step, "key": key})
        write_bytes(self._folder / f"{name}.npz", content.getvalue())
        self._n += 1


def describe(folder: Path) -> str:
    """Describe a dump, event by event: what and when, the values that are not finite, and the last states."""
    if not (events := sorted(folder.glob("*.npz"))):
        raise RunError(f"{folder} holds no dump of numbers that are not finite. Give RUN/diverged or RUN/nonfinite.")
    return "\n\n".join("\n".join(_event(file)) for file in events)


def _event(file: Path) -> Iterator[str]:
    report = read_json(file.with_suffix(".json"))
    try:
        check_zip(file, _MAX_DUMP_BYTES)
        with np.load(file, allow_pickle=False) as content:
            yield from _table(file, report, dict(content))
    except Exception as error:  # numpy and zipfile raise many kinds for damaged files
        raise RunError(f"{file} cannot be read: {error!r}. Move it away to see the others.") from error


def _table(file: Path, report: dict[str, Any], arrays: dict[str, np.ndarray]) -> Iterator[str]:
    key = f" ({report.get('key')})" if report.get("key") else ""
    yield f"{file.stem}  step {report.get('step')}: {report.get('what')}{key}"
    bad = [name for name, value in arrays.items() if value.dtype.kind == "f" and not np.isfinite(value).all()]
    yield f"  not finite: {', '.join(name.removeprefix(_VALUE) for name in bad) or 'nothing'}"
    speed = np.nan_to_num(np.abs(arrays["qvel"]), nan=np.inf).max(axis=(0, 2))
    worst = int(speed.argmax())  # of the simulations
    shown = [name for name in ("qpos", "qvel", "activation", "ctrl", "force") if arrays[name].shape[-1]]
    rows = [["step", "frame", *(f"max |{name}|" for name in shown)]]
    for i, frame in enumerate(arrays["frame"][:, worst]):
        cells = [f"{np.abs(arrays[name][i, worst]).max():.4g}" for name in shown]
        rows.append([str(i + 1 - len(arrays["frame"])), str(frame), *cells])
    yield from (f"  {line}" for line in columns(rows, right=range(len(rows[0]))))


@cli.command(__doc__, cli.argument("folder", type=Path, metavar="FOLDER", help="RUN/diverged or RUN/nonfinite"))
def main(given: Namespace) -> None:
    """Print the content of a dump."""
    print(printable(describe(given.folder)))


if __name__ == "__main__":
    main()
