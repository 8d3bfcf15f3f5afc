"""The same facts for programs: /status.json, /hubs/<key>.json and /health. docs/status.md says what is in them.

Fields are only ever added. Anybody may read them from any page (CORS).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.views.decorators.cache import cache_control, never_cache
from django.views.decorators.http import conditional_page, require_safe

from routing.models import Downtime, Hub, Incident
from routing.services import announcements, overview, sentences, uptime
from routing.services.overview import History, HubOverview, Overview
from routing.views.errors import AWAY

View = Callable[..., HttpResponse]


def for_everybody(view: View) -> View:
    """Let pages of any origin read the answer."""

    @wraps(view)
    def answer(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        response = view(request, *args, **kwargs)
        response["Access-Control-Allow-Origin"] = "*"
        return response

    return answer


def _document(view: View) -> View:
    return wraps(view)(require_safe(cache_control(public=True, max_age=10)(conditional_page(for_everybody(view)))))


@_document
def status(request: HttpRequest) -> HttpResponse:
    """All hubs, open incidents, current and coming maintenance."""
    now = overview.read()
    histories = overview.histories(now.hubs, now.at)
    said = sentences.of(now)
    incidents = announcements.incidents(now.at)
    return JsonResponse(
        {
            "status": {"kind": said.kind, "text": said.text(now.at.date())},
            "hubs": [_hub(request, each, histories[each.hub.pk]) for each in now.hubs],
            "incidents": [_incident(each) for each in incidents.open],
            "maintenance": [_downtime(each, now) for each in now.downtimes()],
        }
    )


@_document
def hub(request: HttpRequest, key: str) -> HttpResponse:
    """One hub."""
    now = overview.read()
    found = now.find(key)
    if found is None:
        found = _retired(key)
    history = overview.histories([found], now.at)[found.hub.pk]
    return JsonResponse(
        {
            **_hub(request, found, history),
            "incidents": [_incident(each) for each in announcements.incidents(now.at, found.hub).open],
            "maintenance": [_downtime(each, now) for each in now.downtimes() if each.hub_id == found.hub.pk],
        }
    )


@require_safe
@never_cache
@for_everybody
def health(request: HttpRequest) -> HttpResponse:
    """The federation as if it were one BinderHub: 200 while at least one hub serves, else 503; a check for each hub.

    A hub counts by the last that is known of it: redirectors don't need the portal's checks to go on.
    """
    try:
        hubs = overview.read().hubs
    except AWAY:
        return JsonResponse({"ok": False, "checks": []}, status=503)
    checks = [{"service": each.hub.name, "ok": _launches(each)} for each in hubs]
    ok = any(check["ok"] for check in checks)
    return JsonResponse({"ok": ok, "checks": checks}, status=200 if ok else 503)


def _launches(hub: HubOverview) -> bool:
    return hub.effective_weight > 0 and hub.health.checked_at is not None


def _retired(key: str) -> HubOverview:
    gone = Hub.objects.select_related("member", "health").filter(key=key).first()
    if gone is None:
        raise Http404
    return overview.of_retired(gone)


def _hub(request: HttpRequest, hub: HubOverview, history: History) -> dict[str, Any]:
    health = hub.health
    return {
        "key": hub.hub.key,
        "name": hub.hub.name,
        "url": hub.hub.url,
        "page": request.build_absolute_uri(reverse("hub", args=[hub.hub.key])),
        "member": {"slug": hub.hub.member.slug, "name": hub.hub.member.name},
        "prime": hub.hub.prime,
        "state": {
            "kind": hub.state.kind,
            "word": hub.state.word,
            "cause": hub.state.cause,
            "reason": hub.state.reason,
            "since": hub.state.since,
            "until": hub.state.until,
        },
        "weight": {
            "target": hub.weight,
            "effective": hub.effective_weight,
            "promised_share": hub.promised,
            "effective_share": hub.share,
            "factors": [{"name": each.name, "value": each.value, "reason": each.reason} for each in hub.factors],
        },
        "checked_at": health.checked_at,
        "checks": health.checks,
        "pods": {
            "user": health.user_pods,
            "build": health.build_pods,
            "total": health.total_pods,
            "quota": health.quota,
        },
        "answer_seconds": health.answer_seconds,
        "launch_success": {"5m": health.launch_success_5m, "1h": health.launch_success_1h},
        "versions": health.versions,
        "versions_differ_since": health.skew_since,
        "certificate_expires": health.certificate_expires,
        "uptime": {_short(name): _uptime(each) for name, each in history.windows.items()},
    }


def _short(window: str) -> str:
    return window.replace(" h", "h").replace(" days", "d")


def _uptime(found: uptime.Uptime) -> dict[str, float | None]:
    return {
        "share": found.share,
        "serving_seconds": found.serving,
        "out_seconds": found.out,
        "planned_seconds": found.planned,
        "unknown_seconds": found.unknown,
    }


def _incident(incident: Incident) -> dict[str, Any]:
    return {
        "title": incident.title,
        "opened_at": incident.opened_at,
        "resolved_at": incident.resolved_at,
        "hubs": [each.key for each in incident.hubs.all()],
        "updates": [{"at": each.at, "phase": each.phase, "text": each.text} for each in incident.updates.all()],
    }


def _downtime(downtime: Downtime, now: Overview) -> dict[str, Any]:
    hub = next(each.hub.key for each in now.hubs if each.hub.pk == downtime.hub_id)
    return {
        "hub": hub,
        "severity": downtime.severity,
        "emergency": downtime.emergency,
        "starts_at": downtime.starts_at,
        "ends_at": downtime.ends_at,
        "text": downtime.text,
    }
