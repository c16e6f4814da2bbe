"""images + HEAD -> the push whose event was lost, and never one that was refused."""

from __future__ import annotations

from datetime import datetime

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.decide.admit import (
    Admission,
    admit,
)
from chalicelib.decide.lost import lost_push
from chalicelib.model.deployments import Cause
from tests.decide.asked_times import ASKED, MILLISECONDS, Asked, event_of
from tests.fixtures import examples
from tests.fixtures.examples import OTHER_DIGEST, at

NEW, KNOWN, REFUSED = Admission.NEW, Admission.KNOWN, Admission.REFUSED


@given(ASKED, MILLISECONDS, st.integers(0, 1), st.booleans())
def test_what_is_refused_as_too_old_is_no_lost_push(
    asked: Asked, pushed_at: datetime, late: int, met_late: bool
) -> None:
    """And what is found would have been deployed, had its event come."""
    order, pushed = asked
    met = at(0) if met_late else at(-99)
    head = examples.head(order=order, pushed_at=pushed, digest=OTHER_DIGEST, met=met)
    image = examples.image(pushed_at=pushed_at)
    lost = lost_push([image], examples.target(), head) is not None
    time, _ = event_of(pushed_at, late)
    admitted = admit(examples.request(order=time, pushed_at=pushed_at), head, at(10)).admission
    assert not (lost and admitted is REFUSED)
    found = examples.request(cause=Cause.SWEEP, order=pushed_at, pushed_at=pushed_at)
    assert not lost or admit(found, head, at(10)).admission is NEW
    if late == 0 and pushed_at > met:
        assert lost is (admitted is NEW)
