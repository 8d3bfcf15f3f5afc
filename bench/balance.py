"""`python -m bench.balance`: what each balancer makes of a day's launches, through the redirector's own code."""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench import launches
from bench.replay import COMPARED, SKIP, Outcome, replay
from routing.balancing import Hubs

SEEDS = (1, 2, 3, 4, 5)
COLUMNS = (
    ("share error", "worst_share_error_points", "{:.3f}"),
    ("in a window", "worst_window_error_points", "{:.2f}"),
    ("images ÷ repos", "images_per_repository", "{:.4f}"),
    ("spill rate", "spill_rate", "{:.3f}"),
    ("moves", "moves_per_repository", "{:.4f}"),
    ("needless", "needless_moves_per_repository", "{:.4f}"),
)
ABOUT = """Errors are in points (percent of all launches) at the worst hub, after the first {skip:,} launches: over the
whole run, and in the worst window of 2,000. Spill rate: launches away from the repository's home. Moves: images built
anew per repository when the largest hub leaves and the launches come again; needless: of repositories with an image
elsewhere. Of several seeds each figure is the worst; shares are those of the seed with the worst share error."""


def main(argv: Sequence[str] | None = None) -> int:
    """Replay and print."""
    options = _options(argv)
    try:
        rows = [_row(name, options) for name in options.balancer or COMPARED]
    except (OSError, launches.Unreadable) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    print(json.dumps(rows, indent=2, ensure_ascii=False) if options.json else _table(rows, options))
    return 0


def _row(name: str, options: argparse.Namespace) -> dict[str, Any]:
    seeds = SEEDS if options.seed is None else (options.seed,)
    outcomes = [replay(name, options.weights, _launches(options, seed), seed, options.skip) for seed in seeds]
    worst = max(outcomes, key=lambda outcome: outcome.worst_share_error_points)
    return {"balancer": name, **_worst(outcomes), "shares": dict(worst.shares), "seeds": list(seeds)}


def _worst(outcomes: Sequence[Outcome]) -> dict[str, float | None]:
    rows = [asdict(outcome) for outcome in outcomes]
    names = [name for _, name, _ in COLUMNS]
    return {name: None if rows[0][name] is None else max(row[name] for row in rows) for name in names}


def _launches(options: argparse.Namespace, seed: int) -> list[bytes]:
    mix = launches.Mix(options.count, options.repositories, options.top / 100, options.top_twenty / 100)
    found = launches.read(options.launches) if options.launches else launches.invent(mix, seed)
    return launches.in_a_day(found, seed) if options.curve else launches.shuffled(found, seed)


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.balance", description=__doc__)
    add = parser.add_argument
    add(
        "--launches",
        type=Path,
        metavar="FILE",
        help="CSV: provider, spec, launches; without it they are invented",
    )
    add("--weights", type=_weights, default="a=1,b=1,c=1", metavar="a=50,b=50", help="hubs and their weights")
    add("--balancer", action="append", choices=COMPARED, help="one of these, may be repeated (default: all)")
    add("--seed", type=int, help="of the random order (default: each of 1 to 5, and the worst is shown)")
    add("--curve", action="store_true", help="every repository is busy at hours of its own, instead of all day")
    add("--skip", type=int, default=SKIP, help="launches before shares are looked at (default: 1000)")
    add("--count", type=int, default=launches.Mix.count, help="invented launches")
    add("--repositories", type=int, default=launches.Mix.repositories, help="of invented launches")
    add("--top", type=float, default=100 * launches.Mix.top, metavar="%", help="of invented launches: first repository")
    add(
        "--top-twenty", type=float, default=100 * launches.Mix.top_twenty, metavar="%", help="its first twenty together"
    )
    add("--json", action="store_true", help="print JSON instead of a table")
    options = parser.parse_args(argv)
    if not 0 < options.top <= options.top_twenty <= 100 or options.count < 1 or options.repositories <= launches.TWENTY:
        parser.error("the mix needs launches, over twenty repositories, and 0 < --top <= --top-twenty <= 100")
    return options


def _weights(text: str) -> Hubs:
    pairs = [each.partition("=") for each in text.split(",")]
    try:
        hubs = [(hub.strip(), float(weight)) for hub, _, weight in pairs]
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not like a=50,b=50") from error
    if not all(hub and math.isfinite(weight) and weight > 0 for hub, weight in hubs) or len(dict(hubs)) < len(hubs):
        raise argparse.ArgumentTypeError(f"{text!r}: each hub needs a name of its own and a weight above 0")
    return hubs


def _table(rows: Sequence[dict[str, Any]], options: argparse.Namespace) -> str:
    said = options.launches or f"{options.count:,} invented launches of {options.repositories:,} repositories"
    order = "each repository with its own hours" if options.curve else "random order"
    weights = ", ".join(f"{hub}={weight:g}" for hub, weight in options.weights)
    lines = [f"{said}, {order}, seeds {', '.join(map(str, rows[0]['seeds']))}; weights {weights}", ""]
    lines.append(f"{'':12}" + "".join(f"{title:>16}" for title, _, _ in COLUMNS))
    for row in rows:
        cells = ["–" if row[name] is None else form.format(row[name]) for _, name, form in COLUMNS]
        lines.append(f"{row['balancer']:12}" + "".join(f"{cell:>16}" for cell in cells))
    return "\n".join([*lines, "", ABOUT.format(skip=options.skip)])


if __name__ == "__main__":
    sys.exit(main())
