"""The people of a member: changed by its managers, and one manager always stays."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from members.models import Access, Role, User
from members.services import access, accounts, colleagues, tokens
from tests.factories import make_access, make_maintainer, make_member

pytestmark = pytest.mark.django_db


@pytest.fixture
def manager() -> Access:
    return make_access("mary", role=Role.MANAGER)


@pytest.fixture
def editor(manager) -> Access:
    return make_access("eddy", role=Role.EDITOR, member=manager.member)


def test_a_role_changes_and_history_says_who_did_it(manager, editor):
    colleagues.change_role(editor, Role.MANAGER, by=manager.user)
    assert access.role(editor.user, editor.member) == Role.MANAGER
    assert editor.history.latest().history_user == manager.user


def test_who_is_removed_is_out_at_once_with_all_sessions_and_tokens(manager, editor):
    browser = Client()
    browser.force_login(editor.user)
    later = timezone.now() + timedelta(days=9)
    secret = tokens.issue(name="mine", scopes=["read"], expires_at=later, by=editor.user).secret
    colleagues.remove(editor, by=manager.user)
    assert access.role(editor.user, manager.member) is None
    assert browser.get("/accounts/").status_code == 302
    assert tokens.known(secret) is None
    assert Access.history.filter(user=editor.user).latest().history_user == manager.user


@pytest.mark.parametrize("ended", [True, False])
def test_tokens_that_the_leaver_made_for_the_member_end_with_them_if_that_is_wanted(manager, client, ended):
    ed = make_access("ed", role=Role.MANAGER, member=manager.member)
    later = timezone.now() + timedelta(days=9)
    wanted = {"role": Role.EDITOR, "scopes": ["members"], "expires_at": later}
    made = tokens.issue_for_member(manager.member, name="nightly", by=ed.user, **wanted).secret
    other = tokens.issue_for_member(manager.member, name="weekly", by=manager.user, **wanted).secret
    client.force_login(manager.user)
    page = client.get(f"/my/{manager.member.slug}/people/").content.decode()
    assert "End the tokens of" in page
    assert "nightly" in page
    told = {"remove": "yes", **({"with-tokens": "yes"} if ended else {})}
    client.post(f"/my/{manager.member.slug}/people/{ed.pk}/", told)
    assert access.role(ed.user, manager.member) is None
    assert (tokens.known(made) is None) == ended
    assert tokens.known(other) is not None


def test_others_stay_logged_in(manager, editor):
    browser = Client()
    browser.force_login(manager.user)
    colleagues.remove(editor, by=manager.user)
    assert browser.get("/accounts/").status_code == 200


def test_who_leaves_by_themselves_stays_logged_in(editor):
    browser = Client()
    browser.force_login(editor.user)
    colleagues.remove(editor, by=editor.user)
    assert access.role(editor.user, editor.member) is None
    assert browser.get("/accounts/").status_code == 200


def test_the_last_manager_stays_whoever_says_otherwise(manager, editor):
    for by in (manager.user, make_maintainer()):
        with pytest.raises(colleagues.LastManager, match="Make somebody else manager first"):
            colleagues.remove(manager, by=by)
        with pytest.raises(colleagues.LastManager):
            colleagues.change_role(manager, Role.EDITOR, by=by)
    assert access.role(manager.user, manager.member) == Role.MANAGER


def test_a_manager_whose_account_is_off_does_not_count(manager):
    other = make_access(role=Role.MANAGER, member=manager.member)
    User.objects.filter(pk=other.user_id).update(is_active=False)
    with pytest.raises(colleagues.LastManager):
        colleagues.remove(manager, by=manager.user)
    colleagues.remove(other, by=manager.user)


def test_after_a_second_one_was_made_the_first_may_go(manager, editor):
    colleagues.change_role(editor, Role.MANAGER, by=manager.user)
    colleagues.remove(manager, by=manager.user)
    assert [each.user for each in Access.objects.all()] == [editor.user]


@pytest.mark.parametrize("who", ["viewer", "editor", "manager of another"])
def test_only_managers_and_maintainers_change_others(manager, editor, who):
    member = make_member() if "another" in who else manager.member
    by = make_access(role=Role(who.split()[0]), member=member).user
    with pytest.raises(access.NotAllowed):
        colleagues.change_role(editor, Role.VIEWER, by=by)
    with pytest.raises(access.NotAllowed):
        colleagues.remove(editor, by=by)
    colleagues.change_role(editor, Role.VIEWER, by=make_maintainer())


def test_who_was_removed_meanwhile_can_not_be_changed(manager, editor):
    colleagues.remove(Access.objects.get(pk=editor.pk), by=manager.user)
    with pytest.raises(colleagues.ColleaguesError, match="no access any more"):
        colleagues.change_role(editor, Role.MANAGER, by=manager.user)


def test_ending_sessions_ends_all_of_this_person_and_the_next_login_works(manager):
    first, second = Client(), Client()
    for browser in (first, second):
        browser.force_login(manager.user)
    accounts.end_sessions(manager.user)
    assert [each.get("/accounts/").status_code for each in (first, second)] == [302, 302]
    first.force_login(User.objects.get(pk=manager.user_id))
    assert first.get("/accounts/").status_code == 200
