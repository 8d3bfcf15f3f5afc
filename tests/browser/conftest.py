"""A whole small federation for tests in the browser: demo hubs, portal, redirector."""

from __future__ import annotations

import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
import redis
from axe_playwright_python.sync_playwright import Axe
from django.test import Client
from playwright.sync_api import Page

from demo import federation
from demo.hub import HubOptions, Mode
from demo.hubs import HUBS, DemoHubs
from dev.ports import free_port
from members.models import User
from routing.models import Hub
from routing.services import policies, publishing
from routing.snapshot import REDIS_REDIRECTS
from tests.factories import make_health

ROOT = Path(__file__).parents[2]
SMALL = {"width": 360, "height": 740}
AXE = Axe().axe_script


@pytest.fixture(scope="session")
def demo_hubs() -> Iterator[DemoHubs]:
    """The simulated hubs, instant."""
    with DemoHubs(0, [HubOptions(each.key, each.name, each.quota, pace=0) for each in HUBS]) as hubs:
        yield hubs


@pytest.fixture
def portal(live_server, settings, demo_hubs, redis_url) -> Iterator[str]:
    """The portal with the demo federation, as in development; its address."""
    settings.ROOT_URLCONF = "tests.routing.dev_urls"
    settings.DEMO_HUBS_URL = demo_hubs.url
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # Quick: nothing here is a secret.
    federation.load([hub.url for hub in demo_hubs.hubs.values()], "try-things-on-7")
    for hub in Hub.objects.all():
        make_health(hub)
    yield live_server.url
    for key in demo_hubs.hubs:
        demo_hubs.switch(key, Mode.HEALTHY)


@pytest.fixture
def redirector(portal, settings, redis_url) -> Iterator[str]:
    """A redirector that follows the portal's snapshot and checks the hubs several times a second; its address."""
    quick = {"check_period": 0.3, "check_failed_period": 0.3, "check_retries": 0, "check_timeout": 0.5}
    policies.edit(quick, reason="Tests can't wait", by=None)
    publishing.sweep()
    with running_redirector(redis_url) as url:
        settings.REDIRECTOR_URL = url
        yield url


@contextmanager
def running_redirector(redis_url: str) -> Iterator[str]:
    """A redirector in a process of its own, once it has a table."""
    port = free_port()
    command = [sys.executable, "-m", "routing.redirector", "--host", "127.0.0.1", "--port", str(port)]
    environ = {"ALLOW_PRIVATE_HUBS": "1", "REDIS_URL": redis_url, "PATH": "/usr/bin:/bin"}
    with subprocess.Popen(command, cwd=ROOT, env=environ) as process:
        try:
            wait_until(lambda: ask(f"http://127.0.0.1:{port}/readyz")[0] == 200)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(20)


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_args):
        return None


opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _Stay())


def ask(url: str) -> tuple[int, str]:
    """The HTTP status of an address, 0 if nobody answers, and where it redirects to."""
    try:
        with opener.open(url, timeout=5) as answer:
            return answer.status, ""
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers.get("Location", "")
    except OSError:
        return 0, ""


def redirected(redirector: str, path: str) -> str:
    """Where the redirector sends a launch."""
    status, location = ask(redirector + path)
    assert status == 307
    return location


def wait_until(condition: Callable[[], bool], seconds: float = 15) -> None:
    """Until it holds; fails after that many seconds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.05)


@pytest.fixture
def count(redis_url) -> Callable[..., None]:
    """Let redirectors have sent so many launches today."""

    def write(**counts: int) -> None:
        with redis.Redis.from_url(redis_url) as client:
            client.hset(REDIS_REDIRECTS.format(day=datetime.now(UTC).date().isoformat()), mapping=counts)

    return write


def log_in(page: Page, portal: str, user: User) -> None:
    """Let the browser be logged in as this person, without the forms for it."""
    client = Client()
    client.force_login(user)
    page.context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": portal}])


def violations(page: Page, part: str = "html") -> list[str]:
    """What axe finds wrong with the page as it is now, or with a part of it, in light and dark.

    Only colours differ between the two, so that in the dark only contrast is looked at once more.
    """
    page.evaluate(AXE)
    found = []
    for mode, rules in (("light", {}), ("dark", {"runOnly": ["color-contrast"]})):
        page.emulate_media(color_scheme=mode)
        asked = {"resultTypes": ["violations"], **rules}
        answer = page.evaluate("([part, asked]) => axe.run(part, asked)", [part, asked])
        found += [
            f"{mode}, {each['id']}: {node['html'][:200]}" for each in answer["violations"] for node in each["nodes"]
        ]
    page.emulate_media(color_scheme="light")
    return found


def overflow(page: Page) -> int:
    """By how many pixels the page is wider than its window."""
    return page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
