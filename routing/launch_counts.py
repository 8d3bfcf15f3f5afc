"""A hub's own count of its launches, from the text of its /metrics. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from prometheus_client.parser import text_string_to_metric_families

COUNTER: Final = "binderhub_launch_count"
SUCCESS: Final = "success"
# A launch that is tried again is counted again: only its end counts.
RETRY: Final = "retry"


@dataclass(frozen=True, slots=True)
class LaunchCounts:
    """How many launches succeeded, of how many that ended."""

    succeeded: float
    tried: float

    def since(self, before: LaunchCounts) -> LaunchCounts:
        """The growth. A counter that fell began at 0 again, when the hub restarted: all of it is new."""
        if self.tried < before.tried or self.succeeded < before.succeeded:
            return self
        return LaunchCounts(self.succeeded - before.succeeded, self.tried - before.tried)


class NotMetrics(ValueError):
    """The text is not what a BinderHub says at /metrics."""


def read(text: str) -> LaunchCounts:
    """The launches of all providers and repositories together; zeroes for a hub that has not launched anything."""
    succeeded = tried = 0.0
    try:
        for family in text_string_to_metric_families(text):
            if family.name != COUNTER:
                continue
            for sample in family.samples:
                status = sample.labels.get("status")
                if sample.name.endswith("_created") or status == RETRY:
                    continue
                if not math.isfinite(sample.value) or sample.value < 0:
                    raise NotMetrics(f"a count of launches is {sample.value}")
                tried += sample.value
                succeeded += sample.value if status == SUCCESS else 0.0
    except NotMetrics:
        raise
    except (ValueError, KeyError, IndexError, TypeError) as error:
        raise NotMetrics(f"not the text format of Prometheus: {error}") from error
    return LaunchCounts(succeeded, tried)
