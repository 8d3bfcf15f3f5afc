"""Evidence: what the portal sees at an applicant's hub, so that maintainers need not look themselves.

The address is a stranger's: it is asked through the guarded client only, a few questions at a time, one hub after the
other. What is found is written down, whatever it is; a gathering that was killed is begun again, three times at most.
"""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import F
from django.utils import timezone

from foundation.addresses import is_public
from foundation.outgoing import Answer, Client
from foundation.outgoing_errors import OutgoingError
from members.models import Evidence
from routing import probe, snapshot
from routing.addresses import hub_address
from routing.models import Hub, HubHealth, Policy
from routing.probe import Asked, Verdict
from routing.services import launches, names

CLAIM: Final = timedelta(minutes=10)
TRIES: Final = 3
# A certificate that is about to expire says that nobody looks after it.
SOON: Final = timedelta(days=14)
ANSWER_SECONDS: Final = 10.0
TEST_SPEC: Final = "gh/binder-examples/requirements/HEAD"
# Stand in for the other of a hub's two addresses, so that each can be judged alone.
FINE_HEALTH: Final = Answer(200, {}, b'{"checks": []}', 0.0, "")
FINE_VERSIONS: Final = Answer(200, {}, b"{}", 0.0, "")


@dataclasses.dataclass(frozen=True)
class Finding:
    """One thing that was looked at: good, bad, or not known."""

    name: str
    ok: bool | None
    said: str


def gather_next(now: datetime | None = None) -> bool:
    """Gather what was asked for first, if anything was; whether there was something to do."""
    now = now or timezone.now()
    evidence = _claim(now)
    if evidence is None:
        return False
    if evidence.tries > TRIES:
        findings = [Finding("Everything", None, "It was tried three times and never came to an end.")]
    else:
        findings = look(evidence.application.hub_url, evidence.test_spec)
    ours = Evidence.objects.filter(pk=evidence.pk, claimed_at=now, finished_at=None)
    ours.update(finished_at=timezone.now(), findings=[dataclasses.asdict(each) for each in findings])
    return True


def look(url: str, test_spec: str = "") -> list[Finding]:
    """All findings about a hub."""
    try:
        hub_address(url)
    except ValidationError as error:
        return [Finding("Address", False, " ".join(error.messages))]
    known = _known(url)
    policy = Policy.objects.current().published
    prime = HubHealth.objects.filter(hub__prime=True).exclude(hub__state=Hub.State.RETIRED).first()
    return [*known, *asyncio.run(_look(url, test_spec, policy, prime.versions if prime else None))]


def _known(url: str) -> list[Finding]:
    """Whose hub answers there already, if one of the federation's does."""
    host = urlsplit(url).netloc.lower()
    hubs = Hub.objects.exclude(state=Hub.State.RETIRED).select_related("member")
    same = [f"{each} of {each.member}" for each in hubs if urlsplit(each.url).netloc.lower() == host]
    return [Finding("A hub of its own", False, f"this is where {' and '.join(same)} answers")] if same else []


def _claim(now: datetime) -> Evidence | None:
    """What waits longest, if it is ours: of all who try, exactly one gets it."""
    lost = now - CLAIM
    first = Evidence.objects.wanted(lost).values_list("pk", flat=True).first()
    if first is None or not Evidence.objects.wanted(lost).filter(pk=first).update(claimed_at=now, tries=F("tries") + 1):
        return None
    return Evidence.objects.select_related("application").get(pk=first)


async def _look(
    url: str, test_spec: str, policy: snapshot.Policy, reference: Mapping[str, Any] | None
) -> list[Finding]:
    hub = snapshot.Hub("applicant", url, f"{url}/health", f"{url}/versions", 0.0, pod_headroom=0)
    policy = dataclasses.replace(policy, check_retries=1, check_timeout=ANSWER_SECONDS, answer_seconds_most=0.0)
    async with Client(allow_private=settings.ALLOW_PRIVATE_HUBS) as client:
        found, asked = await asyncio.gather(
            asyncio.to_thread(names.addresses, urlsplit(url).hostname or ""), probe.ask(client, hub, policy)
        )
        findings = [_dns(found), *_answers(asked, hub, policy, reference)]
        if test_spec:
            findings.append(_launched(test_spec, *await launches.launch(client, url, test_spec)))
    return findings


