"""Meetings by the API: the public sees agenda and notes, people of the federation also links and each other."""

from datetime import timedelta

import pytest
from django.utils import timezone

from members.models import Meeting, Role
from tests.api.conftest import caller_for, problem
from tests.factories import make_maintainer, make_meeting, make_member, make_person

pytestmark = pytest.mark.django_db


@pytest.fixture
def person():
    user = make_person(make_member("ovh"), Role.VIEWER, "ada")
    user.email = "ada@example.org"
    user.save()
    return caller_for(user)


def test_links_names_and_answers_are_for_people_of_the_federation(anybody, person):
    row = make_meeting(place="https://video.example.org/room", pad="https://pad.example.org/x")
    row.items.create(title="Disks")
    row.items.create(title="Money", seen_by="members")
    assert person.post(f"meetings/{row.pk}/rsvp/", {"answer": "yes"}).json()["answers"] == [
        {"name": "ada", "member": "ovh", "answer": "yes"}
    ]
    public, inside = (who.get(f"meetings/{row.pk}/").json() for who in (anybody, person))
    assert [each["title"] for each in public["agenda"]] == ["Disks"]
    assert not {"place", "pad", "answers", "attendance", "facilitator"} & set(public)
    assert "video.example.org" not in anybody.get("meetings/").content.decode()
    assert (inside["place"], len(inside["agenda"])) == ("https://video.example.org/room", 2)
    assert len(anybody.get("agenda-items/").json()["results"]) == 1
    # A token without the scope `read` sees what everybody sees.
    assert "place" not in caller_for(make_maintainer(), "members").get(f"meetings/{row.pk}/").json()


def test_before_a_meeting_answers_are_of_those_who_are_still_here(person):
    coming, over = make_meeting(), make_meeting(starts=-2)
    for row in (coming, over):
        row.rsvps.create(address="left@example.net", name="Who left", answer="yes")
    said = [len(person.get(f"meetings/{row.pk}/").json()["answers"]) for row in (coming, over)]
    assert said == [0, 1]


def test_who_proposed_an_item_is_told_to_everybody_once_that_member_is_public(anybody, person):
    row, quiet = make_meeting(), make_member("quiet-lab", state="onboarding")
    row.items.create(title="Our start", member=quiet)
    for path in (f"meetings/{row.pk}/", "agenda-items/"):
        assert "quiet-lab" not in anybody.get(path).content.decode()
        assert "quiet-lab" in person.get(path).content.decode()
    quiet.state = "active"
    quiet.save()
    assert anybody.get(f"meetings/{row.pk}/").json()["agenda"][0]["member"] == "quiet-lab"


def test_notes_that_are_not_public_are_not_told(anybody, person):
    row = make_meeting(starts=-2, notes="We met.", notes_public=False)
    row.actions.create(text="Buy disks")
    assert not {"notes", "actions"} & set(anybody.get(f"meetings/{row.pk}/").json())
    assert person.get(f"meetings/{row.pk}/").json()["notes"] == "We met."
    Meeting.objects.update(notes_public=True)
    assert anybody.get(f"meetings/{row.pk}/").json()["actions"] == [
        {"text": "Buy disks", "due_on": None, "done_at": None}
    ]


def test_an_item_is_proposed_changed_and_taken_off_by_whoever_proposed_it(person, anybody):
    row = make_meeting()
    made = person.post(f"meetings/{row.pk}/agenda/", {"title": "Disks", "minutes": 10, "member": "ovh"})
    assert (made.status_code, made.json()["member"], made.json()["minutes"]) == (201, "ovh", 10)
    path = made["Location"].removeprefix("/api/v1/")
    changed = person.patch(path, {"minutes": 15})
    assert changed.json()["minutes"] == 15
    other = caller_for(make_person(make_member("gesis"), Role.MANAGER))
    problem(other.patch(path, {"minutes": 1}), 403)
    assert person.delete(path).status_code == 204
    assert anybody.get(f"meetings/{row.pk}/").json()["agenda"] == []


def test_a_maintainer_plans_moves_calls_off_and_lets_take_place(maintainer):
    at = (timezone.now() + timedelta(days=9)).replace(microsecond=0)
    made = maintainer.post("meetings/", {"title": "Retreat", "starts_at": at.isoformat(), "minutes": 90})
    assert (made.status_code, made.json()["minutes"], made.json()["phase"]) == (201, 90, "coming")
    path = made["Location"].removeprefix("/api/v1/")
    later = (at + timedelta(days=1)).isoformat()
    moved = maintainer.post(f"{path}move/", {"starts_at": later, "reason": "a holiday"}, If_Match=made["ETag"])
    assert (moved.json()["sequence"], "a holiday" in moved.json()["change"]) == (1, True)
    problem(maintainer.post(f"{path}cancel/", {"reason": "x"}, If_Match=made["ETag"]), 412)
    assert maintainer.post(f"{path}cancel/", {"reason": "flu"}).json()["phase"] == "cancelled"
    problem(maintainer.post(f"{path}cancel/", {"reason": "flu"}), 409)
    assert maintainer.post(f"{path}restore/", {"reason": "all well"}).json()["phase"] == "coming"
    assert maintainer.patch(path, {"place": "https://video.example.org/2"}).json()["place"].endswith("/2")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"title": "x", "starts_at": "2020-01-01T10:00:00Z"}, 422),
        ({"title": "x", "starts_at": "soon"}, 400),
        ({"title": " ", "starts_at": "2099-01-01T10:00:00Z"}, 400),
        ({"title": "x", "starts_at": "2099-01-01T10:00:00Z"}, 422),
        ({"title": "x", "minutes": 0}, 400),
    ],
)
def test_a_meeting_that_cant_be_is_refused(maintainer, body, status):
    problem(maintainer.post("meetings/", body), status)
    assert not Meeting.objects.exists()


def test_what_comes_what_was_and_what_was_called_off(anybody):
    made = {
        "coming": make_meeting(),
        "over": make_meeting(starts=-30),
        "cancelled": make_meeting(cancelled_at=timezone.now()),
    }
    for phase, row in made.items():
        assert [each["id"] for each in anybody.get(f"meetings/?phase={phase}").json()["results"]] == [row.pk]


def test_lists_take_few_queries_whatever_their_length(person, django_assert_max_num_queries):
    for number in range(8):
        row = make_meeting(starts=number + 1)
        row.items.create(title="Disks", member=make_member())
        row.rsvps.create(address="a@example.org", answer="no")
    person.get("meetings/")
    with django_assert_max_num_queries(12):
        assert len(person.get("meetings/").json()["results"]) == 8
    with django_assert_max_num_queries(5):
        assert len(person.get("agenda-items/").json()["results"]) == 8
