"""Import the hubs of a configuration file of the redirector in use today: all of it or nothing."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.db import transaction

from members.models import Member
from routing import hosts_file, snapshot
from routing.models import Hub, Policy
from routing.services import hosts_documents, hubs, policies, publishing, weights

if TYPE_CHECKING:
    from members.models import User

POLICY_KEYS = {
    "load_balancer": "balancer",
    "host_cookie_age_hours": "host_cookie_age_hours",
    "check.period": "check_period",
    "check.failed_period": "check_failed_period",
    "check.jitter": "check_jitter",
    "check.retries": "check_retries",
    "check.timeout": "check_timeout",
}


class ImportFailed(ValueError):
    """Nothing was imported; the text names the line or the key and says why."""


@dataclass
class Report:
    """What an import does, in sentences: what it adds, changes (from → to), leaves and skips, and what to know."""

    adds: list[str] = field(default_factory=list)
    changes: list[str] = field(default_factory=list)
    leaves: list[str] = field(default_factory=list)
    skips: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def run(content: bytes, *, name: str, by: User | None = None, reason: str = "", dry_run: bool = False) -> Report:
    """Import a file's content. A dry run does everything and takes it back: what it reports is what would happen."""
    document = _read(content)
    try:
        hosts = hosts_file.parse(document.data)
    except hosts_file.HostsFileError as error:
        raise ImportFailed(_at(document, error.key_path, str(error))) from None
    why = f"imported from {name}: {reason}" if reason else f"imported from {name}"
    with transaction.atomic():
        report = _Import(hosts, document, why, by).run()
        transaction.set_rollback(dry_run)
    return report


class _Import:
    """One import, inside one transaction."""

    def __init__(
        self, hosts: hosts_file.HostsFile, document: hosts_documents.Document, why: str, by: User | None
    ) -> None:
        self.hosts = hosts
        self.document = document
        # The path to the hubs in this file, for its errors, and the block itself.
        self.where = f"{hosts_documents.BLOCK}." if hosts_documents.BLOCK in document.data else ""
        self.block: dict[str, Any] = document.data.get(hosts_documents.BLOCK, document.data)
        self.why = why
        self.by = by
        self.report = Report()
        for note in hosts.notes:
            (self.report.skips if note.endswith(": skipped") else self.report.notes).append(note)

    def run(self) -> Report:
        publishing.publish_on_commit(self.why, self.by)
        known = {hub.key: hub for hub in Hub.objects.select_for_update().order_by("pk")}
        imported = [hub for wanted in self.hosts.hubs if (hub := self._hub(wanted, known.get(wanted.key)))]
        self._weights(imported)
        self._policy()
        absent = sorted(known.keys() - {hub.key for hub in self.hosts.hubs})
        self.report.leaves += [f"{key}: not in the file, stays as it is" for key in absent]
        return self.report

    def _hub(self, wanted: snapshot.Hub, hub: Hub | None) -> Hub | None:
        if hub and hub.state == Hub.State.RETIRED:
            self.report.skips.append(f"{hub.key}: is retired here")
            return None
        try:
            hub = self._edited(hub, wanted) if hub else self._added(wanted)
            if wanted.prime and not hub.prime:
                self._make_prime(hub)
        except (ValidationError, hubs.HubsError) as error:
            path = f"{self.where}hosts.{wanted.key}"
            raise ImportFailed(_at(self.document, path, f"{path}: {hubs.said(error)}")) from None
        return hub

    def _added(self, wanted: snapshot.Hub) -> Hub:
        Hub._meta.get_field("key").run_validators(wanted.key)
        member, is_new = Member.objects.get_or_create(slug=wanted.key, defaults={"name": wanted.key})
        hub = Hub(
            member=member,
            key=wanted.key,
            name=wanted.key,
            url=wanted.url,
            health_url=wanted.health,
            versions_url=wanted.versions,
            pod_headroom=wanted.pod_headroom,
            state=Hub.State.ACTIVE,
        )
        hubs.add(hub, weight=Decimal(0), reason=self.why, by=self.by)
        of = "of a new member of the same name" if is_new else f"of the member {member}"
        self.report.adds.append(f"{hub.key}: {hub.url}, weight {wanted.weight:g}, {of}")
        return hub

    def _edited(self, hub: Hub, wanted: snapshot.Hub) -> Hub:
        values = {"url": wanted.url, "health_url": wanted.health, "versions_url": wanted.versions}
        if "pod_headroom" in self.block:
            values["pod_headroom"] = wanted.pod_headroom  # type: ignore[assignment]
        changes = {name: value for name, value in values.items() if getattr(hub, name) != value}
        self.report.changes += [f"{hub.key}: {name} {getattr(hub, name)} → {changes[name]}" for name in changes]
        if hub.state != Hub.State.ACTIVE:
            self.report.notes.append(f"{hub.key} is {hub.state} here and stays so: it gets no new traffic")
        if not changes and hub.weight == Decimal(str(wanted.weight)) and hub.prime >= wanted.prime:
            self.report.leaves.append(f"{hub.key}: nothing to change")
        return hubs.edit(hub, changes, reason=self.why, by=self.by)

    def _make_prime(self, hub: Hub) -> None:
        old = Hub.objects.filter(prime=True).first()
        hubs.make_prime(hub, reason=self.why, by=self.by)
        self.report.changes.append(f"{hub.key}: becomes the prime (was {old.key if old else 'none'})")

    def _weights(self, imported: list[Hub]) -> None:
        wanted = {hub.key: Decimal(str(hub.weight)) for hub in self.hosts.hubs}
        # A hub that gets no launches here stands with weight 0 in an export; the weight it comes back with stays.
        wanted |= {hub.key: hub.weight for hub in imported if hub.state != Hub.State.ACTIVE and not wanted[hub.key]}
        try:
            weights.change({hub.pk: wanted[hub.key] for hub in imported}, reason=self.why, by=self.by)
        except weights.WeightsError as error:
            raise ImportFailed(str(error)) from None
        self.report.changes += [
            f"{hub.key}: weight {weights.shown(hub.weight)} → {weights.shown(wanted[hub.key])}"
            for hub in imported
            if hub.weight != wanted[hub.key]
        ]

    def _policy(self) -> None:
        """Nobody set a policy yet: take all that runs today, defaults too. Else only what the file names."""
        old = Policy.objects.filter(pk=1).first()
        values = dataclasses.asdict(self.hosts.policy)
        names = (
            set(POLICY_KEYS.values())
            if old is None
            else {field for key, field in POLICY_KEYS.items() if self._names(key)}
        )
        old = old or Policy(pk=1)
        changes = {name: values[name] for name in sorted(names) if getattr(old, name) != values[name]}
        self.report.changes += [f"policy: {name} {getattr(old, name)} → {changes[name]}" for name in changes]
        if changes:
            policies.edit(changes, reason=self.why, by=self.by)

    def _names(self, key: str) -> bool:
        block: Any = self.block
        for part in key.split("."):
            if not isinstance(block, dict) or part not in block:
                return False
            block = block[part]
        return True


def _read(content: bytes) -> hosts_documents.Document:
    try:
        return hosts_documents.read(content)
    except hosts_documents.DocumentError as error:
        raise ImportFailed(str(error)) from None


def _at(document: hosts_documents.Document, path: str, text: str) -> str:
    line = document.lines.get(path)
    return f"line {line}: {text}" if line else text
