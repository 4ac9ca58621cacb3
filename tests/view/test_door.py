"""Who gets in to the page that the viewer serves, and what can be said to it, over real connections."""

import asyncio
import contextlib
import itertools
import math
import random
import re
import socket
import threading
from urllib.error import HTTPError
from urllib.request import urlopen

import msgspec
import pytest
import viser
from websockets.asyncio import client as asyncio_client
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from mousearm.errors import ConfigError, RenderError
from mousearm.view import Playback
from mousearm.view.browser import BrowserViewer, _invitation
from mousearm.view.door import Door
from mousearm.view.playback import SPEEDS

PATIENCE_S = 120  # of what takes milliseconds, on a machine that has other things to do
VERSION = f"viser-v{viser.__version__}"
CAMERA = {
    **{"type": "ViewerCameraMessage", "wxyz": [1, 0, 0, 0], "position": [1.5, 0, 0], "look_at": [0, 0, 0]},
    **{"up_direction": [0, 0, 1], "fov": 1.2, "near": 0.1, "far": 100, "image_height": 700, "image_width": 900},
}


@pytest.fixture(scope="module")
def served(build_simulator):
    viewer = BrowserViewer(Playback(build_simulator()), 0)
    yield viewer
    viewer.close()


def status(door, path="", host="localhost:{port}", origin=None, connects=False, more=()):
    """Ask as a browser does, by hand, and give the status of the answer."""
    lines = [f"GET {path or door.path} HTTP/1.1", *([f"Host: {host}"] if host else []), *more]
    lines += [f"Origin: {origin}"] if origin else []
    if connects:
        lines += ["Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=="]
        lines += ["Sec-WebSocket-Version: 13", f"Sec-WebSocket-Protocol: {VERSION}"]
    with socket.create_connection(("127.0.0.1", door.port), timeout=PATIENCE_S) as asked:
        asked.sendall("".join(f"{line}\r\n" for line in [*lines, ""]).format(port=door.port).encode())
        return int(asked.recv(4096).split()[1])


OWN = "http://localhost:{port}"
SAME_PAGE = [
    ({}, 200),
    ({"origin": OWN}, 200),
    ({"origin": OWN, "connects": True}, 101),
    ({"host": "127.0.0.1:{port}", "origin": "http://127.0.0.1:{port}", "connects": True}, 101),
    ({"host": "[::1]:{port}", "origin": "http://[::1]:{port}", "connects": True}, 101),
    ({"host": "localhost:9000", "origin": "http://localhost:9000", "connects": True}, 101),  # the end of a tunnel
    ({"host": "LOCALHOST"}, 200),
]
FOREIGN_ORIGINS = [
    *("http://evil.example", "https://evil.example:8080", "null", "http://localhost", "http://localhost:1", "file://"),
    *(
        "https://localhost:{port}",
        "http://127.0.0.1:{port}",
        "http://localhost:{port}.evil.example",
        "http://localhost:{port}/",
    ),
]
FOREIGN_HOSTS = [
    *(
        "evil.example",
        "evil.example:{port}",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "evil@localhost:{port}",
    ),
    *("", "0.0.0.0:{port}", "[::]:{port}", "[", "localhost:{port}, evil.example", "localhost:x"),
]
PATHS = [
    "/",
    "/index.html",
    "/wrong",
    "/..",
    "/{token}x",
    "//{token}",
    "/{token}/index.html",
    "/?{token}",
    "/%2e%2e/{token}",
    "*",
    "/ü",
]


@pytest.mark.parametrize(("asked", "answer"), SAME_PAGE)
def test_the_page_and_its_connection_come_in(served, asked, answer):
    assert status(served.door, **asked) == answer


def test_advice_to_open_the_address_that_was_printed(served):
    address = re.search(r"http://\S+", _invitation(served.door))[0]
    for wrong in (address[:-1], f"http://localhost:{served.door.port}"):
        with pytest.raises(HTTPError) as refused:
            urlopen(wrong, timeout=PATIENCE_S)
        assert refused.value.read() == (
            b"Open the address that view.py printed, with all that follows the port, on this machine or by a tunnel.\n"
        )
    assert b"<html" in urlopen(address, timeout=PATIENCE_S).read()
    assert status(served.door, host="localhost:9000") == 200  # by a tunnel


