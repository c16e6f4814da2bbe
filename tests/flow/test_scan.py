"""scan event -> the step, for every deployment that waits for a scan in that repository."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.errors import Unavailable
from chalicelib.flow.push import push
from chalicelib.flow.scan import image_changed
from chalicelib.model.deployments import Status
from chalicelib.model.scans import Scan, Severity
from chalicelib.model.targets import Gate, ScanGate
from tests.fixtures import examples
from tests.fixtures.examples import DIGEST, event, push_event
from tests.flow.fakes import Aws, Fault, aws

GATE = Gate(scan=ScanGate(max=Severity.HIGH))
BASIC = event("ecr-scan-basic")
CLEAN = Scan(state="done")


def waiting() -> Aws:
    """A push that waits for its scan."""
    world = aws(examples.target(gate=GATE))
    push(world.world(), push_event())
    assert world.record().gated
    world.restart()
    return world


@pytest.mark.parametrize("sent", [BASIC, event("inspector-scan")], ids=["basic", "enhanced"])
def test_the_end_of_a_scan_takes_the_step_of_what_waits_for_it(sent: dict[str, Any]) -> None:
    world = waiting()
    world.scans.all[DIGEST] = CLEAN
    (outcome,) = image_changed(world.world(), sent)
    assert (outcome.outcome, outcome.status) == ("nudged", "IN_PROGRESS")
    assert not world.record().gated


def test_what_the_event_says_is_not_believed_but_looked_up() -> None:
    world = waiting()
    (outcome,) = image_changed(world.world(), BASIC)
    assert outcome.status == "PENDING"
    assert world.calls.count("scan") == 1


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"account": "999999999999"}, "an event of account"),
        ({"region": "eu-central-1"}, "an event of account"),
        (
            {"detail": BASIC["detail"] | {"repository-name": "other"}},
            "no target has a gate on scans of other",
        ),
    ],
    ids=["another account's", "another region's", "another repository's"],
)
def test_a_scan_that_nothing_waits_for_is_ignored(change: dict[str, Any], reason: str) -> None:
    world = waiting()
    world.scans.all[DIGEST] = CLEAN
    (outcome,) = image_changed(world.world(), BASIC | change)
    assert outcome.outcome == "ignored"
    assert reason in outcome.reason
    assert world.record().status is Status.PENDING


def test_what_waits_for_something_else_is_not_nudged_by_a_scan() -> None:
    world = aws(examples.target(gate=GATE))
    world.scans.all[DIGEST] = CLEAN
    world.faults = [Fault(0, Unavailable("throttled"), name="register")]
    push(world.world(), push_event())
    (outcome,) = image_changed(world.world(), BASIC)
    assert (outcome.outcome, outcome.reason) == ("ignored", "it waits for no scan")


def test_a_scan_that_cannot_be_read_is_retried_and_the_push_goes_on_waiting() -> None:
    world = waiting()
    world.faults = [Fault(0, Unavailable("down"), name="scan")]
    with pytest.raises(Unavailable):
        image_changed(world.world(), BASIC)
    world.scans.all[DIGEST] = CLEAN
    assert image_changed(world.world(), BASIC)[0].status == "IN_PROGRESS"
