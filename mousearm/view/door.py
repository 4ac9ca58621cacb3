"""The door of the page: who may come in, and what may be said inside.

Every page in the user's browser, and everybody with an account on this machine, can reach a port of this machine. So
the address holds a token, which nobody can guess; Host must be this machine and Origin the page itself, which no other
page can feign; and of all that viser's server understands, such as to publish the page, only what this page says comes
through: the value of a control, a key, where the camera is.
"""

import hmac
import logging
import re
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http import HTTPStatus
from typing import Annotated, Any

import msgspec
from websockets.asyncio import server
from websockets.http11 import Request, Response

from mousearm.errors import ConfigError, RenderError

_HOST = "127.0.0.1"  # others come by an SSH tunnel, whose other end may be any port
_OUR_NAMES = re.compile(r"(localhost|127\.0\.0\.1|\[::1\])(:\d+)?")
_TRIED = 100  # ports
_LARGEST = 1 << 14  # message, bytes
_REFUSAL = "Open the address that view.py printed, with all that follows the port, on this machine or by a tunnel.\n"
_SILENT = logging.getLogger(__name__)  # what visitors do wrong is not worth a traceback here
_SILENT.disabled = True
_Value = bool | Annotated[float, msgspec.Meta(ge=-1e9, le=1e9)] | Annotated[str, msgspec.Meta(max_length=1000)]
_NEW = msgspec.defstruct("_NEW", [("value", _Value)], forbid_unknown_fields=True)
_POINTS = [(name, tuple[float, float, float]) for name in ("position", "look_at", "up_direction")]
_MESSAGES = msgspec.msgpack.Decoder(
    msgspec.defstruct("GuiUpdateMessage", [("uuid", str), ("updates", _NEW)], tag=True)
    | msgspec.defstruct("CommandTriggerMessage", [("uuid", str)], tag=True)
    | msgspec.defstruct("ViewerCameraMessage", [("wxyz", tuple[float, float, float, float]), *_POINTS], tag=True)
)


class _Visitor(server.ServerConnection):
    """A connection on which only what the page may say is heard."""

    async def recv(self, decode: bool | None = None) -> Any:  # type: ignore[override]
        while True:
            message = await super().recv(decode=False)
            with suppress(msgspec.MsgspecError):
                _MESSAGES.decode(message)
                return message


class Door:
    """A port of this machine alone, and the token that opens it."""

    def __init__(self, port: int):
        """Listen at a port, or at the next one that is free, or ConfigError; 0 takes any that is free."""
        last = min(port + _TRIED, 65535)
        for candidate in range(port, last + 1):
            with suppress(OSError):
                self._socket = socket.create_server((_HOST, candidate))
                break
        else:
            free = f"none of the ports {port} to {last} is free for you; --port 0 takes any that is free."
            raise ConfigError(free, "port")
        self.port: int = self._socket.getsockname()[1]
        self.path = f"/{secrets.token_urlsafe(16)}"  # of the page's address; it holds the token

    @contextmanager
    def in_front(self) -> Iterator[None]:
        """Stand in front of the server that viser starts in this context; RenderError if it starts another kind.

        Viser itself asks nobody who comes.
        """
        plain, guarded = server.serve, []

        def serve(handler: Any, host: Any, port: Any, *, process_request: Any, **options: Any) -> Any:
            def answer(connection: server.ServerConnection, request: Request) -> Response | None:
                return self._refusal(connection, request) or process_request(connection, request)

            guarded.append(self)
            ours = {"sock": self._socket, "create_connection": _Visitor, "max_size": _LARGEST, "logger": _SILENT}
            return plain(handler, process_request=answer, **(options | ours))

        server.serve = serve  # type: ignore[assignment, misc]
        try:
            yield
        finally:
            server.serve = plain  # type: ignore[misc]
        if not guarded:
            raise RenderError("This version of viser cannot be guarded. Install another: pip install viser==1.1.1")

    def _refusal(self, connection: server.ServerConnection, request: Request) -> Response | None:
        """Answer to all but our page, whose request then loses the token."""
        path = request.path.partition("?")[0].rstrip("/")
        hosts, origins = (request.headers.get_all(name) for name in ("Host", "Origin"))
        own = [f"http://{host}" for host in hosts]
        connects = bool(request.headers.get_all("Upgrade"))  # a browser then always says which page's script it is
        if not (
            hmac.compare_digest(path.encode(errors="surrogateescape"), self.path.encode())
            and [bool(_OUR_NAMES.fullmatch(host.lower())) for host in hosts] == [True]
            and (origins == own or (not origins and not connects))
        ):
            return connection.respond(HTTPStatus.FORBIDDEN, _REFUSAL)
        request.path = "/"
        return None
