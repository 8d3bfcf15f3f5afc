"""The other lists against the portal's: each reader gives what differs, or None for a file that holds no such list."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

from ruamel.yaml.nodes import ScalarNode, SequenceNode

from routing.models import Hub
from routing.services.drift.findings import Finding, Teller
from routing.services.exports import dns, federation, grafana, matrix, status
from routing.services.exports.facts import Facts, HubFacts
from routing.services.exports.matching import by_names, match, plain
from routing.services.exports.yaml_text import CantEdit, YamlFile

RECORD: Final = re.compile(
    r"^(?P<name>[*a-zA-Z0-9.-]+?)\.?\s+(?:\d+\s+)?(?:IN\s+)?(?P<kind>A|AAAA)\s+(?P<ip>[0-9a-fA-F.:]+)\s*(?:;.*)?$"
)
TOLD: Final = {
    "funded_by": "the funder",
    "funded_by_link": "the funder's website",
    "run_by": "the operator",
    "run_by_link": "the operator's website",
}


def federation_yml(facts: Facts, text: str, name: str) -> list[Finding] | None:
    """Who takes part: entries that differ, are missing, unknown, or on the wrong side of past and present."""
    if "url_binderhub" not in text:
        return None
    file = YamlFile(text)
    if not isinstance(file.root, SequenceNode):
        return None
    entries = [
        {key: value.value for key, (_, value) in file.pairs(item).items() if isinstance(value, ScalarNode)}
        for item in file.root.value
    ]
    tell = Teller("federation", name)
    found = match(facts.listed, [(each.get("url_binderhub", ""), each.get("funded_by", "")) for each in entries])
    findings = [finding for each, hub in zip(entries, found, strict=True) for finding in _entry(each, hub, tell)]
    return [*findings, *(tell.missing(each) for each in facts.listed if each not in found)]


def _entry(old: dict[str, str], hub: HubFacts | None, tell: Teller) -> Iterator[Finding]:
    is_past = old.get("active", "true").lower() == "false"
    if hub is None:
        if not is_past:
            yield tell.unknown(old.get("url_binderhub") or old.get("funded_by", ""))
        return
    if hub.is_past and not is_past:
        yield tell.past(hub, "lists as active")
    if is_past and not hub.is_past:
        yield tell.returned(hub)
    if plain(old.get("url_binderhub", "")) != plain(hub.url):
        yield tell.moved(hub, old.get("url_binderhub", ""))
    for key, value in federation.known(hub).items():
        if key in TOLD and not federation.same(old.get(key, ""), value):
            yield tell.other(hub, TOLD[key], old.get(key), value)


def status_page(facts: Facts, text: str, name: str) -> list[Finding] | None:
    """The hubs that the status page asks, in its script or in its table."""
    literals, table = status.read_js(text), status.read_table(text)
    if literals is None and table is None:
        return None
    urls = [each["url"] for each in literals] if literals is not None else list(table.rows if table else ())
    bare = [url.partition("//")[2] or url for url in urls]
    tell = Teller("status", name)
    live = facts.live
    found = match(live, [(each, "") for each in bare])
    findings: list[Finding] = []
    past = {plain(status.shown(each.url)): each for each in facts.hubs if each.is_past}
    for url, address, hub in zip(urls, bare, found, strict=True):
        if hub is None:
            gone = past.get(plain(address))
            findings.append(tell.past(gone) if gone else tell.unknown(url))
        elif plain(address) != plain(status.shown(hub.url)):
            findings.append(tell.moved(hub, url))
    return [*findings, *(tell.missing(each) for each in live if each not in found)]


def deploy_matrix(facts: Facts, text: str, name: str) -> list[Finding] | None:
    """Which hubs the deployment goes through."""
    if "federation_member" not in text:
        return None
    file = YamlFile(text)
    sequence = matrix.find(facts, file)
    if sequence is None:
        return None
    names = [matrix.name(file, item) or "" for item in sequence.value]
    tell = Teller("matrix", name)
    found = by_names(facts.hubs, names)
    findings: list[Finding] = []
    for each, hub in zip(names, found, strict=True):
        if hub is None:
            findings.append(tell.unknown(each))
        elif hub.hub.state == Hub.State.RETIRED:
            findings.append(tell.past(hub, "deploys"))
        elif each != hub.release:
            findings.append(tell.other(hub, "the Helm release", each, hub.release))
    return [*findings, *_missing(facts, found, tell)]


def data_sources(facts: Facts, text: str, name: str) -> list[Finding] | None:
    """Grafana's data sources, as provisioned or as its API tells them. What is no hub's is none of our business."""
    if "prometheus" not in text or not re.search(r"datasources|typeLogoUrl|[\"']?access[\"']?\s*:", text):
        return None
    file = YamlFile(text)
    sequence = grafana.find(file)
    if sequence is None:
        return None
    sources = [each for each in map(grafana.read, sequence.value) if each.get("type") == "prometheus"]
    tell = Teller("grafana", name)
    found = by_names(facts.hubs, [each.get("name", "") for each in sources])
    findings: list[Finding] = []
    for source, hub in zip(sources, found, strict=True):
        if hub is not None and hub.hub.state == Hub.State.RETIRED:
            findings.append(tell.past(hub, "reads"))
        elif hub is not None:
            findings += _source(source, hub, tell)
    return [*findings, *_missing(facts, found, tell)]


def _source(source: dict[str, str], hub: HubFacts, tell: Teller) -> Iterator[Finding]:
    if source.get("name") != hub.grafana_name:
        yield tell.other(hub, "the name", source.get("name"), hub.grafana_name)
    if hub.hub.prometheus_url and plain(source.get("url", "")) != plain(hub.prometheus_url):
        yield tell.other(hub, "the Prometheus", source.get("url"), hub.prometheus_url)


def targets(facts: Facts, text: str, name: str) -> list[Finding] | None:
    """What Prometheus scrapes, as service discovery tells it."""
    groups = _groups(text)
    if groups is None:
        return None
    tell = Teller("prometheus", name)
    hosts = [str(target) for group in groups for target in group["targets"]]
    found = match(facts.hubs, [(each, "") for each in hosts], address=lambda hub: hub.host)
    findings: list[Finding] = []
    for target, hub in zip(hosts, found, strict=True):
        if hub is None:
            findings.append(tell.unknown(target))
        elif hub.hub.state == Hub.State.RETIRED:
            findings.append(tell.past(hub, "scrapes"))
        elif hub.host != target:
            findings.append(tell.moved(hub, target))
    return [*findings, *_missing(facts, found, tell)]


def _groups(text: str) -> list[dict[str, Any]] | None:
    if not text.lstrip().startswith("[") or '"targets"' not in text:
        return None
    try:
        groups = json.loads(text)
    except (ValueError, RecursionError):
        raise CantEdit("Not JSON.") from None
    well = all(isinstance(each, dict) and isinstance(each.get("targets"), list) for each in groups)
    return groups if well and groups else None


def records(facts: Facts, text: str, name: str) -> list[Finding] | None:
    """A zone file: whether our hubs' names lead where they should. Other names in it are none of our business."""
    lines = [line.strip() for line in text.splitlines()]
    found = [record for line in lines if (record := RECORD.match(line))]
    if not found or any(line.startswith(("{", "<", "- ")) for line in lines):
        return None
    there = {(record["name"].lower(), record["kind"]): record["ip"] for record in found}
    tell = Teller("dns", name)
    findings: list[Finding] = []
    for each in facts.hubs:
        base = dns.name_of(facts, each)
        if not base:
            continue
        for name_there in (base, f"*.{base}"):
            findings += _record(each, name_there, there, tell)
    return findings


def _record(each: HubFacts, record: str, there: dict[tuple[str, str], str], tell: Teller) -> Iterator[Finding]:
    known = {kind: there[record, kind] for kind in ("A", "AAAA") if (record, kind) in there}
    if each.hub.state == Hub.State.RETIRED:
        if known:
            yield tell.past(each, f"has a record for {record} of")
    elif each.ip_address:
        kind = "AAAA" if ":" in each.ip_address else "A"
        if kind not in known:
            yield tell.missing(each, f": {record} should lead to {each.ip_address}")
        elif known[kind] != each.ip_address:
            yield tell.other(each, f"the address of {record}", known[kind], each.ip_address)


def _missing(facts: Facts, found: Sequence[HubFacts | None], tell: Teller) -> list[Finding]:
    """The hubs that a list lacks. One that is still joining may be there or not."""
    expected = [each for each in facts.published if each.hub.state != Hub.State.ONBOARDING]
    return [tell.missing(each) for each in expected if each not in found]
