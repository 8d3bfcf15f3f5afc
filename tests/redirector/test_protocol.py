"""The short cut must not differ from uvicorn's own way in anything a client can see."""

from __future__ import annotations

import select
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from routing.redirector import protocol
from routing.redirector.protocol import RedirectProtocol
from tests.redirector.making import make_front, make_view, three_hubs
from tests.redirector.serving import Held, Reference, Serving, parse, read_to_end, read_until, wait_until

PLAIN = b"GET /build/gh/a/b/main?x=1 HTTP/1.1\r\nHost: example.org\r\n\r\n"
LAST = b"GET /build/gh/the/last/main HTTP/1.1\r\nConnection: close\r\n\r\n"
COOKIE = b'GET /build/gh/a/b/main HTTP/1.1\r\ncookie: x=1\r\nCookie: host="https://c.example"\r\n\r\n'

ALIKE = {
    "a plain launch": PLAIN,
    "two pipelined": PLAIN * 2,
    "fifty pipelined": PLAIN * 50,
    "two thousand pipelined": PLAIN * 2000,
    "a HEAD": b"HEAD /build/gh/a/b/main HTTP/1.1\r\n\r\n",
    "keep-alive said aloud": b"GET /build/x HTTP/1.1\r\nConnection: keep-alive\r\n\r\n",
    "keep-alive in another case": b"GET /build/x HTTP/1.1\r\nConnection: Keep-Alive, x\r\n\r\n",
    "connection: close": LAST,
    "HTTP/1.0": b"GET /build/x HTTP/1.0\r\n\r\n",
    "HTTP/1.0 with keep-alive": b"GET /build/x HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
    "HTTP/1.0 with keep-alive after another header": b"GET /build/x HTTP/1.0\r\nA: b\r\nConnection: keep-alive\r\n\r\n",
    "HTTP/0.9": b"GET /build/x\r\n\r\n",
    "HTTP/2.0 in the request line": b"GET /build/x HTTP/2.0\r\n\r\n",
    "a body with its length": b"GET /build/x HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello" + PLAIN,
    "a body of no length": b"GET /build/x HTTP/1.1\r\nContent-Length: 0\r\n\r\n" + PLAIN,
    "a body in chunks": b"GET /build/x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n" + PLAIN,
    "a body that looks like a request": b"GET /build/x HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % len(LAST)
    + LAST
    + PLAIN,
    "expect": b"GET /build/x HTTP/1.1\r\nExpect: 100-continue\r\n\r\n",
    "expect with a body": b"GET /build/x HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nhi" + PLAIN,
    "an absolute target": b"GET http://example.org/build/gh/a/b/main?x HTTP/1.1\r\n\r\n",
    "a fragment": b"GET /build/gh/a/b/main?x#y HTTP/1.1\r\n\r\n",
    "a semicolon": b"GET /build/gh/a/b/v1;x HTTP/1.1\r\n\r\n",
    "double slashes": b"GET /build//gh//a HTTP/1.1\r\n\r\nGET //build/x HTTP/1.1\r\n\r\n",
    "percent-encoding": b"GET /build/gh/%E2%9C%93/%0d%0a/%zz/% HTTP/1.1\r\n\r\n",
    "an encoded prefix is not ours": b"GET /%62uild/x HTTP/1.1\r\n\r\n",
    "a cookie in two lines": COOKIE,
    "no slash": b"GET /build HTTP/1.1\r\n\r\n",
    "nothing behind the slash": b"GET /build/ HTTP/1.1\r\n\r\n",
    "a POST": b"POST /build/x HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc" + PLAIN,
    "a preflight": b"OPTIONS /build/x HTTP/1.1\r\nOrigin: https://x.org\r\nAccess-Control-Request-Method: GET\r\n\r\n",
    "the longest target": b"GET /build/" + b"x" * (protocol.LONGEST_TARGET - 7) + b" HTTP/1.1\r\n\r\n",
    "a target too long": b"GET /build/" + b"x" * (protocol.LONGEST_TARGET - 6) + b" HTTP/1.1\r\n\r\n",
    "a query too long": b"GET /build/x?" + b"x" * protocol.LONGEST_TARGET + b" HTTP/1.1\r\n\r\n",
    "a page between launches": PLAIN + b"GET /pages HTTP/1.1\r\n\r\n" + PLAIN,
    "a launch behind a page with a body": b"POST /p HTTP/1.1\r\nContent-Length: 9\r\n\r\n/build/xx" + PLAIN,
}

