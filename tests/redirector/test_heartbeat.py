"""The portal's sign of life, and clocks that jump."""

from routing.redirector.heartbeat import Heartbeat


class Clock:
    def __init__(self, now):
        self.now = now

    def __call__(self):
        return self.now


def test_without_a_heartbeat_the_portal_is_silent():
    assert not Heartbeat(steady=Clock(0), wall=Clock(0)).is_fresh(15)


def test_a_fresh_heartbeat_counts_for_three_periods():
    steady = Clock(1000)
    heartbeat = Heartbeat(steady=steady, wall=Clock(5000))
    heartbeat.heard(4999)
    assert heartbeat.is_fresh(15)
    steady.now += 43
    assert heartbeat.is_fresh(15)
    steady.now += 2
    assert not heartbeat.is_fresh(15)


def test_an_old_heartbeat_at_first_sight_is_not_fresh():
    heartbeat = Heartbeat(steady=Clock(1000), wall=Clock(5000))
    heartbeat.heard(4000)
    assert not heartbeat.is_fresh(15)


def test_the_same_heartbeat_again_is_no_new_sign():
    steady = Clock(1000)
    heartbeat = Heartbeat(steady=steady, wall=Clock(5000))
    heartbeat.heard(5000)
    steady.now += 100
    heartbeat.heard(5000)
    assert not heartbeat.is_fresh(15)


def test_a_wall_clock_that_jumps_changes_nothing():
    steady, wall = Clock(1000), Clock(5000)
    heartbeat = Heartbeat(steady=steady, wall=wall)
    heartbeat.heard(5000)
    wall.now += 86_400 * 365
    assert heartbeat.is_fresh(15)
    steady.now += 100
    heartbeat.heard(5015)
    assert heartbeat.is_fresh(15)
    wall.now = 0
    assert heartbeat.is_fresh(15)
