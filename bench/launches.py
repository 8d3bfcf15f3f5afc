"""Launches to try balancers with: those of a real day from a file, or invented ones of the same kind."""

from __future__ import annotations

import csv
import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

PREFIXES: Final = {"GitHub": "gh", "GitLab": "gl", "Gist": "gist", "Git": "git"}
SWING: Final = 0.8  # how far a repository's traffic rises above and falls below its mean in the course of the day
TWENTY: Final = 20


class Unreadable(ValueError):
    """The file does not hold launches; the text says why."""


@dataclass(frozen=True)
class Mix:
    """How invented launches spread: the parts of all launches that the first and the first twenty repositories get."""

    count: int = 32_000
    repositories: int = 1_600
    top: float = 0.386
    top_twenty: float = 0.78


def read(file: Path) -> list[bytes]:
    """The path of each launch in a CSV file with the columns provider, spec and launches."""
    found: list[bytes] = []
    with file.open(newline="", encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            try:
                prefix = PREFIXES.get(row["provider"], row["provider"].lower())
                found += [f"/build/{prefix}/{row['spec']}".encode()] * int(row["launches"])
            except (KeyError, TypeError, ValueError) as error:
                raise Unreadable(f"{file}: needs the columns provider, spec and launches ({error!r})") from error
    if not found:
        raise Unreadable(f"{file}: holds no launches")
    return found


def invent(mix: Mix, seed: int) -> list[bytes]:
    """Launches of such a mix, in random order."""
    rest, tail = min(TWENTY, mix.repositories) - 1, max(0, mix.repositories - TWENTY)
    weights = [
        mix.top,
        *_scaled([rank**-1.5 for rank in range(1, rest + 1)], mix.top_twenty - mix.top),
        *_scaled([(TWENTY + rank) ** -0.8 for rank in range(1, tail + 1)], 1 - mix.top_twenty),
    ]
    paths = [f"/build/gh/owner-{number}/repository-{number}/HEAD".encode() for number in range(mix.repositories)]
    return random.Random(seed).choices(paths, weights, k=mix.count)


def shuffled(launches: Sequence[bytes], seed: int) -> list[bytes]:
    """The same launches in random order."""
    order = list(launches)
    random.Random(seed).shuffle(order)
    return order


def in_a_day(launches: Sequence[bytes], seed: int) -> list[bytes]:
    """The same launches as a day brings them: every repository has hours of its own in which it is busy."""
    draw = random.Random(seed)
    peaks = {path: draw.random() for path in sorted(set(launches))}
    times = [(_time(peaks[path], draw), number) for number, path in enumerate(launches)]
    return [launches[number] for _, number in sorted(times)]


def _time(peak: float, draw: random.Random) -> float:
    while True:
        time = draw.random()
        if draw.random() * (1 + SWING) <= 1 + SWING * math.cos(2 * math.pi * (time - peak)):
            return time


def _scaled(weights: list[float], total: float) -> list[float]:
    return [weight * total / sum(weights) for weight in weights]
