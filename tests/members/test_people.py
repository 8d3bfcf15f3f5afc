"""What the portal knows of a person: all of it on request, none of it on request, and not for ever anyway."""

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from members.models import Access, Contact, DeadAddress, LetterChoice, Meeting, MemberChange, Notice, Role, User
from members.services import (
    accounts,
    chronicle,
    contacts,
    history,
    lifecycle,
    people,
    records,
    retention,
    rota,
    topics,
    wishes,
)
from members.services.visibility import Kind
from tests.factories import make_contact, make_hub, make_maintainer, make_meeting, make_member, make_notice, make_person

pytestmark = pytest.mark.django_db


@pytest.fixture
def member():
    member = make_member("heron")
    make_person(member, name="other")
    return member


@pytest.fixture
def ada(member):
    """A manager with a contact, a letter, and some history."""
    ada = make_person(member, Role.MANAGER, "ada")
    make_contact(member)
    contact = make_contact(member, name="Ada Lovelace", email="ADA@example.org", phone="+49 30 1234", user=ada)
    contacts.edit(contact, {"chat": "@ada"}, by=ada)
    records.edit(member, {"summary": "By ada."}, by=ada)
    lifecycle.move(member, "paused", reason="holidays", by=ada)
    make_notice("ada@example.org", subject="Dear Ada", body="To Ada.", why="you are Ada")
    return ada


def everything_kept() -> str:
    """All rows that could name somebody, as text."""
    models = (User, Contact, Access, Notice, MemberChange)
    rows = [list(model.objects.values()) for model in models]
    rows += [list(model.history.values()) for model in (Contact, Access)]
    return json.dumps(rows, default=str).lower()


def test_all_of_it_can_be_taken_along(client, ada):
    client.force_login(ada)
    answer = client.get("/my/data/export.json")
    assert answer["Content-Disposition"] == 'attachment; filename="my-data.json"'
    data = answer.json()
    assert data["account"]["email"] == "ada@example.org"
    assert data["access"][0]["member__slug"] == "heron"
    assert (data["contacts"][0]["phone"], data["contacts"][0]["member"]) == ("+49 30 1234", "heron")
    assert data["letters"][0]["subject"] == "Dear Ada"
    assert data["steps"][0]["reason"] == "holidays"
    assert {each["what"] for each in data["edits"]} == {"contact", "member"}


def test_who_is_erased_is_nowhere_and_history_stays_readable(client, ada, member):
    client.force_login(ada)
    client.post("/my/data/erase/", {"email": "somebody@else.org"})
    assert User.objects.filter(pk=ada.pk).exists()
    page = client.post("/my/data/erase/", {"email": "Ada@example.org"}, follow=True)
    assert "You were erased" in page.content.decode()
    assert client.get("/my/").status_code == 302
    assert [word for word in ("ada@", "lovelace", "@ada", "1234", "dear ada") if word in everything_kept()] == []
    sentences = [each.sentence for each in chronicle.page(member, Kind.MAINTAINER).entries]
    assert "The record was changed" in sentences
    assert "It was made paused" in sentences
    assert "The contact somebody who was erased was removed" in sentences
    assert Notice.objects.get(kind="test").state == "dropped"


def test_who_is_the_only_manager_hands_over_first():
    manager = make_person(make_member(name="Otter"))
    with pytest.raises(people.PeopleError, match="only manager of Otter"):
        people.erase(manager)
    assert User.objects.filter(pk=manager.pk).exists()


def test_who_is_the_last_to_call_names_somebody_first(member):
    make_hub(member=member)
    bo = make_person(member, Role.VIEWER, "bo")
    make_contact(member, email="bo@example.org")
    with pytest.raises(people.PeopleError, match="last technical contact"):
        people.erase(bo)
    assert Access.objects.filter(user=bo).exists()


def test_the_only_maintainer_stays():
    with pytest.raises(people.PeopleError, match="only maintainer"):
        people.erase(make_maintainer())


def test_old_letters_are_forgotten_but_not_those_that_wait():
    now = timezone.now()
    for state in ("sent", "waiting"):
        Notice.objects.filter(pk=make_notice(state=state).pk).update(created_at=now - timedelta(days=400))
    make_notice(state="sent")
    retention.forget(now)
    assert sorted(Notice.objects.values_list("state", flat=True)) == ["sent", "waiting"]


def test_who_a_removed_contact_was_is_forgotten_after_a_while(member):
    contact, stays = make_contact(member, name="Gone"), make_contact(member, name="Stays")
    contacts.remove(contact, by=None)
    retention.forget()
    assert Contact.history.filter(name="Gone").exists()
    retention.forget(timezone.now() + timedelta(days=366))
    assert not Contact.history.filter(name="Gone").exists()
    assert Contact.history.filter(id=stays.pk, name="Stays").exists()


def test_history_says_what_was_changed_to_whom_may_read_it(ada, member):
    found = chronicle.page(member, Kind.VIEWER).entries
    changed = next(each for each in found if each.thing == "the record" and each.verb == "changed")
    assert (changed.who, changed.differences[0].label, changed.differences[0].after) == ("ada", "summary", "By ada.")
    assert next(each for each in found if each.thing == "it").sentence == "made it paused"
    older = chronicle.page(member, Kind.VIEWER, before=found[-1].at)
    assert older.entries == ()


def test_what_others_were_told_of_a_person_is_forgotten_too():
    user = make_person(make_member("stars"), Role.VIEWER, "olga")
    accounts.edit(user, name="Olga Outsider", time_zone="")
    told = make_notice(subject="Olga Outsider accepted your invitation", body="(OLGA@example.org) has access now.")
    other = make_notice(subject="Olga accepted", body="Another one.")

    people.erase(user)

    told.refresh_from_db()
    other.refresh_from_db()
    assert (told.subject, told.body, told.state) == ("erased", "", "dropped")
    assert other.subject == "Olga accepted"


def test_letters_choices_and_turns_of_a_person_are_forgotten_with_all_that_names_them(ada):
    accounts.edit(ada, name="Ada Lovelace", time_zone="")
    link = "https://portal.example.org/meetings/answer/ada-secret/"
    held = make_notice(
        "ada@example.org",
        state="held",
        link=link,
        link_text="Answer",
        calendar="ATTENDEE:mailto:ada@example.org",
        calendar_method="REQUEST",
        error="550 <ada@example.org>: no such user",
    )
    wishes.choose("ada@example.org", topics.MEETINGS, "weekly")
    wishes.bury("ada@example.org", "bounced")
    row = make_meeting()
    rota.volunteer(ada, facilitates=True, takes_notes=False)
    assert people.export(ada)["choices"] == [{"topic": "meetings", "wish": "weekly"}]
    history.save(row, by=None, reason="Ada Lovelace leads it: by the rota", fields=["facilitator"])
    ada.refresh_from_db()
    people.erase(ada)
    held.refresh_from_db()
    assert (held.state, held.link, held.calendar, held.error) == ("dropped", "", "", "")
    assert not LetterChoice.objects.exists()
    assert not DeadAddress.objects.exists()
    reasons = " ".join(filter(None, Meeting.history.values_list("history_change_reason", flat=True)))
    assert "Ada" not in reasons
    assert "somebody who was erased leads it" in reasons
    assert "somebody leads it: by the rota" in reasons
    assert "ada@" not in everything_kept()
