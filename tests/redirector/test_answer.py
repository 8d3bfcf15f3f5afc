from __future__ import annotations

import random
from dataclasses import replace
from http.cookies import SimpleCookie

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.probe import Verdict
from routing.redirector.answer import moment, redirect, sticky
from routing.redirector.counters import REASONS, cell
from routing.redirector.table import Table
from tests.redirector.making import NOW, OPTIONS, make_hub, make_view, three_hubs
from tests.redirector.serving import parse

TABLE = Table(make_view(*three_hubs()), OPTIONS, slots={"a": 0, "b": 1, "c": 2})
UNTOLD = replace(OPTIONS, reason_header=False)
ONE = Table(make_view(make_hub("a", url="https://2i2c.mybinder.org")), OPTIONS, slots={"a": 0})
AT = moment(NOW, TABLE.cookie_age)


def answer(target: bytes, cookie: bytes | None = None, table: Table = ONE) -> tuple[int, dict[str, str], bytes]:
    status, headers, body = parse(redirect(target, cookie, table, AT)[0])
    assert len(dict(headers)) == len(headers)
    return status, dict(headers), body


def test_the_whole_answer_byte_for_byte():
    assert redirect(b"/build/gh/a/b/main?urlpath=%2Flab", None, ONE, AT)[0] == (
        b"HTTP/1.1 307 Temporary Redirect\r\n"
        b"date: Tue, 03 Nov 2026 04:05:06 GMT\r\n"
        b"access-control-allow-origin: *\r\n"
        b"access-control-allow-headers: cache-control\r\n"
        b"content-length: 0\r\n"
        b"location: https://2i2c.mybinder.org/build/gh/a/b/main?urlpath=%2Flab\r\n"
        b"x-federation-reason: home\r\n"
        b'set-cookie: host="https://2i2c.mybinder.org"; expires=Tue, 03 Nov 2026 08:05:06 GMT; Path=/build/gh/a/b/main'
        b"\r\n\r\n"
    )


def test_the_cookie_is_the_one_the_standard_library_would_write():
    jar = SimpleCookie()
    jar["host"] = "https://2i2c.mybinder.org"
    jar["host"]["path"] = "/build/gh/a/b/main"
    jar["host"]["expires"] = "Tue, 03 Nov 2026 08:05:06 GMT"
    assert answer(b"/build/gh/a/b/main?x")[1]["set-cookie"] == jar["host"].OutputString()


@pytest.mark.parametrize(
    "target",
    [
        b"/build/",
        b"/build//",
        b"/build//gh//a",
        b"/build/gh/a/b/main?",
        b"/build/gh/a/b/main??x=1?y",
        b"/build/gh/a/b/main?x=%0d%0aSet-Cookie:%20y",
        b"/build/git/https%3A%2F%2Fx.org%2Fy/main",
        b"/build/gh/%E2%9C%93/%zz/%",
        b"/build/gh/a/b/..",
        b'/build/gh/a"b/<c>/{d}|\\^`',
    ],
)
def test_the_target_is_kept_as_it_came(target: bytes):
    status, headers, body = answer(target)
    assert (status, body) == (307, b"")
    assert headers["location"] == "https://2i2c.mybinder.org" + target.decode()
    assert headers["set-cookie"].endswith("; Path=" + target.decode().partition("?")[0])


def test_a_path_with_a_semicolon_is_redirected_and_its_cookie_comes_back():
    _, headers, _ = answer(b"/build/gh/a/b/v1;x?y;z")
    assert headers["location"] == "https://2i2c.mybinder.org/build/gh/a/b/v1;x?y;z"
    # Without a Path browsers use the request's directory, here /build/gh/a/b.
    assert headers["set-cookie"] == 'host="https://2i2c.mybinder.org"; expires=Tue, 03 Nov 2026 08:05:06 GMT'


def test_a_semicolon_in_the_query_leaves_the_cookie_alone():
    assert answer(b"/build/gh/a/b/main?x;y")[1]["set-cookie"].endswith("; Path=/build/gh/a/b/main")


@pytest.mark.parametrize(
    "cookie",
    [
        b'host="https://b.example"',
        b"host=https://b.example",
        b'_ga=1; host="https://b.example"; theme=dark',
        b'  host  =  "https://b.example"  ',
        b'a;;=;=x;"; "x=y; host=https://b.example;',
        b'host="https://gone.example"; host="https://b.example"',
        b"\xff\xfe=\x80; host=https://b.example",
    ],
)
def test_a_visitor_comes_back_to_the_hub_of_the_cookie(cookie: bytes):
    for number in range(20):
        target = b"/build/gh/o/r%d/main" % number
        _, headers, _ = answer(target, cookie, TABLE)
        assert headers["location"] == "https://b.example" + target.decode()
        assert headers["set-cookie"].startswith('host="https://b.example"; ')


