"""The invented visitors behave: most want one repository, they wait when nobody is home, they stay on this machine."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable

import pytest
from aiohttp import web

from demo.hub import HubOptions, SimulatedHub
from demo.visitors import Visitors, popularity, repositories

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Redirector:
    """Stands in for the redirector: answers as it is told, remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[web.Request] = []
        self.location: str | None = None

    async def answer(self, request: web.Request) -> web.Response:
        self.asked.append(request)
        if self.location is None:
            return web.Response(status=503)
        headers = {"Location": self.location + request.raw_path}
        headers["Set-Cookie"] = f'host="{self.location}"; Path={request.raw_path}'
        return web.Response(status=307, headers=headers)


@pytest.fixture
async def redirector():
    stand_in = Redirector()
    runner = web.ServerRunner(web.Server(stand_in.answer))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    stand_in.url = f"http://127.0.0.1:{site.port}"
    yield stand_in
    await runner.cleanup()


@pytest.fixture
async def hub():
    hub = SimulatedHub(HubOptions("one", "One", pace=0))
    await hub.start()
    yield hub
    await hub.stop()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.01)


@pytest.fixture
def come():
    tasks = []

    def start(visitors: Visitors) -> Visitors:
        tasks.append(asyncio.get_running_loop().create_task(visitors.run()))
        return visitors

    yield start
    for task in tasks:
        task.cancel()


def test_one_repository_has_nearly_two_fifths_of_the_launches():
    shares = popularity()

    assert len(shares) == len(set(repositories())) == 100
    assert shares[0] == pytest.approx(0.39)
    assert sum(shares) == pytest.approx(1)
    assert shares == sorted(shares, reverse=True)


async def test_a_visitor_follows_the_redirect_and_waits_until_the_hub_is_ready(redirector, hub, come):
    redirector.location = hub.url

    visitors = come(Visitors(redirector.url, rate=50))

    await until(lambda: visitors.launches["ready"] >= 3)
    assert redirector.asked[0].path.startswith("/build/gh/")


async def test_some_visitors_come_back_with_their_cookie(redirector, hub, come):
    redirector.location = hub.url

    come(Visitors(redirector.url, rate=50, chance=random.Random(1)))

    await until(lambda: any(asked.headers.get("Cookie") == f'host="{hub.url}"' for asked in redirector.asked))


async def test_visitors_wait_for_a_redirector_that_is_away_and_say_so_once(redirector, hub, come, capsys):
    visitors = come(Visitors(redirector.url, rate=50))
    await until(lambda: len(redirector.asked) >= 2)
    redirector.location = hub.url

    await until(lambda: visitors.launches["ready"] >= 1)

    said = capsys.readouterr().out
    assert said.count("is away (it answers 503)") == 1
    assert said.count("The redirector is back") == 1


async def test_visitors_never_go_to_a_hub_that_is_not_on_this_machine(redirector, come):
    redirector.location = "https://hub.example.org"

    visitors = come(Visitors(redirector.url, rate=50))

    await until(lambda: visitors.launches["elsewhere"] >= 2)
    assert set(visitors.launches) == {"elsewhere"}


def test_visitors_are_not_for_a_redirector_elsewhere():
    with pytest.raises(ValueError, match="on this machine only"):
        Visitors("https://binder.example.org")
