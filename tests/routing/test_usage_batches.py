"""The contract of the hand-over: what is written can be read, and nothing else is taken for a batch."""

import json
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.usage_batches import Batch, BatchError, decode, encode

BATCH = Batch(
    redirector="0123456789abcdef",
    number=7,
    launches=((datetime(2026, 11, 23, 9, 12, tzinfo=UTC), "heron", "home", 12),),
    repositories=((date(2026, 11, 23), "heron", "gh/binder-examples/requirements", 7),),
    lost=3,
    interruptions=1,
    last=True,
)
GOOD = json.loads(encode(BATCH))


def test_what_is_written_can_be_read():
    assert decode(encode(BATCH)) == BATCH


@pytest.mark.parametrize(
    "wrong",
    [
        {"schema": 2},
        {"redirector": "../../etc/passwd"},
        {"redirector": None},
        {"number": -1},
        {"number": True},
        {"number": 10**30},
        {"number": "7"},
        {"launches": [["2026-11-23T09:12Z", "heron", "home"]]},
        {"launches": [["yesterday", "heron", "home", 1]]},
        {"launches": [["2026-11-23T09:12Z", "heron", "<script>", 1]]},
        {"launches": [["2026-11-23T09:12Z", "heron", "home", 1.5]]},
        {"launches": None},
        {"repositories": [["2026-11-23", "heron", "gh/a\x00b", 1]]},
        {"repositories": [["2026-11-23", "heron", "gh/" + "a" * 300, 1]]},
        {"repositories": [["2026-13-23", "heron", "gh/a/b", 1]]},
        {"repositories": {"a": 1}},
        {"lost": float("nan")},
    ],
)
def test_what_is_no_batch_is_refused(wrong):
    with pytest.raises(BatchError):
        decode(json.dumps({**GOOD, **wrong}).encode())


@given(
    st.binary(max_size=60) | st.recursive(st.none() | st.text(), st.lists).map(lambda each: json.dumps(each).encode())
)
def test_nothing_that_stands_in_redis_breaks_the_reader(document):
    with pytest.raises(BatchError):
        decode(document)
