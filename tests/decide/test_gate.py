"""deployment + gate + scan -> open, wait, or refuse."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.decide.gate import scan_gate, scanned
from chalicelib.model.deployments import Status
from chalicelib.model.scans import Scan, Severity, severity
from chalicelib.model.targets import Gate, ScanGate
from tests.fixtures import examples
from tests.fixtures.examples import at

HIGH = ScanGate(max=Severity.HIGH)
LENIENT = ScanGate(max=Severity.HIGH, on_timeout="deploy")
WAITING = Scan(state="waiting")
NEVER = Scan(state="none", why="its scan is UNSUPPORTED_IMAGE")
GO, WAIT, REFUSED = Status.IN_PROGRESS, Status.PENDING, Status.REFUSED


def found(**counts: int) -> Scan:
    return Scan(state="done", counts=tuple((Severity(name), n) for name, n in counts.items()))


@pytest.mark.parametrize(
    ("gate", "scan", "seconds", "status", "reason"),
    [
        (HIGH, found(), 1, GO, ""),
        (HIGH, found(HIGH=9, LOW=1), 1, GO, ""),
        (HIGH, found(CRITICAL=0), 1, GO, ""),
        (HIGH, found(CRITICAL=2, HIGH=9), 1, REFUSED, "found 2 CRITICAL, 9 HIGH; the target"),
        (HIGH, found(CRITICAL=1), 9e9, REFUSED, "found 1 CRITICAL"),
        (HIGH, WAITING, 599, WAIT, "waiting for the image's scan, until 2026-03-02T10:25:30"),
        (HIGH, WAITING, 600, REFUSED, "was not scanned: none ended within 600 s"),
        (LENIENT, WAITING, 599, WAIT, "waiting for the image's scan"),
        (LENIENT, WAITING, 600, GO, ""),
        (HIGH, NEVER, 1, REFUSED, "was not scanned: its scan is UNSUPPORTED_IMAGE"),
        (LENIENT, NEVER, 1, GO, ""),
    ],
    ids=[
        "nothing found", "nothing worse", "counted as none", "worse", "worse, late", "not yet",
        "too late", "not yet, lenient", "too late, lenient", "never", "never, lenient",
    ],
)  # fmt: skip
def test_a_gate_opens_waits_or_refuses(
    gate: ScanGate, scan: Scan, seconds: float, status: Status, reason: str
) -> None:
    readiness = scanned(examples.deployment(created=at(0)), gate, scan, at(seconds))
    assert readiness.status is status
    assert (reason in readiness.reason) if reason else readiness.reason == ""
    assert readiness.gated is (status is WAIT)
    assert bool(readiness.unscanned) is (status is GO and scan.state != "done")


@given(st.sampled_from(Severity), st.sampled_from(Severity))
def test_what_is_worse_than_the_worst_allowed_is_refused(most: Severity, worst: Severity) -> None:
    scan = Scan(state="done", counts=((worst, 1),))
    readiness = scanned(examples.deployment(), ScanGate(max=most), scan, at(1))
    order = ["UNDEFINED", "INFORMATIONAL", "LOW", "MEDIUM", "HIGH", "CRITICAL"]
    refused = order.index(worst) > order.index(most)
    assert readiness.status is (REFUSED if refused else GO)


@pytest.mark.parametrize(
    ("fields", "held"),
    [
        ({}, True),
        ({"override": True}, False),
        ({"goes_to": examples.revision(6)}, False),
        ({"acting": True}, False),
    ],
    ids=["a push", "with override", "a rollback", "what was being applied"],
)
def test_a_gate_holds_what_is_new_and_never_a_rollback(fields: dict[str, Any], held: bool) -> None:
    target = examples.target(gate=Gate(scan=HIGH))
    assert scan_gate(examples.deployment(**fields), target) == (HIGH if held else None)
    assert scan_gate(examples.deployment(**fields), examples.target()) is None


def test_a_severity_that_ecr_does_not_name_is_undefined() -> None:
    assert severity("UNTRIAGED") is Severity.UNDEFINED
    assert severity("CRITICAL") is Severity.CRITICAL
