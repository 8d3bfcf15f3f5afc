"""The guarded client against real servers on loopback: where it goes, how long it waits, how much it takes."""

import asyncio
import gzip
import socket
import ssl
import time
import zlib
from datetime import UTC, datetime, timedelta

import pytest
import trustme

from foundation.outgoing import Client
from foundation.outgoing_errors import OutgoingError
from tests.foundation.servers import reply, serving


@pytest.fixture
async def client():
    async with Client(allow_private=True, timeout=10.0, max_bytes=100_000) as open_client:
        yield open_client


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


def looked_up(*addresses):
    """A DNS that knows one answer to everything."""

    def look_up(host, port, *_):
        return [
            (socket.AF_INET6 if ":" in each else socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port))
            for each in addresses
        ]

    return look_up


async def kind_of(client: Client, url: str, **how) -> str:
    with pytest.raises(OutgoingError) as caught:
        await client.fetch(url, **how)
    assert caught.value.reason
    return caught.value.kind


async def test_an_answer_comes_whole(client):
    async with serving(reply(b"hello", 503, X_Test="yes")) as url:
        answer = await client.fetch(f"{url}/path")
    assert (answer.status, answer.headers["x-test"], answer.body) == (503, "yes", b"hello")
    assert 0 < answer.seconds < 2
    assert answer.certificate_expires is None


async def test_a_body_that_is_posted_arrives(client):
    async def echo(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(reply(await reader.readexactly(4)))

    async with serving(echo) as url:
        assert (await client.fetch(url, method="POST", body=b"ping")).body == b"ping"


async def test_a_redirect_is_followed(client):
    async with serving(reply(b"there")) as there, serving(reply(status=302, Location=f"{there}/x")) as here:
        answer = await client.fetch(here)
    assert (answer.body, answer.url) == (b"there", f"{there}/x")


async def test_a_redirect_of_a_post_is_not_followed(client):
    async with serving(reply(status=307, Location="http://127.0.0.1:1/")) as url:
        assert (await client.fetch(url, method="POST", body=b"x")).status == 307


async def test_headers_do_not_go_along_to_another_host(client):
    heard = []

    async def listen(reader, writer):
        heard.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(reply())

    async with serving(listen) as there, serving(reply(status=302, Location=there)) as here:
        await client.fetch(here, headers={"Authorization": "secret"})
    assert b"secret" not in heard[0]


async def test_a_redirect_to_itself_is_a_loop(client):
    async with serving(reply(status=302, Location="/")) as url:
        assert await kind_of(client, f"{url}/") == "redirect_loop"


async def test_redirects_without_end_are_a_loop(client):
    asked = []

    async def onward(reader, writer):
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(reply(status=302, Location=f"/{len(asked)}"))

    async with serving(onward) as url:
        assert await kind_of(client, url) == "redirect_loop"
    assert len(asked) == 6


async def test_a_redirect_to_something_else_than_the_web_is_refused(client):
    async with serving(reply(status=302, Location="file:///etc/passwd")) as url:
        assert await kind_of(client, url) == "redirect_refused"


@pytest.mark.parametrize(
    "location",
    ["http://127.0.0.1/", "https://127.0.0.1/", "https://169.254.169.254/latest", "https://[::ffff:10.0.0.1]/"],
)
async def test_a_redirect_to_a_private_address_is_refused(authority, monkeypatch, location):
    server, trusting = tls_pair(authority, "hub.example.org")
    async with serving(reply(status=302, Location=location), server) as url:
        client = Client(tls=trusting, look_up=looked_up("127.0.0.1"))
        open_loopback_once(monkeypatch)
        async with client:
            assert await kind_of(client, url.replace("127.0.0.1", "hub.example.org")) == "redirect_refused"


def open_loopback_once(monkeypatch):
    """As if the server's own address were public: what DNS says passes, what a URL spells does not."""
    monkeypatch.setattr("foundation.outgoing.is_public", lambda address: address == "127.0.0.1")


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"],
        ["169.254.169.254"],
        ["10.0.0.1"],
        ["0.0.0.0"],
        ["::1"],
        ["::ffff:127.0.0.1"],
        ["::ffff:169.254.169.254"],
        ["64:ff9b::a9fe:a9fe"],
        ["2002:7f00:1::"],
        ["fe80::1"],
        ["fd00::1"],
        ["8.8.8.8", "127.0.0.1"],
    ],
)
async def test_a_name_that_dns_gives_a_private_address_is_refused(addresses):
    async with Client(look_up=looked_up(*addresses)) as client:
        assert await kind_of(client, "https://hub.example.org/") == "address_refused"


