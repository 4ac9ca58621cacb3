"""Which face a playback is watched in; its library is loaded only then."""

from mousearm.errors import RenderError
from mousearm.view.playback import Playback


def watch(playback: Playback, port: int | None = None) -> None:
    """Show a playback until the window is closed or, in a browser, until Ctrl-C.

    Args:
        playback: what is shown.
        port: where it is served to browsers; None for a window.

    Raises:
        RenderError: if no window can be opened here, or viser is not installed.
        ConfigError: if there is no such port.
    """
    if port is None:
        from mousearm.view.window import watch_in_window

        watch_in_window(playback)
        return
    try:
        from mousearm.view.browser import watch_in_browser
    except ModuleNotFoundError as error:
        if error.name not in ("viser", "trimesh"):
            raise
        raise RenderError("The viewer in a browser needs viser: pip install 'mousearm[web]'.") from error
    watch_in_browser(playback, port)
