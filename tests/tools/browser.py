"""Drive headless Chromium over its DevTools pipe: open a page, evaluate scripts, press keys.

Standard library only. `--remote-debugging-pipe` exchanges JSON messages, each ended by a zero byte,
over two pipes.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("chrome")


class Browser:
    """A headless Chromium with one page, as a context manager.

    `said` keeps what the page logged and requested.
    """

    def __init__(self, width: int = 1440, height: int = 900, dark: bool = False):
        self.size, self.dark = (width, height), dark
        self.said: list[str] = []
        self._answers: dict[int, dict[str, Any]] = {}
        self._number, self._rest = 0, b""

    def __enter__(self) -> Browser:
        to_read, self._to = os.pipe()
        self._from, to_write = os.pipe()
        self._profile = tempfile.mkdtemp()
        options = "--headless=new --no-sandbox --disable-gpu --remote-debugging-pipe --no-first-run"
        # The browser reads commands from descriptor 3 and answers on descriptor 4.
        line = f'exec "$0" "$@" 3<&{to_read} 4>&{to_write}'
        arguments = [*options.split(), f"--user-data-dir={self._profile}", "about:blank"]
        self._process = subprocess.Popen(
            ["bash", "-c", line, str(CHROMIUM), *arguments],
            pass_fds=(to_read, to_write),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self.session = self._process.pid  # the system's session, which has all its processes
        os.close(to_read)
        os.close(to_write)
        self._attached = None
        targets = self.call("Target.getTargets")["targetInfos"]
        page = next(t["targetId"] for t in targets if t["type"] == "page")
        self._attached = self.call("Target.attachToTarget", targetId=page, flatten=True)[
            "sessionId"
        ]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")
        width, height = self.size
        self.call(
            "Emulation.setDeviceMetricsOverride",
            **{"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600},
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if self.dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])
        return self

    def __exit__(self, *_: object) -> None:
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        os.close(self._to)
        os.close(self._from)
        shutil.rmtree(self._profile, ignore_errors=True)

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        self._number += 1
        message = {"id": self._number, "method": method, "params": params}
        if self._attached:
            message["sessionId"] = self._attached
        os.write(self._to, json.dumps(message).encode() + b"\0")
        while self._number not in self._answers:
            self._take()
        answer = self._answers.pop(self._number)
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']}")
        return answer["result"]

    def _take(self) -> None:
        part = os.read(self._from, 1 << 20)
        if not part:
            raise RuntimeError("the browser is gone")
        *whole, self._rest = (self._rest + part).split(b"\0")
        for message in map(json.loads, whole):
            if "id" in message:
                self._answers[message["id"]] = message
            elif message["method"] == "Log.entryAdded":
                self.said.append(message["params"]["entry"]["text"])
            elif message["method"] == "Runtime.exceptionThrown":
                self.said.append(json.dumps(message["params"]["exceptionDetails"]))
            elif message["method"] == "Network.requestWillBeSent":
                self.said.append(f"asked for {message['params']['request']['url'][:200]}")

    def open(self, path: Path, fragment: str = "", seconds: float = 60) -> None:
        """Open a file and wait until its page is ready."""
        self.call("Page.navigate", url="about:blank")
        self.call("Page.navigate", url=path.resolve().as_uri() + fragment)
        self.until("document.documentElement?.dataset.ready", seconds)

    def ask(self, expression: str) -> Any:
        """Return the value of an expression; a promise is awaited."""
        result = self.call(
            "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True
        )
        if "exceptionDetails" in result:
            raise RuntimeError(result["exceptionDetails"])
        return result["result"].get("value")

    def until(self, expression: str, seconds: float = 10) -> Any:
        end = time.monotonic() + seconds
        while not (value := self.ask(expression)):
            if time.monotonic() > end:
                raise TimeoutError(f"{expression}; the page said: {self.said}")
            time.sleep(0.02)
        return value

    def press(self, *keys: str) -> None:
        for key in keys:
            text = {"text": key} if len(key) == 1 else {"text": "\r"} if key == "Enter" else {}
            code = {"Escape": 27, "Enter": 13}.get(key, 0)  # the browser's own keys go by number
            event = {"key": key, "windowsVirtualKeyCode": code}
            self.call("Input.dispatchKeyEvent", type="keyDown", **event, **text)
            self.call("Input.dispatchKeyEvent", type="keyUp", **event)

    def picture(self, path: Path) -> None:
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot")["data"]))
