"""A study in Weights & Biases: one run with its figures and tables."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mousearm.config import Config
from mousearm.text import facts, one_line, shell, shortened
from mousearm.tracking.wandb_parts import wandb_mode

_LONGEST = 128  # name


def publish_study(
    config: Config,
    title: str,
    folder: Path,
    tables: Mapping[str, Sequence[Mapping[str, Any]]],
    pictures: Sequence[Path],
    kind: str,
) -> str:
    """Log tables, by name, and pictures as a run of a kind where ``config.tracking`` says, and say where, or nothing.

    What is kept offline is in the folder. Without a server W&B's own error is a line, too: the study is on the disk.
    """
    mode = wandb_mode(config)
    if mode == "disabled":
        return ""
    import wandb  # slow to import, and most studies do without it

    tracking = config.tracking
    settings = wandb.Settings(silent=True, console="off", init_timeout=20.0)
    wandb.setup(settings)
    place: dict[str, Any] = {
        "project": tracking.project,
        "entity": tracking.entity,
        "group": tracking.group,
        "tags": tracking.tags,
        "mode": mode,
    }
    try:
        run = wandb.init(dir=str(folder), name=shortened(title, _LONGEST), job_type=kind, settings=settings, **place)
    except wandb.Error as error:
        return facts({"W&B": f"nothing was logged: {one_line(error)}"})
    with run:
        columns = {name: list(rows[0]) for name, rows in tables.items() if rows}
        logged: dict[str, Any] = {
            name: wandb.Table(columns=[*of], data=[[row[key] for key in of] for row in tables[name]])
            for name, of in columns.items()
        }
        run.log(logged | {path.stem: wandb.Image(str(path)) for path in pictures})
        if run.offline:
            kept = Path(run.dir).parent
            return facts({"W&B": f"kept in {kept}. To upload it: {shell('-m', 'wandb', 'sync', kept)}"})
        return facts({"W&B": run.url})