@pytest.mark.parametrize("url", ["https://127.0.0.1/", "https://[::1]/", "http://hub.example.org/", "https://127.1/"])
async def test_a_private_address_in_the_url_is_refused(url):
    async with Client(look_up=looked_up("8.8.8.8")) as client:
        assert await kind_of(client, url) == "address_refused"


async def test_the_last_guard_holds_when_all_before_were_fooled(monkeypatch):
    monkeypatch.setattr("foundation.outgoing.why_refused", lambda *_, **__: "")
    async with serving(reply(b"secret")) as url, Client() as client:
        assert await kind_of(client, url) == "address_refused"


async def test_an_answer_of_dns_that_changes_is_checked_again(monkeypatch):
    open_loopback_once(monkeypatch)
    answers = iter([["127.0.0.1"], ["10.0.0.1"]])
    async with serving(b"") as url:
        pass
    async with Client(look_up=lambda host, port, *_: looked_up(*next(answers))(host, port)) as client:
        named = url.replace("http://127.0.0.1", "https://hub.example.org")
        assert await kind_of(client, named) == "connection_refused"
        await client.close()
        assert await kind_of(client, named) == "address_refused"


async def test_a_url_that_is_none_is_said_to_be_none(client):
    assert await kind_of(client, "javascript:alert(1)") == "bad_url"


async def test_an_unknown_name_is_a_dns_error(client):
    def nobody(*_):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    async with Client(look_up=nobody) as lost:
        assert await kind_of(lost, "https://hub.example.org/") == "dns"


async def test_a_name_server_that_hangs_is_a_timeout():
    def slow(*_):
        time.sleep(0.3)
        return []

    async with Client(look_up=slow, timeout=0.1) as client:
        assert await kind_of(client, "https://hub.example.org/") == "timeout"


async def test_a_closed_port_refuses_connections(client):
    async with serving(b"") as url:
        pass
    assert await kind_of(client, url) == "connection_refused"


async def test_a_connection_that_is_reset_is_told(client):
    async def reset(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
        await writer.drain()
        writer.transport.get_extra_info("socket").setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00"
        )
        writer.transport.abort()

    async with serving(reset) as url:
        assert await kind_of(client, url) == "connection_reset"


async def test_an_answer_cut_short_is_told(client):
    async with serving(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf") as url:
        assert await kind_of(client, url) == "connection_reset"


async def test_no_answer_at_all_is_told(client):
    async with serving(b"") as url:
        assert await kind_of(client, url) == "connection_reset"


async def hang(reader, writer):
    await reader.read()


async def test_a_server_that_hangs_is_a_timeout(client):
    async with serving(hang) as url:
        started = time.monotonic()
        assert await kind_of(client, url, timeout=0.2) == "timeout"
    assert time.monotonic() - started < 1.5


async def drip(reader, writer):
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    while not writer.is_closing():
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.02)


async def test_a_slow_drip_is_a_timeout(client):
    async with serving(drip) as url:
        assert await kind_of(client, url, timeout=0.3) == "timeout"


async def flood(reader, writer):
    writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
    while not writer.is_closing():
        writer.write(b"x" * 65536)
        await writer.drain()


async def test_an_endless_stream_is_too_large(client):
    async with serving(flood) as url:
        assert await kind_of(client, url) == "too_large"


async def test_ten_megabytes_are_too_large(client):
    async with serving(reply(b"x" * 10_000_000)) as url:
        assert await kind_of(client, url) == "too_large"


