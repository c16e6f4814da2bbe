"""deployment + gate + scan -> open, wait, or refuse."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.decide.ready import Go
from chalicelib.decide.scan_gate import scan_gate, scanned
from chalicelib.model.happenings import Refused, Waits
from chalicelib.model.scans import Scan, Severity, severity
from chalicelib.model.targets import Gate, ScanGate
from tests.fixtures import examples
from tests.fixtures.examples import at

HIGH = ScanGate(max=Severity.HIGH)
LENIENT = ScanGate(max=Severity.HIGH, on_timeout="deploy")
WAITING = Scan(state="waiting")
NEVER = Scan(state="none", why="its scan is UNSUPPORTED_IMAGE")
GO, WAIT, REFUSED = Go, Waits, Refused
TO_GO = Go(service=examples.service())


UNREAD = Scan(state="waiting", why="may not be read", denial="may not be read")


def found_none(*, ended: float | None = None, **counts: int) -> Scan:
    """The scan has ended, and of an image, or of one of several, there is no finding."""
    end = None if ended is None else at(ended)
    return found(**counts).model_copy(update={"empty": True, "ended": end})


def found(**counts: int) -> Scan:
    return Scan(state="done", counts=tuple((Severity(name), n) for name, n in counts.items()))


@pytest.mark.parametrize(
    ("gate", "scan", "seconds", "expected", "reason"),
    [
        (HIGH, found(), 1, GO, ""),
        (HIGH, found(HIGH=9, LOW=1), 1, GO, ""),
        (HIGH, found(CRITICAL=0), 1, GO, ""),
        (HIGH, found(CRITICAL=2, HIGH=9), 1, REFUSED, "found 2 CRITICAL, 9 HIGH; the target"),
        (HIGH, found(CRITICAL=1), 9e9, REFUSED, "found 1 CRITICAL"),
        (HIGH, found_none(), 1, WAIT, "late findings may come until 2026-03-02T10:16:31"),
        (HIGH, found_none(ended=-60), 1, GO, ""),
        (HIGH, found_none(ended=-58), 1, WAIT, "may come until 2026-03-02T10:15:32"),
        (HIGH, found_none(ended=9e5), 1, WAIT, "may come until 2026-03-02T10:16:31"),
        (HIGH, found_none(), 9e3, WAIT, "late findings may come"),
        (HIGH, found_none(LOW=1), 1, WAIT, "late findings may come"),
        (HIGH, found_none(CRITICAL=1), 1, REFUSED, "found 1 CRITICAL"),
        (HIGH, UNREAD, 599, WAIT, "at most: may not be read"),
        (HIGH, UNREAD, 600, REFUSED, "the image was not scanned: may not be read"),
        (LENIENT, UNREAD, 600, GO, ""),
        (HIGH, WAITING, 599, WAIT, "waiting for the image's scan, until 2026-03-02T10:25:30"),
        (HIGH, WAITING, 600, REFUSED, "was not scanned: none ended within 600 s"),
        (LENIENT, WAITING, 599, WAIT, "waiting for the image's scan"),
        (LENIENT, WAITING, 600, GO, ""),
        (HIGH, NEVER, 1, REFUSED, "was not scanned: its scan is UNSUPPORTED_IMAGE"),
        (LENIENT, NEVER, 1, GO, ""),
    ],
    ids=[
        "nothing found", "nothing worse", "counted as none", "worse", "worse, late",
        "nothing yet", "nothing for a minute", "nothing for less", "nothing, and a clock ahead",
        "nothing yet, past `wait`", "in one of its images nothing yet", "worse in another image",
        "not read", "not read in time", "not read in time, lenient", "not yet",
        "too late", "not yet, lenient", "too late, lenient", "never", "never, lenient",
    ],
)  # fmt: skip
def test_a_gate_opens_waits_or_refuses(
    gate: ScanGate, scan: Scan, seconds: float, expected: type, reason: str
) -> None:
    readiness = scanned(examples.deployment(created=at(0)), gate, scan, TO_GO, at(seconds))
    assert type(readiness) is expected
    if isinstance(readiness, Go):
        assert bool(readiness.unscanned) is (scan.state != "done")
    else:
        assert reason
        assert reason in readiness.reason
    assert not isinstance(readiness, Waits) or readiness.gated


@pytest.mark.parametrize(("seconds", "expected"), [(59, WAIT), (60, GO), (9e5, GO)])
def test_an_image_without_findings_passes_a_minute_after_that_was_first_seen(
    seconds: float, expected: type
) -> None:
    first = scanned(examples.deployment(), HIGH, found_none(), TO_GO, at(0))
    assert isinstance(first, Waits)
    again = examples.deployment(found_nothing=first.found_nothing)
    assert type(scanned(again, HIGH, found_none(), TO_GO, at(seconds))) is expected
    worse = scanned(again, HIGH, found(CRITICAL=1), TO_GO, at(seconds))
    assert isinstance(worse, Refused)


@given(st.sampled_from(Severity), st.sampled_from(Severity))
def test_what_is_worse_than_the_worst_allowed_is_refused(most: Severity, worst: Severity) -> None:
    scan = Scan(state="done", counts=((worst, 1),))
    readiness = scanned(examples.deployment(), ScanGate(max=most), scan, TO_GO, at(1))
    order = ["UNDEFINED", "INFORMATIONAL", "LOW", "MEDIUM", "HIGH", "CRITICAL"]
    refused = order.index(worst) > order.index(most)
    assert type(readiness) is (REFUSED if refused else GO)


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
