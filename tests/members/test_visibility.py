"""Who sees what: every field of every row, for every kind of viewer, one by one and as lists."""

from datetime import timedelta
from itertools import product

import pytest
from django.contrib.auth.models import AnonymousUser
from django.utils import timezone

from members.models import Access, ComputeOffer, Contact, Invitation, Member, MemberChange, Report, Role
from members.services import visibility
from members.services.visibility import Kind
from tests.factories import make_contact, make_maintainer, make_member, make_offer, make_person, make_report, make_user

pytestmark = pytest.mark.django_db

OUTSIDER, OTHER_MEMBER, VIEWER, EDITOR, MANAGER, MAINTAINER, NOBODY = Kind

# Written out once more, on purpose: from which kind of viewer on each field is seen.
EXPECTED = {
    Member: {
        OUTSIDER: "id slug name state mode website summary story funded_by funded_by_url run_by run_by_url time_zone "
        "since until thanks logo",
        VIEWER: "created_at",
    },
    MemberChange: {OUTSIDER: "id member at from_state to_state", VIEWER: "by by_maintainers reason"},
    Contact: {
        OUTSIDER: "id member name roles email chat phone time_zone",
        OTHER_MEMBER: "position checked_at",
        VIEWER: "visibility email_confirmed_at user created_at",
    },
    ComputeOffer: {
        OUTSIDER: "id member state grantor provider cpu_cores memory_gib concurrent_users regions",
        OTHER_MEMBER: "title starts ends",
        VIEWER: "team_contact amount currency restrictions created_at",
        MANAGER: "billing_account",
    },
    Access: {VIEWER: "id member user role given_by created_at"},
    Report: {
        VIEWER: "id member month state due_on news trouble plans asks figures opened_at submitted_at submitted_by "
        "skip_reason reopened_at reopen_reason taken_in_at",
    },
    Invitation: {
        MANAGER: "id member email role invited_by created_at expires_at accepted_at accepted_by",
        NOBODY: "secret_hash",
    },
}
PEOPLE = {
    OUTSIDER: lambda member: make_user(),
    OTHER_MEMBER: lambda member: make_person(make_member(), Role.MANAGER),
    VIEWER: lambda member: make_person(member, Role.VIEWER),
    EDITOR: lambda member: make_person(member, Role.EDITOR),
    MANAGER: lambda member: make_person(member, Role.MANAGER),
    MAINTAINER: lambda member: make_maintainer(),
}


def rows_of(member: Member) -> list:
    """One row of each model, as open as it can be."""
    return [
        member,
        MemberChange.objects.create(member=member, to_state="active", reason="it began"),
        make_contact(member, visibility="public"),
        make_offer(member),
        Access.objects.create(member=member, user=make_user()),
        make_report(member, state="submitted"),
        Invitation.objects.create(
            member=member, email="new@example.org", secret_hash=64 * "0", expires_at=timezone.now() + timedelta(1)
        ),
    ]


@pytest.mark.parametrize("model", EXPECTED)
def test_no_field_is_forgotten(model):
    known = " ".join(EXPECTED[model].values()).split()
    assert sorted(known) == sorted(field.name for field in model._meta.concrete_fields)


@pytest.mark.parametrize("kind", PEOPLE)
def test_each_kind_of_viewer_sees_just_its_fields(kind):
    member = make_member()
    who = visibility.viewer(PEOPLE[kind](member))
    assert who.kind(member.pk) == kind
    for row in rows_of(member):
        wanted = [name for least, names in EXPECTED[type(row)].items() if kind >= least for name in names.split()]
        assert sorted(visibility.shown(who, row)) == sorted(wanted), type(row)


def test_who_is_not_logged_in_or_was_switched_off_is_an_outsider():
    member = make_member()
    manager = make_person(member)
    manager.is_active = False
    for user in (AnonymousUser(), manager):
        assert visibility.viewer(user) == visibility.Viewer()


@pytest.mark.parametrize("state", Member.State.values)
@pytest.mark.parametrize("kind", PEOPLE)
def test_lists_hold_just_the_rows_that_are_seen(kind, state):
    member = make_member(state=state)
    who = visibility.viewer(PEOPLE[kind](member))
    contacts = [make_contact(member, visibility=each) for each in Contact.Visibility.values]
    offers = [make_offer(member, state=each) for each in ComputeOffer.State.values]
    for lists, rows in (
        (visibility.members(who), [member]),
        (visibility.contacts(who), contacts),
        (visibility.offers(who), offers),
    ):
        assert [row in lists for row in rows] == [visibility.sees(who, row) for row in rows]


@pytest.mark.parametrize(
    ("choice", "least"), [("public", OUTSIDER), ("members", OTHER_MEMBER), ("maintainers", VIEWER)]
)
def test_a_contact_is_seen_as_it_chose(choice, least):
    contact = make_contact(visibility=choice)
    for kind, person in PEOPLE.items():
        assert bool(visibility.shown(visibility.viewer(person(contact.member)), contact)) is (kind >= least), kind


def test_who_applied_or_left_is_shown_to_its_own_people_and_maintainers():
    for state, choice in product(["applicant", "onboarding", "past"], Contact.Visibility.values):
        contact = make_contact(make_member(state=state), visibility=choice)
        other = visibility.viewer(PEOPLE[OTHER_MEMBER](contact.member))
        assert not visibility.sees(other, contact)
        assert visibility.sees(other, contact.member) is (state == "past")


@pytest.mark.parametrize("state", ["applicant", "past"])
def test_people_of_who_applied_or_left_see_no_more_of_others_than_the_public(state):
    contact = make_contact(visibility="members")
    person = make_person(make_member(state=state))
    assert not visibility.sees(visibility.viewer(person), contact)


def test_a_viewer_costs_few_queries(django_assert_max_num_queries):
    member = make_member()
    person = make_person(member)
    rows = [make_contact(member) for _ in range(20)]
    with django_assert_max_num_queries(4):
        who = visibility.viewer(person)
        [visibility.shown(who, row) for row in rows]
        list(visibility.contacts(who))


def test_nobody_is_shown_to_everybody_before_they_confirmed_their_address():
    contact = make_contact(visibility="public", email_confirmed_at=None)
    for kind, seen in ((OUTSIDER, False), (OTHER_MEMBER, True), (VIEWER, True)):
        who = visibility.viewer(PEOPLE[kind](contact.member))
        assert visibility.sees(who, contact) is seen, kind
        assert (contact in visibility.contacts(who)) is seen, kind
