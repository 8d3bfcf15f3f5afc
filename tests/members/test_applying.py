"""The form in steps and the applicant's page, as visitors use them."""

import re
import uuid

import pytest
from django.urls import reverse

from members.models import Application, Notice
from members.services import application_links, applications, rates
from tests.factories import make_maintainer
from tests.members.applying import FIRST, REST, mailed_path, make_application, make_draft

pytestmark = pytest.mark.django_db


def fill(client, step: str, **values):
    data = {**FIRST, **REST, **values}
    return client.post(reverse("apply-step", args=[step]), data)


def begin(client, **values):
    return client.post(reverse("apply"), {**FIRST, "once": uuid.uuid4(), **values})


def say(client, answer) -> str:
    return client.get(answer["Location"]).content.decode() if answer.status_code == 302 else answer.content.decode()


def test_an_organisation_applies_in_five_steps_and_confirms(client, redis_url):
    make_maintainer("mara")
    answer = begin(client)
    for step in ("offer", "people", "hub", "promises"):
        assert answer["Location"] == reverse("apply-step", args=[step])
        answer = fill(client, step, regions="Europe, Lisbon")
    assert answer["Location"] == reverse("apply-check")
    assert "Our own rack" in say(client, answer)

    answer = client.post(reverse("apply-send"))
    assert "confirm your address" in say(client, answer)
    assert not Application.objects.waiting().exists()

    application = Application.objects.get()
    path = mailed_path(application)
    assert "This is my address" in client.get(path).content.decode()
    client.post(f"{path}confirm/")

    (application,) = Application.objects.waiting()
    assert application.regions == ["Europe", "Lisbon"]
    assert client.get(path).status_code == 200


def test_looking_at_the_link_confirms_nothing(client):
    draft = make_draft()
    client.get(mailed_path(draft))
    assert not Application.objects.confirmed().exists()


def test_the_link_leads_back_to_the_draft_in_another_browser(client):
    draft = make_draft()
    assert client.get(reverse("apply-step", args=["offer"]))["Location"] == reverse("apply")
    client.get(mailed_path(draft))
    assert 'value="64"' in client.get(reverse("apply-step", args=["offer"])).content.decode()


def test_one_browser_can_not_reach_the_draft_of_another(client, redis_url):
    begin(client)
    other = type(client)()
    assert other.get(reverse("apply-step", args=["offer"])).status_code == 302
    fill(other, "offer")
    other.post(reverse("apply-send"))
    assert Application.objects.get().mode == ""


@pytest.mark.parametrize(
    "path",
    [
        "/join/not-a-secret/",
        "/join/1-0~1~2/",
        "/join/" + "a" * 3000 + "/",
    ],
)
def test_a_wrong_link_is_said_so_and_nothing_can_be_sent_to_it(client, path):
    assert "leads nowhere" in client.get(path).content.decode()
    for verb in ("confirm", "withdraw", "say"):
        assert client.post(f"{path}{verb}/", {"text": "x", "once": uuid.uuid4()}).status_code == 404


def test_an_old_link_offers_a_new_one(client, redis_url, monkeypatch):
    application = make_application()
    path = f"/join/{application_links.secret(application)}/"
    with monkeypatch.context() as then:
        then.setattr(application_links, "LASTS", application_links.LASTS * -1)
        answer = client.get(path)
    assert answer.status_code == 410
    assert reverse("apply-again") in answer.content.decode()

    client.post(reverse("apply-again"), {"email": application.email.upper()})

    assert client.get(mailed_path(application)).status_code == 200


def test_asking_for_a_link_tells_nobody_who_applied(client, redis_url):
    application = make_application()
    pages = [
        re.sub(r'value="[^"]+"', "", say(client, client.post(reverse("apply-again"), {"email": email})))
        for email in (application.email, "nobody@example.org")
    ]
    assert pages[0] == pages[1]
    assert not Notice.objects.filter(recipient="nobody@example.org").exists()


def test_a_program_that_fills_in_everything_makes_nothing(client, redis_url):
    answer = begin(client, fax="+1 555")
    assert "not meant for people" in answer.content.decode()
    assert not Application.objects.exists()


