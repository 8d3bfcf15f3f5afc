"""Gentle invented visitors: a few launches a second through the redirector, each read to its end at a demo hub."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import ipaddress
import os
import random
import signal
import sys
from collections import Counter
from collections.abc import Sequence
from http.cookies import CookieError, SimpleCookie
from itertools import accumulate

import aiohttp
from yarl import URL

RATE = 2.0
MOST_AT_ONCE = 60
LONGEST_WAIT = 30.0
# As on a real day: one repository has nearly two fifths of all launches, and a long tail shares the rest.
REPOSITORIES = 100
HOT_SHARE = 0.39
RETURNING = 0.3
LAUNCH_TIMEOUT = aiohttp.ClientTimeout(total=90, sock_connect=3, sock_read=20)

OWNERS = ("tidepool", "open-lichen", "north-harbour", "quiet-comet", "paper-boats", "slow-glacier", "moss-and-fern")
THEMES = ("statistics", "maps", "spectra", "genomes", "tutorials", "waves", "soils", "galaxies", "languages", "rivers")


def repositories() -> list[str]:
    """The invented repositories, the hot one first."""
    names = [f"{OWNERS[n % len(OWNERS)]}/{THEMES[n % len(THEMES)]}-{n:02d}" for n in range(1, REPOSITORIES)]
    return ["tidepool/welcome", *names]


def popularity(count: int = REPOSITORIES) -> list[float]:
    """The share of launches that each repository has: the hot one, then Zipf's law."""
    tail = [1 / rank for rank in range(1, count)]
    return [HOT_SHARE, *((1 - HOT_SHARE) * part / sum(tail) for part in tail)]


class Away(Exception):
    """The redirector does not answer, or answers with an error; the text is the short reason."""


class Visitors:
    """All visitors together. `launches` counts how their launches ended: by phase, or why none was seen."""

    def __init__(self, redirector: str, rate: float = RATE, chance: random.Random | None = None) -> None:
        self.redirector = URL(redirector)
        if not is_loopback(self.redirector):
            raise ValueError(f"The visitors launch on this machine only, not at {redirector}.")
        self.rate = rate
        self.launches: Counter[str] = Counter()
        self._chance = chance or random.Random()
        self._repositories = repositories()
        self._odds = list(accumulate(popularity()))
        self._cookies: dict[str, str] = {}
        self._visits: set[asyncio.Task[None]] = set()
        self._failures = 0

    async def run(self) -> None:
        """Launch until cancelled."""
        jar = aiohttp.DummyCookieJar()
        async with aiohttp.ClientSession(cookie_jar=jar, timeout=LAUNCH_TIMEOUT) as session:
            try:
                while True:
                    await asyncio.sleep(self._pause())
                    if len(self._visits) < MOST_AT_ONCE:
                        await self._come(session)
            finally:
                for visit in self._visits:
                    visit.cancel()
                await asyncio.gather(*self._visits, return_exceptions=True)

    def _pause(self) -> float:
        if self._failures:
            return float(min(LONGEST_WAIT, 2 ** min(self._failures, 10) / 2))
        return self._chance.expovariate(self.rate)

    async def _come(self, session: aiohttp.ClientSession) -> None:
        """One visitor: asks the redirector, and if it points to a demo hub goes there, in the background."""
        (repository,) = self._chance.choices(self._repositories, cum_weights=self._odds)
        path = f"/build/gh/{repository}/HEAD"
        try:
            hub = await self._redirected(session, path)
        except Away as away:
            self._failures += 1
            if self._failures == 1:
                say(f"The redirector at {self.redirector} is away ({away}): the visitors wait for it.")
            return
        if self._failures:
            say("The redirector is back, and so are the visitors.")
        self._failures = 0
        if not is_loopback(hub):
            # Somebody's real hub, in a federation that was imported for a try: not a place for invented visitors.
            self.launches["elsewhere"] += 1
            return
        visit = asyncio.create_task(self._launch(session, hub))
        self._visits.add(visit)
        visit.add_done_callback(self._visits.discard)

    async def _redirected(self, session: aiohttp.ClientSession, path: str) -> URL:
        headers = {"Accept": "text/event-stream"}
        if path in self._cookies and self._chance.random() < RETURNING:
            headers["Cookie"] = f'host="{self._cookies[path]}"'
        try:
            url = self.redirector.with_path(path)
            async with session.get(url, headers=headers, allow_redirects=False) as answer:
                if answer.status != 307:
                    raise Away(f"it answers {answer.status}")
                self._remember(path, answer.headers.get("Set-Cookie", ""))
                return URL(answer.headers["Location"])
        except (aiohttp.ClientError, TimeoutError) as error:
            raise Away(type(error).__name__) from error

    def _remember(self, path: str, set_cookie: str) -> None:
        with contextlib.suppress(CookieError):
            cookie = SimpleCookie(set_cookie).get("host")
            if cookie is not None:
                self._cookies[path] = cookie.value

    async def _launch(self, session: aiohttp.ClientSession, url: URL) -> None:
        phase = "nothing"
        try:
            async with session.get(url, headers={"Accept": "text/event-stream"}) as answer:
                async for line in answer.content:
                    if line.startswith(b'data: {"phase": "'):
                        phase = line.split(b'"', 4)[3].decode()
                    if phase in {"ready", "failed"}:
                        break
        except (aiohttp.ClientError, TimeoutError) as error:
            phase = type(error).__name__
        self.launches[phase] += 1


def is_loopback(url: URL) -> bool:
    """Whether the address is on this machine."""
    try:
        return url.host == "localhost" or ipaddress.ip_address(url.host or "").is_loopback
    except ValueError:
        return False


def say(words: str) -> None:
    """One line for the person at the terminal."""
    print(words, flush=True)


async def stay(visitors: Visitors) -> None:
    """Run until SIGINT or SIGTERM."""
    running = asyncio.create_task(visitors.run())
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, running.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await running


def main(argv: Sequence[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m demo.visitors", description=__doc__)
    redirector = os.environ.get("REDIRECTOR_PUBLIC_URL", "http://127.0.0.1:8080")
    parser.add_argument("--redirector", default=redirector, help="its address (default: REDIRECTOR_PUBLIC_URL)")
    parser.add_argument("--rate", type=float, default=RATE, help=f"launches a second (default {RATE:g})")
    arguments = parser.parse_args(argv)
    if not 0 < arguments.rate <= 50:
        parser.error("--rate is above 0 and at most 50: the visitors are gentle")
    try:
        visitors = Visitors(arguments.redirector, arguments.rate)
    except ValueError as error:
        parser.error(str(error))
    say(f"Visitors come to {visitors.redirector}, about {visitors.rate:g} a second.")
    asyncio.run(stay(visitors))
    return 0


if __name__ == "__main__":
    sys.exit(main())
