"""Watching an arm perform reaches, in a window or in a browser: from a run folder or a configuration to a viewer."""

from pathlib import Path

from mousearm.agent import Agent
from mousearm.config import Config
from mousearm.errors import ConfigError, RenderError
from mousearm.record.opened import open_recording
from mousearm.setup import Setup
from mousearm.view.performers import Performer, Recorded, Simulator
from mousearm.view.playback import Playback

__all__ = [
    "Performer",
    "Playback",
    "Simulator",
    "check_port",
    "performer_of_recording",
    "simulator_of_config",
    "simulator_of_run",
    "watch",
]


def performer_of_recording(path: Path) -> Performer:
    """The trials of a recording, of a network or of optimal control; errors as of `open_recording`."""
    return Recorded(open_recording(path))


def simulator_of_run(folder: Path, checkpoint: str = "best", kinematics: str | None = None) -> Simulator:
    """Simulator of a run's agent, of the checkpoint ``best``, ``latest`` or a number of steps, on its reaches.

    ``kinematics`` are other reaches, a file or folder. MouseArmError if any of these cannot be used.
    """
    agent = Agent.load(folder, checkpoint, kinematics)
    return Simulator(agent.setup.task(1), agent.controller(), agent.config.model.action_map)


def simulator_of_config(config: Config, kinematics: str | None = None, controller: str | None = None) -> Simulator:
    """Simulator of a model on the reaches of a configuration, without a run; MouseArmError if it cannot be used.

    ``kinematics`` are other reaches, a file or folder. A controller, one of `CONTROLLERS`, drives the arm; None puts it
    into the reference's poses.
    """
    setup = Setup.to_test(config, kinematics)
    task = setup.task(1)
    driver = None if controller is None else setup.controller(controller, task)
    return Simulator(task, driver, config.model.action_map)


def check_port(port: int) -> None:
    """Check that a port can exist, or raise ConfigError."""
    if not 0 <= port <= 65535:
        raise ConfigError(f"port {port} does not exist; ports are 1 to 65535, and 0 takes any that is free.", "port")


def watch(playback: Playback, port: int | None = None) -> None:
    """Show a playback until the window is closed or, with a port, in browsers until Ctrl-C.

    Raises:
        RenderError: if no window can be opened here, or viser is not installed.
        ConfigError: if there is no such port, or none is free.
    """
    if port is None:
        from mousearm.view.window import watch_in_window

        watch_in_window(playback)
        return
    check_port(port)
    try:
        from mousearm.view.browser import watch_in_browser
    except ModuleNotFoundError as error:
        if error.name not in ("viser", "trimesh", "msgspec", "websockets"):
            raise
        raise RenderError("The viewer in a browser needs viser: pip install 'mousearm[web]'.") from error
    watch_in_browser(playback, port)
