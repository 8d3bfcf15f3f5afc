"""Charts of usage, drawn on the server: columns of launches, and the share received against the share promised."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from django.utils.html import format_html
from django.utils.safestring import SafeString

from routing.services import wording

HEIGHT: Final = 100
SLOT: Final = 10
GAP: Final = 2


def columns(launches: Sequence[int], words: str) -> SafeString:
    """A column for each slot, from zero up; the largest is as high as the chart."""
    most = max(launches, default=0)
    path = "".join(
        f"M{SLOT * place} {HEIGHT}v-{max(1.0, HEIGHT * number / most):.1f}h{SLOT - GAP}V{HEIGHT}z"
        for place, number in enumerate(launches)
        if number
    )
    return format_html(
        '<svg class="lines" viewBox="0 0 {} {}" preserveAspectRatio="none" role="img" aria-label="{}">'
        '<path class="grid-line" d="M0 {}H{}M0 0H{}"/><path class="column" d="{}"/></svg>',
        SLOT * len(launches) - GAP,
        HEIGHT,
        words,
        HEIGHT - 0.5,
        SLOT * len(launches),
        SLOT * len(launches),
        path,
    )


def shares(received: Sequence[float | None], promised: Sequence[float | None], top: float, words: str) -> SafeString:
    """The share received as a line, that promised as a broken one in steps; `top` is the share at the upper edge."""
    width = SLOT * len(received)
    return format_html(
        '<svg class="lines" viewBox="0 0 {} {}" preserveAspectRatio="none" role="img" aria-label="{}">'
        '<path class="grid-line" d="M0 {}H{}M0 {}H{}"/>'
        '<path class="line-promised" d="{}"/><path class="line" d="{}"/></svg>',
        width,
        HEIGHT,
        words,
        HEIGHT - 0.5,
        width,
        HEIGHT / 2,
        width,
        _steps(promised, top),
        _line(received, top),
    )


def top_of(values: Sequence[float | None]) -> float:
    """The share at the upper edge of a chart with these: the next round one, all at most."""
    most = max((value for value in values if value is not None), default=0.0)
    return next((step for step in (0.02, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8) if most <= step), 1.0)


def in_words(received: float | None, promised: float | None) -> str:
    """What a chart of shares shows, for who can't see it."""
    had = "It received nothing yet" if received is None else f"It received {wording.percent(received)} of all launches"
    return had if promised is None else f"{had} and was promised {wording.percent(promised)}"


def _height(share: float, top: float) -> float:
    return HEIGHT - HEIGHT * min(share / top, 1.0)


def _line(values: Sequence[float | None], top: float) -> str:
    """The points joined, each in the middle of its slot; broken where nothing was launched."""
    path = []
    for before, (place, value) in zip([None, *values], enumerate(values), strict=False):
        if value is not None:
            begins = "L" if before is not None else "M"
            alone = before is None and (place + 1 == len(values) or values[place + 1] is None)
            path.append(f"{begins}{SLOT * place + SLOT / 2:g} {_height(value, top):.1f}{'h3' if alone else ''}")
    return "".join(path)


def _steps(values: Sequence[float | None], top: float) -> str:
    """A level line through each slot, and from one to the next."""
    path = [f"M0 {_height(values[0], top):.1f}H{SLOT}"] if values and values[0] is not None else []
    for place, (before, value) in enumerate(pairwise(values), 1):
        if value is not None:
            height = _height(value, top)
            begins = f"M{SLOT * place} {height:.1f}" if before is None else f"V{height:.1f}"
            path.append(f"{begins}H{SLOT * (place + 1)}")
    return "".join(path)