def test_no_other_page_comes_in_and_nobody_without_the_token(served, capfd):
    door, answers = served.door, {}
    token = door.path[1:]
    for origin, connects in itertools.product(FOREIGN_ORIGINS, (False, True)):
        answers[origin, connects] = status(door, origin=origin, connects=connects)
    for host, connects in itertools.product(FOREIGN_HOSTS, (False, True)):
        answers[host, connects] = status(
            door, host=host, origin=f"http://{host}" if connects else None, connects=connects
        )
    for path, connects in itertools.product(PATHS, (False, True)):
        answers[path, connects] = status(door, path.replace("{token}", token), origin=OWN, connects=connects)
    answers["no origin"] = status(door, connects=True)
    answers["two origins"] = status(door, origin=OWN, connects=True, more=["Origin: http://evil.example"])
    answers["two hosts"] = status(door, more=["Host: evil.example"])
    assert {asked: answer for asked, answer in answers.items() if answer not in (403, 400)} == {}
    assert len(answers) == 2 * (len(FOREIGN_ORIGINS) + len(FOREIGN_HOSTS) + len(PATHS)) + 3
    assert capfd.readouterr().err == ""


def test_tokens_cannot_be_guessed():
    doors = [Door(0) for _ in range(20)]
    assert len({door.path for door in doors}) == 20
    assert min(len(door.path) for door in doors) > 20  # 16 random bytes


def steer(door):
    """A browser's connection."""
    own = f"http://localhost:{door.port}"
    more = {"subprotocols": [VERSION], "max_size": None, "max_queue": None, "open_timeout": PATIENCE_S}
    return connect(f"ws://localhost:{door.port}{door.path}", origin=own, **more)


def used(uuid, value):
    return {"type": "GuiUpdateMessage", "uuid": uuid, "updates": {"value": value}}


def wait_for(condition, seconds=PATIENCE_S):
    ended = threading.Event()
    for _ in range(int(seconds / 0.01)):
        if condition():
            return True
        ended.wait(0.01)
    return False


VALUES = [
    *(
        math.nan,
        math.inf,
        -math.inf,
        1e308,
        -1e308,
        2**63,
        -(2**62),
        1e10,
        -5.0,
        True,
        False,
        None,
        "",
        "nan",
        "x" * 5000,
    ),
    *(
        "__class__",
        "../../etc/passwd",
        "\x1b[31m",
        b"\x00\xff",
        [],
        [1.0],
        {},
        {"value": 1},
        [[[[]]]],
        "<script>",
        "0.5",
    ),
]
MESSAGES = [
    *({"type": kind} for kind in ("ShareUrlRequest", "ShareUrlDisconnect", "GuiUpdateMessage", "Message", "", "no")),
    {"type": "GuiUpdateMessage", "uuid": "no", "updates": {"value": 1}},
    {"type": "CommandTriggerMessage", "uuid": "no"},
    {"type": "FileTransferStartUpload", "source_component_uuid": "", "transfer_uuid": "", "filename": "/etc/x"},
    {"type": "RunJavascriptMessage", "source": "alert(1)"},
    *(CAMERA | {"fov": value} for value in (math.nan, "wide", None, [], 1e300)),
    *(CAMERA | {"wxyz": value} for value in ([], [1, 0, 0], [math.nan] * 4, "wxyz", [[1], 0, 0, 0])),
    *({}, [], None, 1, "text", ["GuiUpdateMessage"], {"type": 5}, {1: 2}),
]
RAW = ["text", "", b"", b"\xc1", b"\x00" * 8000, b"\xdf\xff\xff\xff\xff", bytes([0x91]) * 5000]
RAW += [msgspec.msgpack.encode({"type": "CommandTriggerMessage", "x": 0})[:-1] + bytes([0x91]) * 5000]


@pytest.mark.parametrize("every", [12, pytest.param(1, marks=pytest.mark.slow)])
def test_nothing_that_is_said_ends_it_or_makes_the_arm_lose_its_way(served, capfd, every):
    playback, controls = served._playback, served._server.gui._gui_input_handle_from_uuid
    said = [used(uuid, value) for uuid, value in itertools.product(controls, VALUES)]
    for uuid, name in itertools.product(controls, ("removed", "update_cb", "props", "sync_cb", "uuid", "nothing")):
        said.append({"type": "GuiUpdateMessage", "uuid": uuid, "updates": {name: True, "value": 0.0}})
    camera, *sent = map(msgspec.msgpack.encode, [CAMERA, *said, *MESSAGES])
    assert (len(controls), len(sent) + len(RAW)) == (7, 260)
    together, alone = sent[: len(said) : every], [*sent[len(said) :], *RAW][::every]  # some of these end it
    for messages in (*(together[i : i + 20] for i in range(0, len(together), 20)), *([message] for message in alone)):
        with contextlib.suppress(ConnectionClosed), steer(served.door) as browser:
            for message in (camera, *messages):
                browser.send(message)
            browser.ping().wait(PATIENCE_S)
        served.obey()
        served.draw()
    with steer(served.door) as browser:
        browser.send(msgspec.msgpack.encode(CAMERA))
        served.obey()
        playback.ghost = False
        command = next(iter(served._server.gui._command_handle_from_uuid))
        browser.send(msgspec.msgpack.encode({"type": "CommandTriggerMessage", "uuid": command}))
        assert wait_for(served.obey)
    served.draw()
    assert math.isfinite(playback.time)
    assert 0 <= playback.time <= playback.trial.end
    assert (playback.reach, playback.colours) in [(0, "grey_red"), (1, "grey_red")]
    assert playback.speed in SPEEDS
    assert all(not handle._impl.removed for handle in controls.values())
    assert served._server._share_tunnel is None
    assert capfd.readouterr().err == ""


