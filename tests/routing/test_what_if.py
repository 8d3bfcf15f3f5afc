"""What if: the week's launches again through the real balancer, before weights are saved."""

import time
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.balancing import Rendezvous, cache_key
from routing.models import Hub, Policy, UsageRepository
from routing.services import replays, what_if
from tests.factories import make_checked_hub, make_hub, make_maintainer, make_usage
from tests.routing.test_office_weights import text

TWO = [("a", 30.0), ("b", 10.0)]
MIX = replays.Mix({"gh/jupyterlab/demo": 4_000, **{f"gh/owner/r{n}": 20 for n in range(300)}}, rare=2_000)


def launched(hub: Hub, rare: int = 0, **repositories: int) -> None:
    """What a hub was sent yesterday."""
    day = timezone.now() - timedelta(days=1)
    make_usage(hub, day, sum(repositories.values()) + rare)
    for name, number in repositories.items():
        UsageRepository.objects.create(hub=hub, day=day.date(), repository=f"gh/owner/{name}", launches=number)


def test_the_paths_that_are_replayed_have_the_keys_of_their_repositories():
    for name in ("gh/owner/name", "gist/a/b", "zenodo/10.5281/zenodo.1", "ghost/x"):
        assert cache_key(replays._path(name)) == f"/build/{name}".encode()


def test_shares_follow_the_weights_before_and_after():
    found = replays.replay(MIX, "balanced", TWO, [("a", 10.0), ("b", 30.0)])
    assert found.before == pytest.approx({"a": 0.75, "b": 0.25}, abs=0.01)
    assert found.after == pytest.approx({"a": 0.25, "b": 0.75}, abs=0.01)
    assert 100 < found.moved < 200


def test_with_the_same_weights_nothing_moves():
    found = replays.replay(MIX, "balanced", TWO, TWO)
    assert (found.moved, found.builds) == (0, 0)
    assert replays.replay(MIX, "balanced", TWO, TWO) == found


def test_rendezvous_moves_just_those_whose_home_is_another():
    after = [*TWO, ("c", 20.0)]
    found = replays.replay(MIX, "rendezvous", TWO, after)
    before_, after_ = Rendezvous(TWO), Rendezvous(after)
    paths = [replays._path(name) for name in MIX.named]
    assert found.builds == sum(before_.choose(path)[0] != after_.choose(path)[0] for path in paths)


@given(
    named=st.dictionaries(
        st.from_regex(r"gh/[a-z]{1,4}/[a-z]{1,4}", fullmatch=True), st.integers(1, 10**6), max_size=9
    ),
    rare=st.integers(0, 10**7),
    weights=st.lists(st.floats(0.001, 1000), min_size=1, max_size=4),
    name=st.sampled_from(["balanced", "rendezvous", "random"]),
)
@settings(max_examples=8, deadline=None)
def test_any_week_can_be_replayed(monkeypatch_sample, named, rare, weights, name):
    mix = replays.Mix(named, rare)
    hubs = [(f"hub{number}", weight) for number, weight in enumerate(weights)]
    if mix.total:
        found = replays.replay(mix, name, hubs, hubs[:1])
        assert sum(found.before.values()) == pytest.approx(1)
        assert found.after == {"hub0": 1.0}


@pytest.fixture(scope="module")
def monkeypatch_sample():
    """Small samples: it is about the arithmetic."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(replays, "SAMPLE", 3_000)
        patch.setattr(replays, "LEAST", 1_000)
        yield


@pytest.mark.django_db
def test_a_million_launches_take_under_three_seconds():
    hub, other = make_checked_hub("a", weight=30), make_checked_hub("b", weight=10)
    day = timezone.now() - timedelta(days=1)
    make_usage(hub, day, 1_000_000)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO routing_usagerepository (hub_id, day, repository, launches) "
            "SELECT %s, %s, 'gh/owner/r' || n, 250000 / n FROM generate_series(1, 4000) n",
            [hub.pk, day.date()],
        )
    began = time.process_time()
    found = what_if.ask([hub, other], {other.pk: Decimal(30)})
    assert time.process_time() - began < 3
    assert found.launches >= 1_000_000
    assert found.repositories == 4_000
    assert [round(each.new_share, 2) for each in found.effects] == [0.5, 0.5]


@pytest.mark.django_db
def test_pods_are_held_against_the_quota_and_against_the_loss_of_the_largest():
    a = make_checked_hub("a", name="Alpha", weight=30, health={"total_pods": 150, "quota": 210})
    b = make_checked_hub("b", name="Beta", weight=30, health={"total_pods": 150, "quota": 310})
    launched(a, big=3_000, rare=500)
    found = what_if.ask([a, b], {a.pk: Decimal(90)})
    alpha, beta = found.effects
    assert (alpha.pods, alpha.usable, beta.usable) == (150, 200, 300)
    assert alpha.new_pods == pytest.approx(225, abs=8)
    assert beta.new_pods == pytest.approx(75, abs=8)
    assert found.warnings[0].startswith("Alpha would need about 22")
    # Before and after the other one has room for all, or has not.
    assert len(found.warnings) == 1
    found = what_if.ask([a, b], {b.pk: Decimal(90)})
    [warning] = found.warnings
    assert warning.startswith("If Beta went out at the busiest hour, the others would need about")


@pytest.mark.django_db
def test_without_quotas_and_counts_it_says_what_it_does_not_know():
    a, b = make_hub("a", name="Alpha", weight=30), make_hub("b", name="Beta", weight=10)
    found = what_if.ask([a, b], {})
    assert found.invented
    assert found.warnings == ()
    assert found.notes == ("Of Alpha, Beta no quota is known: whether there is room enough can't be told.",)
    assert what_if.ask([a, b], {a.pk: Decimal(0), b.pk: Decimal(0)}) is None
    assert "no hub would be left" in what_if.ask([a, b], {b.pk: Decimal(0)}).warnings[0]


@pytest.mark.django_db
def test_the_page_of_weights_answers_what_if_and_saves_nothing(client):
    client.force_login(make_maintainer())
    a, b = make_hub("a", name="Alpha", weight=30), make_hub("b", name="Beta", weight=10)
    Policy.objects.create(pk=1, balancer="rendezvous")
    launched(a, one=300, two=100, rare=5)
    data = {f"seen-{hub.pk}": hub.weight for hub in (a, b)} | {f"weight-{a.pk}": 10, f"weight-{b.pk}": 30}
    page = text(client.post(reverse("admin:routing_weightchange_add"), {**data, "preview": "1"}))
    assert "The 405 launches of the last seven days again, of 2 repositories known by name" in page
    assert "What these weights would do" in page
    assert dict(Hub.objects.values_list("key", "weight")) == {"a": 30, "b": 10}
