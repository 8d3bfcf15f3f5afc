"""Prometheus' HTTP service discovery: where every hub's own metrics are."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

from routing.services.exports.facts import Facts, HubFacts


def write(facts: Facts) -> str:
    """One group of targets for each hub, because each has labels of its own."""
    return json.dumps([entry(each) for each in facts.published], indent=2, ensure_ascii=False) + "\n"


def entry(each: HubFacts) -> dict[str, Any]:
    """One hub's metrics."""
    parts = urlsplit(each.url)
    labels = {
        "__scheme__": parts.scheme,
        "__metrics_path__": f"{parts.path}/metrics",
        "hub": each.key,
        "member": each.member.slug,
        "origin": each.origin,
        "state": each.hub.state,
    }
    return {"targets": [each.host], "labels": labels}
