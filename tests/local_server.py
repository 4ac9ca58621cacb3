"""The HTTP server below the stand-ins for Weights & Biases and the Hugging Face Hub: on this computer, in memory."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit


class LocalServer(ThreadingHTTPServer):
    """A server; ``with LocalServer(Handler) as server`` serves until the end of the block.

    Attributes:
        url: where it is.
        requests: method, path and range of every request.
    """

    daemon_threads = True

    def __init__(self, handler):
        super().__init__(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.requests = []

    def __enter__(self):
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, *error):
        self.shutdown()
        self.server_close()


class LocalHandler(BaseHTTPRequestHandler):
    """Answers requests by ``handle_request``.

    Attributes:
        asked: the path of the request, without a query.
        body: what came with it.
    """

    protocol_version = "HTTP/1.1"

    def handle_request(self):
        raise NotImplementedError

    def _take(self):
        self.asked = unquote(urlsplit(self.path).path)
        self.server.requests.append((self.command, self.asked, self.headers.get("Range")))
        self.body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.handle_request()

    do_HEAD = do_GET = do_POST = do_PUT = _take  # noqa: N815, names of http.server

    def answer(self, content, status=200, headers=()):
        """Send bytes, or anything else as JSON."""
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        for key, value in {"Content-Length": str(len(body)), **dict(headers)}.items():
            self.send_header(key, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format, *args):
        pass
