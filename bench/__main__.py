"""`python -m bench`: the redirector beside nginx and Tornado, in turn, on the same machine in the same minutes.

It judges by ratios, for the numbers themselves are the machine's. It needs wrk and nginx.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import redis

from bench import report, servers
from bench.federation import edited_all_the_time, hubs, publish
from bench.load import FIRST_VISITS, POOL, Load, Result, Wrk, find_wrk
from bench.pinning import cores
from bench.processes import resident_megabytes
from dev.servers import Valkey

MILLION = 1_000_000
FILL_AT_MOST = 40.0
WARM_UP_AT_MOST = 8.0
COOKIE = Load(headers=(f'Cookie: host="{hubs(3)[1].url}"',))
DISTINCT = Load(kind="distinct")
HOT = Load(kind="hot")
MISSING = """The benchmark needs {names}, found neither in PATH nor in the usual places.
Debian and Ubuntu: apt-get install wrk nginx-light      macOS: brew install wrk nginx"""


@dataclass(frozen=True)
class Contestant:
    """One row of the table."""

    name: str
    url: str
    load: Load = FIRST_VISITS
    meanwhile: Callable[[], Any] = nullcontext


def main() -> int:
    """Measure and print; the exit status is 0 whatever was measured, for a busy machine proves nothing."""
    options = _options()
    wrk, nginx = find_wrk(), servers.find_nginx()
    if wrk is None or nginx is None:
        names = " and ".join(name for name, found in (("wrk", wrk), ("nginx", nginx)) if found is None)
        sys.stderr.write(MISSING.format(names=names) + "\n")
        return 1
    ours, theirs = cores()
    pinned = "not pinned to cores" if ours is None else f"server on core {ours}, wrk on core {theirs}"
    how = (
        f"{options.rounds} rounds of {options.seconds} s in turn, medians; {pinned}; "
        f"load average before: {os.getloadavg()[0]:.1f} (the nearer to 0, the truer)"
    )
    with tempfile.TemporaryDirectory(prefix="bench-") as name, ExitStack() as stack:
        directory = Path(name)
        load = Wrk(wrk, directory, theirs)
        contestants, worker = _start(stack, nginx, directory, ours)
        _say(options, "warming up")
        for url in dict.fromkeys(each.url for each in contestants):
            _warm_up(url, load)
        results = _rounds(contestants, load, options)
        seen = sum(each.requests for each in results[report.DISTINCT])
        memory = _fill(contestants[-1].url, seen, load, worker, options)
    rows = [report.row(each.name, results[each.name]) for each in contestants]
    found = report.targets({each.name: each for each in rows}, *memory)
    if options.json:
        print(json.dumps(report.as_data(rows, found, how), indent=2, ensure_ascii=False))
    else:
        print(report.as_text(rows, found, how))
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench", description="Measure the redirector beside nginx and Tornado."
    )
    parser.add_argument("--rounds", type=int, default=4, help="how often each server has its turn (default: 4)")
    parser.add_argument("--seconds", type=int, default=2, help="how long each turn is (default: 2)")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    return parser.parse_args()


def _start(stack: ExitStack, nginx: str, directory: Path, core: int | None) -> tuple[list[Contestant], int]:
    """All servers, and the process of the worker whose memory is looked at."""
    valkey = stack.enter_context(Valkey(directory / "valkey", durable=False))
    urls = {}
    for database, count in enumerate((3, 30, 300)):
        redis_url = f"redis://127.0.0.1:{valkey.port}/{database}"
        with redis.Redis.from_url(redis_url) as client:
            publish(client, 1, hubs(count))
        urls[count], _ = stack.enter_context(servers.redirector(redis_url, directory, core))
    with_three = f"redis://127.0.0.1:{valkey.port}/0"
    balanced, _ = stack.enter_context(servers.redirector(with_three, directory, core, "--balancer", "balanced"))
    # A redirector of its own: what a flood of new paths pushes out of the memory is not the next row's loss.
    flooded, worker = stack.enter_context(servers.redirector(with_three, directory, core))
    contestants = [
        Contestant(report.NGINX, stack.enter_context(servers.nginx(nginx, directory, core))),
        Contestant(report.THREE, urls[3]),
        Contestant(report.BALANCED, balanced),
        Contestant(report.THIRTY, urls[30]),
        Contestant(report.HUNDREDS, urls[300]),
        Contestant(report.HOT, urls[3], HOT),
        Contestant(report.BALANCED_HOT, balanced, HOT),
        Contestant(report.COOKIE, urls[3], COOKIE),
        Contestant(report.TORNADO, stack.enter_context(servers.tornado(directory, core))),
        Contestant(report.SWAPPED, urls[300], FIRST_VISITS, lambda: edited_all_the_time(redis_url, 300)),
        Contestant(report.DISTINCT, flooded, DISTINCT),
    ]
    return contestants, worker


def _warm_up(url: str, load: Wrk) -> None:
    """Until nearly every path of the pool came by, so that its home is known; with many hubs and little time, less."""
    requests, deadline = 0, time.monotonic() + WARM_UP_AT_MOST
    while requests < 6 * POOL and time.monotonic() < deadline:
        requests += load.run(url, 1, FIRST_VISITS).requests


def _rounds(contestants: list[Contestant], load: Wrk, options: argparse.Namespace) -> dict[str, list[Result]]:
    results: dict[str, list[Result]] = {each.name: [] for each in contestants}
    for number in range(options.rounds):
        _say(options, f"round {number + 1} of {options.rounds}")
        for each in contestants:
            with each.meanwhile():
                results[each.name].append(load.run(each.url, options.seconds, each.load))
    return results


def _fill(url: str, seen: int, load: Wrk, worker: int, options: argparse.Namespace) -> tuple[int, float]:
    """Go on until the worker has seen a million paths, or time is up: how many, and what it has in memory."""
    deadline = time.monotonic() + FILL_AT_MOST
    while seen < MILLION and time.monotonic() < deadline:
        _say(options, f"{seen:,} distinct paths, up to a million")
        seen += load.run(url, 5, DISTINCT).requests
    return seen, resident_megabytes(worker)


def _say(options: argparse.Namespace, words: str) -> None:
    sys.stderr.write(f"bench: {words}\n")


if __name__ == "__main__":
    sys.exit(main())