BROKEN = {
    "not HTTP at all": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "a bare line feed": b"GET /build/x HTTP/1.1\nHost: x\n\n",
    "a carriage return in the target": b"GET /build/a\rSet-Cookie:x HTTP/1.1\r\n\r\n",
    "a zero byte in the target": b"GET /build/a\x00b HTTP/1.1\r\n\r\n",
    "raw non-ASCII in the target": "GET /build/gh/é/b HTTP/1.1\r\n\r\n".encode(),
    "a control character in a header": b"GET /build/x HTTP/1.1\r\nX: a\x01b\r\n\r\n",
    "a folded header": b"GET /build/x HTTP/1.1\r\nX: a\r\n b\r\n\r\n",
    "two lengths": b"GET /build/x HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    "a length and chunks": b"GET /build/x HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a relative target": b"GET build/x HTTP/1.1\r\n\r\n",
    "an unknown method": b"FOO /build/x HTTP/1.1\r\n\r\n",
    "a CONNECT": b"CONNECT example.org:443 HTTP/1.1\r\n\r\n",
    "a preface of HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
}


@pytest.fixture(scope="module")
def fast() -> Iterator[Serving]:
    with Serving(make_front(make_view(*three_hubs(), balancer="rendezvous"))) as serving:
        yield serving


@pytest.fixture(scope="module")
def reference() -> Iterator[Serving]:
    with Serving(make_front(make_view(*three_hubs(), balancer="rendezvous")), protocol=Reference) as serving:
        yield serving


@pytest.mark.parametrize("request_bytes", ALIKE.values(), ids=ALIKE.keys())
def test_the_short_cut_says_what_uvicorns_own_way_says(fast: Serving, reference: Serving, request_bytes: bytes):
    expected = reference.say(request_bytes, LAST)
    assert fast.say(request_bytes, LAST) == expected
    assert expected.startswith(b"HTTP/1.1 ")


@pytest.mark.parametrize("request_bytes", ALIKE.values(), ids=ALIKE.keys())
def test_a_launch_before_and_after_changes_nothing(fast: Serving, reference: Serving, request_bytes: bytes):
    assert fast.say(PLAIN + request_bytes, PLAIN, LAST) == reference.say(PLAIN + request_bytes, PLAIN, LAST)


@pytest.mark.parametrize("request_bytes", BROKEN.values(), ids=BROKEN.keys())
def test_what_is_not_http_is_refused_and_the_connection_closed(fast: Serving, reference: Serving, request_bytes: bytes):
    answer = fast.say(request_bytes)
    assert parse(answer)[0] == parse(reference.say(request_bytes))[0] == 400
    assert answer.count(b"HTTP/1.1 ") == 1


def test_launches_before_a_broken_request_are_answered(fast: Serving):
    answer = fast.say(PLAIN * 2 + b"\x00\r\n\r\n")
    assert [line for line in answer.split(b"\r\n") if line.startswith(b"HTTP/1.1")] == [
        b"HTTP/1.1 307 Temporary Redirect",
        b"HTTP/1.1 307 Temporary Redirect",
        b"HTTP/1.1 400 Bad Request",
    ]


@pytest.mark.parametrize("name", ["a plain launch", "a cookie in two lines", "a body in chunks", "two pipelined"])
def test_a_client_that_sends_byte_by_byte_gets_the_same(fast: Serving, name: str):
    data = ALIKE[name] + LAST
    assert fast.say(*(data[place : place + 1] for place in range(len(data)))) == fast.say(data)


