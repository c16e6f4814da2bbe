"""record + running revision -> whether a service is back already, or on its way."""

from __future__ import annotations

from chalicelib.model.deployments import GOES_BACK, Cause, Deployment, Status
from chalicelib.model.task_definitions import short_name

_ROLLS_OUT = frozenset({Status.PENDING, Status.IN_PROGRESS})


def on_its_way(record: Deployment) -> bool:
    """Whether a rollback by hand is open, and has not failed so far."""
    return record.cause is Cause.ROLLBACK and record.status in _ROLLS_OUT


def is_back(record: Deployment, running: str) -> bool:
    """Whether this deployment took the service to what it runs now, as a rollback does.

    That is a rollback by hand, under way or successful, or a deployment that was rolled back, or
    that was stopped before it changed the service. `running` is the ARN of the revision that the
    service runs.
    """
    if record.cause is Cause.ROLLBACK:
        rolled_out = record.status in {Status.IN_PROGRESS, Status.SUCCESSFUL}
        return rolled_out and record.revision == running
    if record.only_prepared and record.status in {Status.PREPARING, Status.FAILED}:
        stopped = record.before is not None and record.before.withdrawn
        return stopped and record.return_to == running
    return record.status in GOES_BACK and record.return_to == running


def already_words(record: Deployment) -> str:
    """Return the sentence that nothing more is done."""
    back = record.revision or record.goes_to if record.cause is Cause.ROLLBACK else record.return_to
    how = "is going back" if record.open else "is back"
    return f"it {how} already, to {short_name(back)}. To go further back, name `to`."
