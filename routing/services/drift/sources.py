"""The daily look at the addresses that maintainers entered: what differs is kept, and told once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, fields
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import structlog
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from foundation.outgoing import Client
from foundation.outgoing_errors import OutgoingError
from members.services import edits, history, notices, recipients
from routing.models import DriftReport, DriftSource
from routing.services import drift
from routing.services.drift.reports import Report
from routing.services.exports import MAX_BYTES

if TYPE_CHECKING:
    from members.models import User

logger = structlog.get_logger(__name__)

EVERY: Final = timedelta(days=1)
# What could not be read is read again sooner; a look whose process died is made up for.
AGAIN: Final = timedelta(hours=1)
# An address that can't be read is told when that has lasted so long.
PATIENCE: Final = timedelta(hours=20)
KEPT: Final = timedelta(days=400)
# A run stops then, so that other tasks of the worker are not kept waiting; the next run goes on.
RUN_SECONDS: Final = 20.0


async def fetch(url: str) -> bytes:
    """What is at an address, through the guarded client; Unreadable says why there is nothing."""
    async with Client(allow_private=settings.ALLOW_PRIVATE_HUBS, timeout=15, max_bytes=MAX_BYTES) as client:
        try:
            answer = await client.fetch(url)
        except OutgoingError as error:
            raise drift.Unreadable(f"{_sentence(str(error))}") from None
    if answer.status != 200:
        raise drift.Unreadable(f"It answers {answer.status} instead of 200.")
    return answer.body


def look_at_due() -> int:
    """Look at all that is due; how many were looked at. Any number of processes may do this at once."""
    ends, looked = time.monotonic() + RUN_SECONDS, 0
    for source in DriftSource.objects.due(timezone.now()):
        if time.monotonic() > ends:
            break
        claimed = DriftSource.objects.filter(pk=source.pk, due_at=source.due_at)
        if claimed.update(due_at=timezone.now() + AGAIN):
            look(source)
            looked += 1
    return looked


def look(source: DriftSource) -> DriftReport | None:
    """Read it now, compare, keep what was found; None if it was removed meanwhile."""
    try:
        outcome = drift.compare(asyncio.run(fetch(source.url)), source.name)
    except drift.Unreadable as error:
        return _keep(source, problem=str(error)[:500])
    return _keep(source, findings=[asdict(each) for each in outcome.findings], lists=", ".join(outcome.lists))


def look_soon(source: DriftSource) -> None:
    """Let it be looked at within a minute."""
    DriftSource.objects.filter(pk=source.pk).update(due_at=timezone.now(), enabled=True)


@transaction.atomic
def add(values: Mapping[str, Any], *, by: User | None) -> DriftSource:
    """Keep a source that a maintainer entered; it is looked at within a minute."""
    source = DriftSource(**edits.different(DriftSource(), values))
    source.full_clean()
    history.save(source, by=by)
    return source


@transaction.atomic
def edit(source: DriftSource, values: Mapping[str, Any], *, by: User | None, seen: str | None = None) -> DriftSource:
    """Change a source; it is looked at within a minute. edits.Stale if it is another than the editor saw."""
    row = edits.locked(source)
    changed = edits.apply(row, values, seen=seen)
    if changed:
        row.due_at = timezone.now()
        history.save(row, by=by, fields=[*changed, "due_at"])
    return row


def newest(sources: Iterable[DriftSource]) -> dict[int, DriftReport]:
    """What was found last, by the key of the source."""
    rows = (
        DriftReport.objects.filter(source__in=list(sources)).order_by("source_id", "-at", "-id").distinct("source_id")
    )
    return {row.source_id: row for row in rows}


def differing() -> int:
    """How many of the lists differ from the portal now, as far as is known."""
    enabled = DriftSource.objects.filter(enabled=True)
    return sum(bool(report.findings) for report in newest(enabled).values())


def as_report(source: DriftSource, report: DriftReport) -> Report:
    """A stored report as one that can be written down."""
    names = [field.name for field in fields(drift.Finding)]
    findings = tuple(drift.Finding(**{name: each[name] for name in names}) for each in report.findings)
    lists = tuple(report.lists.split(", ")) if report.lists else ()
    return Report(source.name, lists, findings, report.problem)


def forget(now: datetime | None = None) -> int:
    """Let old reports go; the newest of each source stays."""
    old = DriftReport.objects.filter(last_at__lt=(now or timezone.now()) - KEPT)
    newest = DriftReport.objects.order_by("source_id", "-at", "-id").distinct("source_id").values("pk")
    return old.exclude(pk__in=list(newest.values_list("pk", flat=True))).delete()[0]


@transaction.atomic
def _keep(
    source: DriftSource, *, findings: Sequence[dict[str, Any]] = (), lists: str = "", problem: str = ""
) -> DriftReport | None:
    """One row as long as the same is found; what is new in it is told."""
    locked = DriftSource.objects.select_for_update().filter(pk=source.pk).first()
    if locked is None:
        return None
    now = timezone.now()
    locked.checked_at, locked.due_at = now, now + (AGAIN if problem else EVERY)
    locked.save(update_fields=["checked_at", "due_at"])
    reports = DriftReport.objects.filter(source=locked)
    last, compared = reports.first(), reports.filter(problem="").first()
    dated = _dated(findings, compared.findings if compared else [], now)
    # Why it can't be read may be said in many ways; that it can't is one thing.
    if last and (bool(last.problem), last.lists, last.findings) == (bool(problem), lists, dated):
        last.last_at, last.problem = now, problem
        last.save(update_fields=["last_at", "problem"])
        report = last
    else:
        report = DriftReport.objects.create(
            source=locked, at=now, last_at=now, findings=dated, lists=lists, problem=problem
        )
    _tell(locked, report, [each for each in dated if each["since"] == now.isoformat()])
    logger.info("drift_looked", source=locked.name, findings=len(dated), problem=problem)
    return report


def _dated(findings: Sequence[dict[str, Any]], before: Sequence[dict[str, Any]], now: datetime) -> list[dict[str, Any]]:
    """The findings, each with when it was found first."""
    since = {each["text"]: each["since"] for each in before}
    return [{**each, "since": since.get(each["text"], now.isoformat())} for each in findings]


def _tell(source: DriftSource, report: DriftReport, fresh: Sequence[dict[str, Any]]) -> None:
    page = f"{settings.PORTAL_URL}/admin/routing/driftsource/{source.pk}/report/"
    if fresh:
        notices.tell(
            recipients.maintainers(),
            kind="drift",
            occasion=str(report.pk),
            subject=f"{source.name} differs from the portal",
            body="\n".join(["New in it:", "", *(f"- {each['text']}" for each in fresh), "", f"All of it: {page}"]),
            useful_until=timezone.now() + timedelta(days=7),
        )
    elif report.problem and report.last_at - report.at >= PATIENCE:
        notices.tell(
            recipients.maintainers(),
            kind="drift-unreadable",
            occasion=str(report.pk),
            subject=f"{source.name} can't be compared with the portal",
            body=f"{report.problem}\n\nSo it has been since {report.at:%d %b %Y, %H:%M} UTC.\n\n{page}",
            useful_until=timezone.now() + timedelta(days=7),
        )


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."
