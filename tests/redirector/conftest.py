"""A real redirector: `python -m routing.redirector` as a process, on a free port, before hubs that are not real."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from bench import processes
from tests.redirector.serving import wait_until

VERSIONS = {"builder_info": {"build_image": "quay.io/jupyterhub/repo2docker:1"}, "binderhub": "1.0", "builder": "x"}


class FakeHub:
    """A hub over plain HTTP on loopback, that answers as it is told."""

    def __init__(self) -> None:
        hub = self
        self.healthy = True
        self.requests: list[str] = []

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                hub.requests.append(self.path)
                status, answer = hub.answer(self.path)
                self.send_response(status)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            do_HEAD = do_POST = do_GET

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        self._thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    def answer(self, path: str) -> tuple[int, bytes]:
        if path == "/versions":
            return 200, json.dumps(VERSIONS).encode()
        if path == "/health":
            checks = [{"service": "JupyterHub API", "ok": self.healthy}]
            return 200 if self.healthy else 503, json.dumps({"ok": self.healthy, "checks": checks}).encode()
        return 200, f"{self.url}{path}".encode()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self._thread.join(10)


class Redirector:
    """One running `python -m routing.redirector`."""

    def __init__(self, arguments: list[str], environ: dict[str, str], log: Path) -> None:
        self.log = log
        with log.open("wb") as stderr:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "routing.redirector", "--port", "0", *arguments],
                env={"PATH": os.environ["PATH"], "ALLOW_PRIVATE_HUBS": "1", **environ},
                cwd=Path(__file__).parents[2],
                stdout=subprocess.PIPE,
                stderr=stderr,
                text=True,
            )
        assert self.process.stdout is not None
        said = self.process.stdout.readline()
        found = re.search(r"http://\S+:(\d+)", said)
        if not found:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"the redirector did not start: {log.read_text()}")
        self.url, self.port = found[0], int(found[1])

    def get(self, path: str, method: str = "GET", **headers: str) -> tuple[int, dict[str, str], bytes]:
        """The answer itself, never that of a redirect's target."""
        request = urllib.request.Request(self.url + path, method=method, headers=headers)
        try:
            with _OPENER.open(request, timeout=10) as response:
                return response.status, dict(response.headers), response.read()
        except urllib.error.HTTPError as answer:
            with answer:
                return answer.code, dict(answer.headers), answer.read()

    def metric(self, series: str) -> float | None:
        """The value of one series, written as /metrics writes it; None when it is not there."""
        found = re.search(rf"^{re.escape(series)} (\S+)$", self.get("/metrics")[2].decode(), re.MULTILINE)
        return float(found[1]) if found else None

    def target(self, path: str = "/build/gh/a/b/main") -> str:
        """The hub that a launch is sent to."""
        return self.get(path)[1]["location"].removesuffix(path)

    def is_ready(self) -> bool:
        try:
            return self.get("/readyz")[0] == 200
        except OSError:
            return False

    def children(self) -> list[int]:
        """The keeper's process, then the workers'."""
        return [child.pid for child in processes.children(self.process.pid) if not child.is_dead]

    def stop(self, sign: signal.Signals = signal.SIGTERM) -> int:
        if self.process.poll() is None:
            self.process.send_signal(sign)
        assert self.process.stdout is not None
        self.process.stdout.close()
        try:
            return self.process.wait(40)
        finally:
            self.process.kill()


class _StayHere(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}), _StayHere)


@pytest.fixture(scope="module")
def hubs() -> Iterator[list[FakeHub]]:
    """Three fake hubs for the module; whoever changes one sets it right again."""
    made = [FakeHub() for _ in range(3)]
    yield made
    for hub in made:
        hub.close()


def hosts_document(hubs: list[FakeHub], **more: Any) -> dict[str, Any]:
    """A config file for these hubs, keyed a, b, c; the first is prime."""
    hosts = {
        key: {
            "prime": not number,
            "url": hub.url,
            "weight": 50,
            "health": f"{hub.url}/health",
            "versions": f"{hub.url}/versions",
        }
        for number, (key, hub) in enumerate(zip("abc", hubs, strict=False))
    }
    return {"hosts": hosts, "check": {"period": 1, "failed_period": 1, "retries": 1, "timeout": 2}, **more}


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Redirector]]:
    """Start a redirector with these arguments; all are stopped at the end of the module."""
    with ExitStack() as stack:

        def started(*arguments: str, **environ: str) -> Redirector:
            redirector = Redirector(list(arguments), environ, tmp_path_factory.mktemp("redirector") / "log")
            stack.callback(redirector.stop, signal.SIGKILL)
            wait_until(redirector.is_ready, "the redirector is ready")
            return redirector

        yield started
