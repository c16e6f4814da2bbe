"""closed record -> measures: what CloudWatch is told of a deployment, for alarms and dashboards."""

from __future__ import annotations

from chalicelib.decide.figures import changes
from chalicelib.decide.outcomes import outcome_of
from chalicelib.model.deployments import Cause, Deployment, Status
from chalicelib.model.heads import Head, Proven
from chalicelib.model.outcomes import Change, Measure


def measures(record: Deployment, left: Deployment | None = None) -> tuple[Measure, ...]:
    """Return what a deployment that was closed now adds to the four figures.

    `Deployments` is 1 for a change that is live and 0 for one that failed: its sum counts the
    deployments, and its number of samples the changes. `FailedChanges` is 1 for each failure.
    `left` is the change that this rollback by hand left: it fails now.
    """
    if record.cause is Cause.ROLLBACK:
        outcomes = [outcome_of(one) for one in (left, record) if one is not None]
        found = changes(outcome for outcome in outcomes if outcome is not None)
        return tuple(measure for change in found for measure in _failure(change))
    own = outcome_of(record)
    (change,) = changes([own]) if own else (None,)
    if change is None:
        return ()
    live = Measure(name="Deployments", value=int(change.live), unit="Count")
    lead = () if change.lead is None else (_seconds("LeadTimeSeconds", change.lead),)
    return (live, *lead, *_failure(change))


def leaves(head: Head, record: Deployment) -> str:
    """Return the deployment that this rollback by hand left; empty when none fails by it.

    `head` is that before the rollback was live. A revision that was left before has failed before,
    and one that is older than where the rollback goes does not fail.
    """
    if record.cause is not Cause.ROLLBACK or record.status is not Status.SUCCESSFUL:
        return ""
    left, to = head.proven_revision(record.return_to), head.proven_revision(record.revision)
    if left is None or left.rolled_away or _older(left, to):
        return ""
    return left.deployment


def _older(left: Proven, to: Proven | None) -> bool:
    return to is not None and left.first <= to.first


def _failure(change: Change) -> tuple[Measure, ...]:
    if not change.failed:
        return ()
    failed = Measure(name="FailedChanges", value=1, unit="Count")
    restored = change.restored
    return (failed,) if restored is None else (failed, _seconds("RestoreSeconds", restored))


def _seconds(name: str, value: float) -> Measure:
    return Measure(name=name, value=value, unit="Seconds")
