"""`python -m bench.health`: one round of checks of 10, 100 and 1,000 hubs by one process.

The hubs are simulated by a process of their own and answer after 50 to 250 ms. It says how many hubs a round of 15
seconds has checked, how late the last one was, and what the checking process needed. The goal: all of 1,000 hubs in one
round, under 300 MB.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import os
import random
import resource
import sys
import tempfile
import time
from contextlib import ExitStack
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final

from aiohttp import web

from dev.servers import Postgres, Valkey

ROUND_SECONDS: Final = 15.0
MOST_MEGABYTES: Final = 300
CHECKS: Final = [
    {"service": "JupyterHub API", "ok": True},
    {"service": "Pod quota", "total_pods": 60, "build_pods": 2, "user_pods": 58, "quota": 200, "ok": True},
]


def main() -> int:
    """Measure each size; the exit status says whether the goals are met."""
    options = _options()
    rows = [_in_a_process_of_its_own(number, options.seconds) for number in options.hubs]
    if options.json:
        print(json.dumps(rows))
    else:
        print(f"{'hubs':>6} {'checked':>8} {'last after':>11} {'CPU':>7} {'memory':>8}")
        for row in rows:
            print(
                f"{row['hubs']:>6} {row['checked']:>8} {row['last_seconds']:>9.1f} s {row['cpu_seconds']:>5.1f} s "
                f"{row['megabytes']:>5.0f} MB"
            )
    met = all(row["checked"] == row["hubs"] and row["megabytes"] < MOST_MEGABYTES for row in rows)
    print("Goals met." if met else "Goals missed.", file=sys.stderr)
    return 0 if met else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.health", description=__doc__)
    parser.add_argument("--hubs", type=int, nargs="+", default=[10, 100, 1000], help="how many hubs, one run each")
    parser.add_argument("--seconds", type=float, default=ROUND_SECONDS, help="how long a round lasts")
    parser.add_argument("--json", action="store_true", help="print a list of objects")
    return parser.parse_args()


def _in_a_process_of_its_own(hubs: int, seconds: float) -> dict[str, Any]:
    """Memory and CPU of one size only."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_measure, args=(hubs, seconds, there))
    process.start()
    row: dict[str, Any] = here.recv()
    process.join()
    return row


def _measure(number: int, seconds: float, result: Connection) -> None:
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        directory.chmod(0o711)
        postgres = stack.enter_context(Postgres(directory, durable=False))
        valkey = stack.enter_context(Valkey(directory, durable=False))
        os.environ |= {"DATABASE_URL": postgres.url, "REDIS_URL": valkey.url, "LOG_LEVEL": "WARNING", "DEBUG": "0"}
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "federation.settings")
        context = multiprocessing.get_context("spawn")
        here, there = context.Pipe()
        simulator = context.Process(target=_simulate, args=(there,), daemon=True)
        simulator.start()
        _fill(number, here.recv())
        result.send(_round(number, seconds))
        simulator.terminate()
        simulator.join()


def _fill(number: int, url: str) -> None:
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)
    from members.models import Member
    from routing.models import Hub
    from routing.services import publishing

    member = Member.objects.create(slug="bench", name="Bench")
    Hub.objects.bulk_create(
        Hub(
            member=member,
            key=f"hub-{each:04}",
            name=f"Hub {each}",
            url=f"{url}/{each}",
            health_url=f"{url}/{each}/health",
            versions_url=f"{url}/{each}/versions",
            weight=1,
            prime=each == 0,
            state=Hub.State.ACTIVE,
        )
        for each in range(number)
    )
    publishing.publish("bench")


def _round(number: int, seconds: float) -> dict[str, Any]:
    from django.utils import timezone

    from routing.models import HubHealth
    from routing.services import checks

    before, began = time.process_time(), timezone.now()
    checks.run_round(seconds)
    checked = HubHealth.objects.exclude(checked_at=None).filter(serving=True, evidence="good")
    last = max((row.checked_at - began).total_seconds() for row in checked if row.checked_at is not None)
    return {
        "hubs": number,
        "checked": checked.count(),
        "last_seconds": last,
        "cpu_seconds": time.process_time() - before,
        "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def _simulate(tell: Connection) -> None:
    asyncio.run(_serve(tell))


async def _serve(tell: Connection) -> None:
    async def answer(request: web.Request) -> web.Response:
        await asyncio.sleep(random.uniform(0.05, 0.25))
        body = {"ok": True, "checks": CHECKS} if request.path.endswith("/health") else {"binderhub": "1.0"}
        return web.json_response(body)

    application = web.Application()
    application.router.add_get("/{tail:.*}", answer)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, backlog=4096)
    await site.start()
    tell.send(f"http://127.0.0.1:{runner.addresses[0][1]}")
    await asyncio.Event().wait()


if __name__ == "__main__":
    sys.exit(main())
