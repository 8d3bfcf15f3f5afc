"""`/metrics`: the portal's own figures for Prometheus. Guarded: for a scraper with its token, and for maintainers."""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Iterator

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from members.models import Member, Notice
from members.services import access, tokens
from routing.models import Delivery, Incident
from routing.services import operations, overview, publishing
from routing.services.overview import HubOverview

PREFIX = "federation_portal_"


@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """The figures as Prometheus reads them."""
    if not _may_read(request):
        if request.user.is_authenticated:
            raise PermissionDenied("The portal's figures are for its maintainers.")
        answer = HttpResponse("Show the token for it.\n", status=401, content_type="text/plain; charset=utf-8")
        answer["WWW-Authenticate"] = 'Bearer realm="federation"'
        return answer
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Figures())
    return HttpResponse(generate_latest(registry), content_type="text/plain; version=0.0.4; charset=utf-8")


def _may_read(request: HttpRequest) -> bool:
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        return access.is_maintainer(request.user)
    if settings.METRICS_TOKEN and hmac.compare_digest(secret.encode(), settings.METRICS_TOKEN.encode()):
        return True
    token = tokens.known(secret)
    return token is not None and "metrics" in token.scopes and access.is_maintainer(token.user)


class _Figures(Collector):
    """All of them, read once for each scrape."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        now = overview.read()
        for name, about, value in HUB_FIGURES:
            rows = [(each.hub.key, value(each)) for each in now.hubs]
            yield _family(name, about, ["hub"], [((key,), found) for key, found in rows if found is not None])
        pods = [
            ((each.hub.key, kind), float(found))
            for each in now.hubs
            for kind, found in (("user", each.health.user_pods), ("build", each.health.build_pods))
            if found is not None
        ]
        yield _family("pods", "Pods as the hub said last.", ["hub", "kind"], pods)
        yield from _portal()


def _portal() -> Iterator[GaugeMetricFamily]:
    for name, about, model in (
        ("members", "Members by state.", Member),
        ("notices", "Letters and messages by state.", Notice),
        ("webhook_deliveries", "Deliveries to webhooks by state.", Delivery),
    ):
        counts = model.objects.order_by().values_list("state").annotate(number=Count("pk"))
        yield _family(name, about, ["state"], [((state,), float(number)) for state, number in counts])
    opened = Incident.objects.public().open().count()
    yield _family("incidents_open", "Incidents that are not resolved.", [], [((), float(opened))])
    parts = [((sign.name,), float(sign.well)) for sign in operations.vital_signs() if sign.well is not None]
    yield _family("part_well", "1 while a part of the portal works, 0 while it does not.", ["part"], parts)
    version = publishing.newest()
    if version is not None:
        yield _family("snapshot_version", "The newest version of the snapshot.", [], [((), float(version.version))])
        at = version.published_at.timestamp()
        yield _family("snapshot_published_timestamp_seconds", "When it was published.", [], [((), at)])


def _family(
    name: str, about: str, labels: list[str], rows: Iterable[tuple[tuple[str, ...], float]]
) -> GaugeMetricFamily:
    family = GaugeMetricFamily(PREFIX + name, about, labels=labels)
    for values, number in rows:
        family.add_metric(list(values), number)
    return family


def _age(each: HubOverview) -> float | None:
    asked = each.health.checked_at
    return None if asked is None else max(0.0, (timezone.now() - asked).total_seconds())


def _quota(each: HubOverview) -> float | None:
    return None if each.health.quota is None else float(each.health.quota)


def _expiry(each: HubOverview) -> float | None:
    found = each.health.certificate_expires
    return None if found is None else found.timestamp()


HUB_FIGURES = (
    ("weight", "The weight promised to the hub.", lambda each: each.weight),
    ("effective_weight", "Weight times factors.", lambda each: each.effective_weight),
    ("promised_share", "The share of launches that the weights promise.", lambda each: each.promised),
    ("effective_share", "The share of launches that the effective weights give.", lambda each: each.share),
    ("hub_serving", "1 while the hub gets launches.", lambda each: float(each.serving)),
    ("hub_checked_seconds_ago", "Seconds since the hub was last asked.", _age),
    ("hub_answer_seconds", "How long its last answer took.", lambda each: each.health.answer_seconds),
    ("hub_launch_success_ratio", "Launches that succeeded in 5 minutes.", lambda each: each.health.launch_success_5m),
    ("hub_quota_pods", "The hub's pod quota.", _quota),
    ("hub_certificate_expires_timestamp_seconds", "When its certificate ends.", _expiry),
)
