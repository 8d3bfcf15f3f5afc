"""The redirector's own checks: one hub never waits for another, and none is asked more than it must be."""

import asyncio
import json
from dataclasses import replace

import pytest

from foundation.outgoing import Client
from routing import checker, probe
from routing.checker import pause_after
from routing.probe import Verdict
from routing.redirector.watch import Watch
from routing.snapshot import Factor, Hub, Policy, Snapshot
from tests.foundation.servers import reply, serving
from tests.redirector.waiting import until

FAST = Policy(check_period=0.2, check_failed_period=0.2, check_retries=1, check_timeout=5.0)


class FakeHub:
    """A hub with switches; counts how often it was asked, and how often at the same time."""

    def __init__(self, version="1"):
        self.version = version
        self.ok = True
        self.hanging = False
        self.asked = 0
        self.at_once = 0
        self.most_at_once = 0

    async def __call__(self, reader, writer):
        path = (await reader.readuntil(b"\r\n\r\n")).split()[1]
        if path == b"/versions":
            writer.write(reply(json.dumps({"binderhub": self.version}).encode()))
            return
        self.asked += 1
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            if self.hanging:
                await reader.read()
            checks = [{"service": "JupyterHub API", "ok": self.ok}]
            writer.write(reply(json.dumps({"checks": checks}).encode(), 200 if self.ok else 503))
        finally:
            self.at_once -= 1


def hub_at(key, url, **more):
    return Hub(key, url, f"{url}/health", f"{url}/versions", 1, **more)


def snapshot(*hubs, policy=FAST):
    return Snapshot(1, 500.0, hubs, policy)


@pytest.fixture
async def watch(monkeypatch):
    monkeypatch.setattr(checker, "FIRST_SPREAD", 0.01)
    async with Client(allow_private=True) as client:
        watching = Watch(client, lambda: None)
        yield watching
        await watching.close()


async def test_a_hub_is_found_healthy_then_sick_then_healthy(watch):
    hub = FakeHub()
    async with serving(hub) as url:
        watch.follow(snapshot(hub_at("a", url)))
        await until(lambda: watch.verdicts.get("a", Verdict(False)).healthy)
        hub.ok = False
        await until(lambda: not watch.verdicts["a"].healthy)
        assert watch.verdicts["a"].reason == "JupyterHub API fails"
        hub.ok = True
        await until(lambda: watch.verdicts["a"].healthy)


async def test_a_hub_that_hangs_delays_no_other_and_is_never_asked_twice_at_once(watch):
    slow, quick = FakeHub(), FakeHub()
    slow.hanging = True
    async with serving(slow) as there, serving(quick) as here:
        policy = replace(FAST, check_timeout=0.5)
        watch.follow(snapshot(hub_at("slow", there), hub_at("quick", here), policy=policy))
        await until(lambda: quick.asked >= 5)
        await until(lambda: "slow" in watch.verdicts)
    assert slow.most_at_once == 1
    assert watch.verdicts["slow"].error == "timeout"


async def test_a_healthy_hub_is_asked_once_per_period(watch):
    hub = FakeHub()
    policy = replace(FAST, check_period=30.0)
    async with serving(hub) as url:
        watch.follow(snapshot(hub_at("a", url), policy=policy))
        await until(lambda: "a" in watch.verdicts)
        for _ in range(5):
            watch.follow(snapshot(hub_at("a", url), policy=policy))
            await asyncio.sleep(0.02)
    assert hub.asked == 1


async def test_versions_are_held_against_those_of_the_prime(watch):
    async with serving(FakeHub("1")) as prime, serving(FakeHub("2")) as other:
        watch.follow(snapshot(hub_at("prime", prime, prime=True), hub_at("other", other)))
        await until(lambda: not watch.verdicts.get("other", Verdict(True)).healthy)
        assert "other versions" in watch.verdicts["other"].reason
        assert watch.verdicts["prime"].healthy


async def test_any_versions_pass_until_the_prime_has_answered(watch):
    async with serving(FakeHub("2")) as other, serving(b"") as gone:
        watch.follow(snapshot(hub_at("prime", gone, prime=True), hub_at("other", other)))
        await until(lambda: watch.verdicts.get("other", Verdict(False)).healthy)


async def test_the_reference_from_before_a_restart_still_holds(watch):
    watch.remember({}, {"binderhub": "1"})
    async with serving(FakeHub("2")) as other, serving(FakeHub("1")) as same:
        watch.follow(snapshot(hub_at("other", other), hub_at("same", same)))
        await until(lambda: watch.verdicts.keys() == {"other", "same"})
    assert not watch.verdicts["other"].healthy
    assert watch.verdicts["same"].healthy


async def test_a_hub_that_leaves_is_forgotten_and_one_that_comes_is_checked(watch):
    async with serving(FakeHub()) as one, serving(FakeHub()) as two:
        watch.follow(snapshot(hub_at("one", one)))
        await until(lambda: "one" in watch.verdicts)
        watch.follow(snapshot(hub_at("two", two)))
        await until(lambda: watch.verdicts.keys() == {"two"})


