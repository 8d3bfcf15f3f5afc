"""The servers that are compared, each on a port of its own and kept on one core."""

from __future__ import annotations

import http.client
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.federation import hubs
from bench.pinning import on_core
from bench.processes import children
from dev.ports import free_port

PATIENCE = 20.0
NGINX = """
worker_processes 1;
daemon off;
pid {directory}/nginx.pid;
error_log {directory}/error.log;
events {{ worker_connections 1024; }}
http {{
  access_log off;
  keepalive_requests 1000000000;
  client_body_temp_path {directory}/body;
  proxy_temp_path {directory}/proxy;
  fastcgi_temp_path {directory}/fastcgi;
  uwsgi_temp_path {directory}/uwsgi;
  scgi_temp_path {directory}/scgi;
  split_clients "$uri" $hub {{
{shares}
  }}
  server {{
    listen 127.0.0.1:{port};
    location /build/ {{ return 307 $hub$request_uri; }}
  }}
}}
"""


class Failed(Exception):
    """A server of the benchmark did not start; the text says what it said."""


def find_nginx() -> str | None:
    """nginx's path, also where Debian keeps it."""
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/opt/homebrew/bin")


@contextmanager
def nginx(program: str, directory: Path, core: int | None) -> Iterator[str]:
    """nginx that splits the paths among three hubs and returns 307: no cookie, no counting, no expiry."""
    port = free_port()
    known = hubs(3)
    total = sum(hub.weight for hub in known)
    shares = [f"{100 * hub.weight / total:.2f}% {hub.url};" for hub in known[:-1]] + [f"* {known[-1].url};"]
    config = directory / "nginx.conf"
    config.write_text(NGINX.format(directory=directory, port=port, shares="\n".join(shares)))
    command = [program, "-e", str(directory / "error.log"), "-p", str(directory), "-c", str(config)]
    with _running(on_core(core, *command), directory / "nginx.log", port) as (url, _):
        yield url


@contextmanager
def tornado(directory: Path, core: int | None) -> Iterator[str]:
    """Tornado doing the same work as the redirector, for three hubs."""
    port = free_port()
    command = on_core(core, sys.executable, "-m", "bench.tornado_redirector", str(port), "3")
    with _running(command, directory / "tornado.log", port) as (url, _):
        yield url


@contextmanager
def redirector(redis_url: str, directory: Path, core: int | None, *options: str) -> Iterator[tuple[str, int]]:
    """The redirector, one worker, as it runs for real: its address and its worker's process id."""
    port = free_port()
    command = [sys.executable, "-m", "routing.redirector", "--redis", redis_url, "--port", str(port), *options]
    with _running(on_core(core, *command), directory / f"redirector-{port}.log", port) as (url, pid):
        yield url, children(pid)[-1].pid


@contextmanager
def _running(command: list[str], log: Path, port: int) -> Iterator[tuple[str, int]]:
    environ = {key: value for key, value in os.environ.items() if not key.startswith(("REDIRECTOR_", "REDIS_"))}
    with log.open("wb") as said:
        process = subprocess.Popen(command, stdout=said, stderr=said, env=environ)
    try:
        _wait_for_launches(process, log, port)
        yield f"http://127.0.0.1:{port}", process.pid
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_for_launches(process: subprocess.Popen[bytes], log: Path, port: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < deadline:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", "/build/gh/some/repository/HEAD")
            if connection.getresponse().status == 307:
                return
        except OSError:
            pass
        finally:
            connection.close()
        time.sleep(0.05)
    raise Failed(f"{' '.join(process.args)} does not redirect: {log.read_text()[-2000:]}")  # type: ignore[arg-type]
