"""Every list of the office: no more queries the more rows there are, and a search that finds something."""

from __future__ import annotations

from datetime import date

import pytest
from django.contrib import admin
from django.urls import reverse

from members.models import User
from routing.services import publishing
from tests.factories import (
    change_weights,
    make_channel,
    make_contact,
    make_delivery,
    make_downtime,
    make_federation_report,
    make_health,
    make_hub,
    make_incident,
    make_maintainer,
    make_member,
    make_notice,
    make_offer,
    make_ramp,
    make_report,
    make_token,
    make_user,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis_url")]

# Fewer than the rows below: a list that asked for each of them would be found.
MOST_QUERIES = 16


def fill(rows: int) -> None:
    """So many of what is cheap to make, each with its own member."""
    for number in range(rows):
        hub = make_hub(member=make_member())
        make_health(hub)
        make_contact(hub.member)
        make_offer(hub.member, state="active")
        make_downtime(hub)
        make_ramp(hub)
        make_report(hub.member)
        make_federation_report(month=date(2020 + number // 12, number % 12 + 1, 1))
        make_incident(hub)
        make_notice(channel=make_channel() if number % 2 else None)
        make_token(make_user()).uses.create(method="POST", path="/api/v1/drift/", status=200)
        make_delivery()


def test_no_list_asks_more_the_more_rows_it_has(client, django_assert_max_num_queries):
    fill(20)
    hub = make_hub("a")
    publishing.publish("first")
    for weight in range(2, 12):
        change_weights(**{hub.key: weight})
    client.force_login(User.objects.create_superuser("root", "root@example.org"))
    client.get(reverse("admin:index"))

    too_many = {}
    for model, model_admin in admin.site._registry.items():
        address = reverse(f"admin:{model._meta.label_lower.replace('.', '_')}_changelist")
        with django_assert_max_num_queries(100) as asked:
            answer = client.get(address, follow=True)
        assert answer.status_code == 200
        if len(asked) > MOST_QUERIES:
            too_many[address] = len(asked)
        if model_admin.search_fields:
            assert client.get(address, {"q": "nobody has this"}).status_code == 200
    assert too_many == {}


@pytest.mark.parametrize(("model", "words"), [("routing_downtime", "Maintenance"), ("members_notice", "Outbox")])
def test_a_page_is_called_what_the_sidebar_calls_it(client, model, words):
    client.force_login(make_maintainer())

    html = client.get(reverse(f"admin:{model}_changelist")).content.decode()

    header = html[html.index('id="header-inner"') :]
    assert header.index("Operations") < header.index(words)


def test_whoever_logs_in_to_the_office_without_saying_where_to_go_lands_in_it(client):
    client.force_login(make_maintainer())

    assert client.get(reverse("admin:login"), follow=True).status_code == 200
