"""A real browser, without a window, that is steered through its DevTools protocol."""

import base64
import json
import shutil
import subprocess
import time
from pathlib import Path

from websockets.sync.client import connect

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)

# No network but this machine; WebGL by the processor.
_OPTIONS = (
    "--headless=new",
    "--no-sandbox",
    "--hide-scrollbars",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--remote-debugging-port=0",
    "--remote-allow-origins=*",
    "--host-resolver-rules=MAP evil.example 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
)


class Page:
    """One page of a browser; use it in a ``with`` statement.

    Attributes:
        requested: addresses of everything that the page asked for.
        failures: texts of errors that its scripts made.
    """

    def __init__(self, folder: Path, size: tuple[int, int] = (1280, 860)):
        self.requested: list[str] = []
        self.failures: list[str] = []
        self._folder, self._size, self._n_sent = folder, size, 0

    def __enter__(self) -> "Page":
        options = [*_OPTIONS, f"--user-data-dir={self._folder}", "--window-size={},{}".format(*self._size)]
        self._browser = subprocess.Popen([str(BROWSER), *options], stderr=subprocess.DEVNULL)
        address = self._folder / "DevToolsActivePort"
        _until(lambda: address.is_file() and address.read_text().count("\n") > 0, "the browser to start")
        port, path = address.read_text().split()[:2]
        self._socket = connect(f"ws://127.0.0.1:{port}{path}", max_size=None, open_timeout=300)
        target = self._send("Target.createTarget", url="about:blank")["targetId"]
        self._session = self._send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Runtime"):
            self._send(f"{domain}.enable")
        return self

    def __exit__(self, *_) -> None:
        self._socket.close()
        self._browser.terminate()
        self._browser.wait(timeout=300)

    def open(self, address: str) -> None:
        self._send("Page.navigate", url=address)

    def evaluate(self, script: str):
        """The value of an expression of JavaScript."""
        result = self._send("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def text(self) -> str:
        """All text that is to be read."""
        return self.evaluate("document.body?.innerText ?? ''")

    def wait_for(self, text: str) -> str:
        """Wait until the page says a text; gives all that it says then."""
        _until(lambda: text in self.text(), f"the text '{text}'")
        return self.text()

    def wait_until(self, condition) -> None:
        """Wait until a condition holds."""
        _until(condition, f"the page to be as it should; it says: {self.text()}")

    def click(self, selector: str, text: str) -> None:
        """Press the button, or whatever the selector finds, with a text."""
        wanted = f"[...document.querySelectorAll({selector!r})].find(e => e.innerText.trim() === {text!r})"
        box = self.evaluate(
            f"(() => {{ const b = {wanted}.getBoundingClientRect(); return [b.x, b.y, b.width, b.height] }})()"
        )
        self.press(box[0] + box[2] / 2, box[1] + box[3] / 2)

    def press(self, x: float, y: float) -> None:
        for kind in ("mouseMoved", "mousePressed", "mouseReleased"):
            self._send("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def key(self, key: str, code: str) -> None:
        for kind in ("keyDown", "keyUp"):
            self._send("Input.dispatchKeyEvent", type=kind, key=key, code=code)

    def picture(self, file: Path) -> None:
        data = self._send("Page.captureScreenshot", format="png")["data"]
        file.write_bytes(base64.b64decode(data))

    def _send(self, method: str, **parameters) -> dict:
        self._n_sent += 1
        message = {"id": self._n_sent, "method": method, "params": parameters}
        if hasattr(self, "_session"):
            message["sessionId"] = self._session
        self._socket.send(json.dumps(message))
        while True:
            answer = json.loads(self._socket.recv(timeout=300))
            if answer.get("id") == self._n_sent:
                assert "error" not in answer, answer
                return answer["result"]
            self._note(answer)

    def _note(self, event: dict) -> None:
        kind, content = event.get("method"), event.get("params", {})
        if kind == "Network.requestWillBeSent":
            self.requested.append(content["request"]["url"])
        elif kind == "Network.webSocketCreated":
            self.requested.append(content["url"])
        elif kind == "Runtime.exceptionThrown":
            self.failures.append(json.dumps(content["exceptionDetails"])[:500])


def _until(condition, what: str, timeout_s: float = 300) -> None:
    end = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end, f"waited {timeout_s} s for {what}"
        time.sleep(0.2)
