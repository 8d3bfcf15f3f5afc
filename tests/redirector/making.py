"""Views and fronts for tests of the redirector, made from a few words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from routing.probe import Verdict
from routing.redirector.counters import Counters
from routing.redirector.front import Front
from routing.redirector.options import Options
from routing.redirector.view import View
from routing.snapshot import Hub, Policy, Snapshot

NOW = 1_793_678_706.0  # Tue, 03 Nov 2026 04:05:06 GMT
OPTIONS = Options(config="hubs.json")


def make_hub(key: str = "a", weight: float = 1.0, **more: Any) -> Hub:
    url = more.pop("url", f"https://{key}.example")
    return Hub(key=key, url=url, health=f"{url}/health", versions=f"{url}/versions", weight=weight, **more)


def make_view(*hubs: Hub, verdicts: dict[str, Verdict] | None = None, **more: Any) -> View:
    policy = Policy(**{each: more.pop(each) for each in ("balancer", "host_cookie_age_hours") if each in more})
    snapshot = Snapshot(version=more.pop("version", 1), published_at=NOW, hubs=hubs, policy=policy)
    return View(snapshot, **{"source": "config", "confirmed_at": NOW, "verdicts": verdicts or {}, **more})


def three_hubs() -> tuple[Hub, ...]:
    return make_hub("a", 45, prime=True), make_hub("b", 35), make_hub("c", 20)


def make_front(
    view: View | None = None, options: Options = OPTIONS, clock: Callable[[], float] = lambda: NOW, workers: int = 1
) -> Front:
    counters = Counters(workers)
    front = Front(options, counters, clock=clock)
    if view is not None:
        counters.assign(hub.key for hub in view.snapshot.hubs)
        front.install(view)
    return front
