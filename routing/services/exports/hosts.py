"""The redirector's hubs: its config.json, and the Helm block `federationRedirect`.

What is decided, not how hubs are at this moment: weights, states, settings. A hub that is to get no launches has
weight 0; one that is still joining, or left, is not there.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final

from ruamel.yaml.nodes import MappingNode, Node, ScalarNode

from routing import hosts_file, snapshot
from routing.models import Hub
from routing.services import hosts_documents
from routing.services.exports.facts import Facts, HubFacts, number
from routing.services.exports.yaml_text import CantEdit, YamlFile, dump, sentence

BLOCK: Final = hosts_documents.BLOCK
# Where our settings stand in the file, and what they are called here.
SETTINGS: Final = {
    ("load_balancer",): "balancer",
    ("host_cookie_age_hours",): "host_cookie_age_hours",
    ("check", "period"): "check_period",
    ("check", "failed_period"): "check_failed_period",
    ("check", "jitter"): "check_jitter",
    ("check", "retries"): "check_retries",
    ("check", "timeout"): "check_timeout",
}


def write_json(facts: Facts) -> str:
    """A config.json that a redirector can be started with."""
    return json.dumps(_block(facts), indent=2, ensure_ascii=False) + "\n"


def write_yaml(facts: Facts) -> str:
    """The block of Helm values."""
    return dump({BLOCK: _block(facts)})


def edit(facts: Facts, text: str) -> str:
    """A config.json or a YAML file with Helm values, with our hubs and settings in it."""
    if text.lstrip().startswith("{"):
        return _edit_json(facts, text)
    try:
        # Refuses what can't be followed (aliases, tags, keys that are there twice) in the part that is ours.
        document = hosts_documents.read(text.encode())
    except hosts_documents.DocumentError as error:
        raise CantEdit(sentence(str(error))) from None
    file = YamlFile(text)
    top = file.pairs(file.root) if isinstance(file.root, MappingNode) else {}
    _YamlBlock(file, top[BLOCK][1] if BLOCK in top else file.root, facts, BLOCK in document.data).edit()
    return file.result()


def exported(facts: Facts) -> list[HubFacts]:
    """The hubs that are in the file."""
    return [each for each in facts.published if each.hub.state != Hub.State.ONBOARDING]


def entry(each: HubFacts) -> dict[str, Any]:
    """One hub, as the file has it."""
    return {
        "prime": each.hub.prime,
        "url": each.url,
        "weight": each.weight,
        "health": each.hub.health_url,
        "versions": each.hub.versions_url,
    }


def settings(facts: Facts) -> Iterator[tuple[tuple[str, ...], Any]]:
    """The federation's settings, by where they stand in the file. Headroom only if all hubs have the same."""
    for path, name in SETTINGS.items():
        value = getattr(facts.policy, name)
        yield path, str(value) if isinstance(value, str) else number(value)
    headrooms = {each.hub.pod_headroom for each in exported(facts)}
    if len(headrooms) == 1:
        yield ("pod_headroom",), headrooms.pop()


def assumed(path: tuple[str, ...], *, helm: bool) -> Any:  # noqa: ANN401
    """What a redirector takes for a setting that its file does not name."""
    if path == ("pod_headroom",):
        return hosts_file.POD_HEADROOM
    defaults: snapshot.Policy = hosts_file.CHART if helm else hosts_file.PROGRAM
    return getattr(defaults, SETTINGS[path])


def same(old: object, new: object) -> bool:
    """Whether two values mean the same to a redirector."""
    if isinstance(old, str) and isinstance(new, str):
        return old.rstrip("/") == new.rstrip("/")
    return (
        type(old) is not str and type(new) is not str and old == new and isinstance(old, bool) == isinstance(new, bool)
    )


def implied(key: str, url: object) -> object:
    """What a redirector takes for a value that a hub's entry does not name."""
    return {"prime": False, "health": f"{url}/health", "versions": f"{url}/versions"}.get(key)


def _block(facts: Facts) -> dict[str, Any]:
    block: dict[str, Any] = {}
    for (*above, name), value in settings(facts):
        place = block
        for part in above:
            place = place.setdefault(part, {})
        place[name] = value
    return {**block, "hosts": {each.key: entry(each) for each in exported(facts)}}


