"""failed record -> the same with its case, told: after its verdict was written and acted upon.

Nothing here keeps a rollback waiting, so nothing here happens before one.
"""

from __future__ import annotations

from datetime import timedelta

from chalicelib.errors import Conflict, DeployerError, Unavailable
from chalicelib.flow.case import Case, case
from chalicelib.flow.ports import World
from chalicelib.flow.retry import retried
from chalicelib.flow.write import Items, write
from chalicelib.model.deployments import Deployment
from chalicelib.model.happenings import Explained
from chalicelib.model.heads import Head
from chalicelib.model.verdicts import Observation

_PATIENCE = timedelta(seconds=30)  # for the step that failed it, which explains it as well
_GIVE_UP = timedelta(minutes=3)
_UNREAD = Case(headline="", text="Why it failed could not be read in time; see ECS' own events.")


def explained(
    world: World, head: Head, record: Deployment, observation: Observation, *, named: bool
) -> Items:
    """Both with the case of what has just failed; the notice of the failure waits for it.

    `named`: the record's reason names the cause already, from more than the case reads.
    """
    made = case(world, record, observation)
    return _told(world, head, record, Case(headline="", text=made.text) if named else made)


def explained_later(world: World, head: Head, record: Deployment) -> Items:
    """Both with the case, where the step that failed it has died before it was made.

    What could not be explained within three minutes is told without a case.
    """
    if record.unexplained is None or world.now - record.unexplained < _PATIENCE:
        return head, record
    late = world.now - record.unexplained > _GIVE_UP
    return _told(world, head, record, _UNREAD if late else _looked_again(world, record))


def _looked_again(world: World, record: Deployment) -> Case:
    try:
        service = world.services.service(record.cluster, record.service_name)
        ours = record.service_deployment
        found = world.services.service_deployment(ours) if ours else None
    except DeployerError as error:
        return Case(headline="", text=f"The service could not be read: {error}")
    return case(world, record, Observation(at=world.now, service=service, ours=found))


def _told(world: World, head: Head, record: Deployment, made: Case) -> Items:
    """Both, written; when others write meanwhile, to what they wrote."""
    try:
        return _written(world, head, record, made)
    except Conflict:
        pass
    try:
        return retried(record.service, lambda: _written_anew(world, record, made))
    except Unavailable:
        return head, record  # a later step explains it


def _written_anew(world: World, record: Deployment, made: Case) -> Items:
    head = world.ledger.head(record.service)
    now = world.ledger.deployment(record.service, record.id)
    if head is None or now is None:
        raise Unavailable(f"the ledger does not show {record.id}")
    return _written(world, head, now, made)


def _written(world: World, head: Head, record: Deployment, made: Case) -> Items:
    if record.unexplained is None:
        return head, record
    reason = record.reason
    if made.headline and not _says(reason, made.headline):
        reason = f"{made.headline}; {reason}"
    return write(world, head, record, Explained(case=made.text, reason=reason))


def _says(reason: str, headline: str) -> bool:
    """Whether a reason names the cause already: `CAUSE (2 tasks)`, in other words about tasks."""
    return headline.rpartition(" (")[0] in reason
