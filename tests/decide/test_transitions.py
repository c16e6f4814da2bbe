"""What may follow what."""

from __future__ import annotations

import pytest

from chalicelib.decide.transitions import TRANSITIONS, allowed
from chalicelib.model.deployments import OPEN, Status

DRAWN = """
PENDING -> FAILED
PENDING -> HELD
PENDING -> IN_PROGRESS
PENDING -> OBSERVED
PENDING -> PREPARING
PENDING -> REFUSED
PENDING -> SUPERSEDED
HELD -> PENDING
HELD -> REFUSED
HELD -> SUPERSEDED
PREPARING -> FAILED
PREPARING -> IN_PROGRESS
PREPARING -> REFUSED
PREPARING -> SUPERSEDED
IN_PROGRESS -> FAILED
IN_PROGRESS -> ROLLBACK_FAILED
IN_PROGRESS -> ROLLBACK_IN_PROGRESS
IN_PROGRESS -> ROLLBACK_SUCCESSFUL
IN_PROGRESS -> SUCCESSFUL
IN_PROGRESS -> SUPERSEDED
ROLLBACK_IN_PROGRESS -> FAILED
ROLLBACK_IN_PROGRESS -> ROLLBACK_FAILED
ROLLBACK_IN_PROGRESS -> ROLLBACK_SUCCESSFUL
ROLLBACK_IN_PROGRESS -> SUCCESSFUL
"""


def test_the_table_is_as_drawn() -> None:
    arrows = [
        f"{before} -> {after}" for before in TRANSITIONS for after in sorted(TRANSITIONS[before])
    ]
    assert arrows == DRAWN.split("\n")[1:-1]


def test_every_status_has_its_row() -> None:
    assert set(TRANSITIONS) == set(Status)


@pytest.mark.parametrize("status", Status)
def test_staying_is_always_allowed(status: Status) -> None:
    assert allowed(status, status)


@pytest.mark.parametrize("status", sorted(set(Status) - OPEN))
def test_what_is_closed_stays_closed(status: Status) -> None:
    assert not [after for after in Status if after != status and allowed(status, after)]


@pytest.mark.parametrize("status", sorted(OPEN))
def test_what_is_open_can_reach_an_end(status: Status) -> None:
    reached, before = {status}, set[Status]()
    while reached != before:
        before = set(reached)
        reached |= {after for one in before for after in TRANSITIONS[one]}
    assert Status.SUPERSEDED in reached or Status.FAILED in reached
