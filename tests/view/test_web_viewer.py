"""The page of the viewer, served for real and used in a real browser."""

import contextlib
import http.server
import itertools
import re
import subprocess
import threading
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest
import viser
from chromium import BROWSER, Page
from PIL import Image
from viewer_process import end_viewer, start_viewer

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(BROWSER is None, reason="there is no browser: apt-get install chromium"),
]


@pytest.fixture(scope="module")
def serve():
    """Start the viewer for browsers; gives its address."""
    with contextlib.ExitStack() as started:

        def start(*arguments):
            server = start_viewer(*arguments, "--web", "--port", "0", stdout=subprocess.PIPE, bufsize=1)
            started.callback(end_viewer, server)
            line = server.stdout.readline()
            assert line.startswith("Open http://localhost:"), line + server.stderr.read()
            return line.split()[1]

        yield start


@pytest.fixture(scope="module")
def address(serve):
    """Address of a viewer of the arm with motors."""
    return serve("threads=1")


@pytest.fixture
def page(tmp_path):
    with Page(tmp_path, size=(900, 700)) as page:
        yield page


def number(page, heading):
    """The figure that the page says beside a heading."""
    return float(re.search(rf"{heading}\s+(-?[\d.]+)", page.text()).group(1))


def colours_of(page, file):
    """The picture, without the panel."""
    page.picture(file)
    return np.asarray(Image.open(file).convert("RGB"))[:, :500].astype(int)


def test_the_page_is_steered_by_mouse_and_keys(serve, page, tmp_path):
    page.open(serve("model=muscle", "threads=1", "--controller", "cmc", "--slowmo", "0.02"))
    page.wait_for("paw error")
    page.click("button", "Pause")
    page.wait_for("Play")
    page.click("button", "restart")
    page.wait_until(lambda: number(page, "time") == 0)
    page.click("button", "forward")
    page.wait_until(lambda: number(page, "time") == 7)
    assert "one frame back (B)" in page.wait_for("one frame forward (F)")  # the mouse points at it
    page.key("f", "KeyF")
    page.wait_until(lambda: number(page, "time") == 13)
    page.key("b", "KeyB")
    page.wait_until(lambda: number(page, "time") == 7)
    follows = number(page, "paw error")
    assert follows < 1

    driven = colours_of(page, tmp_path / "driven.png")
    page.key("c", "KeyC")  # let go
    page.wait_until(lambda: "of 407 ms" in page.text())  # 1 frame and 0.4 s
    for _ in range(8):
        page.key("f", "KeyF")
    page.wait_until(lambda: number(page, "time") == 60)
    assert number(page, "paw error") > max(1, 2 * follows)
    fallen = colours_of(page, tmp_path / "fallen.png")
    assert (np.abs(fallen - driven).max(axis=2) > 30).sum() > 500
    page.click("label", "ghost")
    page.wait_until(lambda: (np.abs(colours_of(page, tmp_path / "ghost.png") - fallen).max(axis=2) > 15).sum() > 200)
    said = page.text()
    assert "grey at rest" in said  # muscles by anatomy: the shoulder's come first
    assert said.index("Deltoid medial") < said.index("Biceps long head") < said.index("Triceps lat head")
    assert page.failures == []


def test_nothing_comes_from_elsewhere(address, page):
    page.open(address)
    assert "grey at rest" not in page.wait_for("paw error")  # it has no muscles
    port = urlsplit(address).port
    own = re.compile(rf"(data:|(blob:)?(https?|ws)://localhost:{port}(/|$))")
    strange = [request[:100] for request in page.requested if not own.match(request)]
    assert strange == []
    assert len(page.requested) >= 2  # the page and its connection
    assert "reference on" in page.text()


def test_it_is_served_to_this_machine_alone(address):
    port = urlsplit(address).port
    listening = Path("/proc/net/tcp").read_text() + Path("/proc/net/tcp6").read_text()
    mine = re.findall(rf"([0-9A-F]+):{port:04X} [0-9A-F]+:0000 0A", listening)
    assert mine == ["0100007F"]  # 127.0.0.1


FOREIGN = """
<title>another page</title><script>
const said = [], tell = text => { said.push(text); document.body.innerText = said.join(", "); };
const reached = (name, address, protocols) => new Promise(done => {
  const socket = new WebSocket(address, protocols);
  socket.onmessage = () => done(tell(name + " read"));
  socket.onopen = () => { tell(name + " opened"); socket.send(new Uint8Array(8)); };
  socket.onclose = socket.onerror = () => done();
});
onload = async () => {
  for (const path of ["", TOKEN]) {
    await reached("socket" + path, "ws://" + HOST + path, [VERSION]);
    await reached("bare socket" + path, "ws://" + HOST + path, []);
    await fetch("http://" + HOST + path).then(answer => answer.text()).then(() => tell("fetched" + path), () => 0);
  }
  tell("all tried");
};
</script><body></body>
"""


def test_a_page_of_another_origin_can_neither_read_nor_steer(address, page):
    """Even one that knows the address, from another port or by a name of its own that leads to this machine."""
    viewer = urlsplit(address)
    script = FOREIGN.replace("TOKEN", repr(viewer.path)).replace("VERSION", repr(f"viser-v{viser.__version__}"))

    class Foreign(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(script.replace("HOST", repr(f"{self.path[1:]}:{viewer.port}")).encode())

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Foreign) as other:
        threading.Thread(target=other.serve_forever, daemon=True).start()
        for host, target in itertools.product(("localhost", "127.0.0.1", "evil.example"), repeat=2):
            page.open(f"http://{host}:{other.server_port}/{target}")
            assert page.wait_for("all tried") == "all tried", (host, target)
        page.open(f"http://evil.example:{viewer.port}{viewer.path}")  # a name that is led here after the page has come
        assert "Open the address that view.py printed" in page.wait_for("Open the address")
        other.shutdown()
    page.open(viewer.geturl())
    page.wait_for("paw error")