requests = st.lists(
    st.sampled_from([each for each in ALIKE.values() if len(each) < 500 and b"close" not in each and b"1.1" in each]),
    max_size=6,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(parts=requests, cuts=st.lists(st.integers(0, 2000), max_size=6))
def test_any_mix_in_any_pieces_gets_the_same(fast: Serving, reference: Serving, parts: list[bytes], cuts: list[int]):
    data = b"".join(parts) + LAST
    places = sorted({0, *(cut % len(data) for cut in cuts), len(data)})
    pieces = [data[start:end] for start, end in pairwise(places)]
    assert fast.say(*pieces) == reference.say(data)


def test_an_upgrade_is_not_taken_and_costs_no_request(fast: Serving):
    upgrade = b"GET /build/up HTTP/1.1\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n\r\n"
    answer = fast.say(upgrade * 3 + PLAIN + upgrade + LAST)
    assert answer.count(b"HTTP/1.1 307") == 6
    assert answer.count(b"/build/up\r\n") == 8


def test_a_launch_behind_a_slow_page_waits_its_turn():
    held = Held()
    with Serving(make_front(make_view(*three_hubs())), forward=held) as serving, serving.connected() as client:
        client.sendall(b"GET /held/one HTTP/1.1\r\n\r\n" + PLAIN)
        assert held.arrived.acquire(timeout=10)
        client.sendall(PLAIN + b"GET /quick HTTP/1.1\r\n\r\n" + LAST)
        assert serving.get("/build/other")[0] == 307
        held.release()
        bodies = read_to_end(client)
    assert [
        word for word in bodies.split() if word.startswith((b"/held", b"/quick", b"https://")) and b"the" not in word
    ] == [
        b"/held/one",
        b"https://a.example/build/gh/a/b/main?x=1",
        b"https://a.example/build/gh/a/b/main?x=1",
        b"/quick",
    ]
    assert bodies.endswith(b"Path=/build/gh/the/last/main\r\nconnection: close\r\n\r\n")


def test_rubbish_behind_a_slow_page_does_not_take_its_place():
    held = Held()
    with Serving(make_front(make_view(*three_hubs())), forward=held) as serving, serving.connected() as client:
        client.sendall(b"GET /held/one HTTP/1.1\r\n\r\n")
        assert held.arrived.acquire(timeout=10)
        client.sendall(b"\x00 rubbish\r\n\r\n")
        assert serving.get("/readyz")[0] == 200
        held.release()
        assert read_to_end(client).startswith(b"HTTP/1.1 200 OK")


def test_an_idle_connection_is_closed_after_the_keep_alive_time():
    with Serving(make_front(make_view(*three_hubs())), keep_alive=1) as serving, ExitStack() as stack:
        silent, launched = (stack.enter_context(serving.connected()) for _ in range(2))
        launched.sendall(PLAIN)
        assert read_until(launched, b"\r\n\r\n")
        began = time.monotonic()
        assert read_to_end(launched) == read_to_end(silent) == b""
        assert 0.5 < time.monotonic() - began < 8


def test_a_connection_in_use_outlives_the_keep_alive_time():
    with Serving(make_front(make_view(*three_hubs())), keep_alive=1) as serving, serving.connected() as client:
        began = serving.front.ticks
        while serving.front.ticks < began + 4:
            client.sendall(PLAIN)
            assert read_until(client, b"\r\n\r\n").startswith(b"HTTP/1.1 307")
            time.sleep(0.05)


def test_a_client_that_is_endlessly_slow_with_its_headers_is_closed(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(protocol, "HEAD_TIMEOUT", 1)
    with Serving(make_front(make_view(*three_hubs()))) as serving, serving.connected() as client:
        client.sendall(b"GET /build/x HTTP/1.1\r\n")
        wait_until(lambda: _is_closed_after(client, b"X: y\r\n"), "the server closes")


def _is_closed_after(client: socket.socket, piece: bytes) -> bool:
    try:
        client.sendall(piece)
    except OSError:
        return True
    return False


@pytest.mark.parametrize("endless", [b"GET /build/" + b"x" * 400_000, b"GET /build/x HTTP/1.1\r\nX: " + b"y" * 400_000])
def test_headers_without_end_are_refused(fast: Serving, endless: bytes):
    with fast.connected() as client, suppress(OSError):
        for place in range(0, len(endless), 8192):
            client.sendall(endless[place : place + 8192])
            if select.select([client], [], [], 0.001)[0]:
                break
    assert place < 380_000


def test_a_client_whose_headers_are_refused_is_told(fast: Serving):
    with fast.connected() as client:
        client.sendall(b"GET /build/")
        received = 0
        while not select.select([client], [], [], 0.01)[0]:
            client.sendall(b"x" * 1000)
            received += 1000
            assert received < 1_000_000
        assert read_to_end(client).startswith(b"HTTP/1.1 431")


def test_many_long_headers_of_a_page_are_refused(fast: Serving):
    lines = b"".join(b"x-%d: %b\r\n" % (number, b"y" * 1000) for number in range(70))
    assert parse(fast.say(b"GET /page HTTP/1.1\r\n" + lines + b"\r\n"))[0] == 431


LONG = b"GET /build/gh/%b/main HTTP/1.1\r\n\r\n" % (b"x" * 4000)


def stuff(serving: Serving, client: socket.socket) -> tuple[RedirectProtocol, bytes, int]:
    """Send launches and read nothing until the server cannot write any more; also what is unsent of the last one."""
    client.setblocking(False)
    sent = 0
    while not any(each.stuck_since for each in connections(serving)):
        assert sent < 200_000_000
        with suppress(BlockingIOError):
            sent += client.send((LONG * 64)[sent % len(LONG) :])
    stuck = next(each for each in connections(serving) if each.stuck_since)
    return stuck, LONG[sent % len(LONG) :] if sent % len(LONG) else b"", -(-sent // len(LONG))


def connections(serving: Serving) -> list[RedirectProtocol]:
    return list(serving.server.server_state.connections)  # type: ignore[arg-type]


def test_a_client_that_does_not_read_cannot_fill_our_memory_and_loses_nothing(fast: Serving):
    with fast.connected() as client:
        stuck, rest, count = stuff(fast, client)
        assert stuck.transport.get_write_buffer_size() < 4_000_000
        client.settimeout(10)
        sender = threading.Thread(target=client.sendall, args=(rest + LAST,))
        sender.start()
        answers = read_to_end(client)
        sender.join()
    assert answers.count(b"HTTP/1.1 307") == count + 1
    assert answers.endswith(b"connection: close\r\n\r\n")


def test_a_client_that_never_reads_is_cut_off(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(protocol, "STUCK_TIMEOUT", 1)
    with Serving(make_front(make_view(*three_hubs()))) as serving, serving.connected() as client:
        stuff(serving, client)
        wait_until(lambda: not connections(serving), "the connection is gone")


def test_more_waiting_requests_than_anyone_needs_end_the_connection(fast: Serving):
    answer = fast.say(b"GET /page HTTP/1.1\r\n\r\n" + PLAIN * 500)
    assert answer.count(b"HTTP/1.1 307") == protocol.LONGEST_PIPELINE
    assert answer.endswith(b"connection: close\r\n\r\n")
    assert answer.count(b"connection: close") == 1


def test_trailers_do_not_pass_for_headers(fast: Serving):
    chunked = b"GET /build/gh/a/b/main HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n"
    assert fast.say(chunked + b"Cookie: host=https://c.example\r\n\r\n", LAST) == fast.say(chunked + b"\r\n", LAST)


def test_an_absolute_target_without_a_path_is_the_first_page(fast: Serving):
    assert fast.say(b"GET http://example.org HTTP/1.1\r\nConnection: close\r\n\r\n").endswith(b"\r\n\r\n/ ")


def test_a_stop_lets_the_page_under_way_and_a_late_launch_finish():
    held = Held()
    serving = Serving(make_front(make_view(*three_hubs())), forward=held).start()
    with serving.connected() as busy, serving.connected() as idle, serving.connected() as halfway:
        halfway.sendall(PLAIN[:20])
        busy.sendall(b"GET /held/one HTTP/1.1\r\n\r\n")
        assert held.arrived.acquire(timeout=10)
        idle.sendall(PLAIN)
        read_until(idle, b"\r\n\r\n")
        serving.server.stop()
        wait_until(lambda: serving.front.draining, "the server drains")
        idle.sendall(PLAIN)
        halfway.sendall(PLAIN[20:])
        for late in (idle, halfway):
            answer = read_to_end(late)
            assert answer.startswith(b"HTTP/1.1 307")
            assert b"connection: close\r\n" in answer
        busy.sendall(PLAIN)
        held.release()
        answer = read_to_end(busy)
        assert answer.startswith(b"HTTP/1.1 200")
        assert answer.count(b"HTTP/1.1 307") == 1
        assert answer.count(b"connection: close") == 1
    serving.stop()


def test_connections_made_just_before_the_stop_are_served():
    for _ in range(5):
        serving = Serving(make_front(make_view(*three_hubs()))).start()
        with ExitStack() as stack:
            clients = [stack.enter_context(serving.connected()) for _ in range(20)]
            serving.server.stop()
            for client in clients:
                client.sendall(PLAIN)
            assert all(read_to_end(client).startswith(b"HTTP/1.1 307") for client in clients)
        serving.stop()
