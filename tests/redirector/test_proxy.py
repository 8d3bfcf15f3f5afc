"""The proxy, through the redirector's own server, before hubs made of raw bytes."""

import asyncio
import contextlib
import gzip
import socket
from collections.abc import AsyncIterator

import pytest
from uvicorn.server import ServerState

from routing.redirector import proxy as module
from routing.redirector.app import App
from routing.redirector.options import Options
from routing.redirector.pages import UNAVAILABLE
from routing.redirector.protocol import RedirectProtocol
from routing.redirector.proxy import Proxy
from routing.redirector.worker import configuration
from tests.foundation.servers import reply, serving
from tests.redirector.making import make_front, make_hub, make_view

OPTIONS = Options(config="x", allow_private_hubs=True, proxy_timeout=5.0, proxy_max_body=200_000)
GET = b"GET /v2/gh/a/b/HEAD HTTP/1.1\r\nHost: binder.example.org\r\nConnection: close\r\n\r\n"


class Door:
    """The redirector, as a client meets it."""

    def __init__(self, port):
        self.port = port

    async def connect(self, request=b""):
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(request)
        return reader, writer

    async def say(self, request: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        reader, writer = await self.connect(request)
        head, _, body = (await asyncio.wait_for(reader.read(), 10)).partition(b"\r\n\r\n")
        writer.close()
        status, *lines = head.decode("latin-1").split("\r\n")
        headers = [(name.lower(), value) for name, _, value in (line.partition(": ") for line in lines)]
        if ("transfer-encoding", "chunked") in headers:
            body = unchunked(body)
        return int(status.split()[1]), headers, body


def unchunked(body):
    whole = b""
    while body:
        size, _, rest = body.partition(b"\r\n")
        whole += rest[: int(size, 16)]
        body = rest[int(size, 16) + 2 :]
    return whole


@contextlib.asynccontextmanager
async def redirector(*hubs: str, options: Options = OPTIONS) -> AsyncIterator[Door]:
    """A redirector before the hubs at these addresses, the first one prime."""
    known = [make_hub(f"hub{number}", url=url, prime=not number) for number, url in enumerate(hubs)]
    front = make_front(make_view(*known), options)
    proxy = Proxy(options)
    await proxy.start()
    config, state, loop = (
        configuration(App(front, proxy), options),
        ServerState(),
        asyncio.get_running_loop(),
    )
    config.load()
    server = await loop.create_server(lambda: RedirectProtocol(config, state, {}, loop), "127.0.0.1", 0)
    try:
        yield Door(server.sockets[0].getsockname()[1])
    finally:
        server.close()
        for connection in list(state.connections):
            connection.transport.abort()
        await asyncio.gather(*state.tasks)
        await proxy.close()


class Hub:
    """Keeps what it was asked, and answers with these bytes."""

    def __init__(self, answer=None):
        self.answer = reply(b"page") if answer is None else answer
        self.heard = []
        self.bodies = []

    async def __call__(self, reader, writer):
        head = await reader.readuntil(b"\r\n\r\n")
        self.heard.append(head)
        if b"content-length: " in head.lower():
            length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
            self.bodies.append(await reader.readexactly(length))
        elif b"transfer-encoding: chunked" in head.lower():
            self.bodies.append(unchunked(await reader.readuntil(b"\r\n0\r\n\r\n")))
        writer.write(self.answer)

    @property
    def header_lines(self):
        return sorted(self.heard[0].decode().split("\r\n")[1:-2], key=str.lower)


async def gone() -> str:
    """The address of a hub that refuses connections."""
    async with serving(b"") as url:
        return url


async def test_a_page_of_the_prime_hub_is_shown():
    prime, other = Hub(), Hub()
    async with serving(prime) as one, serving(other) as two, redirector(one, two) as door:
        status, _, body = await door.say(GET)
    assert (status, body) == (200, b"page")
    assert prime.heard[0].startswith(b"GET /v2/gh/a/b/HEAD HTTP/1.1\r\n")
    assert not other.heard


async def test_the_hub_gets_the_headers_of_the_request_and_ours_and_no_more():
    hub = Hub()
    request = (
        b"GET / HTTP/1.1\r\nHost: binder.example.org\r\nAccept: a/b\r\nCookie: a=b; c=d\r\nX-Twice: 1\r\nX-Twice: 2\r\n"
        b"Origin: https://elsewhere.example.org\r\nX-Binder-Launch-Host: https://evil.example.org/\r\nTE: trailers\r\n"
        b"Proxy-Authorization: secret\r\nKeep-Alive: 5\r\nX-Secret: 1\r\nConnection: close, X-Secret\r\n\r\n"
    )
    async with serving(hub) as url, redirector(url) as door:
        await door.say(request)
    assert [line.lower() for line in hub.header_lines] == [
        "accept: a/b",
        "cookie: a=b; c=d",
        f"host: {url.removeprefix('http://')}",
        "origin: https://binder.example.org",
        "via: 1.1 federation-redirector",
        "x-binder-launch-host: https://mybinder.org/",
        "x-forwarded-host: binder.example.org",
        "x-twice: 1",
        "x-twice: 2",
    ]


async def test_a_forwarded_host_that_is_there_is_kept():
    hub = Hub()
    async with serving(hub) as url, redirector(url) as door:
        await door.say(GET.replace(b"Connection", b"X-Forwarded-Host: first.example.org\r\nConnection"))
    assert [line for line in hub.header_lines if "orwarded" in line] == ["x-forwarded-host: first.example.org"]


async def test_status_and_repeated_headers_come_back_and_hop_by_hop_ones_do_not():
    answer = (
        b"HTTP/1.1 418 Teapot\r\nSet-Cookie: a=1; Path=/\r\nSet-Cookie: b=2\r\nX-Hop: 1\r\nKeep-Alive: 5\r\n"
        b"Connection: close, X-Hop\r\nContent-Length: 4\r\n\r\npage"
    )
    async with serving(answer) as url, redirector(url) as door:
        status, headers, body = await door.say(GET)
    assert (status, body) == (418, b"page")
    assert [value for name, value in headers if name == "set-cookie"] == ["a=1; Path=/", "b=2"]
    assert not {"x-hop", "keep-alive"} & {name for name, _ in headers}


async def test_a_packed_body_passes_as_it_is_with_its_encoding_and_length():
    packed = gzip.compress(b"page" * 1000)
    async with serving(reply(packed, Content_Encoding="gzip")) as url, redirector(url) as door:
        _, headers, body = await door.say(GET)
    assert dict(headers)["content-encoding"] == "gzip"
    assert dict(headers)["content-length"] == str(len(packed))
    assert gzip.decompress(body) == b"page" * 1000


async def test_the_hub_is_asked_for_no_packing_that_the_client_did_not_name():
    hub = Hub()
    async with serving(hub) as url, redirector(url) as door:
        await door.say(GET)
    assert b"accept-encoding" not in hub.heard[0].lower()


@pytest.mark.parametrize("status", [301, 302, 307])
async def test_a_redirect_of_the_hub_is_the_clients_to_follow(status):
    async with serving(reply(status=status, Location="/v2/elsewhere")) as url, redirector(url) as door:
        got, headers, _ = await door.say(GET)
    assert (got, dict(headers)["location"]) == (status, "/v2/elsewhere")


@pytest.mark.parametrize("status", [204, 304])
async def test_an_answer_without_a_body_passes(status):
    answer = b"HTTP/1.1 %d X\r\nETag: a\r\nContent-Length: 0\r\nConnection: close\r\n\r\n" % status
    async with serving(answer) as url, redirector(url) as door:
        got, headers, body = await door.say(GET)
    assert (got, body, dict(headers)["etag"]) == (status, b"", "a")


async def test_head_is_passed_on_and_has_a_length_but_no_body():
    hub = Hub(b"HTTP/1.1 200 OK\r\nContent-Length: 1234\r\n\r\n")
    async with serving(hub) as url, redirector(url) as door:
        status, headers, body = await door.say(GET.replace(b"GET", b"HEAD"))
    assert (status, dict(headers)["content-length"], body) == (200, "1234", b"")
    assert hub.heard[0].startswith(b"HEAD ")


@pytest.mark.parametrize(
    "target",
    [
        b"/v2/gh/a/../b/./c//d",
        b"/v2/%2e%2e/%2F/%00/%C3%A4",
        b"//evil.example.org/x",
        b"/a?b=c&d=%20+&e=/../?f",
        b"/@evil.example.org:80/",
        b"/a;b,c'd\"e(f)",
        b"/a\\b|c^d`e{f}",
        b"/a?",
    ],
)
async def test_a_target_is_passed_byte_for_byte(target):
    hub = Hub()
    async with serving(hub) as url, redirector(url) as door:
        await door.say(GET.replace(b"/v2/gh/a/b/HEAD", target))
    asked = hub.heard[0].split(b" ")[1]
    assert asked.replace(b"%22", b'"') == target.removesuffix(b"?")


async def test_a_hub_with_a_path_is_asked_below_it():
    hub = Hub()
    async with serving(hub) as url, redirector(f"{url}/binder") as door:
        await door.say(GET)
    assert hub.heard[0].startswith(b"GET /binder/v2/gh/a/b/HEAD ")


async def test_an_absolute_target_goes_to_the_hub_not_to_its_host():
    hub = Hub()
    async with serving(hub) as url, redirector(url) as door:
        await door.say(GET.replace(b"/v2/", b"http://evil.example.org/v2/"))
    assert hub.heard[0].startswith(b"GET /v2/gh/a/b/HEAD ")
    assert b"evil" not in hub.heard[0]


def post(body: bytes, *, chunked=False) -> bytes:
    how = b"Transfer-Encoding: chunked" if chunked else b"Content-Length: %d" % len(body)
    if chunked:
        body = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
    return b"POST /form HTTP/1.1\r\nHost: h\r\nContent-Type: a/b\r\nConnection: close\r\n" + how + b"\r\n\r\n" + body


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize("size", [1, 65_536, 150_000])
async def test_a_posted_body_arrives_whole(size, chunked):
    hub = Hub()
    async with serving(hub) as url, redirector(url) as door:
        status, _, _ = await door.say(post(b"x" * size, chunked=chunked))
    assert status == 200
    assert hub.bodies == [b"x" * size]
    assert b"content-type: a/b" in hub.heard[0].lower()


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_body_that_is_too_large_is_refused(chunked):
    async with serving(Hub()) as url, redirector(url) as door:
        status, _, _ = await door.say(post(b"x" * 200_001, chunked=chunked))
    assert status == 413


@pytest.mark.parametrize("method", [b"PUT", b"DELETE", b"PATCH", b"OPTIONS", b"TRACE"])
async def test_other_methods_are_refused(method):
    async with serving(Hub()) as url, redirector(url) as door:
        status, headers, _ = await door.say(GET.replace(b"GET", method))
    assert (status, dict(headers)["allow"]) == (405, "GET, HEAD, POST")


async def test_a_websocket_is_refused_cleanly():
    hub = Hub()
    upgrade = b"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAA\r\nConnection: Upgrade"
    async with serving(hub) as url, redirector(url) as door:
        status, _, _ = await door.say(GET.replace(b"Connection: close", upgrade))
    assert status == 501
    assert not hub.heard


async def test_a_hub_with_our_own_address_makes_no_endless_circle():
    async with redirector("http://127.0.0.1:1") as door, redirector(f"http://127.0.0.1:{door.port}") as outer:
        status, _, _ = await outer.say(GET.replace(b"Connection", b"Via: 1.1 federation-redirector\r\nConnection"))
    assert status == 508


async def test_when_the_prime_refuses_connections_the_next_hub_answers():
    other = Hub()
    async with serving(other) as url, redirector(await gone(), url) as door:
        status, _, body = await door.say(GET)
    assert (status, body) == (200, b"page")


async def test_when_the_prime_hangs_the_next_hub_answers():
    async def hang(reader, writer):
        await reader.read()

    quick = Options(config="x", allow_private_hubs=True, proxy_timeout=1.0)
    async with serving(hang) as one, serving(Hub()) as two, redirector(one, two, options=quick) as door:
        status, _, _ = await door.say(GET)
    assert status == 200


@pytest.mark.parametrize("status", [502, 503, 504])
async def test_when_the_primes_ingress_finds_no_hub_behind_it_the_next_hub_answers(status):
    async with serving(reply(b"sorry", status)) as one, serving(Hub()) as two, redirector(one, two) as door:
        got, _, body = await door.say(GET)
    assert (got, body) == (200, b"page")


@pytest.mark.parametrize("status", [400, 404, 500])
async def test_other_errors_of_the_prime_are_its_answer(status):
    async with serving(reply(b"sorry", status)) as one, serving(Hub()) as two, redirector(one, two) as door:
        got, _, body = await door.say(GET)
    assert (got, body) == (status, b"sorry")


@pytest.mark.parametrize("answer", [b"", b"hello\r\n\r\n", b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000])
async def test_an_answer_that_is_none_is_the_next_hubs_turn(answer):
    async with serving(answer) as one, serving(Hub()) as two, redirector(one, two) as door:
        status, _, _ = await door.say(GET)
    assert status == 200


async def test_a_small_form_is_sent_to_the_next_hub_when_the_first_breaks_off():
    hub = Hub()
    async with serving(b"") as one, serving(hub) as two, redirector(one, two) as door:
        status, _, _ = await door.say(post(b"a=b"))
    assert (status, hub.bodies) == (200, [b"a=b"])


async def test_a_large_body_goes_to_the_next_hub_if_nothing_of_it_was_taken():
    hub = Hub()
    async with serving(hub) as url, redirector(await gone(), url) as door:
        status, _, _ = await door.say(post(b"x" * 150_000))
    assert (status, hub.bodies) == (200, [b"x" * 150_000])


async def test_a_form_that_the_first_hub_may_be_working_on_is_not_sent_twice():
    async def hang(reader, writer):
        await reader.read()

    other = Hub()
    quick = Options(config="x", allow_private_hubs=True, proxy_timeout=0.3)
    async with serving(hang) as one, serving(other) as two, redirector(one, two, options=quick) as door:
        status, _, _ = await door.say(post(b"a=b"))
    assert status == 503
    assert not other.heard


async def test_when_no_hub_answers_there_is_a_kind_page():
    async with redirector(await gone(), await gone()) as door:
        status, headers, body = await door.say(GET)
    assert (status, body) == (503, UNAVAILABLE)
    assert dict(headers)["retry-after"] == "30"
    assert dict(headers)["content-type"] == "text/html; charset=utf-8"


async def test_a_private_hub_is_not_asked_unless_development_allows_it():
    hub = Hub()
    strict = Options(config="x", proxy_timeout=1.0)
    async with serving(hub) as url, redirector(url, options=strict) as door:
        status, _, _ = await door.say(GET)
    assert status == 503
    assert not hub.heard


async def test_events_flow_as_they_come():
    more = asyncio.Event()

    async def stream(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\ndata: one\n\n")
        await more.wait()
        writer.write(b"data: two\n\n")

    async with serving(stream) as url, redirector(url) as door:
        reader, writer = await door.connect(GET)
        await asyncio.wait_for(reader.readuntil(b"data: one\n\n"), 5)
        more.set()
        await asyncio.wait_for(reader.readuntil(b"data: two\n\n"), 5)
        writer.close()


async def test_a_client_that_hangs_up_frees_the_hub():
    left = asyncio.Event()

    async def stream(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: one\n\n")
        await reader.read()
        left.set()

    async with serving(stream) as url, redirector(url) as door:
        reader, writer = await door.connect(GET)
        await asyncio.wait_for(reader.readuntil(b"data: one\n\n"), 5)
        writer.close()
        await asyncio.wait_for(left.wait(), 5)


async def test_a_client_that_hangs_up_while_the_hub_thinks_frees_the_hub():
    asked, left = asyncio.Event(), asyncio.Event()

    async def think(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        asked.set()
        await reader.read()
        left.set()

    async with serving(think) as url, redirector(url) as door:
        _, writer = await door.connect(GET)
        await asyncio.wait_for(asked.wait(), 5)
        writer.close()
        await asyncio.wait_for(left.wait(), 4)


async def test_an_answer_that_breaks_off_is_not_taken_for_whole():
    broken = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n"
    async with serving(broken) as url, redirector(url) as door:
        reader, writer = await door.connect(GET)
        received = await asyncio.wait_for(reader.read(), 5)
        writer.close()
    assert b"half" in received
    assert not received.endswith(b"0\r\n\r\n")


async def test_a_hub_that_falls_silent_in_its_answer_is_left(monkeypatch):
    monkeypatch.setattr(module, "LONGEST_SILENCE", 0.2)

    async def stall(reader, writer):
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
        await reader.read(100_000)
        await reader.read()

    quick = Options(config="x", allow_private_hubs=True, proxy_timeout=0.2)
    async with serving(stall) as url, redirector(url, options=quick) as door:
        reader, writer = await door.connect(GET)
        assert (await asyncio.wait_for(reader.read(), 5)).endswith(b"half")
        writer.close()


async def test_a_client_that_does_not_read_holds_the_hub_back_not_our_memory():
    sent = 0

    async def flood(reader, writer):
        nonlocal sent
        await reader.readuntil(b"\r\n\r\n")
        writer.transport.set_write_buffer_limits(high=65_536)
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
        while True:
            writer.write(b"x" * 65_536)
            await writer.drain()
            sent += 65_536

    async with serving(flood) as url, redirector(url) as door:
        client = socket.socket()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
        client.setblocking(False)
        await asyncio.get_running_loop().sock_connect(client, ("127.0.0.1", door.port))
        await asyncio.get_running_loop().sock_sendall(client, GET)
        before = -1
        while before != sent:
            before = sent
            await asyncio.sleep(0.3)
        client.close()
    assert 0 < sent < 30_000_000


async def test_a_client_that_sends_its_form_slowly_is_told_so():
    quick = Options(config="x", allow_private_hubs=True, proxy_timeout=0.2)
    async with serving(Hub()) as url, redirector(url, options=quick) as door:
        status, _, _ = await door.say(post(b"x" * 100)[:-50])
    assert status == 408


async def test_a_hub_may_take_long_to_get_a_long_upload():
    """Its time begins when it has everything; until then the client's pace counts."""
    hub = Hub()
    quick = Options(config="x", allow_private_hubs=True, proxy_timeout=1.0)
    request = post(b"x" * 150_000)
    async with serving(hub) as url, redirector(url, options=quick) as door:
        reader, writer = await door.connect(request[:80_000])
        for start in range(80_000, len(request), 18_000):
            await asyncio.sleep(0.3)
            writer.write(request[start : start + 18_000])
        assert (await asyncio.wait_for(reader.read(), 5)).startswith(b"HTTP/1.1 200")
        writer.close()
