"""N arms stepped together, by MuJoCo or by the engine that is generated from the model; above are only arrays."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

import mujoco

from mousearm.engine.build import processor_name
from mousearm.engine.check import EngineCheck, load_engine, with_time_step
from mousearm.errors import CompilerError, EngineError
from mousearm.model.arm import Arm
from mousearm.simulation.base import Simulation
from mousearm.simulation.by_mujoco import MujocoSimulation
from mousearm.simulation.generated import KNOWS_NO_FORCE, GeneratedSimulation

__all__ = [
    "AUTO",
    "BY_MUJOCO",
    "GENERATED",
    "MUJOCO",
    "EngineChoice",
    "GeneratedSimulation",
    "MujocoSimulation",
    "Simulation",
    "WarningsLog",
    "build_simulation",
    "choose_engine",
    "log_warnings_to",
]

MUJOCO, GENERATED, AUTO = "mujoco", "generated", "auto"


def log_warnings_to(file: Path) -> None:
    """Let MuJoCo write its warnings to a file instead of the console and MUJOCO_LOG.TXT in the working directory."""
    log = mujoco.MjLogConfig.get()
    log.logfile, log.logto_console = str(file), False
    log.set()


class WarningsLog:
    """Where MuJoCo writes its warnings, of which a process has one place."""

    def state(self) -> dict[str, Any]:
        """The place now."""
        return {"log": mujoco.MjLogConfig.get()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Let it be the place again."""
        state["log"].set()


class EngineChoice(NamedTuple):
    """The engine that steps the arms, and how it was chosen."""

    name: str  # ``mujoco`` or ``generated``
    text: str  # one line for people
    compiler: str = ""  # of the generated engine
    check: EngineCheck | None = None  # of it against MuJoCo

    @property
    def record(self) -> dict[str, Any]:
        """Facts on a generated engine for the run folder; empty for MuJoCo, which environment.txt names."""
        if self.check is None:
            return {}
        facts = {"engine": self.name, "compiler": self.compiler, "processor": processor_name()}
        return {**facts, "mujoco": mujoco.__version__, "largest_difference": asdict(self.check)}


BY_MUJOCO = EngineChoice(MUJOCO, "MuJoCo")


def choose_engine(arm: Arm, control_dt: float, n_substeps: int, wanted: str, pushing: str = "") -> EngineChoice:
    """Decide what ``auto`` is for an arm: the generated engine, or MuJoCo where that cannot be.

    ``pushing`` names what is to act on the paw, if anything is. EngineError or CompilerError if the generated engine is
    wanted and cannot be.
    """
    if wanted == MUJOCO:
        return BY_MUJOCO
    if pushing and wanted == AUTO:
        return EngineChoice(MUJOCO, f"MuJoCo, for {pushing} acts on the paw")
    if pushing:
        raise EngineError(f"{pushing} acts on the paw. {KNOWS_NO_FORCE}")
    try:
        library, check = load_engine(with_time_step(arm, control_dt, n_substeps), arm.landmarks, n_substeps)
    except (EngineError, CompilerError) as error:
        if wanted == GENERATED:
            raise
        return EngineChoice(MUJOCO, f"MuJoCo. {error}")
    near = f"{max(check.qpos, 1e-16):.0e} rad and {max(check.landmarks_mm, 1e-13):.0e} mm"
    text = f"generated, within {near} of MuJoCo; {library.compiler}"
    return EngineChoice(GENERATED, text, library.compiler, check)


def build_simulation(
    arm: Arm,
    n: int,
    control_dt: float,
    n_substeps: int,
    threads: int = 0,
    engine: str = MUJOCO,
    fibres: bool = False,
) -> Simulation:
    """N simulations by an engine: ``mujoco``, ``generated`` or ``auto``; the rest as of `Simulation`.

    EngineError or CompilerError as of `choose_engine`.
    """
    chosen = choose_engine(arm, control_dt, n_substeps, engine).name if engine == AUTO else engine
    kind = GeneratedSimulation if chosen == GENERATED else MujocoSimulation
    return kind(arm, n, control_dt, n_substeps, threads, fibres)