@pytest.mark.parametrize(
    "cookie",
    [
        b"",
        b"host",
        b"host=",
        b'host="https://evil.example"',
        b'host="https://b.example.evil.example"',
        b"host=https://b.example/",
        b"Host=https://b.example",
        b"xhost=https://b.example",
        b"x=host=https://b.example",
    ],
)
def test_any_other_cookie_is_ignored(cookie: bytes):
    table = Table(make_view(*three_hubs()), OPTIONS)
    assert redirect(b"/build/gh/o/r/main", cookie, table, AT) == redirect(b"/build/gh/o/r/main", None, table, AT)


def test_a_cookie_for_a_hub_without_weight_is_ignored():
    table = Table(make_view(make_hub("a"), make_hub("b", 0)), OPTIONS)
    assert answer(b"/build/x", b"host=https://b.example", table)[1]["location"] == "https://a.example/build/x"


def test_the_count_goes_to_the_hub_and_the_reason():
    slots = {"a": 0, "b": 1, "c": 2}
    table = Table(make_view(*three_hubs()), OPTIONS, slots)
    by_balancer = redirect(b"/build/gh/o/r/main", None, table, AT)[1]
    by_cookie = redirect(b"/build/gh/o/r/main", b"host=https://c.example", table, AT)[1]
    assert by_balancer in {cell(slots, hub) + REASONS.index("home") for hub in slots}
    assert by_cookie == cell(slots, "c") + REASONS.index("cookie")


def reason(cookie: bytes | None, table: Table, target: bytes = b"/build/gh/o/r/main") -> str | None:
    return answer(target, cookie, table)[1].get("x-federation-reason")


def test_each_redirect_says_why():
    table = Table(make_view(*three_hubs()), OPTIONS)
    assert reason(None, table) == "home"
    assert reason(b"host=https://b.example", table) == "cookie"
    assert "spill" in {reason(None, table) for _ in range(200)}
    assert reason(None, Table(make_view(*three_hubs(), balancer="random"), OPTIONS)) == "weighted"
    assert {reason(None, table, b"/build/gh/o/r;%d/main" % number) for number in range(5)} <= {"home", "spill"}


def test_with_no_hub_in_rotation_the_reason_is_fallback():
    sick = dict.fromkeys("abc", Verdict(healthy=False, reason="Pod quota"))
    table = Table(make_view(*three_hubs(), verdicts=sick), OPTIONS)
    assert {reason(cookie, table) for cookie in (None, b"host=https://b.example")} == {"fallback"}


def test_the_reason_can_be_kept_to_ourselves():
    table = Table(make_view(*three_hubs()), UNTOLD)
    assert {reason(cookie, table) for cookie in (None, b"host=https://b.example")} == {None}


def test_visitors_with_a_cookie_count_towards_their_hubs_share():
    table = Table(make_view(*three_hubs()), OPTIONS)
    for number in range(4000):
        target = b"/build/gh/o/r%d/main" % (number % 5)
        redirect(target, b"host=https://a.example" if number % 3 else None, table, AT)
    others = {answer(b"/build/gh/o/r0/main", None, table)[1]["location"].partition("/build")[0] for _ in range(300)}
    assert others == {"https://b.example", "https://c.example"}


@given(
    tail=st.binary(max_size=60).map(lambda raw: bytes(byte for byte in raw if 0x21 <= byte <= 0x7E)),
    cookie=st.none() | st.binary(max_size=60),
)
def test_nothing_a_client_sends_makes_a_second_header_or_answer(tail: bytes, cookie: bytes | None):
    whole = redirect(b"/build/" + tail, cookie, TABLE, AT)[0]
    assert whole.endswith(b"\r\n\r\n")
    assert whole.count(b"\r\n") == whole.count(b"\n") == whole.count(b"\r") == 9
    lines = whole.split(b"\r\n")
    assert lines[5].startswith((b"location: https://a.", b"location: https://b.", b"location: https://c."))
    assert lines[6] in {b"x-federation-reason: home", b"x-federation-reason: spill"}
    assert lines[7].startswith(b'set-cookie: host="https://')


@given(st.binary(max_size=200))
def test_no_cookie_header_breaks_the_search(cookie: bytes):
    assert sticky(cookie, {b"https://a.example": 0}) in {None, 0}


def test_random_choice_can_be_asked_for_and_is_sticky_by_cookie():
    random.seed(3)
    table = Table(make_view(*three_hubs(), balancer="random"), OPTIONS)
    targets = {answer(b"/build/gh/o/r/main", None, table)[1]["location"] for _ in range(100)}
    assert len(targets) == 3
    sticky_ones = {answer(b"/build/gh/o/r/main", b"host=https://c.example", table)[1]["location"] for _ in range(100)}
    assert sticky_ones == {"https://c.example/build/gh/o/r/main"}
