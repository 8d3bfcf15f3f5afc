"""The rules that Postgres keeps, whoever writes: asked below all services and forms."""

import uuid
from decimal import Decimal

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.models import ProtectedError

from routing.models import Hub, Policy, WeightChange
from routing.services import publishing
from tests.factories import change_weights, make_hub, make_user

pytestmark = pytest.mark.django_db


def test_only_one_hub_is_the_prime():
    make_hub("a", prime=True)
    with pytest.raises(IntegrityError, match="hub_one_prime"):
        make_hub("b", prime=True)


@pytest.mark.parametrize("weight", ["-1", "-0.001", "NaN"])
def test_a_weight_is_a_number_from_zero_up(weight):
    hub = make_hub("a")
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE routing_hub SET weight = %s::numeric WHERE id = %s", [weight, hub.pk])


def test_two_hubs_have_two_keys():
    hub = make_hub("a")
    with pytest.raises(IntegrityError):
        Hub.objects.bulk_create([Hub(**{**_fields(hub), "key": "a"})])


@pytest.mark.parametrize("key", ["hetzner-2i2c", "gke", "ovh2", "2i2c", "a"])
def test_keys_in_use_today_are_keys(key):
    assert make_hub(key).key == key


@pytest.mark.parametrize("key", ["Upper", "-a", "a-", "a_b", "a b", "a/b", "ä"])
def test_other_keys_are_refused(key):
    hub = make_hub("a")
    with pytest.raises(IntegrityError, match="hub_key_shape"):
        Hub.objects.bulk_create([Hub(**{**_fields(hub), "key": key})])


def test_a_key_can_never_be_changed():
    hub = make_hub("a")
    with pytest.raises(DatabaseError, match="Cannot update"), transaction.atomic():
        Hub.objects.filter(pk=hub.pk).update(key="b")
    Hub.objects.filter(pk=hub.pk).update(name="Another name")
    assert Hub.objects.get(pk=hub.pk).key == "a"


@pytest.mark.parametrize(
    "url",
    [
        "https://hub.example.org/",
        "ftp://hub.example.org",
        "hub.example.org",
        "https://",
        "https://user@hub.example.org",
        "https://hub.example.org?x=1",
        "https://hub.example.org#x",
        "https://hub.example.org/a b",
        'https://hub.example.org/"',
        "https://hub.example.org/a;b",
        "https://hub.example.org\nX: y",
    ],
)
@pytest.mark.parametrize("field", ["url", "health_url", "versions_url"])
def test_what_is_no_address_of_a_hub_is_refused(field, url):
    hub = make_hub("a")
    with pytest.raises(IntegrityError, match="hub_url_shape"), transaction.atomic():
        Hub.objects.filter(pk=hub.pk).update(**{field: url})


@pytest.mark.parametrize("values", [{"weight": 1}, {"weight": 0, "prime": True}])
def test_a_retired_hub_has_no_weight_and_is_not_the_prime(values):
    with pytest.raises(IntegrityError, match="hub_retired_is_out"):
        make_hub("a", state=Hub.State.RETIRED, **values)


def test_a_hub_with_history_can_not_be_deleted():
    hub = make_hub("a")
    change_weights(a=5)
    with pytest.raises(ProtectedError):
        hub.delete()


def test_history_is_not_rewritten():
    make_hub("a")
    change_weights(a=5)
    change = WeightChange.objects.get()
    for rewrite in (
        lambda: WeightChange.objects.update(reason="another"),
        lambda: WeightChange.objects.update(to_weight=7),
        lambda: WeightChange.objects.update(by=make_user()),
        lambda: WeightChange.objects.filter(pk=change.pk).delete(),
    ):
        with pytest.raises(DatabaseError, match="Cannot"), transaction.atomic():
            rewrite()
    assert WeightChange.objects.get().to_weight == 5


def test_who_leaves_may_be_taken_out_of_history_and_the_rest_stays():
    person = make_user()
    make_hub("a")
    change_weights(by=person, a=5)
    publishing.publish("first", person)
    person.delete()
    assert WeightChange.objects.get().by is None
    assert publishing.newest().by is None


def test_a_published_version_is_not_rewritten():
    make_hub("a")
    version = publishing.publish("first")
    for rewrite in (
        lambda: type(version).objects.update(document="{}"),
        lambda: type(version).objects.filter(pk=version.pk).delete(),
    ):
        with pytest.raises(DatabaseError, match="Cannot"), transaction.atomic():
            rewrite()


@pytest.mark.parametrize("values", [{"from_weight": -1}, {"to_weight": 1}, {"reason": "  "}])
def test_a_weight_change_changes_something_for_a_reason(values):
    row = {"from_weight": 1, "to_weight": 2, "reason": "because", **values}
    with pytest.raises(IntegrityError):
        WeightChange.objects.create(hub=make_hub("a"), batch=uuid.uuid4(), **row)


@pytest.mark.parametrize(
    "values",
    [
        {"balancer": "guess"},
        {"check_period": 0},
        {"check_timeout": float("nan")},
        {"host_cookie_age_hours": -1},
        {"pk": 2},
    ],
)
def test_a_policy_is_within_its_limits(values):
    with pytest.raises(IntegrityError):
        Policy.objects.create(**values)


def _fields(hub: Hub) -> dict:
    fields = {
        field.attname: getattr(hub, field.attname) for field in Hub._meta.concrete_fields if not field.primary_key
    }
    return {**fields, "weight": Decimal(1)}
