"""What every test may ask for: ports and servers of its own, a Redis database, a browser."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from django.conf import settings

from dev.guard import Guard
from dev.ports import free_port as find_free_port
from dev.pytest_servers import STARTED
from dev.servers import Postgres, Valkey

pytest_plugins = ["tests.browsing", "tests.databases", "tests.emptying", "pytester"]


@pytest.fixture(scope="session")
def base_url() -> None:
    """None; pytest-playwright's own fixture is made in a way that this pytest warns of."""


@pytest.fixture
def free_port() -> int:
    """A port on loopback that nobody listens on."""
    return find_free_port()


@pytest.fixture(scope="session")
def guard() -> Iterator[Guard]:
    """Ends the servers of the tests if the tests are killed."""
    with Guard() as guard:
        yield guard


@pytest.fixture
def valkey(tmp_path: Path, guard: Guard) -> Iterator[Valkey]:
    """A Valkey of the test's own, to stop, kill and start again at will."""
    with Valkey(tmp_path / "valkey-of-test", guard=guard) as server:
        yield server


@pytest.fixture
def postgres(tmp_path: Path, guard: Guard) -> Iterator[Postgres]:
    """A Postgres of the test's own, to stop, kill and start again at will; costs a second."""
    with Postgres(tmp_path / "postgres-of-test", guard=guard) as server:
        yield server


@pytest.fixture
def redis_url(empty_redis: redis.Redis) -> Iterator[str]:
    """The address of this worker's own Redis database, empty before and after."""
    empty_redis.flushdb()
    yield settings.REDIS_URL
    empty_redis.flushdb()


@pytest.fixture(scope="session")
def empty_redis() -> Iterator[redis.Redis]:
    """This worker's Redis database. One that somebody gave us and uses for something else is not ours to empty."""
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        if "REDIS_URL" not in os.environ.get(STARTED, "") and client.dbsize():
            pytest.exit("REDIS_URL names a database that is not empty, and the tests would empty it: name another.", 1)
        yield client
