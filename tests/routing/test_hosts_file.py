"""The configuration of the redirector in use today, read as it stands."""

import contextlib
import json
from types import MappingProxyType

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from routing import hosts_file
from routing.hosts_file import HostsFileError

HOST = {
    "prime": True,
    "url": "https://hub.example.org",
    "weight": 60,
    "health": "https://hub.example.org/health",
    "versions": "https://hub.example.org/versions",
}


def block(**hosts):
    return {"hosts": hosts}


def refused(data) -> HostsFileError:
    with pytest.raises(HostsFileError) as caught:
        hosts_file.parse(data)
    return caught.value


def test_a_plain_config_gives_its_hubs_in_order():
    read = hosts_file.parse(block(b=HOST, a={**HOST, "prime": False, "weight": 2.5}))
    assert [(hub.key, hub.weight, hub.prime) for hub in read.hubs] == [("b", 60.0, True), ("a", 2.5, False)]


def test_a_plain_config_is_filled_with_the_programs_defaults():
    read = hosts_file.parse(block(a=HOST))
    assert read.policy == hosts_file.PROGRAM
    assert read.policy.check_failed_period == 300
    assert read.hubs[0].pod_headroom == 10


def test_a_helm_block_is_filled_with_the_charts_defaults():
    read = hosts_file.parse({"federationRedirect": {"enabled": True, "image": {"name": "x"}, **block(a=HOST)}})
    assert (read.policy.balancer, read.policy.check_period, read.policy.check_timeout) == ("random", 15, 5)


def test_what_the_file_says_wins_over_defaults():
    read = hosts_file.parse(
        {
            **block(a=HOST),
            "check": {"period": 7, "failed_period": 70, "jitter": 0.2, "retries": 2, "timeout": 3},
            "load_balancer": "random",
            "pod_headroom": 0,
            "host_cookie_age_hours": 1.5,
        }
    )
    policy = read.policy
    assert (policy.check_period, policy.check_failed_period, policy.check_jitter) == (7, 70, 0.2)
    assert (policy.check_retries, policy.check_timeout) == (2, 3)
    assert (policy.balancer, policy.host_cookie_age_hours, read.hubs[0].pod_headroom) == ("random", 1.5, 0)


def test_other_blocks_of_the_file_are_never_looked_at():
    read = hosts_file.parse({"federationRedirect": block(a=HOST), "binderhub": object(), "hosts": object()})
    assert len(read.hubs) == 1


def test_a_null_host_is_skipped_and_noted():
    read = hosts_file.parse(block(a=HOST, gone=None))
    assert [hub.key for hub in read.hubs] == ["a"]
    assert "hosts.gone is null: skipped" in read.notes


def test_trailing_slashes_are_stripped():
    read = hosts_file.parse(block(a={**HOST, "url": "https://hub.example.org/binder//"}))
    assert read.hubs[0].url == "https://hub.example.org/binder"


def test_weight_zero_is_kept():
    read = hosts_file.parse(block(a={**HOST, "weight": 0}))
    assert (read.hubs[0].weight, read.hubs[0].prime) == (0, True)


def test_health_and_versions_default_to_the_hubs_own_and_are_noted():
    read = hosts_file.parse(block(a={"url": "https://hub.example.org/", "weight": 1}))
    assert read.hubs[0].health == "https://hub.example.org/health"
    assert read.hubs[0].versions == "https://hub.example.org/versions"
    assert sum("is used" in note for note in read.notes) == 2


def test_two_primes_are_an_error_that_names_both():
    assert "a and b" in str(refused(block(a=HOST, b=HOST)))


def test_any_kind_of_mapping_is_read():
    assert hosts_file.parse(MappingProxyType(block(a=MappingProxyType(HOST)))).hubs


@pytest.mark.parametrize("weight", [-1, float("nan"), float("inf"), 10**400, 1e7, True, "5", None, [], {}])
def test_a_weight_that_is_none_names_its_key(weight):
    assert refused(block(a={**HOST, "weight": weight})).key_path == "hosts.a.weight"


