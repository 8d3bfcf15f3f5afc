"""The plugin that gives every test run its servers."""

import os

import pytest
import redis

from dev.pytest_servers import STARTED, redis_url_of


def test_each_worker_has_a_redis_database_of_its_own():
    assert redis_url_of("gw0", "redis://127.0.0.1:6379/0") == "redis://127.0.0.1:6379/1"
    assert redis_url_of("gw11", "redis://user:word@localhost:6379") == "redis://user:word@localhost:6379/12"


@pytest.fixture
def tests_of_their_own(pytester, monkeypatch):
    """A suite with this plugin and our fixtures, run with the servers that the environment names."""
    pytester.makeconftest("from tests.conftest import *")
    pytester.makepyfile("def test_redis(redis_url):\n    assert redis_url\n")
    monkeypatch.delenv(STARTED, raising=False)
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)
    monkeypatch.setenv("DATABASE_URL", os.environ["DATABASE_URL"])
    quiet = ("-p", "no:randomly", "-p", "no:cacheprovider", "-p", "dev.pytest_servers", "-W", "ignore")
    return lambda: pytester.runpytest_subprocess("--ds=federation.settings", *quiet)


@pytest.mark.slow
def test_redis_of_others_is_never_emptied(tests_of_their_own, valkey, monkeypatch):
    monkeypatch.setenv("REDIS_URL", valkey.url)
    with redis.Redis.from_url(valkey.url) as client:
        client.set("dear", "to somebody")
        result = tests_of_their_own()
        assert client.get("dear") == b"to somebody"
    result.stdout.fnmatch_lines(["*REDIS_URL names a database that is not empty*"])
    assert result.ret != 0
