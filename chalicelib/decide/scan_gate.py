"""deployment + gate + scan -> readiness: the gate is open, or the deployment waits or is refused.

The gate holds pushes, and deployments by hand without `override`. A rollback passes, because its
revision ran before.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from chalicelib.decide.ready import Go, Readiness
from chalicelib.model.base import iso
from chalicelib.model.deployments import Deployment
from chalicelib.model.happenings import Refused, Waits
from chalicelib.model.scans import Scan
from chalicelib.model.targets import ScanGate, Target

# Findings may come seconds after a scan says that it ended: github.com/aws/aws-sdk/issues/289.
_LATE_FINDINGS = timedelta(seconds=60)


def scan_gate(deployment: Deployment, target: Target) -> ScanGate | None:
    """Return the gate that this deployment has to pass; None when it needs no scan.

    A deployment whose attempt has begun has passed the gate already.
    """
    passes = deployment.override or deployment.goes_to or deployment.acting
    return None if passes else target.gate.scan


def scanned(deployment: Deployment, gate: ScanGate, scan: Scan, go: Go, now: datetime) -> Readiness:
    """Return whether the gate is open at `now` (UTC).

    A finding worse than `max` refuses the deployment. A scan without findings opens the gate a
    minute after its end, or a minute after Slipway first saw that it had ended. `on_timeout`
    decides when no result will come, or when none came within `wait` seconds of the record.
    """
    if scan.state == "done":
        return _judged(deployment, gate, scan, go, now)
    until = deployment.created + timedelta(seconds=gate.wait)
    if scan.state == "waiting" and now < until:
        waiting = f"waiting for the image's scan, until {iso(until)} at most"
        return _waiting(f"{waiting}: {scan.why}" if scan.why else waiting, scan)
    why = scan.why or f"none ended within {gate.wait} s"
    if gate.on_timeout == "deploy":
        return Go(service=go.service, unscanned=why)
    return Refused(
        reason=f"the image was not scanned: {why}. Scan it and deploy it by hand, or with "
        "`override`; or set the gate's `on_timeout` to `deploy`."
    )


def _waiting(reason: str, scan: Scan, found_nothing: datetime | None = None) -> Waits:
    return Waits(gated=True, reason=reason, found_nothing=found_nothing, denial=scan.denial)


def _judged(deployment: Deployment, gate: ScanGate, scan: Scan, go: Go, now: datetime) -> Readiness:
    worse = [(severity, count) for severity, count in scan.counts if severity.rank > gate.max.rank]
    if not any(count for _, count in worse):
        return _after_late_findings(deployment, scan, go, now) if scan.empty else go
    found = ", ".join(f"{count} {severity}" for severity, count in scan.counts if count)
    return Refused(
        reason=f"the image's scan found {found}; the target allows {gate.max} at worst. Fix the "
        "image and push it again, or deploy this one by hand with `override`."
    )


def _after_late_findings(deployment: Deployment, scan: Scan, go: Go, now: datetime) -> Readiness:
    """Return `go` once the time for late findings is over; until then the deployment waits."""
    first_seen = deployment.found_nothing or now
    until = min(first_seen, scan.ended or first_seen) + _LATE_FINDINGS
    if now >= until:
        return go
    reason = (
        f"the image's scan has ended and found nothing; late findings may come until {iso(until)}"
    )
    return _waiting(reason, scan, first_seen)
