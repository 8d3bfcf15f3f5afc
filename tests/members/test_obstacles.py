"""Letters that wait while the world changes: who left, was removed or lost a role meanwhile does not get them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from members.models import Access, Contact, Member, Notice
from members.services import contacts, lifecycle, notices, recipients, reminders, weekly, wishes
from tests.factories import make_contact, make_maintainer, make_member, make_notice, make_person, make_user

pytestmark = pytest.mark.django_db

ADA = "ada@example.org"


@pytest.fixture
def member() -> Member:
    return make_member("heron")


def asked(contact: Contact) -> Notice:
    """The question whether the contact is still right, waiting to be sent."""
    Contact.objects.filter(pk=contact.pk).update(checked_at=timezone.now() - contacts.FRESH)
    reminders.remind()
    return Notice.objects.get(kind="check-in")


def became(notice: Notice) -> tuple[str, str]:
    notices.drain()
    notice.refresh_from_db()
    return notice.state, notice.error


def test_a_contact_that_was_removed_before_it_went_out_gets_no_letter(member, letterbox):
    contact = make_contact(member, email=ADA)
    notice = asked(contact)
    contacts.remove(contact, by=None)
    state, why = became(notice)
    assert (state, "none of them any more" in why, letterbox.letters) == ("dropped", True, [])


def test_the_old_address_of_a_contact_gets_none_either(member, letterbox):
    contact = make_contact(member, email=ADA)
    notice = asked(contact)
    contacts.edit(contact, {"email": "new@example.org"}, by=None)
    assert became(notice)[0] == "dropped"


def test_people_and_contacts_of_a_member_that_left_meanwhile_get_none(member, letterbox):
    make_contact(member, email=ADA)
    make_person(member, name="bea")
    for each in [*reminders.people(member), *recipients.contacts(member.pk)]:
        notices.tell([each], kind="offer-ends", occasion="1", subject="It ends", body="Soon.")
    lifecycle.move(member, "past", reason="thank you", by=None)
    assert notices.drain() == 0
    assert set(Notice.objects.values_list("state", flat=True)) == {"dropped"}


def test_a_member_that_was_deleted_leaves_nobody_to_write_to(member, letterbox):
    notice = asked(make_contact(member, email=ADA.title()))
    member.delete()
    assert became(notice)[0] == "dropped"


def test_who_lost_access_gets_none_and_who_is_also_a_contact_still_does(member, letterbox):
    for name in ("bea", "cyd"):
        make_person(member, name=name)
    make_contact(member, email="CYD@example.org")
    notices.tell(reminders.people(member), kind="offer-ends", occasion="1", subject="It ends", body="Soon.")
    Access.objects.all().delete()
    notices.drain()
    assert letterbox.recipients == ["cyd@example.org"]


def test_who_is_no_maintainer_any_more_gets_none_of_their_letters(letterbox):
    kim, lou = make_maintainer("kim"), make_maintainer("lou")
    notices.tell(recipients.maintainers(), kind="stale-contact", occasion="1", subject="Nobody answers", body="Ask.")
    kim.groups.clear()
    notices.drain()
    assert letterbox.recipients == [lou.email]
    assert "maintainers" in Notice.objects.get(recipient=kim.email).error


def test_maintainers_may_read_what_was_for_a_member(member, letterbox):
    kim = make_maintainer("kim")
    access = Access.objects.create(member=member, user=kim, role="editor")
    notices.tell(reminders.people(member), kind="offer-ends", occasion="1", subject="It ends", body="Soon.")
    access.delete()
    assert notices.drain() == 1


def test_what_somebody_asked_for_needs_no_standing(letterbox):
    assert became(make_notice("stranger@example.org"))[0] == "sent"


def test_the_weekly_letter_leaves_out_what_is_not_theirs_any_more(member, letterbox):
    contact = make_contact(member, email=ADA)
    wishes.choose(ADA, wishes.topics.CHECK_INS, "weekly")
    wishes.choose(ADA, wishes.topics.OFFERS, "weekly")
    held = asked(contact)
    other = make_notice(ADA, kind="offer-ends", subject="Something else")
    notices.drain()
    contacts.remove(contact, by=None)
    later = weekly.next_one(timezone.now()) + timedelta(minutes=1)
    assert weekly.write(later) == 1
    assert became(held)[0] == "dropped"
    assert became(other)[0] == "sent"
    assert Notice.objects.get(kind="weekly").subject == "The federation this week: Something else"


def test_looking_up_what_keeps_letters_back_costs_the_same_for_one_and_for_fifty(django_assert_num_queries):
    for number in range(50):
        make_user(f"p{number}")
        make_notice(f"p{number}@example.org", standing=recipients.MAINTAINER)
    # Two looks at what is past, one at what is due, six ahead of the batch, two for each letter.
    with django_assert_num_queries(3 + 1 + 6 + 2 * 50):
        notices.drain()
