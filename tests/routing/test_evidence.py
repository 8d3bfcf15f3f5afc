"""What the portal sees at an applicant's hub, and that it looks once and carefully."""

from __future__ import annotations

import json
import socket
from datetime import timedelta

import pytest
from django.utils import timezone

from demo.hub import HubOptions, Mode
from demo.hubs import DemoHubs
from members.models import Application, Evidence
from members.services import applications
from routing.services import evidence, names
from tests.factories import make_health, make_hub
from tests.members.applying import make_application

pytestmark = pytest.mark.django_db

VERSIONS = {
    "builder_info": {"build_image": "quay.io/jupyterhub/repo2docker:2024.07.0"},
    "binderhub": "0.2.0+2227.gb9fad995",
    "builder": "quay.io/jupyterhub/repo2docker:2024.07.0",
}


@pytest.fixture(scope="module")
def demo():
    with DemoHubs(0, [HubOptions("kestrel", "Kestrel", 200, pace=0)]) as hubs:
        yield hubs


@pytest.fixture
def hub_url(demo):
    demo.switch("kestrel", Mode.HEALTHY)
    return demo.hubs["kestrel"].url


def seen(url: str, test_spec: str = "") -> dict[str, tuple[bool | None, str]]:
    return {each.name: (each.ok, each.said) for each in evidence.look(url, test_spec)}


def test_a_good_hub_is_seen_to_be_good(hub_url):
    make_health(make_hub(prime=True), versions=VERSIONS)
    found = seen(hub_url, "gh/binder-examples/requirements/HEAD")
    assert {name: ok for name, (ok, _) in found.items()} == {
        "Name in DNS": True,
        "Certificate": None,
        "Health": True,
        "Versions": True,
        "Same versions as the federation": True,
        "Readable from other pages (CORS)": True,
        "Test launch": True,
    }
    assert "a quota of 200" in found["Health"][1]


def test_the_hub_of_another_member_is_no_hub_of_its_own(hub_url):
    make_hub("kestrel", name="Kestrel", url=hub_url)

    assert seen(f"{hub_url}/other")["A hub of its own"] == (False, "this is where Kestrel of Kestrel answers")


def test_other_versions_are_named(demo, hub_url):
    make_health(make_hub(prime=True), versions=VERSIONS)
    demo.switch("kestrel", Mode.WRONG_VERSION)
    ok, said = seen(hub_url)["Same versions as the federation"]
    assert ok is False
    assert "0.2.0+2301.g0ddba11" in said


def test_a_sick_hub_a_dead_one_and_a_federation_without_reference_are_told_apart(demo, hub_url):
    assert seen(hub_url)["Same versions as the federation"][0] is None
    demo.switch("kestrel", Mode.UNHEALTHY)
    assert seen(hub_url)["Health"][0] is False
    demo.switch("kestrel", Mode.DEAD)
    found = seen(hub_url, "gh/a/b/HEAD")
    assert [ok for ok, _ in found.values()] == [True, None, False, False, None, None, False]
    assert "refuses" in found["Health"][1]


@pytest.mark.parametrize(
    "url", ["http://hub.example.org", "https://127.0.0.1", "https://localhost", "https://a:b@example.org", "nonsense"]
)
def test_what_is_no_public_hub_is_not_even_asked(settings, url):
    settings.ALLOW_PRIVATE_HUBS = False
    ((name, (ok, _)),) = seen(url).items()
    assert (name, ok) == ("Address", False)


def test_a_name_that_leads_into_a_private_network_is_not_followed(settings, monkeypatch, hub_url):
    settings.ALLOW_PRIVATE_HUBS = False
    inside = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("10.0.0.7", 443))]
    monkeypatch.setattr(names, "look_up", lambda *_args, **_kwargs: inside)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_kwargs: inside)
    found = seen("https://inside.example.org")
    assert found["Name in DNS"] == (False, "leads to a private address: 10.0.0.7")
    assert found["Health"][0] is False


def test_it_is_gathered_once_and_kept(hub_url):
    application = make_application(hub_url=hub_url)
    assert evidence.gather_next()
    assert not evidence.gather_next()
    (found,) = application.evidence.all()
    assert found.finished_at
    assert found.tries == 1
    assert {each["name"] for each in json.loads(json.dumps(found.findings))} >= {"Health", "Versions"}


def test_what_a_killed_worker_left_is_gathered_again_but_not_for_ever(hub_url):
    make_application(hub_url=hub_url)
    long_ago = timezone.now() - timedelta(minutes=11)
    Evidence.objects.update(claimed_at=timezone.now(), tries=1)
    assert not evidence.gather_next()
    Evidence.objects.update(claimed_at=long_ago)
    assert evidence.gather_next()
    Evidence.objects.update(claimed_at=long_ago, tries=3, finished_at=None)
    assert evidence.gather_next()
    assert Evidence.objects.get().findings[0]["name"] == "Everything"


def test_the_hub_of_somebody_who_did_not_confirm_is_left_alone(hub_url):
    application = make_application(hub_url=hub_url)
    Evidence.objects.all().delete()
    Application.objects.filter(pk=application.pk).update(email_confirmed_at=None)
    application.refresh_from_db()
    with pytest.raises(applications.ApplicationsError):
        applications.ask_for_evidence(application, by=None)
