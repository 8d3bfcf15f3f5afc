"""The numbers of a simulated hub, written as a BinderHub writes its /metrics."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator

LAUNCH_BUCKETS = (2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0)
BUILD_BUCKETS = (60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0, 7200.0)
MOST_REPOSITORIES = 2000  # A hub that runs for weeks must not grow for ever.


class Histogram:
    """Counts of times in buckets, per set of labels."""

    def __init__(self, name: str, words: str, buckets: tuple[float, ...]) -> None:
        self.name, self.words, self.buckets = name, words, buckets
        self._counts: dict[str, list[int]] = {}
        self._sums: Counter[str] = Counter()

    def observe(self, labels: str, seconds: float) -> None:
        """Count one time."""
        counts = self._counts.setdefault(labels, [0] * (len(self.buckets) + 1))
        counts[bisect_left(self.buckets, seconds)] += 1
        self._sums[labels] += seconds  # type: ignore[assignment]

    def lines(self) -> Iterator[str]:
        """The histogram in Prometheus' text format."""
        yield f"# HELP {self.name} {self.words}"
        yield f"# TYPE {self.name} histogram"
        for labels, counts in self._counts.items():
            so_far = 0
            for bound, count in zip((*map(str, self.buckets), "+Inf"), counts, strict=True):
                so_far += count
                yield f'{self.name}_bucket{{le="{bound}",{labels}}} {float(so_far)}'
            yield f"{self.name}_count{{{labels}}} {float(so_far)}"
            yield f"{self.name}_sum{{{labels}}} {float(self._sums[labels])}"


class Figures:
    """Everything a hub counts."""

    def __init__(self) -> None:
        self.building = 0
        self.launching = 0
        self.launch_times = Histogram("binderhub_launch_time_seconds", "Histogram of launch times", LAUNCH_BUCKETS)
        self.build_times = Histogram("binderhub_build_time_seconds", "Histogram of build times", BUILD_BUCKETS)
        self._launches: Counter[tuple[str, str, str]] = Counter()
        self._builds: Counter[tuple[str, str, str]] = Counter()

    def launched(self, provider: str, repo: str, status: str, seconds: float) -> None:
        """Count a launch that ended: `status` is success, failure, pod_quota, repo_quota or retry."""
        _count(self._launches, provider, repo, status)
        if status in {"success", "failure"}:
            self.launch_times.observe(f'retries="0",status="{status}"', seconds)

    def built(self, provider: str, repo: str, status: str, seconds: float) -> None:
        """Count a build that ended: `status` is success or failure."""
        _count(self._builds, provider, repo, status)
        self.build_times.observe(f'status="{status}"', seconds)

    def text(self) -> str:
        """All of it in Prometheus' text format."""
        return "\n".join([*self._lines(), ""])

    def _lines(self) -> Iterator[str]:
        yield from self.build_times.lines()
        yield from self.launch_times.lines()
        yield from _counter("binderhub_build_count_total", "Counter of builds by repo", self._builds)
        yield from _counter("binderhub_launch_count_total", "Counter of launches by repo", self._launches)
        yield from _gauge("binderhub_inprogress_builds", "Builds currently in progress", self.building)
        yield from _gauge("binderhub_inprogress_launches", "Launches currently in progress", self.launching)
        yield from _gauge("binderhub_github_rate_limit_remaining", "GitHub rate limit remaining", 4990)


def _count(counter: Counter[tuple[str, str, str]], provider: str, repo: str, status: str) -> None:
    key = (provider, repo, status)
    if key not in counter and len(counter) >= MOST_REPOSITORIES:
        key = (provider, "(others)", status)
    counter[key] += 1


def _counter(name: str, words: str, counter: Counter[tuple[str, str, str]]) -> Iterator[str]:
    yield f"# HELP {name} {words}"
    yield f"# TYPE {name} counter"
    for (provider, repo, status), count in counter.items():
        labels = f'provider="{provider}",repo="{_escaped(repo)}",status="{status}"'
        yield f"{name}{{{labels}}} {float(count)}"


def _gauge(name: str, words: str, value: float) -> Iterator[str]:
    yield f"# HELP {name} {words}"
    yield f"# TYPE {name} gauge"
    yield f"{name} {float(value)}"


def _escaped(label: str) -> str:
    return label.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