def bomb(blocks=300):
    """Three megabytes that would be three gigabytes."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = packer.compress(bytes(10_000_000)) + packer.flush(zlib.Z_FULL_FLUSH)
    return b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + block * blocks


async def test_a_gzip_bomb_is_too_large_before_it_is_unpacked(client):
    async with serving(reply(bomb(), Content_Encoding="gzip")) as url:
        started = time.process_time()
        assert await kind_of(client, url) == "too_large"
    assert time.process_time() - started < 0.5


async def test_a_packed_body_is_unpacked(client):
    async with serving(reply(gzip.compress(b"hello"), Content_Encoding="gzip")) as url:
        assert (await client.fetch(url)).body == b"hello"


async def test_a_broken_packing_is_told(client):
    async with serving(reply(b"this is not gzip", Content_Encoding="gzip")) as url:
        assert await kind_of(client, url) in {"bad_answer", "connection_reset"}


async def test_headers_without_end_are_too_large(client):
    async def headers(reader, writer):
        writer.write(b"HTTP/1.1 200 OK\r\n")
        while not writer.is_closing():
            writer.write(b"X-A: " + b"b" * 4000 + b"\r\n")
            await writer.drain()

    async with serving(headers) as url:
        assert await kind_of(client, url) in {"too_large", "bad_answer"}


async def test_something_that_is_not_http_is_told(client):
    async with serving(b"SSH-2.0-OpenSSH_9.2\r\n") as url:
        assert await kind_of(client, url) == "bad_answer"


def tls_pair(authority, *names, **how):
    """A server's TLS with a certificate for these names, and a client's that trusts the authority."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names, **how).configure_cert(server)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    return server, trusting


async def fetched_by_tls(pair):
    server, trusting = pair
    async with serving(reply(b"safe"), server) as url, Client(allow_private=True, tls=trusting) as client:
        return await client.fetch(url)


async def test_the_day_a_certificate_expires_is_told(authority):
    tomorrow = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)
    answer = await fetched_by_tls(tls_pair(authority, "127.0.0.1", not_after=tomorrow))
    assert (answer.body, answer.certificate_expires) == (b"safe", tomorrow)


async def test_an_expired_certificate_is_refused_with_its_reason(authority):
    yesterday = datetime.now(UTC) - timedelta(days=1)
    pair = tls_pair(authority, "127.0.0.1", not_before=yesterday - timedelta(days=9), not_after=yesterday)
    with pytest.raises(OutgoingError, match="expired") as caught:
        await fetched_by_tls(pair)
    assert caught.value.kind == "certificate_expired"


async def test_a_certificate_for_another_name_is_refused_with_its_reason(authority):
    with pytest.raises(OutgoingError, match="another name") as caught:
        await fetched_by_tls(tls_pair(authority, "other.example.org"))
    assert caught.value.kind == "certificate_mismatch"


async def test_a_certificate_of_nobody_we_trust_is_refused(authority):
    server, _ = tls_pair(authority, "127.0.0.1")
    with pytest.raises(OutgoingError, match="not trusted"):
        await fetched_by_tls((server, ssl.create_default_context()))


async def test_plain_text_on_a_tls_port_is_told():
    async def greet(reader, writer):
        writer.write(b"220 mail.example.org ESMTP\r\n")
        await reader.read()

    async with serving(greet) as url, Client(allow_private=True) as client:
        assert await kind_of(client, url.replace("http:", "https:")) == "tls"


async def test_proxies_of_the_environment_are_not_used(client, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    async with serving(reply(b"direct")) as url:
        assert (await client.fetch(url)).body == b"direct"


async def test_cookies_are_not_kept(client):
    heard = []

    async def listen(reader, writer):
        heard.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(reply(Set_Cookie="a=b; Path=/"))

    async with serving(listen) as url:
        by_name = url.replace("127.0.0.1", "localhost")
        await client.fetch(by_name)
        await client.fetch(by_name)
    assert not any(b"cookie" in each.lower() for each in heard)


def test_it_works_from_a_program_without_a_loop():
    async def ask():
        async with serving(reply(b"hello")) as url, Client(allow_private=True) as client:
            return await client.fetch(url)

    assert asyncio.run(ask()).body == b"hello"
