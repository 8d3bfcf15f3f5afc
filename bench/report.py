"""The benchmark's rows as a table for people, with the targets, and as data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from bench.load import CONNECTIONS, POOL, Result

NGINX = "nginx split_clients + return 307 (less work)"
TORNADO = "Tornado, same work"
THREE = "redirector, 3 hubs"
THIRTY = "redirector, 30 hubs"
HUNDREDS = "redirector, 300 hubs"
COOKIE = "redirector, 3 hubs, every visitor has the cookie"
BALANCED = "redirector, 3 hubs, balanced"
HOT = "redirector, 3 hubs, hot repositories"
BALANCED_HOT = "redirector, 3 hubs, hot repositories, balanced"
DISTINCT = "redirector, 3 hubs, every path distinct"
SWAPPED = "redirector, 300 hubs, 5 weight edits/s"


@dataclass(frozen=True)
class Row:
    """The medians of one server's rounds; `slowest` is the worst of all."""

    name: str
    rate: float
    p50: float
    p99: float
    slowest: float
    errors: int


@dataclass(frozen=True)
class Target:
    """One promise and what was measured."""

    promise: str
    measured: float
    met: bool


def row(name: str, results: list[Result]) -> Row:
    """What the rounds of one server come to."""
    return Row(
        name,
        rate=median(each.rate for each in results),
        p50=median(each.p50 for each in results),
        p99=median(each.p99 for each in results),
        slowest=max(each.slowest for each in results),
        errors=sum(each.errors for each in results),
    )


def targets(rows: Mapping[str, Row], seen: int, megabytes: float) -> list[Target]:
    """The promises that can be judged by what was measured."""
    found: list[Target] = []

    def judge(promise: str, names: tuple[str, ...], measure: Callable[[], float], met: Callable[[float], bool]) -> None:
        if all(name in rows for name in names):
            found.append(Target(promise, measure(), met(measure())))

    def rate(name: str) -> float:
        return rows[name].rate

    judge("requests/s ≥ 0.7 × nginx", (NGINX, THREE), lambda: rate(THREE) / rate(NGINX), lambda x: x >= 0.7)
    judge("p99 < 3 × nginx's", (NGINX, THREE), lambda: rows[THREE].p99 / rows[NGINX].p99, lambda x: x < 3)
    judge("requests/s ≥ 12 × Tornado", (TORNADO, THREE), lambda: rate(THREE) / rate(TORNADO), lambda x: x >= 12)
    judge("30 hubs ≤ 1.3 × slower than 3", (THREE, THIRTY), lambda: rate(THREE) / rate(THIRTY), lambda x: x <= 1.3)
    judge("300 hubs ≤ 1.3 × slower than 3", (THREE, HUNDREDS), lambda: rate(THREE) / rate(HUNDREDS), lambda x: x <= 1.3)
    judge("balanced ≥ 0.9 × rendezvous", (THREE, BALANCED), lambda: rate(BALANCED) / rate(THREE), lambda x: x >= 0.9)
    judge(
        "balanced ≥ 0.9 × rendezvous, hot repositories",
        (HOT, BALANCED_HOT),
        lambda: rate(BALANCED_HOT) / rate(HOT),
        lambda x: x >= 0.9,
    )
    judge(f"worker < 80 MB after {seen:,} distinct paths", (), lambda: megabytes, lambda x: x < 80)
    return found


def as_text(rows: list[Row], found: list[Target], how: str) -> str:
    """The tables."""
    base = {each.name: each for each in rows}
    lines = [f"{CONNECTIONS} connections, {POOL:,} GitHub paths unless said, {how}", ""]
    lines.append(
        f"{'':52}{'req/s':>9}{'÷ nginx':>9}{'÷ Tornado':>11}{'p50 ms':>8}{'p99 ms':>8}{'max ms':>8}{'errors':>8}"
    )
    for each in rows:
        ratios = [each.rate / base[name].rate if name in base else float("nan") for name in (NGINX, TORNADO)]
        lines.append(
            f"{each.name:52}{each.rate:9,.0f}{ratios[0]:9.2f}{ratios[1]:11.1f}"
            f"{each.p50:8.2f}{each.p99:8.2f}{each.slowest:8.1f}{each.errors:8d}"
        )
    lines += ["", *(f"{'met   ' if each.met else 'MISSED'} {each.promise}: {each.measured:.2f}" for each in found)]
    return "\n".join(lines)


def as_data(rows: list[Row], found: list[Target], how: str) -> dict[str, Any]:
    """The same for programs."""
    return {"how": how, "rows": [asdict(each) for each in rows], "targets": [asdict(each) for each in found]}
