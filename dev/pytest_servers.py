"""A pytest plugin: real Postgres and Valkey for every test run, before Django reads its settings.

One pair per run, thrown away afterwards; the workers of pytest-xdist inherit it from their controller, and each has
its own test database (pytest-django does that) and its own Redis database. DATABASE_URL and REDIS_URL are respected.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Generator
from contextlib import ExitStack
from pathlib import Path

import pytest

from dev.guard import Guard
from dev.server import Server, ServerError
from dev.servers import Postgres, Valkey

running = ExitStack()
# Names the variables that this plugin set; the workers inherit it.
STARTED = "FEDERATION_TEST_SERVERS"


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None, None, None]:
    """Start the servers; a wrapper runs before pytest-django loads the settings."""
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    if worker:
        os.environ["REDIS_URL"] = redis_url_of(worker, os.environ["REDIS_URL"])
    elif not early_config.known_args_namespace.help:
        try:
            start_missing()
        except ServerError as error:
            raise pytest.UsageError(str(error)) from error
    return (yield)


def pytest_unconfigure() -> None:
    """End what this process started."""
    running.close()


def start_missing() -> None:
    """Start each server whose address the environment does not give."""
    wanted: dict[str, type[Server]] = {"DATABASE_URL": Postgres, "REDIS_URL": Valkey}
    missing = {name: kind for name, kind in wanted.items() if not os.environ.get(name)}
    if not missing:
        return
    directory = Path(tempfile.mkdtemp(prefix="federation-tests-"))
    # Root's Postgres runs as somebody else, who must be able to walk through here.
    directory.chmod(0o711)
    running.callback(shutil.rmtree, directory, ignore_errors=True)
    # A run that is killed cannot clean up after itself: the guard does.
    guard = running.enter_context(Guard(remove=directory))
    os.environ[STARTED] = " ".join(missing)
    running.callback(os.environ.pop, STARTED, None)
    for name, kind in missing.items():
        server = running.enter_context(kind(directory, durable=False, guard=guard))
        running.callback(os.environ.pop, name, None)
        os.environ[name] = server.url


def redis_url_of(worker: str, url: str) -> str:
    """The same server, another database for each worker: gw0 has 1, gw1 has 2, …"""
    number = int(worker.removeprefix("gw")) + 1
    return re.sub(r"(/\d*)?$", f"/{number}", url.rstrip("/"), count=1)
