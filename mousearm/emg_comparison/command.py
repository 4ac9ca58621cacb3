"""What ``scripts/emg.py`` does: gather, compare, print, write, publish."""

from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path

from tqdm.auto import tqdm

from mousearm.config import Config
from mousearm.emg import load_folder
from mousearm.emg_comparison.controllers import gathered
from mousearm.emg_comparison.page import emg_rows, emg_text, emg_title, write_emg_study
from mousearm.emg_comparison.study import check_lags, compare_emg
from mousearm.emg_comparison.tables import muscle_results
from mousearm.errors import ConfigError
from mousearm.files import make_folder
from mousearm.registry import CONTROLLERS
from mousearm.rundir.runs import own_folder
from mousearm.tracking.wandb_study import publish_study

_OPTIMAL = "optimal"
AskedControllers = list[tuple[str, list[str]]]  # controllers without a network, and overrides of each


def compare_given(given: Namespace, words: Sequence[str], overrides: Sequence[str], tracked: Config) -> None:
    """Compare what a command line names with the EMG in ``given.emg``, print what came out, and write the page."""
    check_lags(given.window, given.lag)
    asked = asked_controllers(given.controllers, given.efforts, given.powers)
    runs = [Path(word) for word in words if Path(word).is_dir()]
    make_folder(out := given.out or (own_folder(runs) if runs else Path()) / "emg")
    envelopes = load_folder(given.emg)
    others = [word for word in overrides if not word.startswith("tracking")]
    controllers = gathered(words, list(envelopes), given.signal, given.checkpoint, given.kinematics, asked, others)
    study = compare_emg(controllers, envelopes, given.signal, given.window, given.lag, given.exchange)
    sources = [*words, *(" ".join([name, *more]) for name, more in asked), f"EMG: {given.emg}"]
    page = write_emg_study(study, sources, out, given.exchange)
    rows = muscle_results(study)
    tqdm.write(f"{emg_text(study, rows)}\n\nPage: {page}")
    pictures = [out / "scores.png", out / "traces.png"]
    if where := publish_study(tracked, emg_title(study), out, emg_rows(study, rows), pictures, "emg"):
        tqdm.write(where)


def asked_controllers(names: str | None, efforts: str | None, powers: str | None) -> AskedControllers:
    """Controllers of ``cmc,optimal``, the optimal one once for each weight of effort and power.

    UnknownNameError if there is no such controller, ConfigError if weights or powers go with none.
    """
    found: AskedControllers = []
    for name in (names or "").split(",") if names else []:
        CONTROLLERS[name]
        if name != _OPTIMAL:
            found.append((name, []))
            continue
        for power in (powers or "").split(","):
            for effort in (efforts or "").split(","):
                more = {"optimal.w_effort": effort, "optimal.power": power}
                found.append((name, [f"{key}={value}" for key, value in more.items() if value]))
    if (efforts or powers) and _OPTIMAL not in dict(found):
        raise ConfigError("--efforts and --powers are of optimal control. Add --controllers optimal.")
    return found