def test_a_network_can_not_begin_many_applications_and_loses_nothing(client, redis_url):
    for _ in range(10):
        assert rates.spend("apply", "127.0.0.1", "10/hour")
    answer = begin(client)
    assert answer.status_code == 429
    assert "Driftglass Observatory" in answer.content.decode()


def test_without_redis_an_application_can_be_begun(client, settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    assert begin(client).status_code == 302
    assert Application.objects.count() == 1


@pytest.mark.parametrize(
    ("step", "field", "typed"),
    [
        ("organisation", "website", "javascript:alert(1)"),
        ("organisation", "website", "https://user:secret@example.org"),
        ("organisation", "organisation", "\u202e\u2066 "),
        ("organisation", "summary", "x" * 201),
        ("organisation", "motivation", "x" * 10_001),
        ("organisation", "email", "not an address"),
        ("offer", "cpu_cores", "-1"),
        ("offer", "cpu_cores", "9" * 30),
        ("offer", "mode", "other"),
        ("offer", "ends", "2000-13-01"),
        ("people", "hours_per_month", "10000"),
        ("people", "time_zone", "Mars/Olympus"),
        ("hub", "hub_url", "javascript:alert(1)"),
        ("hub", "hub_url", "https://hub.example.org/?a=b"),
        ("hub", "hub_url", "file:///etc/passwd"),
        ("promises", "accepted", "introduce"),
    ],
)
def test_bad_input_is_refused_beside_its_field_and_stays_in_the_form(client, step, field, typed):
    draft = make_draft()
    client.get(mailed_path(draft))
    answer = fill(client, step, **{field: typed})
    assert answer.status_code == 200
    assert answer.context["form"].errors.get(field)
    assert Application.objects.values(field).get() == {field: getattr(draft, field)}


def test_hubs_on_our_own_network_are_refused_outside_of_development(client, settings):
    settings.ALLOW_PRIVATE_HUBS = False
    client.get(mailed_path(make_draft()))
    for url in (
        "http://hub.example.org",
        "https://127.0.0.1",
        "https://[::1]/",
        "https://2130706433.",
        "https://x.local",
    ):
        assert fill(client, "hub", hub_url=url).status_code == 200, url
    assert Application.objects.get().hub_url == ""


def test_names_that_look_like_others_show_as_what_they_are(client):
    client.get(mailed_path(make_draft()))
    fill(client, "hub", hub_url="https://\u0440\u0430ypal.com/")
    assert Application.objects.get().hub_url == "https://xn--ypal-43d9g.com"


def test_what_was_typed_is_text_on_every_page_whatever_it_looks_like(client):
    evil = '<script>alert(1)</script>"><img src=x onerror=alert(2)>'
    draft = make_draft(organisation=evil, summary=evil, motivation=evil + "\n# x [a](javascript:b)")
    path = mailed_path(draft)
    client.get(path)
    pages = [client.get(reverse("apply-check")), client.get(reverse("apply-step", args=["organisation"]))]
    applications.submit(applications.confirm(draft))
    client.post(f"{path}say/", {"text": f"{evil} [a](javascript:alert(1))", "once": uuid.uuid4()})
    for page in (*pages, client.get(path)):
        assert "<script>alert" not in page.content.decode()
        assert "<img src=x" not in page.content.decode()
        assert 'href="javascript:' not in page.content.decode()


def test_a_message_sent_twice_is_said_once(client, redis_url):
    application = make_application()
    path = mailed_path(application)
    once = re.search(r'name="once" value="([^"]+)"', client.get(path).content.decode())
    assert once
    for _ in range(2):
        client.post(f"{path}say/", {"text": "It has *snow* on it.", "once": once[1]})
    assert application.messages.count() == 1
    assert "<em>snow</em>" in client.get(path).content.decode()


def test_an_applicant_takes_it_back(client):
    application = make_application()
    path = mailed_path(application)
    assert "taken back" in say(client, client.post(f"{path}withdraw/"))
    assert "Nothing was changed" in say(client, client.post(f"{path}withdraw/"))
    assert "Thank you" not in say(client, client.post(f"{path}confirm/"))
    application.refresh_from_db()
    assert application.state == "withdrawn"


def test_steps_that_do_not_exist_are_not_there(client):
    client.get(mailed_path(make_draft()))
    assert client.get("/join/apply/nonsense/").status_code == 404
