"""Applications by the API: who wants to join, what was said, and the maintainers' yes or no."""

import pytest

from members.models import Application, Invitation, Member, Notice
from routing.models import Hub
from tests.api.conftest import problem
from tests.factories import make_hub
from tests.members.applying import make_application, make_draft

pytestmark = pytest.mark.django_db


def test_maintainers_see_what_was_sent_and_confirmed_and_nothing_else(maintainer, django_assert_max_num_queries):
    make_draft()
    Application.objects.filter(pk=make_application().pk).update(email_confirmed_at=None)
    sent = [make_application(email=f"a{number}@example.org") for number in range(4)]
    maintainer.get("applications/")
    with django_assert_max_num_queries(7):
        found = maintainer.get("applications/").json()["results"]
    assert [each["id"] for each in found] == [each.pk for each in reversed(sent)]
    assert (found[0]["cpu_cores"], found[0]["messages"], found[0]["member"]) == (64, [], None)


def test_a_question_is_mailed_once_and_takes_the_application_up(maintainer):
    path = f"applications/{make_application().pk}/ask/"
    first = maintainer.post(path, {"text": "How many nodes?"}, Idempotency_Key="one")
    again = maintainer.post(path, {"text": "How many nodes?"}, Idempotency_Key="one")
    assert (first.status_code, first.json()["state"], again.json()) == (200, "review", first.json())
    assert [(each["text"], each["from_applicant"]) for each in first.json()["messages"]] == [("How many nodes?", False)]
    assert Notice.objects.filter(recipient="ada@driftglass.example", body__contains="How many nodes?").count() == 1


def test_a_yes_makes_member_hub_and_invitation_at_once(maintainer):
    row = make_application()
    found = maintainer.post(
        f"applications/{row.pk}/approve/", {"key": "drift", "url": "https://drift.example.org/"}
    ).json()
    assert (found["state"], found["member"]) == ("approved", "driftglass-observatory")
    hub = Hub.objects.get()
    assert (hub.key, hub.url, hub.name) == ("drift", "https://drift.example.org", "Driftglass Observatory")
    assert (hub.member.state, Invitation.objects.get().email) == ("onboarding", "ada@driftglass.example")


def test_of_two_decisions_one_is_made(maintainer):
    path = f"applications/{make_application(hub_url='https://drift.example.org').pk}"
    assert maintainer.post(f"{path}/decline/", {"reason": "We have no room."}).json()["decision"] == "We have no room."
    assert "declined" in problem(maintainer.post(f"{path}/approve/", {}), 409)["detail"]
    problem(maintainer.post(f"{path}/ask/", {"text": "Still there?"}), 409)
    assert not Member.objects.exists()


@pytest.mark.parametrize(
    ("terms", "where"),
    [
        ({"key": "taken"}, "/key"),
        ({"key": "Not A Key"}, "/key"),
        ({"slug": "no slug"}, "/slug"),
        ({"url": "ftp://x"}, "/url"),
        ({"url": ""}, "/url"),
        ({"weight": 5}, "/weight"),
        ({"name": "  "}, "/name"),
    ],
)
def test_names_that_cant_be_are_told_by_field_and_admit_nobody(maintainer, terms, where):
    make_hub("taken")
    row = make_application(hub_url="https://drift.example.org")
    found = problem(maintainer.post(f"applications/{row.pk}/approve/", terms), 400)
    assert where in {each["where"] for each in found["errors"]}
    row.refresh_from_db()
    assert (row.state, Member.objects.count()) == ("submitted", 1)


def test_a_hub_without_an_address_is_asked_for_one(maintainer):
    found = problem(maintainer.post(f"applications/{make_application().pk}/approve/", {}), 400)
    assert found["errors"][0]["where"] == "/url"
