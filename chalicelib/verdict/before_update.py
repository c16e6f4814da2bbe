"""verdict that asks for UpdateService -> the verdict once ECS was asked who deployed since.

UpdateService would undo what somebody else deployed meanwhile. ECS stops ours when somebody starts
another deployment, so a failure that is set back may be nothing but that.
"""

from __future__ import annotations

from chalicelib.model.deployments import Deployment, Status
from chalicelib.model.verdicts import Verdict
from chalicelib.verdict import returning, rollout


def unless_deployed_since(record: Deployment, verdict: Verdict, newer: str) -> Verdict:
    """The verdict when ECS lists a service deployment after ours, of the revision `newer`.

    Nothing of another revision is set back. `newer` is empty when ECS does not show which revision
    it is yet.
    """
    goes_back = record.status is Status.ROLLBACK_IN_PROGRESS
    if newer == record.revision and goes_back:
        return verdict  # another setting was changed: still ours, and still to be set back
    if newer in {"", record.revision} or (newer == record.return_to and goes_back):
        return look_again(record)
    if goes_back:
        return Verdict(
            rule="return_superseded",
            status=Status.FAILED,
            reason=returning.another_revision(record, newer),
        )
    return Verdict(
        rule="superseded",
        status=Status.SUPERSEDED,
        reason=rollout.another_revision(newer, "a newer service deployment"),
    )


def look_again(record: Deployment) -> Verdict:
    """No verdict yet: nothing changes, and the next step looks again."""
    return Verdict(rule="look_again", status=record.status, reason=record.reason)
