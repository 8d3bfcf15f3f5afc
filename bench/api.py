"""`python -m bench.api`: the API with a hundred hubs, beside a plain REST framework list of the same rows.

It fills a database of its own and asks in this process (all middleware, no network). The goals: the list with factors
takes at most 6 queries and 95 of 100 answers under 50 ms; the routing table with a matching ETag under 5 ms, no query.
Held is the own time, what this process itself worked: the clock also counts whoever else is busy.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from dev.servers import Postgres, Valkey

if TYPE_CHECKING:
    from django.http import HttpResponse

LIST: Final = "/api/v1/hubs/?limit=100"
TABLE: Final = "/api/v1/snapshot/"


def main() -> int:
    """Fill, measure, print; the exit status says whether the goals are met."""
    parser = argparse.ArgumentParser(prog="python -m bench.api", description=__doc__)
    parser.add_argument("--hubs", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=200)
    options = parser.parse_args()
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        directory.chmod(0o711)
        postgres = stack.enter_context(Postgres(directory, durable=False))
        valkey = stack.enter_context(Valkey(directory, durable=False))
        os.environ |= {"DATABASE_URL": postgres.url, "REDIS_URL": valkey.url, "LOG_LEVEL": "WARNING", "DEBUG": "0"}
        os.environ |= {"API_RATE_ANYBODY": "1000000/minute", "API_RATE_ACCOUNTS": "1000000/minute"}
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "federation.settings")
        _fill(options.hubs)
        return _measure(options.rounds)


def _fill(number: int) -> None:
    import django

    django.setup()
    from datetime import timedelta

    from django.core.management import call_command
    from django.utils import timezone

    from members.models import Member
    from routing.models import Downtime, Hub, HubHealth
    from routing.services import publishing

    call_command("migrate", verbosity=0)
    now = timezone.now()
    for each in range(1, number + 1):
        key = f"hub-{each:03}"
        url = f"https://{key}.example.org"
        hub = Hub.objects.create(
            key=key,
            name=f"Hub {each}",
            member=Member.objects.create(slug=key, name=f"Institute {each}"),
            url=url,
            health_url=f"{url}/health",
            versions_url=f"{url}/versions",
            state="active",
            weight=each,
            prime=each == 1,
        )
        pods = {"user_pods": 80, "build_pods": 5, "total_pods": 85, "quota": 100}
        HubHealth.objects.create(
            hub=hub,
            checked_at=now,
            since=now - timedelta(hours=5),
            returned_at=now - timedelta(minutes=3) if each % 3 == 0 else None,
            serving=each % 10 != 0,
            reason="" if each % 10 else "does not answer",
            checks={"versions": True, "Docker registry": True, "JupyterHub API": True, "Pod quota": True},
            versions={"binderhub": "1.0", "builder": "jupyterhub/repo2docker:2024"},
            answer_seconds=0.2,
            **pods,
        )
        if each % 5 == 0:
            Downtime.objects.create(hub=hub, starts_at=now, ends_at=now + timedelta(hours=2), text="A new kernel")
    publishing.publish("filled")


def _plain() -> Any:  # noqa: ANN401
    """What REST framework does with a model serializer and nothing else, for comparison."""
    from rest_framework import generics, serializers

    from routing.models import Hub

    class Plain(serializers.ModelSerializer[Hub]):
        class Meta:
            model = Hub
            fields = "__all__"  # For comparison: just the columns, no factors.

    class Hubs(generics.ListAPIView[Hub]):
        queryset = Hub.objects.order_by("key").prefetch_related("offers")
        serializer_class = Plain
        authentication_classes = ()
        permission_classes = ()
        throttle_classes = ()
        filter_backends = ()
        pagination_class = None

    return Hubs.as_view()


def _measure(rounds: int) -> int:
    from django.db import connection
    from django.test import Client, RequestFactory
    from django.test.utils import CaptureQueriesContext

    import federation.wsgi  # noqa: F401 As a server's process begins.

    client, plain = Client(headers={"host": "localhost"}), _plain()
    etag = client.get(TABLE)["ETag"]

    def raw() -> HttpResponse:
        response: HttpResponse = plain(RequestFactory().get("/"))
        return response.render()  # type: ignore[attr-defined, no-any-return]

    asks: dict[str, tuple[Any, int, int | None, float | None]] = {
        "100 hubs, factors and shares": (lambda: client.get(LIST), 200, 6, 0.050),
        "100 hubs, as they were (304)": (lambda: client.get(LIST, headers={"if-none-match": "*"}), 304, 6, 0.050),
        "plain REST framework list": (raw, 200, None, None),
        "routing table": (lambda: client.get(TABLE), 200, None, None),
        "routing table, matching ETag": (lambda: client.get(TABLE, headers={"if-none-match": etag}), 304, 0, 0.005),
    }
    missed = 0
    print(f"{'':<32}{'queries':>8}{'kB':>7}{'median':>10}{'p95':>10}{'own p95':>10}")
    for name, (ask, status, queries_most, seconds_most) in asks.items():
        for _ in range(5):
            answer = ask()
        if answer.status_code != status:
            sys.exit(f"{name}: {answer.status_code}")
        with CaptureQueriesContext(connection) as queries:
            ask()
        number = len(queries)
        taken, busy = zip(*(_timed(ask) for _ in range(rounds)), strict=True)
        p95, own = statistics.quantiles(taken, n=20)[-1], statistics.quantiles(busy, n=20)[-1]
        times = f"{_ms(statistics.median(taken))}{_ms(p95)}{_ms(own)}"
        print(f"{name:<32}{number:>8}{len(answer.content) / 1000:>7.0f}{times}", flush=True)
        missed += queries_most is not None and number > queries_most
        missed += seconds_most is not None and own > seconds_most
    print("\nThe goals are met." if not missed else "\nA goal is missed.")
    return 1 if missed else 0


def _timed(ask: Any) -> tuple[float, float]:  # noqa: ANN401
    started, busy = time.perf_counter(), time.process_time()
    ask()
    return time.perf_counter() - started, time.process_time() - busy


def _ms(seconds: float) -> str:
    return f"{1000 * seconds:>7.1f} ms"


if __name__ == "__main__":
    sys.exit(main())