def _edit_json(facts: Facts, text: str) -> str:
    try:
        document = hosts_documents.read(text.encode())
        data = json.loads(text)
    except (hosts_documents.DocumentError, ValueError) as error:
        raise CantEdit(sentence(str(error))) from None
    helm = BLOCK in document.data
    block = data[BLOCK] if helm else data
    if not isinstance(block, dict) or not isinstance(block.setdefault("hosts", {}), dict):
        raise CantEdit("The file's hosts are not an object.")
    wanted = {each.key: each for each in exported(facts)}
    for key in [key for key in block["hosts"] if key not in wanted]:
        del block["hosts"][key]
    for key, each in wanted.items():
        block["hosts"][key] = _merged(block["hosts"].get(key), each)
    for path, value in settings(facts):
        _put(block, path, value, assumed(path, helm=helm))
    indent = re.search(r"\n([ \t]+)\"", text)
    ending = "\n" if text.endswith("\n") else ""
    return json.dumps(data, indent=indent.group(1) if indent else None, ensure_ascii=False) + ending


def _merged(old: object, each: HubFacts) -> dict[str, Any]:
    new = entry(each)
    if not old or not isinstance(old, dict):
        return new
    differing = {
        name: value for name, value in new.items() if not same(old.get(name, implied(name, new["url"])), value)
    }
    return {**old, **differing}


def _put(block: dict[str, Any], path: tuple[str, ...], value: object, otherwise: object) -> None:
    """Write a setting, unless the file says it already, or says nothing and means it."""
    place = block
    for part in path[:-1]:
        place = place.get(part, {})
    if place.get(path[-1], otherwise) != value:
        for part in path[:-1]:
            block = block.setdefault(part, {})
        block[path[-1]] = value


class _YamlBlock:
    """Our block in a YAML file."""

    def __init__(self, file: YamlFile, block: Node | None, facts: Facts, helm: bool) -> None:
        if not isinstance(block, MappingNode):
            raise CantEdit("The file has no hosts, and no block that could have them.")
        self.file = file
        self.block = block
        self.facts = facts
        self.helm = helm

    def edit(self) -> None:
        """Hubs, then settings."""
        known = self.file.pairs(self.block)
        if "hosts" not in known:
            raise CantEdit("The file has no hosts.")
        key, hosts = known["hosts"]
        wanted = {each.key: each for each in exported(self.facts)}
        if not isinstance(hosts, MappingNode) or not hosts.value:
            self.file.put_under(key, hosts, {name: entry(each) for name, each in wanted.items()})
        else:
            self._hosts(hosts, wanted)
        self._settings(known)

    def _hosts(self, hosts: MappingNode, wanted: dict[str, HubFacts]) -> None:
        known = self.file.pairs(hosts)
        for key, (name, value) in known.items():
            if key not in wanted:
                self.file.remove(hosts, key)
            elif isinstance(value, MappingNode) and value.value:
                self._hub(value, wanted[key])
            else:
                self.file.put_under(name, value, entry(wanted[key]))
        for key, each in wanted.items():
            if key not in known:
                self.file.insert(hosts, {key: entry(each)})

    def _hub(self, mapping: MappingNode, each: HubFacts) -> None:
        old = {key: _value(value) for key, (_, value) in self.file.pairs(mapping).items()}
        new = entry(each)
        for key, value in new.items():
            if not same(old.get(key, implied(key, new["url"])), value):
                self.file.set(mapping, key, value)

    def _settings(self, known: dict[str, tuple[Node, Node]]) -> None:
        missing: dict[str, Any] = {}
        for path, value in settings(self.facts):
            place = self._place(known, path)
            found = self.file.pairs(place).get(path[-1]) if place is not None else None
            if found is not None:
                if not same(_value(found[1]), value):
                    self.file.replace(found[1], value)
            elif value != assumed(path, helm=self.helm):
                if place is None or place is self.block:
                    _put(missing, path, value, None)
                else:
                    self.file.set(place, path[-1], value)
        if missing:
            self.file.insert(self.block, missing, at=known["hosts"][0])

    def _place(self, known: dict[str, tuple[Node, Node]], path: tuple[str, ...]) -> Node | None:
        """The mapping in which a setting stands, if it is there."""
        if len(path) == 1:
            return self.block
        found = known.get(path[0])
        return found[1] if found and isinstance(found[1], MappingNode) and found[1].value else None


def _value(node: Node) -> object:
    """A scalar as a value."""
    if not isinstance(node, ScalarNode):
        return None
    return hosts_documents.plain(node.value) if node.style in (None, "") else node.value
