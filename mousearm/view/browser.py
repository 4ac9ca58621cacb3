"""The viewer in a browser: a page that this program serves."""

import queue
import time
from contextlib import redirect_stdout

import numpy as np
import viser

from mousearm.errors import ConfigError
from mousearm.view.batches import UNITS, Batches
from mousearm.view.instances import instances_of
from mousearm.view.panel import Command, Panel
from mousearm.view.playback import Playback
from mousearm.view.scene import Scene

# The page is on this machine alone; others come by an SSH tunnel.
_HOST = "127.0.0.1"
_FRAME_S = 1 / 30
_AMBIENT_LIGHT = 0.4


class BrowserViewer:
    """A playback on a page. Everybody who opens it sees, and steers, the same."""

    def __init__(self, playback: Playback, port: int):
        """Serve the page.

        Args:
            playback: what is shown.
            port: where; the next one that is free if it is taken, and any free one if it is 0.

        Raises:
            ConfigError: if there is no such port.
        """
        if not 0 <= port <= 65535:
            raise ConfigError(f"port {port} does not exist; ports are 1 to 65535, and 0 takes any that is free.")
        self._playback, self._scene = playback, Scene(playback.performer.arm)
        self._commands: queue.SimpleQueue[Command] = queue.SimpleQueue()
        with redirect_stdout(None):  # viser prints addresses too, but not how to come from another machine
            self._server = viser.ViserServer(_HOST, port, label="mousearm", verbose=False)
        self._server.scene.configure_environment_map(environment_intensity=_AMBIENT_LIGHT)
        self._server.gui.main_panel.dock_right()
        self._batches = Batches(self._server.scene, self._scene.model)
        self._panel = Panel(self._server.gui, playback, self._commands.put)
        self._look()
        self.draw()

    @property
    def port(self) -> int:
        """Where the page is."""
        return self._server.get_port()

    def obey(self) -> bool:
        """Do what was asked for in browsers since the last call; returns whether there was anything."""
        asked = False
        while not self._commands.empty():
            self._commands.get()(self._playback)
            asked = True
        return asked

    def draw(self) -> None:
        """Show what the playback does now."""
        found = instances_of(self._scene.everything(self._playback))
        with self._server.atomic():
            self._batches.show(found)
            self._panel.refresh()

    def close(self) -> None:
        """Serve no longer."""
        self._server.stop()

    def _look(self) -> None:
        """Let browsers begin with a view of the whole reach."""
        camera, view = self._scene.camera(self._playback.performance), self._server.initial_camera
        azimuth, elevation = np.radians([camera.azimuth, camera.elevation])
        ahead = np.array([np.cos(elevation) * np.cos(azimuth), np.cos(elevation) * np.sin(azimuth), np.sin(elevation)])
        view.look_at = UNITS * camera.lookat
        view.position = UNITS * (camera.lookat - camera.distance * ahead)
        view.fov = float(np.radians(self._scene.model.vis.global_.fovy))


def watch_in_browser(playback: Playback, port: int) -> None:
    """Serve a playback until Ctrl-C.

    Raises:
        ConfigError: if there is no such port.
    """
    viewer = BrowserViewer(playback, port)
    print(_invitation(viewer.port), flush=True)
    last = time.monotonic()
    try:
        while True:
            now = time.monotonic()
            playback.advance(now - last)
            last = now
            if viewer.obey() or playback.playing:
                viewer.draw()
            time.sleep(_FRAME_S)
    finally:
        viewer.close()


def _invitation(port: int) -> str:
    return (
        f"Open http://localhost:{port} in a browser; Ctrl-C here ends it. If this is not the machine that you sit at,\n"
        f"  ssh -L {port}:localhost:{port} USER@THIS_MACHINE\n"
        "on the one that you sit at makes the same address work there."
    )
