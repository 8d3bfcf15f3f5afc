"""Ask a hub how it is and judge the answer: the same code in Celery and in the redirector that stands alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one round of asking says of a hub: `reason` is short and for people, empty when healthy.

    `checks` holds each named check of the hub (`versions`, `Docker registry`, `JupyterHub API`, `Pod quota`).
    """

    healthy: bool
    reason: str = ""
    checks: Mapping[str, bool] = field(default_factory=dict)
