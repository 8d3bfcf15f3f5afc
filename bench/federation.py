"""Invented hubs, published as the portal would, with its sign of life: the redirector then checks nobody itself."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import redis

from routing.snapshot import REDIS_HEARTBEAT, REDIS_NUDGE, REDIS_SNAPSHOT, Hub, Policy, Snapshot, encode

# The heartbeat is written once: it must count as fresh for as long as the benchmark takes.
POLICY = Policy(balancer="rendezvous", check_period=600.0)
SWAPS_PER_SECOND = 5


def hubs(count: int) -> tuple[Hub, ...]:
    """So many hubs of different weights, the first one prime."""
    urls = [f"https://hub-{number}.binder.example" for number in range(count)]
    return tuple(
        Hub(f"hub-{number}", url, f"{url}/health", f"{url}/versions", weight=10.0 + number % 7, prime=not number)
        for number, url in enumerate(urls)
    )


def publish(client: redis.Redis, version: int, known: tuple[Hub, ...]) -> None:
    """Make these hubs the newest snapshot."""
    snapshot = Snapshot(version=version, published_at=time.time(), hubs=known, policy=POLICY)
    client.set(REDIS_HEARTBEAT, str(time.time()))
    client.set(REDIS_SNAPSHOT, encode(snapshot))
    client.publish(REDIS_NUDGE, str(version))


@contextmanager
def edited_all_the_time(url: str, count: int) -> Iterator[None]:
    """Meanwhile somebody edits the weight of one hub after the other, several times a second."""
    stop = threading.Event()

    def edit() -> None:
        known = list(hubs(count))
        with redis.Redis.from_url(url) as client:
            version = int(time.time())
            while not stop.wait(1 / SWAPS_PER_SECOND):
                version += 1
                place = version % count
                known[place] = hubs(count)[place] if known[place].weight > 20 else _raised(known[place])
                publish(client, version, tuple(known))

    editor = threading.Thread(target=edit)
    editor.start()
    try:
        yield
    finally:
        stop.set()
        editor.join()


def _raised(hub: Hub) -> Hub:
    return Hub(hub.key, hub.url, hub.health, hub.versions, weight=25.0, prime=hub.prime)
