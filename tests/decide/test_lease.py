"""Who alone may act on a service."""

from __future__ import annotations

import pytest

from chalicelib.decide.lease import busy, leased, released
from chalicelib.model.heads import Lease
from tests.fixtures import examples
from tests.fixtures.examples import at


@pytest.mark.parametrize(
    ("lease", "is_busy"),
    [
        pytest.param(None, False, id="no lease"),
        pytest.param(Lease(holder="me", until=at(9)), False, id="my own lease"),
        pytest.param(Lease(holder="other", until=at(9)), True, id="another's lease"),
        pytest.param(Lease(holder="other", until=at(0)), False, id="another's lease has ended"),
    ],
)
def test_a_service_is_busy_while_another_holds_its_lease(
    lease: Lease | None, is_busy: bool
) -> None:
    assert busy(examples.head(lease=lease), "me", at(0)) is is_busy


def test_a_lease_is_taken_and_given_back() -> None:
    head = leased(examples.head(), "me", at(9))
    assert busy(head, "other", at(0))
    assert released(head) == examples.head()
