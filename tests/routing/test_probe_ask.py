"""Asking hubs over real connections: how often, and what each fault on the way is called."""

import gzip
import json
import socket
import ssl
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import trustme

from foundation.outgoing import Client
from routing.damping import Evidence
from routing.probe import ask, judge
from routing.snapshot import Hub, Policy
from tests.foundation.servers import reply, serving

POLICY = Policy(check_timeout=10, check_retries=2)
HEALTH = json.dumps({"ok": True, "checks": [{"service": "JupyterHub API", "ok": True}]}).encode()
VERSIONS = json.dumps({"binderhub": "1.0"}).encode()


def hub_at(url: str) -> Hub:
    return Hub(key="hub", url=url, health=f"{url}/health", versions=f"{url}/versions", weight=1)


class FakeHub:
    """Answers /health with what the test says, /versions as it should, and remembers what it was asked."""

    def __init__(self, *health):
        self.health = list(health)
        self.asked = []

    async def __call__(self, reader, writer):
        path = (await reader.readuntil(b"\r\n\r\n")).split()[1].decode()
        self.asked.append(path)
        if path == "/versions":
            writer.write(reply(VERSIONS))
            return
        talk = self.health.pop(0) if len(self.health) > 1 else self.health[0]
        if isinstance(talk, bytes):
            writer.write(talk)
        else:
            await talk(reader, writer)


async def verdict_on(hub: FakeHub, policy=POLICY):
    async with serving(hub) as url, Client(allow_private=True) as client:
        return judge(await ask(client, hub_at(url), policy, pause=0.01), hub_at(url), policy, None)


async def test_a_healthy_hub_is_asked_once():
    hub = FakeHub(reply(HEALTH))
    assert (await verdict_on(hub)).healthy
    assert sorted(hub.asked) == ["/health", "/versions"]


async def test_a_fault_that_passes_is_asked_away():
    hub = FakeHub(b"", reply(HEALTH))
    assert (await verdict_on(hub)).healthy
    assert hub.asked.count("/health") == 2


async def test_an_http_error_is_asked_again_as_often_as_the_policy_says():
    hub = FakeHub(reply(b"Bad gateway", 502))
    verdict = await verdict_on(hub, policy=replace(POLICY, check_retries=3))
    assert verdict.reason == "answers for its health with HTTP 502"
    assert hub.asked.count("/health") == 3


async def test_a_503_with_a_body_is_not_asked_again_and_gives_its_real_reason():
    body = json.dumps({"ok": False, "checks": [{"service": "Docker registry", "ok": False}]}).encode()
    hub = FakeHub(reply(body, 503))
    verdict = await verdict_on(hub)
    assert (verdict.reason, verdict.evidence) == ("Docker registry fails", Evidence.HARD)
    assert hub.asked.count("/health") == 1


async def test_a_503_of_a_proxy_in_front_is_asked_again():
    hub = FakeHub(reply(b"<html>no healthy upstream", 503), reply(HEALTH))
    assert (await verdict_on(hub)).healthy


async def test_a_rule_that_fails_is_not_asked_again():
    hub = FakeHub(reply(b'{"checks": [{"service": "JupyterHub API", "ok": false}]}'))
    await verdict_on(hub)
    assert hub.asked.count("/health") == 1


async def hang(reader, writer):
    await reader.read()


async def flood(reader, writer):
    writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
    while not writer.is_closing():
        writer.write(b" " * 65536)
        await writer.drain()


async def drip(reader, writer):
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{")
    await reader.read()


async def reset(reader, writer):
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
    writer.transport.abort()


@pytest.mark.parametrize(
    ("talk", "error"),
    [
        (hang, "timeout"),
        (drip, "timeout"),
        (flood, "too_large"),
        (reset, "connection_reset"),
        (b"", "connection_reset"),
        (b"hello\r\n\r\n", "bad_answer"),
        (reply(b" " * 10_000_000), "too_large"),
        (reply(gzip.compress(b" " * 50_000_000), Content_Encoding="gzip"), "too_large"),
        (reply(status=302, Location="/health"), "redirect_loop"),
        (reply(status=302, Location="ftp://hub.example.org/"), "redirect_refused"),
    ],
    ids=lambda each: getattr(each, "__name__", None) or str(each)[:20],
)
async def test_each_fault_on_the_way_has_its_name(talk, error):
    patience = 0.3 if error == "timeout" else 10
    verdict = await verdict_on(FakeHub(talk), policy=replace(POLICY, check_retries=1, check_timeout=patience))
    assert (verdict.healthy, verdict.error, verdict.evidence) == (False, error, Evidence.UNREACHABLE)
    assert verdict.reason


async def test_html_instead_of_json_is_not_healthy():
    verdict = await verdict_on(FakeHub(reply(b"<!doctype html><title>Binder</title>")))
    assert verdict.reason == "answers for its health with something that is not a JSON object"


async def test_a_dead_hub_refuses_connections():
    async with serving(b"") as url:
        pass
    async with Client(allow_private=True) as client:
        verdict = judge(await ask(client, hub_at(url), POLICY, pause=0.01), hub_at(url), POLICY, None)
    assert (verdict.reason, verdict.error) == ("refuses connections", "connection_refused")


async def test_a_name_without_an_address_is_a_dns_error():
    def nobody(*_):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    async with Client(look_up=nobody) as client:
        verdict = judge(
            await ask(client, hub_at("https://hub.example.org"), POLICY, pause=0.01),
            hub_at("https://hub.example.org"),
            POLICY,
            None,
        )
    assert verdict.error == "dns"


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "169.254.169.254", "::1", "::ffff:169.254.169.254", "64:ff9b::7f00:1"]
)
async def test_a_name_that_leads_inside_is_refused_and_not_asked_again(address):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    asked = []

    def inside(host, port, *_):
        asked.append(host)
        return [(family, socket.SOCK_STREAM, 6, "", (address, port))]

    async with Client(look_up=inside) as client:
        verdict = judge(
            await ask(client, hub_at("https://hub.example.org"), POLICY, pause=0.01),
            hub_at("https://hub.example.org"),
            POLICY,
            None,
        )
    assert verdict.error == "address_refused"
    assert len(asked) <= 2


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


@pytest.mark.parametrize(
    ("name", "days", "error"),
    [
        ("127.0.0.1", 30, ""),
        ("127.0.0.1", -1, "certificate_expired"),
        ("other.example.org", 30, "certificate_mismatch"),
    ],
)
async def test_a_certificate_is_checked_and_its_last_day_kept(authority, name, days, error):
    end = datetime.now(UTC).replace(microsecond=0) + timedelta(days=days)
    server, trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert(name, not_before=end - timedelta(days=90), not_after=end).configure_cert(server)
    authority.configure_trust(trusting)
    verdict = await _over_tls(server, trusting)
    assert (verdict.error, verdict.certificate_expires) == (error, None if error else end)


async def _over_tls(server, trusting):
    async with serving(FakeHub(reply(HEALTH)), server) as url, Client(allow_private=True, tls=trusting) as client:
        return judge(await ask(client, hub_at(url), POLICY, pause=0.01), hub_at(url), POLICY, None)
