"""Whom to call: the last one stays, addresses are confirmed, and somebody says that it is still right."""

from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.core import signing
from django.core.exceptions import ValidationError
from django.utils import timezone

from members.models import Contact, Notice, Role
from members.services import contacts, edits
from members.services.access import NotAllowed
from tests.factories import make_contact, make_hub, make_maintainer, make_member, make_person

pytestmark = pytest.mark.django_db

ADA = {"name": "Ada", "email": "ada@example.org", "roles": ["technical", "on-call"], "visibility": "members"}


@pytest.fixture
def member():
    return make_member("heron")


@pytest.fixture
def editor(member):
    return make_person(member, Role.EDITOR)


def test_a_new_contact_gets_one_letter_with_a_link(member, editor):
    contact = contacts.add(member, ADA, by=editor)
    contacts.ask_to_confirm(contact)
    letter = Notice.objects.get()
    assert letter.recipient == "ada@example.org"
    assert contacts.confirm_link(contact).split("/contacts/")[0] in letter.body
    assert contact.email_confirmed_at is None


def test_the_link_confirms_the_address_but_only_by_the_button(client, member, editor):
    contact = contacts.add(member, ADA, by=editor)
    path = urlsplit(contacts.confirm_link(contact)).path
    assert "Yes, this is me" in client.get(path).content.decode()
    assert Contact.objects.get().email_confirmed_at is None
    assert "Your address is confirmed" in client.post(path).content.decode()
    assert Contact.objects.get().email_confirmed_at is not None


def test_a_new_address_has_to_be_confirmed_anew_and_ends_old_links(client, member, editor):
    contact = make_contact(member)
    old = urlsplit(contacts.check_in_link(contact)).path
    contact = contacts.edit(contact, {"email": "new@example.org"}, by=editor)
    assert contact.email_confirmed_at is None
    assert Notice.objects.get().recipient == "new@example.org"
    assert client.get(old).status_code == 404


def test_the_check_in_shows_the_record_first_and_one_click_says_still_right(client):
    contact = make_contact(phone="+49 30 1234", checked_at=timezone.now() - timedelta(days=300))
    assert not contacts.is_fresh(contact, timezone.now())
    path = urlsplit(contacts.check_in_link(contact)).path
    page = client.get(path).content.decode()
    assert "+49 30 1234" in page
    assert not contacts.is_fresh(Contact.objects.get(), timezone.now())
    assert "Thank you" in client.post(path).content.decode()
    assert contacts.is_fresh(Contact.objects.get(), timezone.now())


@pytest.mark.parametrize("purpose", ["contact-confirm", "contact-check-in"])
def test_a_tampered_link_and_one_for_something_else_do_not_work(client, purpose):
    contact = make_contact()
    other = signing.dumps({"contact": contact.pk, "email": contact.email}, salt="something else")
    for secret in (other, other[:-1], "x" * 500):
        path = f"/contacts/{purpose.removeprefix('contact-')}/{secret}/"
        assert client.get(path).status_code == 404
        assert client.post(path).status_code == 404


def test_an_old_link_says_so(client, monkeypatch):
    path = urlsplit(contacts.check_in_link(make_contact())).path
    monkeypatch.setattr(contacts, "CHECK_IN_WITHIN", timedelta(seconds=-1))
    answer = client.get(path)
    assert (answer.status_code, "too old" in answer.content.decode()) == (410, True)


class TestTheLastTechnicalContact:
    @pytest.fixture
    def last(self, member):
        make_hub(member=member)
        make_contact(member, roles=["funding"])
        return make_contact(member)

    def test_of_an_active_hub_stays(self, last, editor):
        with pytest.raises(contacts.LastOne):
            contacts.remove(last, by=editor)
        with pytest.raises(contacts.LastOne):
            contacts.edit(last, {"roles": ["funding"]}, by=editor)
        assert Contact.objects.filter(pk=last.pk, roles=["technical"]).exists()

    def test_may_go_when_there_is_another(self, last, member, editor):
        make_contact(member)
        contacts.remove(last, by=editor)
        assert not Contact.objects.filter(pk=last.pk).exists()
        assert Contact.history.filter(id=last.pk, history_type="-").get().history_user == editor

    def test_may_go_when_no_hub_is_active(self, last, member, editor):
        member.hubs.update(state="drained")
        contacts.remove(last, by=editor)

    def test_may_be_renamed(self, last, editor):
        assert contacts.edit(last, {"name": "Grace"}, by=editor).name == "Grace"


def test_strangers_are_asked_to_confirm_so_many_times_a_day_and_no_more(member, editor, monkeypatch):
    monkeypatch.setattr(contacts, "MOST_ASKED", 2)
    values = {"roles": ["technical"], "name": "Kim"}
    for number in range(2):
        contacts.add(member, {**values, "email": f"kim{number}@example.org"}, by=editor)
    with pytest.raises(contacts.TooMany, match="Go on tomorrow"):
        contacts.add(member, {**values, "email": "kim2@example.org"}, by=editor)
    contacts.add(make_member(), {**values, "email": "kim2@example.org"}, by=None)


def test_the_second_editor_is_told(member, editor):
    contact = make_contact(member)
    seen = contact.fingerprint
    contacts.edit(contact, {"phone": "1"}, by=editor, seen=seen)
    with pytest.raises(edits.Stale, match="phone"):
        contacts.edit(contact, {"phone": "2"}, by=editor, seen=seen)


def test_what_somebody_removed_meanwhile_cannot_be_edited(member, editor):
    contact = make_contact(member)
    contacts.remove(Contact.objects.get(), by=editor)
    with pytest.raises(edits.EditError, match="removed"):
        contacts.edit(contact, {"phone": "2"}, by=editor)


@pytest.mark.parametrize(
    "values",
    [{"roles": []}, {"roles": ["king"]}, {"email": "nobody"}, {"name": "\u202e "}, {"visibility": "all"}],
)
def test_what_is_no_contact_is_refused(member, editor, values):
    with pytest.raises(ValidationError):
        contacts.add(member, {**ADA, **values}, by=editor)


@pytest.mark.parametrize("role", [Role.VIEWER, None])
def test_others_may_not(member, role):
    contact = make_contact(member)
    person = make_person(member, role) if role else make_person(make_member())
    for verb in (
        lambda: contacts.add(member, ADA, by=person),
        lambda: contacts.edit(contact, {"phone": "2"}, by=person),
        lambda: contacts.remove(contact, by=person),
        lambda: contacts.still_right(contact, by=person),
    ):
        with pytest.raises(NotAllowed):
            verb()


def test_a_maintainer_may(member):
    contacts.remove(contacts.add(member, ADA, by=make_maintainer()), by=make_maintainer())
    assert not Contact.objects.exists()


def test_a_hub_in_use_is_not_left_to_somebody_who_gets_no_alerts():
    member = make_hub("used").member
    confirmed = make_contact(member, roles=["technical"])
    other = make_contact(member, roles=["technical"], email_confirmed_at=None)
    with pytest.raises(contacts.LastOne, match="confirmed address"):
        contacts.remove(confirmed, by=make_maintainer())

    contacts.confirm(other)
    contacts.remove(confirmed, by=make_maintainer())

    assert list(member.contacts.all()) == [other]
