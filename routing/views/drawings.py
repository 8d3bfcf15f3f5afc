"""Charts drawn on the server: SVG with attributes and classes only, which the Content-Security-Policy allows.

They scale in width and keep their height, so words stand beside them in HTML and not in the drawing.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Final

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from routing.services import wording
from routing.services.answers import HOURS, Slot
from routing.services.uptime import Uptime

HEIGHT: Final = 24
WIDTH: Final = 4
# The least height that can be seen: a minute of outage in a day shows, and so does a day of which little is known.
LEAST: Final = 6
CHART_HEIGHT: Final = 100
CHART_WIDTH: Final = 24 * 60


@lru_cache(maxsize=256)
def day_bars(days: tuple[Uptime, ...]) -> SafeString:
    """A bar for each day: green from below for serving, red from above for out, hollow for planned, low for unknown.

    The shapes tell the kinds apart without their colours.
    """
    paths: dict[str, list[str]] = {"up": [], "down": [], "planned": [], "unknown": []}
    for number, day in enumerate(days):
        _draw_day(paths, WIDTH * number, day)
    # Only digits and letters of ours are in the paths.
    drawn = mark_safe("".join(f'<path class="day-{kind}" d="{"".join(d)}"/>' for kind, d in paths.items() if d))  # noqa: S308
    return format_html(
        '<svg class="days" viewBox="0 0 {} {}" preserveAspectRatio="none" role="img" aria-label="{}">{}</svg>',
        WIDTH * len(days) - 1,
        HEIGHT,
        days_in_words(days),
        drawn,
    )


@lru_cache(maxsize=256)
def figures(windows: tuple[tuple[str, Uptime], ...]) -> SafeString:
    """The uptime in each window, in numbers."""
    each = ((name, wording.availability(found.share)) for name, found in windows)
    return format_html(
        '<dl class="figures">{}</dl>',
        format_html_join("", '<div><dt>{}</dt><dd class="number">{}</dd></div>', each),
    )


def _draw_day(paths: dict[str, list[str]], x: int, day: Uptime) -> None:
    serving, out, _, planned_seconds = day
    if not out and not planned_seconds:
        paths["up" if serving else "unknown"].append(_box(x, 0, HEIGHT) if serving else _box(x, HEIGHT - 3, 3))
        return
    known = serving + out + planned_seconds
    down = _height(out, known)
    planned = _height(planned_seconds, known)
    if down:
        paths["down"].append(_box(x, 0, down))
    if planned:
        paths["planned"].append(_box(x, down, planned))
    if serving and down + planned < HEIGHT:
        paths["up"].append(_box(x, down + planned, HEIGHT - down - planned))


def _height(seconds: float, known: float) -> int:
    return max(LEAST, round(HEIGHT * seconds / known)) if seconds else 0


def _box(x: int, y: int, height: int) -> str:
    return f"M{x} {y}h{WIDTH - 1}v{height}h-{WIDTH - 1}z"


def days_in_words(days: Sequence[Uptime]) -> str:
    """What the bars show, for who can't see them."""
    out = sum(1 for day in days if day.out)
    planned = sum(1 for day in days if day.planned)
    unknown = sum(1 for day in days if not day.serving + day.out + day.planned)
    parts = [
        f"{len(days) - unknown} with checks",
        f"{out} with an outage" if out else "none with an outage",
        *([f"{planned} with planned maintenance"] if planned else []),
        *([f"{unknown} of which nothing is known"] if unknown else []),
    ]
    return f"The last {len(days)} days: {', '.join(parts)}"


def answer_chart(slots: Sequence[Slot], now: datetime, top: float) -> SafeString:
    """Answer times of the last day as two lines, the mean and the slowest; `top` is the seconds at the upper edge."""
    return format_html(
        '<svg class="lines" viewBox="0 0 {} {}" preserveAspectRatio="none" aria-hidden="true" focusable="false">'
        '<path class="grid-line" d="M0 {}H{}M0 {}H{}"/>'
        '<path class="line-most" d="{}"/><path class="line" d="{}"/></svg>',
        CHART_WIDTH,
        CHART_HEIGHT,
        CHART_HEIGHT / 2,
        CHART_WIDTH,
        CHART_HEIGHT - 0.5,
        CHART_WIDTH,
        _line([(slot.at, slot.most) for slot in slots], now, top),
        _line([(slot.at, slot.mean) for slot in slots], now, top),
    )


def _line(points: Sequence[tuple[datetime, float | None]], now: datetime, top: float) -> str:
    """The points joined; where an answer is missing the line is broken. A lone point is a short dash."""
    path, drawing = [], False
    for at, seconds in points:
        if seconds is None:
            drawing = False
            continue
        x = max(0.0, CHART_WIDTH - (now - at).total_seconds() / (HOURS * 3600) * CHART_WIDTH)
        y = CHART_HEIGHT - min(seconds / top, 1.0) * CHART_HEIGHT
        path.append(f"{'L' if drawing else 'M'}{x:.0f} {y:.1f}{'' if drawing else 'h2'}")
        drawing = True
    return "".join(path)


def nice_top(largest: float) -> float:
    """The first round number of seconds that is not below the largest: where the chart ends."""
    steps = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300)
    return next((step for step in steps if largest <= step), largest)