@pytest.mark.parametrize(
    "url",
    [
        "hub.example.org",
        "//hub.example.org",
        "javascript:alert(1)",
        "https://user:secret@hub.example.org",
        "https://hub.example.org/#top",
        "https://hub.example.org/?q=1",
        "https://hub example.org",
        "https://hub.example.org/\r\nX: y",
        'https://hub.example.org/"',
        "https://hüb.example.org",
        "https://hub.example.org\\@evil",
        "https://",
        "https://hub.example.org:99999",
        "https://[::1",
        "ftp://hub.example.org",
        "",
        None,
        7,
        ["https://hub.example.org"],
    ],
)
def test_a_url_that_is_none_names_its_key(url):
    assert refused(block(a={**HOST, "url": url})).key_path == "hosts.a.url"


@pytest.mark.parametrize(
    ("data", "path"),
    [
        ([], "the file"),
        ({}, "hosts"),
        ({"hosts": None}, "hosts"),
        ({"hosts": {}}, "hosts"),
        ({"hosts": {"a": None}}, "hosts"),
        ({"hosts": {"a": "https://hub.example.org"}}, "hosts.a"),
        ({"hosts": {"a b": HOST}}, "hosts.a b"),
        ({"hosts": {7: HOST}}, "hosts.7"),
        ({"hosts": {"a": {"url": "https://hub.example.org"}}}, "hosts.a.weight"),
        ({"hosts": {"a": {**HOST, "prime": "yes"}}}, "hosts.a.prime"),
        ({"hosts": {"a": {**HOST, "health": "nonsense"}}}, "hosts.a.health"),
        ({**block(a=HOST), "check": []}, "check"),
        ({**block(a=HOST), "check": {"period": 0}}, "check.period"),
        ({**block(a=HOST), "check": {"retries": 1.5}}, "check.retries"),
        ({**block(a=HOST), "check": {"timeout": "2s"}}, "check.timeout"),
        ({**block(a=HOST), "pod_headroom": -1}, "pod_headroom"),
        ({**block(a=HOST), "load_balancer": "best"}, "load_balancer"),
        ({**block(a=HOST), "load_balancer": ["random"]}, "load_balancer"),
        ({"federationRedirect": block(a={**HOST, "weight": -1})}, "federationRedirect.hosts.a.weight"),
        ({"federationRedirect": None}, "federationRedirect"),
    ],
)
def test_an_error_names_the_key_path(data, path):
    assert refused(data).key_path == path


def test_the_callers_place_comes_before_the_key_path():
    with pytest.raises(HostsFileError, match=r"^prod\.yaml\.hosts"):
        hosts_file.parse({}, "prod.yaml")


def test_an_error_does_not_print_what_is_inside_a_wrong_value():
    assert "secret" not in str(refused(block(a={**HOST, "weight": {"password": "secret"}})))


def test_a_key_written_twice_is_an_error():
    text = '{"hosts": {"a": null, "a": ' + json.dumps(HOST) + "}}"
    with pytest.raises(HostsFileError, match="twice") as caught:
        hosts_file.loads(text)
    assert caught.value.key_path == "hosts.a"


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, b"\xff\xfe\x00", "NaN"])
def test_a_text_that_is_no_config_is_refused(text):
    with pytest.raises(HostsFileError):
        hosts_file.loads(text)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text("ahtps:/.@#? 7", max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab"), inner, max_size=4),
    max_leaves=8,
)
fields = st.sampled_from(["url", "weight", "prime", "health", "versions"])


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(fields, anything))
def test_whatever_is_in_a_host_it_is_read_or_refused(values):
    with contextlib.suppress(HostsFileError):
        read = hosts_file.parse(block(a={**HOST, **values}))
        assert 0 <= read.hubs[0].weight <= hosts_file.MAX_WEIGHT