def _dns(addresses: set[str]) -> Finding:
    if not addresses:
        return Finding("Name in DNS", False, "leads nowhere")
    shown = ", ".join(sorted(addresses)[:4])
    if settings.ALLOW_PRIVATE_HUBS or all(map(is_public, addresses)):
        return Finding("Name in DNS", True, f"leads to {shown}")
    return Finding("Name in DNS", False, f"leads to a private address: {shown}")


def _answers(
    asked: Asked, hub: snapshot.Hub, policy: snapshot.Policy, reference: Mapping[str, Any] | None
) -> Iterator[Finding]:
    lenient = dataclasses.replace(policy, version_rule="off")
    health = probe.judge(Asked(asked.health, FINE_VERSIONS), hub, lenient, None)
    versions = probe.judge(Asked(FINE_HEALTH, asked.versions), hub, lenient, reference)
    yield _certificate(hub.url, health.certificate_expires or versions.certificate_expires)
    yield _health(health)
    yield _versions(versions)
    yield _skew(versions, policy, reference)
    yield _cors(asked.versions)


def _certificate(url: str, expires: datetime | None) -> Finding:
    if url.startswith("http://"):
        return Finding("Certificate", None, "it is plain http, so there is none")
    if expires is None:
        return Finding("Certificate", False, "no connection was made, so none was seen")
    left = expires - timezone.now()
    return Finding("Certificate", left > SOON, f"good for {left.days} more days")


def _health(verdict: Verdict) -> Finding:
    named = [name for name in verdict.checks if name != probe.VERSIONS]
    said = verdict.reason or (f"every check is good: {', '.join(named)}" if named else "answers, but checks nothing")
    if verdict.pods is not None and verdict.pods.total is not None:
        quota = "no quota" if verdict.pods.quota is None else f"a quota of {verdict.pods.quota}"
        said += f"; {verdict.pods.total} pods, {quota}"
    return Finding("Health", verdict.healthy and bool(named), said)


def _versions(verdict: Verdict) -> Finding:
    if verdict.versions is None:
        return Finding("Versions", False, verdict.reason)
    told = [name for name in ("binderhub", "builder") if isinstance(verdict.versions.get(name), str)]
    missing = [name for name in ("binderhub", "builder") if name not in told]
    if missing:
        return Finding("Versions", False, f"does not say its {' and '.join(missing)}")
    return Finding("Versions", True, ", ".join(f"{name} {str(verdict.versions[name])[:100]}" for name in told))


def _skew(verdict: Verdict, policy: snapshot.Policy, reference: Mapping[str, Any] | None) -> Finding:
    name = "Same versions as the federation"
    if verdict.versions is None:
        return Finding(name, None, "it did not say what it runs")
    if not (reference or policy.pinned_binderhub or policy.pinned_builder):
        return Finding(name, None, "the federation has no reference yet")
    return Finding(name, not verdict.skew, f"other than {verdict.skew}" if verdict.skew else "yes")


def _cors(answer: Answer | OutgoingError) -> Finding:
    name = "Readable from other pages (CORS)"
    if isinstance(answer, OutgoingError):
        return Finding(name, None, "it did not answer")
    allowed = {key.lower(): value for key, value in answer.headers.items()}.get("access-control-allow-origin", "")
    if allowed == "*":
        return Finding(name, True, "yes, from everywhere")
    said = f"only from {allowed[:100]}" if allowed else "no: pages that show how hubs are can't ask it"
    return Finding(name, False, said)


def _launched(spec: str, ok: bool, seconds: float, message: str) -> Finding:
    return Finding("Test launch", ok, f"{spec} in {seconds:.0f} s" if ok else f"{spec}: {message}")
