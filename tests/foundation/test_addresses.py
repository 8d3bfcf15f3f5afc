"""What counts as the public internet."""

import pytest

from foundation.addresses import is_public, why_refused


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "141.101.1.1", "2a00:1450:4001::8a", "64:ff9b::808:808", "::ffff:8.8.8.8"]
)
def test_an_address_of_the_internet_is_public(address):
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.8.8.8",
        "0.0.0.0",
        "10.1.2.3",
        "100.64.0.1",
        "169.254.169.254",
        "172.16.0.1",
        "192.0.0.8",
        "192.88.99.1",
        "192.168.1.1",
        "198.18.0.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::127.0.0.1",
        "::ffff:127.0.0.1",
        "::ffff:a9fe:a9fe",
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::808:808",
        "2002:7f00:1::",
        "2002:808:808::",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2",
        "2001:db8::1",
        "3fff::1",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "fe80::1%eth0",
        "2a00:1450:4001::8a%eth0",
        "fec0::1",
        "ff02::1",
        "100::1",
        "no address",
        "",
    ],
)
def test_an_address_of_anything_nearer_is_not_public(address):
    assert not is_public(address)


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/",
        "https://127.1/",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://0177.0.0.1/",
        "https://0/",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[fe80::1%25eth0]/",
        "https://localhost/",
        "https://LOCALHOST./",
        "https://hub.localhost/",
        "https://metadata.google.internal/",
        "https://①②⑦.0.0.1/",
        "http://hub.example.org/",
        "https://user:pass@hub.example.org/",
        "https://user@hub.example.org/",
        "ftp://hub.example.org/",
        "javascript:alert(1)",
        "//hub.example.org",
        "hub.example.org",
        "https://",
        "https://hub.example.org:99999/",
        "https://[::1",
        "",
    ],
)
def test_a_url_that_leads_nowhere_public_is_refused_with_a_reason(url):
    assert why_refused(url)


@pytest.mark.parametrize("url", ["https://hub.example.org", "https://hub.example.org:8443/a?b", "https://8.8.8.8/"])
def test_a_public_url_is_not_refused(url):
    assert why_refused(url) == ""


@pytest.mark.parametrize("url", ["http://127.0.0.1:9001", "http://localhost:9001/x", "https://[::1]/"])
def test_development_opens_loopback_and_plain_http(url):
    assert why_refused(url, allow_private=True) == ""


@pytest.mark.parametrize("url", ["javascript:alert(1)", "https://user:pass@hub.example.org/", "file:///etc/passwd"])
def test_development_opens_nothing_else(url):
    assert why_refused(url, allow_private=True)
