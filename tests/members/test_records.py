"""A member's record: who may edit it, what is kept, what a second editor is told, and what waits for a maintainer."""

import pytest
from django.core.exceptions import ValidationError

from members.models import Member, ProposedChange, Role
from members.services import edits, records
from members.services.access import NotAllowed
from tests.factories import make_maintainer, make_member, make_person, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def member():
    return make_member("heron", website="https://old.example.org/")


@pytest.fixture
def editor(member):
    return make_person(member, Role.EDITOR, "ada")


def test_an_edit_shows_at_once_and_history_says_who(member, editor):
    outcome = records.edit(member, {"summary": "  We  compute. ", "name": member.name}, by=editor)
    assert outcome == records.Outcome(changed=("summary",), waiting=())
    member.refresh_from_db()
    assert member.summary == "We compute."
    newest = member.history.first()
    assert (newest.summary, newest.history_user) == ("We compute.", editor)


@pytest.mark.parametrize("role", [None, Role.VIEWER])
def test_only_editors_and_those_above_may_edit(member, role):
    person = make_person(member, role) if role else make_person(make_member())
    with pytest.raises(NotAllowed):
        records.edit(member, {"summary": "Mine."}, by=person)


def test_an_edit_that_changes_nothing_leaves_no_history(member, editor):
    assert records.edit(member, {"website": "https://old.example.org/"}, by=editor).changed == ()
    assert not member.history.filter(history_type="~").exists()


def test_the_second_of_two_editors_is_told_who_changed_what(member, editor):
    seen = member.fingerprint
    records.edit(member, {"summary": "First."}, by=editor, seen=seen)
    with pytest.raises(edits.Stale, match="ada changed this since you opened it: summary"):
        records.edit(member, {"summary": "Second."}, by=editor, seen=seen)
    assert Member.objects.get(pk=member.pk).summary == "First."


@pytest.mark.parametrize("name", ["state", "slug", "logo", "id", "nonsense"])
def test_what_is_no_part_of_the_record_cannot_be_edited(member, editor, name):
    with pytest.raises(edits.EditError):
        records.edit(member, {name: "past"}, by=editor)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("website", "javascript:alert(1)"),
        ("website", "https://" + 200 * "a" + ".example.org"),
        ("summary", 201 * "x"),
        ("story", 10_001 * "x"),
        ("name", "   "),
        ("mode", "both"),
    ],
)
def test_what_the_record_cannot_say_is_refused(member, editor, name, value):
    with pytest.raises(ValidationError):
        records.edit(member, {name: value}, by=editor)
    assert not member.history.filter(history_type="~").exists()


def test_what_was_wrong_before_blocks_no_other_edit(member, editor):
    Member.objects.update(website="ftp://old.example.org")
    records.edit(member, {"summary": "Still works."}, by=editor)


def test_when_it_joined_is_for_maintainers_to_say(member, editor):
    with pytest.raises(NotAllowed):
        records.edit(member, {"thanks": "To us."}, by=editor)
    records.edit(member, {"thanks": "For ten years."}, by=make_maintainer())
    assert Member.objects.get(pk=member.pk).thanks == "For ten years."


@pytest.mark.parametrize("slug", ["data", "tokens", "Big", "a b"])
def test_no_member_takes_the_place_of_another_page(slug):
    with pytest.raises(ValidationError):
        records.add(Member(slug=slug, name="Big"), by=make_maintainer())


class TestReview:
    @pytest.fixture(autouse=True)
    def reviewed(self):
        records.review(["name"], by=make_maintainer())

    def test_a_reviewed_fact_waits_and_the_rest_shows_at_once(self, member, editor):
        outcome = records.edit(member, {"name": "Heron II", "summary": "New."}, by=editor)
        assert outcome == records.Outcome(changed=("summary",), waiting=("name",))
        member.refresh_from_db()
        assert (member.name, member.summary) == ("Heron", "New.")

    def test_a_maintainer_publishes_it_once(self, member, editor):
        records.edit(member, {"name": "Heron II"}, by=editor)
        change = ProposedChange.objects.get()
        maintainer = make_maintainer()
        records.accept(change, by=maintainer)
        with pytest.raises(records.Decided):
            records.decline(change, reason="too late", by=maintainer)
        newest = Member.objects.get(pk=member.pk).history.first()
        assert (newest.name, newest.history_user, newest.history_change_reason) == (
            "Heron II",
            maintainer,
            "proposed by ada",
        )

    def test_a_newer_proposal_takes_the_place_of_the_older(self, member, editor):
        records.edit(member, {"name": "Heron II"}, by=editor)
        records.edit(member, {"name": "Heron III"}, by=editor)
        records.edit(member, {"name": "Heron III"}, by=editor)
        assert list(ProposedChange.objects.values_list("value", "state")) == [
            ("Heron III", "waiting"),
            ("Heron II", "withdrawn"),
        ]

    def test_typing_the_old_value_again_takes_the_proposal_back(self, member, editor):
        records.edit(member, {"name": "Heron II"}, by=editor)
        assert records.edit(member, {"name": "Heron"}, by=editor).waiting == ()
        assert ProposedChange.objects.get().state == "withdrawn"

    def test_what_could_never_be_accepted_is_not_even_proposed(self, member, editor):
        with pytest.raises(ValidationError):
            records.edit(member, {"name": 101 * "x"}, by=editor)
        assert not ProposedChange.objects.exists()

    def test_only_maintainers_decide_and_choose_what_is_reviewed(self, member, editor):
        records.edit(member, {"name": "Heron II"}, by=editor)
        change = ProposedChange.objects.get()
        for verb in (
            lambda: records.accept(change, by=editor),
            lambda: records.decline(change, reason="no", by=editor),
            lambda: records.review([], by=editor),
            lambda: records.withdraw(change, by=make_user()),
        ):
            with pytest.raises(NotAllowed):
                verb()

    def test_maintainers_edit_without_review(self, member):
        assert records.edit(member, {"name": "Heron II"}, by=make_maintainer()).changed == ("name",)