async def test_a_hub_that_moves_is_checked_at_its_new_place_at_once(watch):
    policy = replace(FAST, check_period=60.0, check_failed_period=60.0)
    async with serving(FakeHub()) as one, serving(b"") as gone:
        watch.follow(snapshot(hub_at("a", one), policy=policy))
        await until(lambda: "a" in watch.verdicts)
        watch.follow(snapshot(hub_at("a", gone), policy=policy))
        await until(lambda: not watch.verdicts["a"].healthy)


async def test_a_new_weight_is_no_reason_to_ask_again(watch):
    hub = FakeHub()
    policy = replace(FAST, check_period=60.0)
    async with serving(hub) as url:
        watch.follow(snapshot(hub_at("a", url), policy=policy))
        await until(lambda: "a" in watch.verdicts)
        task = watch._tasks["a"]
        watch.follow(snapshot(replace(hub_at("a", url), weight=7), policy=policy))
        assert watch._tasks["a"] is task


async def test_after_a_stop_nothing_is_known_or_asked(watch):
    hub = FakeHub()
    async with serving(hub) as url:
        watch.follow(snapshot(hub_at("a", url)))
        await until(lambda: "a" in watch.verdicts)
        watch.stop()
        assert not watch.active
        assert not watch.verdicts


async def test_a_fault_of_our_own_ends_no_checks(watch, monkeypatch):
    monkeypatch.setattr(checker, "AFTER_A_BUG", 0.01)
    calls = []

    def judge(*_):
        calls.append(1)
        if len(calls) == 1:
            raise RuntimeError("a bug")
        return Verdict(True)

    monkeypatch.setattr(probe, "judge", judge)
    async with serving(FakeHub()) as url:
        watch.follow(snapshot(hub_at("a", url)))
        await until(lambda: "a" in watch.verdicts)


ANY = hub_at("a", "https://a.example")


def test_the_period_is_spread_by_half_the_jitter_to_both_sides():
    policy = Policy(check_period=10, check_failed_period=300, check_jitter=0.1)
    well = [pause_after(ANY, policy, healthy=True) for _ in range(500)]
    sick = [pause_after(ANY, policy, healthy=False) for _ in range(500)]
    assert 9.5 <= min(well) < 9.7
    assert 10.3 < max(well) <= 10.5
    assert 285 <= min(sick) <= max(sick) <= 315


def test_a_hub_may_have_a_period_of_its_own():
    assert 57 <= pause_after(replace(ANY, check_period=60.0), Policy(check_period=10), healthy=True) <= 63


@pytest.mark.parametrize("period", [0.0, -5.0])
def test_no_policy_makes_us_ask_without_pause(period):
    assert pause_after(ANY, Policy(check_period=period, check_jitter=9), healthy=True) > 0.1


DAMPED = replace(FAST, fall=3, rise=2, settle_period=0.2, slow_start_seconds=600.0, check_period=30.0, pulse_period=0.2)


async def test_a_hub_that_dies_is_noticed_by_its_pulse_and_goes_out_after_three_bad_answers(watch):
    async with serving(FakeHub()) as other:
        async with serving(FakeHub()) as url:
            watch.follow(snapshot(hub_at("a", url), hub_at("b", other), policy=DAMPED))
            await until(lambda: watch.verdicts.keys() == {"a", "b"})
        await until(lambda: not watch.verdicts["a"].healthy)
    assert watch.verdicts["a"].reason == "refuses connections"


async def test_a_hub_that_was_out_when_the_portal_fell_silent_comes_back_slowly(watch):
    out = Factor("health", 0.0, "JupyterHub API fails")
    kept = Factor("maintenance", 0.5, "stays")
    async with serving(FakeHub()) as url:
        hub = replace(hub_at("a", url), factors=(out, kept))
        watch.follow(snapshot(hub, policy=replace(DAMPED, check_failed_period=0.2)))
        assert watch.factors(hub) == (kept, out)
        await until(lambda: "a" in watch.verdicts and watch.verdicts["a"].healthy)
        factors = {factor.name: factor.value for factor in watch.factors(hub)}
    assert factors == {"maintenance": 0.5, "slow start": 0.1}


async def test_a_full_hub_tapers(watch):
    checks = [{"service": "Pod quota", "ok": True, "total_pods": 81, "user_pods": 81, "quota": 100}]

    async def talk(reader, writer):
        path = (await reader.readuntil(b"\r\n\r\n")).split()[1]
        writer.write(reply(json.dumps({"checks": checks} if path == b"/health" else {"binderhub": "1"}).encode()))

    async with serving(talk) as url:
        hub = hub_at("a", url)
        watch.follow(snapshot(hub, policy=replace(DAMPED, taper_from=0.8)))
        await until(lambda: "a" in watch.verdicts)
        assert watch.factors(hub) == (Factor("quota", 0.5, "81 of 90 usable pods are taken"),)
