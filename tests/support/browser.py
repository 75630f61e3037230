"""Chromium without a screen, driven by WebDriver: enough to open, type, ask and look."""

from __future__ import annotations

import base64
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
)


def missing() -> str:
    """Why there is no browser here; empty where there is one."""
    absent = [each for each in ("chromium", "chromedriver") if shutil.which(each) is None]
    return (
        f"not installed: {', '.join(absent)} (Debian: chromium, chromium-driver)" if absent else ""
    )


_THERE = "return document.readyState === 'complete' && location.href === arguments[0]"


class Browser:
    """One window."""

    def __init__(self, session: httpx.Client) -> None:
        self._session = session

    def _post(self, path: str, **body: object) -> Any:
        answer = self._session.post(path, json=body).json()
        value = answer["value"]
        if isinstance(value, dict) and "error" in value:
            raise RuntimeError(value["message"])
        return value

    def open(self, place: Path | str) -> None:
        url = place if isinstance(place, str) else place.as_uri()
        self._post("url", url=url)
        for _ in range(100):  # a machine that is busy answers before it has drawn
            if self.run(_THERE, url):
                return
            time.sleep(0.05)

    def run(self, script: str, *arguments: object) -> Any:
        """The value that the script, a function's body, returns."""
        return self._post("execute/sync", script=script, args=list(arguments))

    def resize(self, width: int, height: int) -> None:
        self._post("window/rect", width=width, height=height)

    def dark(self, on: bool) -> None:
        """What the system asks for, light or dark."""
        value = "dark" if on else "light"
        self._emulate(
            "Emulation.setEmulatedMedia",
            features=[{"name": "prefers-color-scheme", "value": value}],
        )

    def paper(self, on: bool) -> None:
        self._emulate("Emulation.setEmulatedMedia", media="print" if on else "")

    def _emulate(self, command: str, **parameters: object) -> None:
        self._post("goog/cdp/execute", cmd=command, params=parameters)

    def problems(self) -> list[str]:
        """What the console got since it was asked last: failed scripts, files that are missing."""
        entries = self._post("se/log", type="browser")
        return [each["message"] for each in entries if each["level"] in ("SEVERE", "WARNING")]

    def picture(self) -> bytes:
        """The window, as PNG."""
        return base64.b64decode(self._session.get("screenshot").json()["value"])


@contextmanager
def browser() -> Iterator[Browser]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    driver = subprocess.Popen(
        ["chromedriver", f"--port={port}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    place = f"http://127.0.0.1:{port}"
    try:
        with (
            tempfile.TemporaryDirectory() as profile,
            httpx.Client(base_url=place, timeout=60, trust_env=False) as client,
        ):
            _ready(client)
            options = {"args": [*FLAGS, f"--user-data-dir={profile}"]}
            wanted = {
                "browserName": "chrome",
                "goog:chromeOptions": options,
                "goog:loggingPrefs": {"browser": "ALL"},
            }
            body = {"capabilities": {"alwaysMatch": wanted}}
            made = client.post("/session", json=body).json()["value"]
            if "sessionId" not in made:
                raise RuntimeError(str(made))
            session_at = f"{place}/session/{made['sessionId']}/"
            with httpx.Client(base_url=session_at, timeout=60, trust_env=False) as session:
                yield Browser(session)
                client.delete(f"/session/{made['sessionId']}")
    finally:
        driver.terminate()
        driver.wait(10)


def _ready(client: httpx.Client) -> None:
    for _ in range(100):
        try:
            if client.get("/status").json()["value"]["ready"]:
                return
        except (httpx.HTTPError, KeyError):
            pass
        time.sleep(0.1)
    raise RuntimeError("chromedriver does not answer")
