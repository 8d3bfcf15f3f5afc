"""The maintainers' pages about applications, and a member's page about its onboarding."""

import re

import pytest
from django.urls import reverse

from members.models import Access, Application, Member, Role
from members.services import applications
from routing.models import Hub, OnboardingStep
from routing.services import admissions
from tests.factories import make_maintainer, make_user
from tests.members.applying import mailed_path, make_application, make_draft

pytestmark = pytest.mark.django_db


@pytest.fixture
def mara(client):
    person = make_maintainer("mara")
    client.force_login(person)
    return person


@pytest.fixture
def hub(mara):
    application = make_application(hub_url="https://hub.driftglass.example")
    return admissions.admit(application, admissions.proposal(application), by=mara)


def post(client, name, *args, **data):
    return client.post(reverse(name, args=args), data, follow=True)


def test_the_queue_shows_who_waits_and_nobody_who_did_not_confirm(client, mara):
    make_application(organisation="Zeta", email="z@example.org")
    make_application(organisation="Alpha", email="a@example.org")
    applications.submit(make_draft(organisation="Unconfirmed", email="u@example.org"))
    page = client.get(reverse("applications")).content.decode()
    assert page.index("Zeta") < page.index("Alpha")
    assert "Unconfirmed" not in page


def test_the_queue_is_searched_and_filtered(client, mara):
    declined = make_application(organisation="Alpha", email="a@example.org")
    applications.decline(declined, reason="No", by=mara)
    make_application(organisation="Zeta", email="z@example.org")

    def shown(**query) -> list[str]:
        return [each.organisation for each in client.get(reverse("applications"), query).context["page"]]

    assert shown() == ["Zeta"]
    assert shown(**{"is": "declined"}) == ["Alpha"]
    assert shown(**{"is": "all", "q": "z@EXAMPLE"}) == ["Zeta"]
    assert shown(**{"is": "nonsense", "q": "\0%", "page": "x"}) == []


def test_the_queue_takes_the_same_few_queries_however_long_it_is(client, mara, django_assert_max_num_queries):
    for number in range(8):
        make_application(email=f"{number}@example.org")
    Application.objects.update(reviewer=mara)
    with django_assert_max_num_queries(8):
        client.get(reverse("applications"))


def test_a_question_is_asked_answered_and_the_organisation_is_approved(client, mara):
    application = make_application()
    path = mailed_path(application)
    page = reverse("application-review", args=[application.pk])
    once = re.search(r'name="once" value="([^"]+)"', client.get(page).content.decode())
    assert once
    for _ in range(2):
        post(client, "application-ask", application.pk, text="Which **region**?", once=once[1])
    assert application.messages.count() == 1
    assert "<strong>region</strong>" in client.get(path).content.decode()

    terms = {f"admit-{name}": value for name, value in vars(admissions.proposal(application)).items()}
    answer = post(client, "application-admit", application.pk, **{**terms, "admit-url": ""})
    assert "This field is required" in answer.content.decode()
    for _ in range(2):
        answer = post(client, "application-admit", application.pk, **{**terms, "admit-url": "https://hub.example.org"})

    assert "It is approved, by mara" in answer.content.decode()
    assert (Member.objects.count(), Hub.objects.count()) == (1, 1)
    assert "Welcome!" in client.get(path).content.decode()


def test_a_name_that_is_taken_is_said_in_the_form_and_nothing_is_lost(client, mara, hub):
    application = make_application(email="b@example.org")
    terms = {f"admit-{name}": value for name, value in vars(admissions.proposal(application)).items()}
    terms |= {"admit-key": hub.key, "admit-url": "https://other.example.org"}
    answer = post(client, "application-admit", application.pk, **terms)
    assert "already exists" in answer.content.decode()
    assert "https://other.example.org" in answer.content.decode()


def test_the_portal_is_sent_to_look_again(client, mara):
    application = make_application(hub_url="https://hub.driftglass.example")
    application.evidence.all().delete()
    answer = post(client, "application-look", application.pk, test="on")
    assert "with a test launch" in answer.content.decode()
    assert "being looked at already" in post(client, "application-look", application.pk).content.decode()


def test_declining_needs_a_reason_that_the_applicant_reads(client, mara):
    application = make_application()
    assert "This field is required" in post(client, "application-decline", application.pk).content.decode()
    post(client, "application-decline", application.pk, **{"decline-reason": "Not this year, sadly."})
    assert "Not this year, sadly." in client.get(mailed_path(application)).content.decode()


def test_what_is_not_sent_or_not_confirmed_can_not_be_opened(client, mara):
    draft = make_draft()
    assert client.get(reverse("application-review", args=[draft.pk])).status_code == 404


def test_a_maintainer_ticks_skips_and_fills_in_names(client, mara, hub):
    slug = hub.member.slug
    page = post(client, "onboarding-step", slug, hub.key, "announced", verb="done", note="In the forum")
    assert "In the forum" in page.content.decode()
    assert "Say why" in post(client, "onboarding-step", slug, hub.key, "listed", verb="skip").content.decode()
    names = {f"{hub.key}-ip_address": "198.51.100.7", f"{hub.key}-registry_host": "registry.example"}
    post(client, "onboarding-record", slug, hub.key, **names)
    hub.refresh_from_db()
    assert (hub.ip_address, hub.registry_host) == ("198.51.100.7", "registry.example")
    assert (
        "Not yet done"
        in post(
            client, "onboarding-start", slug, hub.key, **{f"start-{hub.key}-weight": 1, f"start-{hub.key}-reason": "Go"}
        ).content.decode()
    )


def test_a_members_people_see_their_own_checklist_and_can_not_tick_it(client, hub):
    person = make_user()
    client.force_login(person)
    slug = hub.member.slug
    assert client.get(reverse("onboarding", args=[slug])).status_code == 403
    Access.objects.create(user=person, member=hub.member, role=Role.MANAGER)
    page = client.get(reverse("onboarding", args=[slug])).content.decode()
    assert "We say yes to them" in page
    assert "Skip" not in page.replace("Skip to the content", "")
    assert post(client, "onboarding-step", slug, hub.key, "announced", verb="done").status_code == 403
    assert post(client, "onboarding-record", slug, hub.key).status_code == 403
    assert post(client, "onboarding-start", slug, hub.key).status_code == 403
    post(client, "onboarding-step", slug, hub.key, "responsibilities", verb="done")
    assert OnboardingStep.objects.get(name="responsibilities").by == person


def test_a_checklist_is_not_reached_through_another_member(client, mara, hub):
    other = Member.objects.create(slug="other", name="Other")
    assert client.post(reverse("onboarding-step", args=[other.slug, hub.key, "checks"])).status_code == 404