@pytest.mark.slow
def test_mutated_messages_do_no_harm(served, capfd, draws):
    draw = random.Random(0)
    uuids = [*served._server.gui._gui_input_handle_from_uuid, *served._server.gui._command_handle_from_uuid]
    good = [CAMERA, *(used(uuid, value) for uuid in uuids for value in (True, 3.5, "0.1", "forward", "long"))]
    good += [{"type": "CommandTriggerMessage", "uuid": uuid} for uuid in uuids]
    for _ in range(draws(100)):
        with contextlib.suppress(ConnectionClosed), steer(served.door) as browser:
            browser.send(msgspec.msgpack.encode(CAMERA))
            for message in draw.choices(good, k=20):
                content = bytearray(msgspec.msgpack.encode(message))
                for _ in range(draw.randint(0, 3)):
                    content[draw.randrange(len(content))] = draw.randrange(256)
                browser.send(bytes(content[: draw.choice([None, None, draw.randrange(len(content))])]))
        served.obey()
        served._playback.advance(0.02)
        served.draw()
    assert 0 <= served._playback.time <= served._playback.trial.end
    assert served._server._share_tunnel is None
    assert status(served.door) == 200
    assert capfd.readouterr().err == ""


def test_who_says_nothing_keeps_nobody_out(served):
    with contextlib.ExitStack() as silent:
        for said in (b"", b"GET /", b"\x16\x03\x01") * 10:
            asked = silent.enter_context(socket.create_connection(("127.0.0.1", served.door.port), timeout=PATIENCE_S))
            asked.sendall(said)
        assert status(served.door) == 200
        with steer(served.door) as browser:
            assert len(browser.recv(timeout=PATIENCE_S)) > 0


def test_a_second_browser_sees_and_steers_the_same(served):
    with steer(served.door) as first, steer(served.door) as second:
        for browser in (first, second):
            browser.send(msgspec.msgpack.encode(CAMERA))
        playing = served._playback.playing
        space = next(iter(served._server.gui._command_handle_from_uuid))
        for browser in (first, second):
            browser.send(msgspec.msgpack.encode({"type": "CommandTriggerMessage", "uuid": space}))
            assert wait_for(served.obey)
            playing = not playing
            assert served._playback.playing is playing
        served.draw()
        assert len(first.recv(timeout=PATIENCE_S)) > 0
        assert len(second.recv(timeout=PATIENCE_S)) > 0


def test_a_used_port_is_passed_over():
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        door = Door(port)
        assert port < door.port <= port + 100


def test_a_port_that_nothing_follows_is_refused():
    with contextlib.ExitStack() as taken:
        with contextlib.suppress(OSError):  # it may be another's
            taken.enter_context(socket.create_server(("127.0.0.1", 65535)))
        with pytest.raises(ConfigError, match="--port 0") as refused:
            Door(65535)
    assert refused.value.key == "port"
    assert Door(0).port > 0  # as the message advises


def test_a_viser_with_another_server_is_refused():
    with pytest.raises(RenderError, match=r"pip install viser==1\.1\.1"), Door(0).in_front():
        pass


@pytest.mark.slow
def test_two_hundred_browsers(served, capfd):
    own = f"http://localhost:{served.door.port}"

    async def come(path, **options):
        address = f"ws://localhost:{served.door.port}{path}"
        return await asyncio_client.connect(
            address, subprotocols=[VERSION], max_size=None, open_timeout=PATIENCE_S, **options
        )

    async def all_come():
        strangers = await asyncio.gather(*(come("/guess", origin=own) for _ in range(200)), return_exceptions=True)
        assert [error.response.status_code for error in strangers] == [403] * 200
        browsers = await asyncio.gather(*(come(served.door.path, origin=own) for _ in range(200)))
        for browser in browsers:
            await browser.send(msgspec.msgpack.encode(CAMERA))
        assert all([len(await asyncio.wait_for(browser.recv(), PATIENCE_S)) > 0 for browser in browsers])
        for browser in browsers[::2]:
            await browser.close()
        await browsers[1].send(msgspec.msgpack.encode({"type": "CommandTriggerMessage", "uuid": space}))
        assert await asyncio.to_thread(wait_for, served.obey)
        for browser in browsers[1::2]:
            await browser.close()

    space = next(iter(served._server.gui._command_handle_from_uuid))
    asyncio.run(all_come())
    assert status(served.door) == 200
    assert wait_for(lambda: served._server.get_clients() == {})
    assert capfd.readouterr().err == ""
