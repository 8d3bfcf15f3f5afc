"""Every model that people edit keeps who changed what, whichever way it was written."""

import pytest

from members.models import Access, Channel, ComputeOffer, Contact, Member
from members.services import history
from routing.models import Downtime, Hub, Incident, Policy
from routing.services import downtimes, hubs, incidents, policies
from tests.factories import make_channel, make_downtime, make_hub, make_incident, make_maintainer

pytestmark = pytest.mark.django_db

EDITED = [Member, Contact, ComputeOffer, Access, Channel, Hub, Policy, Downtime, Incident]


@pytest.mark.parametrize("model", EDITED)
def test_history_has_all_fields_but_secrets_and_what_has_its_own(model):
    left_out = {Channel: {"address"}, Hub: {"weight"}}.get(model, set())
    kept = {field.name for field in model.history.model.tracked_fields}
    assert {field.name for field in model._meta.concrete_fields} - kept == left_out


def test_services_of_hubs_say_who_and_why():
    hub, other, by = make_hub("a"), make_hub("b", prime=True), make_maintainer()
    hubs.edit(hub, {"name": "New"}, reason="better", by=by)
    hubs.make_prime(hub, reason="our turn", by=by)
    hubs.change_state(other, "drained", reason="holidays", by=by)
    for row, said in ((hub, ["our turn", "better"]), (other, ["holidays", "our turn"])):
        newest = row.history.all()[:2]
        assert [(each.history_user, each.history_change_reason) for each in newest] == [(by, why) for why in said]


def test_conditional_updates_leave_history_too():
    by = make_maintainer()
    downtime, incident = make_downtime(starts=1, ends=2), make_incident()
    downtimes.cancel(downtime, reason="not needed", by=by)
    incidents.resolve(incident, "All fine.", by=by)
    policies.edit({"fall": 5}, reason="calmer", by=by)
    for row in (downtime, incident, Policy.objects.get()):
        assert row.history.first().history_user == by


def test_what_is_saved_in_a_request_is_signed_by_who_made_it(client):
    maintainer, channel = make_maintainer(), make_channel("old")
    client.force_login(maintainer)
    client.post(f"/admin/members/channel/{channel.pk}/change/", {"name": "new", "enabled": "on"})
    assert channel.history.first().history_user == maintainer


def test_the_portal_itself_is_nobody():
    hub = make_hub()
    history.save(hub, by=None, reason="by itself", fields=["name"])
    assert hub.history.first().history_user is None
