"""The same work as our redirector's, as a handler for Tornado: rank, cookie, expiry, CORS, counting.

`python -m bench.tornado_redirector PORT HUBS`. It remembers homes as our redirector does, so the comparison is of the
servers, not of the hashing.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta

from tornado.web import Application, RequestHandler

from bench.federation import hubs
from routing.balancing import Rendezvous

COOKIE_AGE = timedelta(hours=4)


class LaunchHandler(RequestHandler):
    """Sends a launch to its hub."""

    counts: Counter[tuple[str, str]] = Counter()

    def initialize(self, keys: list[str], urls: list[str], balancer: Rendezvous) -> None:
        """Know the hubs."""
        self.keys, self.urls, self.balancer = keys, urls, balancer

    def get(self) -> None:
        """Redirect to the cookie's hub, or to the repository's home."""
        url, reason = self.get_cookie("host"), "cookie"
        if url not in self.urls:
            url, reason = self.urls[self.balancer.choose(self.request.path.encode())[0]], "load_balancer"
        self.counts[(self.keys[self.urls.index(url)], reason)] += 1
        self.set_header("Access-Control-Allow-Origin", "*")
        self.set_header("Access-Control-Allow-Headers", "cache-control")
        self.set_cookie("host", url, path=self.request.path, expires=datetime.now(UTC) + COOKIE_AGE)
        self.redirect(url + self.request.uri, status=307)


async def main(port: int, count: int) -> None:
    """Serve for ever."""
    logging.getLogger("tornado.access").setLevel(logging.ERROR)
    known = hubs(count)
    knowledge = {
        "keys": [hub.key for hub in known],
        "urls": [hub.url for hub in known],
        "balancer": Rendezvous([(hub.key, hub.weight) for hub in known]),
    }
    Application([(r"/build/.*", LaunchHandler, knowledge)]).listen(port, "127.0.0.1")
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2])))
