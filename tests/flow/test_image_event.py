"""scan event -> the step, for every deployment that waits for a scan in that repository."""

from __future__ import annotations

from typing import Any, Literal

import pytest

from chalicelib.errors import Denied, Refused, Unavailable
from chalicelib.flow.advance import advance
from chalicelib.flow.image_event import image_event
from chalicelib.model.deployments import Status
from chalicelib.model.scans import Scan, Severity
from chalicelib.model.targets import Gate, ScanGate
from tests.fixtures import examples
from tests.fixtures.examples import DIGEST, NAME, event, push_event
from tests.flow.fakes import Aws, Fault, aws

OnTimeout = Literal["refuse", "deploy"]
GATE = Gate(scan=ScanGate(max=Severity.HIGH))
BASIC = event("ecr-scan-basic")
CLEAN = Scan(state="done")


def waiting() -> Aws:
    """A push that waits for its scan."""
    world = aws(examples.target(gate=GATE))
    image_event(world.world(), push_event())
    assert world.record().gated
    world.restart()
    return world


@pytest.mark.parametrize("sent", [BASIC, event("inspector-scan")], ids=["basic", "enhanced"])
def test_the_end_of_a_scan_takes_the_step_of_what_waits_for_it(sent: dict[str, Any]) -> None:
    world = waiting()
    world.scans.all[DIGEST] = CLEAN
    (outcome,) = image_event(world.world(), sent)
    assert (outcome.outcome, outcome.status) == ("nudged", "IN_PROGRESS")
    assert not world.record().gated


def test_what_the_event_says_is_not_believed_but_looked_up() -> None:
    world = waiting()
    (outcome,) = image_event(world.world(), BASIC)
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
    (outcome,) = image_event(world.world(), BASIC | change)
    assert outcome.outcome == "ignored"
    assert reason in outcome.reason
    assert world.record().status is Status.PENDING


def test_what_waits_for_something_else_is_not_nudged_by_a_scan() -> None:
    world = aws(examples.target(gate=GATE))
    world.scans.all[DIGEST] = CLEAN
    world.faults = [Fault(0, Unavailable("throttled"), name="register")]
    image_event(world.world(), push_event())
    (outcome,) = image_event(world.world(), BASIC)
    assert (outcome.outcome, outcome.reason) == ("ignored", "it waits for no scan")


MAY_NOT = Denied("watch may not inspector2:ListFindings", "watch", "inspector2:ListFindings")


def _unread(error: Exception, on_timeout: OnTimeout = "refuse") -> Aws:
    """A push that waits for a scan which answers with this error, again and again."""
    gate = Gate(scan=ScanGate(max=Severity.HIGH, on_timeout=on_timeout))
    world = aws(examples.target(gate=gate))
    world.faults = [Fault(number, error, name="scan") for number in range(20)]
    image_event(world.world(), push_event())
    return world


@pytest.mark.parametrize("error", [Unavailable("down"), MAY_NOT], ids=["down", "denied"])
def test_a_scan_that_cannot_be_read_leaves_the_push_waiting_until_it_can(error: Exception) -> None:
    world = _unread(error)
    assert (world.record().status, world.record().gated) == (Status.PENDING, True)
    assert str(error) in world.record().reason
    world.faults.clear()
    world.scans.all[DIGEST] = CLEAN
    assert image_event(world.world(), BASIC)[0].status == "IN_PROGRESS"
    assert world.record().denial == ""


@pytest.mark.parametrize("error", [Unavailable("down"), MAY_NOT], ids=["down", "denied"])
@pytest.mark.parametrize(
    ("on_timeout", "status"), [("refuse", Status.REFUSED), ("deploy", Status.IN_PROGRESS)]
)
def test_a_scan_that_cannot_be_read_does_not_keep_wait_from_running_out(
    error: Exception, on_timeout: OnTimeout, status: Status
) -> None:
    world = _unread(error, on_timeout)
    advance(world.world(599), NAME, world.record().id)
    assert world.record().status is Status.PENDING
    advance(world.world(1), NAME, world.record().id)
    assert world.record().status is status
    assert str(error) in world.record().unscanned + world.record().reason


def test_that_a_scan_may_not_be_read_is_told_once() -> None:
    world = _unread(MAY_NOT)
    for _ in range(3):
        advance(world.world(), NAME, world.record().id)
    assert world.told == ["PENDING"]
    assert "inspector2:ListFindings" in world.topic.published[0].text


def test_a_scan_that_aws_refuses_is_none() -> None:
    refused = _unread(Refused("scanning is switched off"))
    assert refused.record().status is Status.REFUSED
    assert "the image was not scanned: scanning is switched off" in refused.record().reason
    lenient = _unread(Refused("scanning is switched off"), "deploy")
    assert lenient.record().status is Status.IN_PROGRESS
