from __future__ import annotations

import pytest

from routing.redirector.mailbox import Mailbox, TooLarge
from tests.redirector.making import make_front, make_hub, make_view, three_hubs
from tests.redirector.serving import Serving, wait_until


def test_the_newest_view_is_taken_whole():
    box = Mailbox()
    for version in range(1, 6):
        view = make_view(*three_hubs(), version=version)
        box.put(view)
        assert box.number == version
        assert box.take(version) == view


def test_an_empty_mailbox_has_nothing():
    assert Mailbox().number == 0
    assert Mailbox().take(0) is None


def test_a_view_that_was_overwritten_meanwhile_is_not_half_taken():
    box = Mailbox()
    box.put(make_view(*three_hubs(), version=1))
    number = box.number
    box.put(make_view(*three_hubs(), version=2))
    box._box._memory[box._box._start(number) + 40] ^= 0xFF
    assert box.take(number) is None


def test_a_view_that_does_not_fit_leaves_the_one_before():
    box = Mailbox(largest=4000)
    box.put(make_view(make_hub("a")))
    with pytest.raises(TooLarge):
        box.put(make_view(*(make_hub(f"hub-{number}") for number in range(300))))
    assert box.take(box.number) == make_view(make_hub("a"))


def test_a_running_worker_follows_within_a_second():
    with Serving(make_front(make_view(make_hub("a")))) as serving:
        serving.mailbox.put(make_view(make_hub("b"), version=2))
        wait_until(lambda: serving.front.table.view.snapshot.version == 2, "the table is swapped", patience=1)


@pytest.mark.parametrize("broken", [make_view(), make_view(make_hub("x", url="https://x y"))])
def test_a_view_that_cannot_be_used_leaves_the_last_good_table(broken):
    with Serving(make_front(make_view(make_hub("a")))) as serving:
        serving.mailbox.put(broken)
        wait_until(lambda: serving.server._taken == 1, "the worker has looked at it")
        assert dict(serving.get("/build/x")[1])["location"] == "https://a.example/build/x"
        serving.mailbox.put(make_view(make_hub("b")))
        wait_until(lambda: dict(serving.get("/build/x")[1])["location"] == "https://b.example/build/x", "it goes on")
