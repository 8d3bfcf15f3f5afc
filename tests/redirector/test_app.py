"""Every address of the redirector but the proxied ones, as a client sees it."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from routing.redirector.options import Options
from routing.redirector.pages import UNAVAILABLE
from tests.redirector.making import make_front, make_hub, make_view, three_hubs
from tests.redirector.serving import Serving

SIMPLE = [
    "/healthz",
    "/readyz",
    "/metrics",
    "/active_hosts",
    "/badge.svg",
    "/assets/images/badge.svg",
    "/badge_logo.svg",
]


@pytest.fixture(scope="module")
def door() -> Iterator[Serving]:
    with Serving(make_front(make_view(*three_hubs(), make_hub("d", 0)))) as serving:
        yield serving


@pytest.fixture(scope="module")
def without_proxy() -> Iterator[Serving]:
    with Serving(make_front(make_view(*three_hubs())), proxy=False) as serving:
        yield serving


@pytest.fixture(scope="module")
def without_table() -> Iterator[Serving]:
    with Serving(make_front()) as serving:
        yield serving


def location(serving: Serving, target: str, *headers: str) -> str:
    status, answered, body = serving.get(target, *headers)
    assert (status, body) == (307, b"")
    return dict(answered)["location"]


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("/badge.svg", "https://static.mybinder.org/badge.svg"),
        ("/assets/images/badge.svg?x=1&y", "https://static.mybinder.org/badge.svg?x=1&y"),
        ("/badge_logo.svg?v=2", "https://static.mybinder.org/badge_logo.svg?v=2"),
    ],
)
def test_badges_are_elsewhere_for_good(door: Serving, path: str, target: str):
    status, headers, body = door.get(path)
    assert (status, dict(headers)["location"], body) == (301, target, b"")


def test_the_badges_place_can_be_chosen():
    options = Options(config="x", badge_url="https://badges.example/some/")
    with Serving(make_front(make_view(*three_hubs()), options)) as serving:
        assert dict(serving.get("/badge.svg")[1])["location"] == "https://badges.example/some/badge.svg"


def test_active_hosts_are_those_in_rotation(door: Serving):
    status, headers, body = door.get("/active_hosts")
    assert status == 200
    assert dict(headers)["content-type"].startswith("application/json")
    hosts = json.loads(body)["active_hosts"]
    assert list(hosts) == ["a", "b", "c"]
    assert hosts["a"] == {
        "prime": True,
        "url": "https://a.example",
        "weight": 45,
        "health": "https://a.example/health",
        "versions": "https://a.example/versions",
    }


def test_alive_and_ready(door: Serving):
    assert door.get("/healthz")[::2] == (200, b'{"ok": true}')
    assert door.get("/readyz")[::2] == (200, b'{"ok": true, "checks": {"table": "ok"}}')


def test_without_a_table_it_is_alive_but_not_ready(without_table: Serving):
    assert without_table.get("/healthz")[0] == 200
    assert without_table.get("/readyz")[0] == 503
    assert without_table.get("/active_hosts")[2] == b'{"active_hosts": {}}'
    assert b"federation_redirector_ready 0" in without_table.get("/metrics")[2]


@pytest.mark.parametrize("target", ["/build/gh/a/b/main", "/", "/v2/gh/a/b/main"])
def test_without_a_table_visitors_get_a_page_that_helps(without_table: Serving, target: str):
    status, headers, body = without_table.get(target)
    assert (status, body) == (503, UNAVAILABLE)
    assert int(dict(headers)["retry-after"]) > 0
    assert dict(headers)["cache-control"] == "no-store"


@pytest.mark.parametrize("path", SIMPLE)
def test_head_is_get_without_a_body(door: Serving, path: str):
    got, asked = door.get(path), door.get(path, method="HEAD")
    assert asked[0] == got[0]
    assert asked[1] == got[1]
    assert asked[2] == b""


@pytest.mark.parametrize("path", SIMPLE)
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_our_own_pages_are_only_read(door: Serving, path: str, method: str):
    status, headers, _ = door.get(path, method=method)
    assert status == 405
    assert dict(headers)["allow"] == "GET, HEAD"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_a_launch_is_only_read(door: Serving, method: str):
    status, headers, _ = door.get("/build/gh/a/b/main", "Content-Length: 0", method=method)
    assert status == 405
    assert dict(headers)["allow"] == "GET, HEAD, OPTIONS"


def test_a_preflight_of_a_launch_passes(door: Serving):
    status, headers, body = door.get(
        "/build/gh/a/b/main",
        "Origin: https://site.example",
        "Access-Control-Request-Method: GET",
        "Access-Control-Request-Headers: cache-control",
        method="OPTIONS",
    )
    assert (status, body) == (204, b"")
    found = dict(headers)
    assert found["access-control-allow-origin"] == "*"
    assert found["access-control-allow-headers"] == "cache-control"
    assert found["access-control-allow-methods"] == "GET, HEAD, OPTIONS"
    assert "content-length" not in found


def test_all_else_is_the_proxys(door: Serving):
    for target in ("/", "/v2/gh/a/b/main", "/build", "//build/x", "/health", "/versions", "/%62uild/x"):
        assert door.get(target)[::2] == (200, f"{target} ".encode())


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "PATCH"])
def test_the_proxy_takes_no_other_methods(door: Serving, method: str):
    status, headers, _ = door.get("/page", method=method)
    assert (status, dict(headers)["allow"]) == (405, "GET, HEAD, POST")


def test_without_the_proxy_a_repositorys_page_is_on_the_hub_of_its_launches(without_proxy: Serving):
    for number in range(30):
        tail = f"gh/Owner{number}/Repo/main"
        page = location(without_proxy, f"/v2/{tail}?urlpath=lab")
        launch = location(without_proxy, f"/build/{tail}?urlpath=lab")
        assert page == launch.replace("/build/", "/v2/")


def test_without_the_proxy_the_first_page_is_on_any_hub(without_proxy: Serving):
    seen = {location(without_proxy, "/?x=1") for _ in range(100)}
    assert seen == {f"https://{key}.example/?x=1" for key in "abc"}


def test_without_the_proxy_other_pages_are_on_the_prime_hub(without_proxy: Serving):
    assert location(without_proxy, "/about?x") == "https://a.example/about?x"


def test_without_the_proxy_nothing_can_be_posted(without_proxy: Serving):
    assert without_proxy.get("/v2/gh/a/b/main", "Content-Length: 0", method="POST")[0] == 405


def test_visits_of_a_repository_count_as_redirects():
    front = make_front(make_view(make_hub("a")))
    with Serving(front, proxy=False) as serving:
        location(serving, "/v2/gh/a/b/main")
        location(serving, "/")
        assert front.counters.totals() == {"a": (1, 0, 0, 0, 0)}
