"""What is edited in the office can be read back: who, when, what."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group
from django.urls import reverse
from django.utils import timezone
from simple_history.admin import SimpleHistoryAdmin

from members.models import Application, ReviewedField, Text, User
from members.services import accounts, applications, records, texts
from routing.models import DriftSource, Hub, Incident, Policy
from routing.services import capacity, incidents, ramps
from routing.services.drift import sources
from tests.factories import (
    make_channel,
    make_contact,
    make_drift_source,
    make_hub,
    make_incident,
    make_maintainer,
    make_notice,
    make_offer,
    make_ramp,
    make_user,
)
from tests.members.applying import make_application

pytestmark = pytest.mark.django_db

# What is in the office without a history of its own, and why.
WITHOUT = {
    "auth.Group": "made by the code: what is changed by hand goes away with the next migrate",
    "members.Notice": "nobody edits one: each row says itself what became of it",
    "members.Token": "nobody edits one: it says itself who made and who revoked it",
    "members.TokenUse": "written once: it is the history of what programs did",
    "routing.Delivery": "nobody edits one: it says itself what became of it",
    "routing.CheckRound": "nobody edits it: the checks write it",
    "routing.SnapshotVersion": "written once",
    "routing.WeightChange": "written once: it is the history of weights",
}
# Relations that nobody edits in the office.
UNTOUCHED = {"user_permissions"}


def test_everything_that_is_edited_in_the_office_keeps_a_history_that_the_office_shows():
    lacking = {}
    for model, model_admin in admin.site._registry.items():
        kept = hasattr(model._meta, "simple_history_manager_attribute")
        if not kept or not isinstance(model_admin, SimpleHistoryAdmin):
            lacking[model._meta.label] = "no history"
            continue
        related = {field.name for field in model._meta.many_to_many} - UNTOUCHED
        related -= {field.name for field in model.history.model._history_m2m_fields}
        if related:
            lacking[model._meta.label] = f"no history of {related}"
    assert lacking.keys() == WITHOUT.keys(), lacking


def test_every_form_of_the_office_tells_the_second_of_two_editors_and_keeps_what_they_typed(client, redis_url):
    client.force_login(User.objects.create_superuser("root", "root@example.org"))
    hub = make_hub("a")
    rows = [hub, hub.member, make_contact(hub.member), make_offer(hub.member), make_channel(), make_drift_source()]
    rows += [make_incident(hub), make_ramp(hub), make_notice(), make_user("ada"), Policy.objects.create(pk=1)]
    rows += [Text.objects.get(key="join"), Group.objects.get(), ReviewedField.objects.create(field="name")]
    asked = set()
    for row in rows:
        page = reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])
        answer = client.get(page)
        if "adminform" not in answer.context or "_save" not in answer.content.decode():
            continue
        form = answer.context["adminform"].form
        typed = {name: "" if form[name].value() is None else form[name].value() for name in form.fields}
        name = next(name for name in ("reason", "title", "name", "username") if name in form.fields)
        again = client.post(page, {**typed, name: "Typed-for-an-hour", "seen": "what was seen before"})
        assert "since you opened" in again.content.decode(), row._meta.label
        assert "Typed-for-an-hour" in again.content.decode(), row._meta.label
        asked.add(row._meta.label)
    named = {"Member", "Contact", "ComputeOffer", "Channel", "Text", "User"}
    assert asked == {f"members.{name}" for name in named} | {
        f"routing.{name}" for name in ("Hub", "DriftSource", "Policy")
    }


def test_what_a_service_refuses_is_said_in_the_form_with_all_that_was_typed(client):
    client.force_login(make_maintainer())
    contact = make_contact(make_hub("a").member, roles=["technical"])
    page = reverse("admin:members_contact_change", args=[contact.pk])
    form = client.get(page).context["adminform"].form
    typed = {name: "" if form[name].value() is None else form[name].value() for name in form.fields}

    answer = client.post(page, {**typed, "roles": ["funding"], "phone": "+47 555 0100"})

    html = answer.content.decode()
    assert "is the last technical contact" in html
    assert "+47 555 0100" in html
    contact.refresh_from_db()
    assert contact.roles == ["technical"]


def who_last(row) -> tuple[User | None, str]:
    newest = row.history.first()
    return newest.history_user, newest.history_change_reason or ""


def test_each_step_of_an_application_is_kept_but_not_who_applied():
    by, application = make_maintainer(), make_application()
    applications.take_up(application, by=by)
    assert who_last(application) == (by, "taken up")

    applications.decline(application, reason="Too far away", by=by)

    assert [each.state for each in application.history.all()][:2] == ["declined", "review"]
    assert not hasattr(application.history.first(), "email")
    Application.objects.all().delete()
    assert not Application.history.exists()


def test_words_and_what_is_looked_at_first_are_kept_with_who():
    by, text = make_maintainer(), Text.objects.get(key="join")
    texts.edit(text, {"title": "Come in"}, by=by)
    texts.restore(text, by=by)
    assert [each.title for each in text.history.all()] == ["Join the federation", "Come in", "Join the federation"]

    records.review(["name"], by=by)
    records.review([], by=by)

    assert [(each.history_type, each.history_user) for each in ReviewedField.history.all()] == [("-", by), ("+", by)]


def test_of_people_names_and_roles_are_kept_and_no_log_in_is(client):
    user = make_maintainer("ada")
    accounts.edit(user, name="Ada L.", time_zone="Europe/Oslo")
    accounts.change_email(user, "ada@new.example")
    before = User.history.count()
    client.force_login(user)

    assert User.history.count() == before
    newest = user.history.first()
    assert (newest.first_name, newest.email) == ("Ada L.", "ada@new.example")
    assert [each.group.name for each in newest.groups.all()] == ["maintainers"]
    assert not hasattr(newest, "password")
    user.delete()
    assert not User.history.filter(username="ada").exists()


def test_a_ramp_keeps_what_happened_and_not_each_look():
    by, ramp = make_maintainer(), make_ramp(make_hub())
    ramps.look_at_all()
    before = ramp.history.count()
    ramps.look_at_all(timezone.now() + timedelta(seconds=5))
    assert ramp.history.count() == before

    ramps.hold(ramp, reason="Friday evening", by=by)

    assert who_last(ramp) == (by, "Friday evening")


def test_a_list_elsewhere_keeps_who_moved_it():
    by = make_maintainer()
    source = sources.add({"name": "a", "url": "https://a.example.org/x"}, by=by)

    sources.edit(source, {"url": "https://b.example.org/x"}, by=by)

    urls = DriftSource.history.values_list("url", "history_user")
    assert list(urls) == [("https://b.example.org/x", by.pk), ("https://a.example.org/x", by.pk)]


def test_what_a_hub_runs_on_and_what_an_incident_touches_is_kept_from_either_end():
    by, hub = make_maintainer(), make_hub("a")
    offer = make_offer(hub.member)
    capacity.assign(offer, [hub], by=by)
    newest = Hub.history.first()
    assert (newest.history_user, [each.computeoffer for each in newest.offers.all()]) == (by, [offer])

    incident = incidents.open_incident("Slow", [hub], "We look.", by=by)
    incidents.resolve(incident, "It is over.", by=by)

    newest = Incident.history.first()
    assert (newest.history_change_reason, [each.hub for each in newest.hubs.all()]) == ("resolved", [hub])


def test_the_office_shows_who_changed_what_and_offers_no_way_back_past_the_services(client):
    by, text = make_maintainer("mara"), Text.objects.get(key="join")
    texts.edit(text, {"title": "Come in"}, by=by)
    texts.edit(text, {"title": "Do come in"}, by=by)
    client.force_login(by)
    page = reverse("admin:members_text_history", args=[text.pk])

    html = client.get(page).content.decode()

    assert "mara" in html
    assert "<del>Come in</del> → <ins>Do come in</ins>" in html
    old = reverse("admin:members_text_simple_history", args=[text.pk, text.history.last().history_id])
    assert client.post(old, {"title": "x"}).url == page
    text.refresh_from_db()
    assert text.title == "Do come in"
