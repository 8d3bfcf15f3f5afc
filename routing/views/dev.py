"""The development page: break a simulated hub with a click, and see what the redirector makes of it.

Its addresses exist only in development and only with DEMO_HUBS_URL set.
"""

from __future__ import annotations

import http.client
import json
import re
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

TIMEOUT_SECONDS: Final = 1.0
MOST_BYTES: Final = 1_000_000
SLOW_SECONDS: Final = 3.0
# What to press, in the order of the buttons, and what it does.
MODES: Final = {
    "healthy": ("well", "answers as it should"),
    "unhealthy": ("unhealthy", "answers 503: its JupyterHub does not respond"),
    "over-quota": ("over quota", "has more pods than its quota allows"),
    "slow": ("slow", f"takes {SLOW_SECONDS:g} seconds for every answer"),
    "hanging": ("hanging", "takes connections and never answers"),
    "wrong-version": ("wrong version", "runs another BinderHub than the prime"),
    "dead": ("dead", "refuses connections"),
    "reset": ("resets", "cuts every connection"),
}
SAMPLE: Final = re.compile(r"^(federation_\w+)\{(.*)\} ([\d.eE+-]+)$")
LABEL: Final = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')

# Both addresses are our own settings; a proxy from the environment is not for this machine.
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True)
class Seen:
    """What the redirector says of a hub: whether it gets new launches, why not, and how many it got."""

    active: bool
    reasons: tuple[str, ...] = ()
    redirects: int = 0


@never_cache
@require_safe
def hubs(request: HttpRequest) -> HttpResponse:
    """The demo hubs, what each is doing, and the redirector's opinion beside it."""
    urls = (
        f"{settings.DEMO_HUBS_URL}/control",
        f"{settings.REDIRECTOR_URL}/active_hosts",
        f"{settings.REDIRECTOR_URL}/metrics",
    )
    with ThreadPoolExecutor(len(urls)) as pool:
        control, active_hosts, metrics = pool.map(_fetch, urls)
    seen = seen_by_redirector(active_hosts, metrics)
    found = _json(control).get("hubs", [])
    context = {
        "hubs": [{**hub, "seen": seen.get(hub["key"]), "words": MODES.get(hub["mode"])} for hub in found],
        "modes": [(mode, word, meaning) for mode, (word, meaning) in MODES.items()],
        "redirector": settings.REDIRECTOR_URL,
        "redirector_answers": active_hosts is not None and metrics is not None,
    }
    return render(request, "dev/hubs.html", context)


@require_POST
def switch_hub(request: HttpRequest, key: str) -> HttpResponse:
    """Switch one demo hub, and go back to the page."""
    mode = request.POST.get("mode", "")
    body = json.dumps({"mode": mode, "seconds": SLOW_SECONDS}).encode()
    url = f"{settings.DEMO_HUBS_URL}/control/{urllib.parse.quote(key, safe='')}"
    if mode not in MODES:
        messages.error(request, "A demo hub can't do that.")
    elif _fetch(url, body) is None:
        messages.error(request, "The demo hub was not switched: it is not there, or its process does not answer.")
    return redirect("dev-hubs")


def seen_by_redirector(active_hosts: str | None, metrics: str | None) -> dict[str, Seen]:
    """The redirector's opinion of each hub it knows, from its two pages; empty when it does not answer."""
    active = set(_json(active_hosts).get("active_hosts", {}))
    reasons: dict[str, list[str]] = {}
    redirects: dict[str, int] = {}
    for name, labels, value in _samples(metrics or ""):
        member = labels.get("member", "")
        if name == "federation_redirect_count":
            redirects[member] = redirects.get(member, 0) + int(value)
        elif name == "federation_health" and not value:
            reasons.setdefault(member, []).append(labels.get("reason", ""))
    return {
        key: Seen(key in active, tuple(filter(None, reasons.get(key, ()))), redirects.get(key, 0))
        for key in active | set(reasons) | set(redirects)
    }


def _samples(metrics: str) -> list[tuple[str, Mapping[str, str], float]]:
    found = (SAMPLE.match(line) for line in metrics.splitlines())
    return [(line[1], dict(LABEL.findall(line[2])), float(line[3])) for line in found if line]


def _json(text: str | None) -> dict[str, Any]:
    try:
        data = json.loads(text or "{}")
    except ValueError:
        return {}
    return data if isinstance(data, dict) else {}


def _fetch(url: str, body: bytes | None = None) -> str | None:
    """The text at an address of ours; None when it does not answer well or in time."""
    request = urllib.request.Request(url, data=body, headers={"Content-Type": "application/json"})  # noqa: S310
    try:
        with opener.open(request, timeout=TIMEOUT_SECONDS) as answer:
            return str(answer.read(MOST_BYTES).decode())
    except (OSError, http.client.HTTPException, ValueError):
        return None
