"""Members, contacts and offers by the API: the same rules and the same history as the pages."""

import pytest

from members.models import Contact, Member, ReviewedField, Role
from tests.api.conftest import Caller, caller_for, problem
from tests.factories import make_contact, make_hub, make_member, make_offer, make_person, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def member() -> Member:
    return make_member("ovh", summary="We give.")


@pytest.fixture
def editor(member) -> Caller:
    return caller_for(make_person(member, Role.EDITOR, "edda"))


def test_everybody_reads_members_as_their_pages_show_them(anybody, member):
    make_member("soon", state="onboarding")
    [found] = anybody.get("members/").json()["results"]
    assert (found["slug"], found["summary"], found["state"]) == ("ovh", "We give.", "active")
    assert "created_at" not in found
    problem(anybody.get("members/soon/"), 404)


def test_an_editor_changes_the_record_and_history_says_who(editor, member):
    answer = editor.patch("members/ovh/", {"summary": "We give more.", "website": "https://ovh.example.org"})
    assert (answer.status_code, answer.json()["summary"], answer.json()["waiting"]) == (200, "We give more.", [])
    assert member.history.first().history_user.username == "edda"


def test_a_fact_that_maintainers_look_at_first_waits(editor, member):
    ReviewedField.objects.create(field="name")
    assert editor.patch("members/ovh/", {"name": "Other"}).json()["waiting"] == ["name"]
    member.refresh_from_db()
    assert member.name == "Ovh"


@pytest.mark.parametrize("field", ["state", "slug", "id", "logo", "created_at", "role"])
def test_what_is_not_theirs_to_say_is_refused(editor, field):
    assert problem(editor.patch("members/ovh/", {field: "x"}), 400)["errors"][0]["where"] == f"/{field}"


def test_when_it_joined_is_for_maintainers(editor, maintainer):
    problem(editor.patch("members/ovh/", {"since": "2020-01-01"}), 403)
    assert maintainer.patch("members/ovh/", {"since": "2020-01-01"}).json()["since"] == "2020-01-01"


def test_a_link_that_is_none_is_told_by_field(editor):
    found = problem(editor.patch("members/ovh/", {"website": "javascript:alert(1)"}), 400)
    assert found["errors"][0]["where"] == "/website"


def test_of_two_who_edit_at_once_the_second_is_told(editor, maintainer):
    etag = editor.get("members/ovh/")["ETag"]
    assert maintainer.patch("members/ovh/", {"summary": "Ours."}, If_Match=etag).status_code == 200
    problem(editor.patch("members/ovh/", {"summary": "Mine."}, If_Match=etag), 412)


def test_each_contact_is_shown_to_whom_it_chose(anybody, member):
    for choice in Contact.Visibility.values:
        make_contact(member, name=choice, visibility=choice)
    other = caller_for(make_person(make_member("gesis"), Role.VIEWER))
    own = caller_for(make_person(member, Role.VIEWER))
    seen = [[each["name"] for each in who.get("contacts/").json()["results"]] for who in (anybody, other, own)]
    assert seen == [["public"], ["public", "members"], ["public", "members", "maintainers"]]
    assert caller_for(make_person(member), "members").get("contacts/").json()["results"][-1]["name"] == "public"


def test_an_editor_adds_changes_and_removes_contacts(editor, member):
    wanted = {"member": "ovh", "name": "Ada", "roles": ["on-call"], "email": "ada@example.org"}
    made = editor.post("contacts/", wanted)
    assert made.status_code == 201
    path = made["Location"].removeprefix("/api/v1/")
    assert editor.patch(path, {"phone": "112"}, If_Match=made["ETag"]).json()["phone"] == "112"
    problem(editor.patch(path, {"phone": "113"}, If_Match=made["ETag"]), 412)
    assert editor.delete(path).status_code == 204
    assert not Contact.objects.exists()


def test_the_last_technical_contact_of_a_hub_in_use_stays(editor, member):
    make_hub("a", member=member)
    contact = make_contact(member)
    problem(editor.delete(f"contacts/{contact.pk}/"), 409)


def test_nobody_acts_for_another_member(editor):
    other = make_member("gesis")
    wanted = {"member": "gesis", "name": "Ada", "roles": ["on-call"], "email": "ada@example.org"}
    problem(editor.post("contacts/", wanted), 403)
    problem(editor.patch("members/gesis/", {"summary": "Mine."}), 403)
    problem(editor.post("offers/", {"member": "gesis", "title": "Mine"}), 403)
    assert not Contact.objects.filter(member=other).exists()


def test_a_contact_of_another_member_can_not_be_moved(editor, member):
    contact = make_contact(make_member("gesis"), visibility="public")
    problem(editor.patch(f"contacts/{contact.pk}/", {"phone": "112"}), 403)
    problem(editor.patch(f"contacts/{contact.pk}/", {"member": "ovh"}), 400)


def test_an_offer_is_proposed_accepted_and_its_bill_stays_between_us(editor, maintainer, anybody):
    made = editor.post("offers/", {"member": "ovh", "title": "Credits", "amount": "1200.50", "currency": "EUR"})
    assert (made.status_code, made.json()["state"], made.json()["amount"]) == (201, "proposed", "1200.50")
    path = made["Location"].removeprefix("/api/v1/")
    problem(editor.post(f"{path}accept/", {}), 403)
    assert maintainer.post(f"{path}accept/", {}).json()["state"] == "active"
    problem(maintainer.post(f"{path}decline/", {"reason": "late"}), 409)
    found = anybody.get(path).json()
    assert found["state"] == "active"
    assert not {"amount", "billing_account", "title"} & set(found)


def test_an_offer_names_a_contact_of_its_own_member(editor, member):
    foreign = make_contact(make_member("gesis"))
    offer = make_offer(member)
    found = problem(editor.patch(f"offers/{offer.pk}/", {"team_contact": foreign.pk}), 400)
    assert found["errors"][0]["where"] == "/team_contact"


@pytest.mark.parametrize("path", ["members/", "contacts/", "offers/", "member-changes/"])
def test_lists_take_few_queries_whatever_their_length(path, django_assert_max_num_queries):
    for number in range(8):
        member = make_member(f"member-{number}")
        make_contact(member, visibility="public")
        make_offer(member, team_contact=member.contacts.get())
        member.changes.create(to_state="active", reason="welcome")
    caller = caller_for(make_user())
    caller.get(path)
    with django_assert_max_num_queries(5):
        assert len(caller.get(path).json()["results"]) == 8
