"""Which addresses a hub may have."""

import pytest
from django.core.exceptions import ValidationError

from routing.addresses import hub_address, tidy


@pytest.mark.parametrize(
    "url",
    [
        "https://2i2c.mybinder.org",
        "https://notebooks.gesis.org/binder",
        "https://gke.mybinder.org/health",
        "https://hub.example.org:8443/a/b",
        "https://example.org/~binder/(x)",
    ],
)
def test_real_addresses_are_accepted_in_production(settings, url):
    settings.ALLOW_PRIVATE_HUBS = False
    hub_address(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://hub.example.org",
        "https://localhost",
        "https://localhost.",
        "https://hub.localhost:8000",
        "https://hub",
        "https://hub.internal",
        "https://127.0.0.1",
        "https://10.1.2.3/binder",
        "https://169.254.169.254",
        "https://[::1]",
        "https://[::ffff:127.0.0.1]",
        "https://[fe80::1%25eth0]",
    ],
)
def test_private_and_unencrypted_addresses_are_for_development_only(settings, url):
    settings.ALLOW_PRIVATE_HUBS = False
    with pytest.raises(ValidationError):
        hub_address(url)


@pytest.mark.parametrize("url", ["http://127.0.0.1:9001", "http://localhost:8000/hub", "http://demo-hub:9000"])
def test_development_has_hubs_on_loopback(settings, url):
    settings.ALLOW_PRIVATE_HUBS = True
    hub_address(url)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "hub.example.org",
        "javascript:alert(1)",
        "https://a@b.example.org",
        "https://b.example.org:99999",
        "https://x/\n",
    ],
)
def test_what_is_no_address_is_refused_everywhere(settings, url):
    settings.ALLOW_PRIVATE_HUBS = True
    with pytest.raises(ValidationError):
        hub_address(url)


def test_an_address_is_kept_without_slashes_at_its_end():
    assert tidy("  https://hub.example.org/binder// ") == "https://hub.example.org/binder"
