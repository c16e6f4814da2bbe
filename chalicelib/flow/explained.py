"""failed record -> record with its case: explain a failure after its rollback was asked for.

An explanation reads much and may be slow, so it never comes before the rollback.
"""

from __future__ import annotations

from datetime import timedelta

from chalicelib.errors import Conflict, DeployerError, Unavailable
from chalicelib.flow.case import Case, case
from chalicelib.flow.ports import World
from chalicelib.flow.retry import retried
from chalicelib.flow.service import service_of
from chalicelib.flow.write import Items, write
from chalicelib.model.deployments import Deployment
from chalicelib.model.happenings import Explained
from chalicelib.model.heads import Head
from chalicelib.model.verdicts import Observation

_PATIENCE = timedelta(seconds=30)  # the time that the step which saw the failure has to explain it
_GIVE_UP = timedelta(minutes=3)
_UNREAD = Case(headline="", text="Why it failed could not be read in time; see ECS' own events.")


def explained(
    world: World, head: Head, record: Deployment, observation: Observation, *, named: bool
) -> Items:
    """Return HEAD and the record with the case of a failure that this step has just seen.

    `named` says that the record's reason names the cause already, from more facts than the case has
    read.
    """
    made = case(world, record, observation)
    unnamed = Case(headline="", text=made.text, log=made.log)
    return _saved(world, head, record, unnamed if named else made)


def explained_later(world: World, head: Head, record: Deployment) -> Items:
    """Return HEAD and the record with the case of a failure that an earlier step left unexplained.

    That step has half a minute to explain it. After three minutes the failure is told without a
    case.
    """
    if record.unexplained is None or world.now - record.unexplained < _PATIENCE:
        return head, record
    late = world.now - record.unexplained > _GIVE_UP
    return _saved(world, head, record, _UNREAD if late else _looked_again(world, record))


def _looked_again(world: World, record: Deployment) -> Case:
    try:
        service = service_of(world, record.cluster, record.service_name)
        ours = record.service_deployment
        found = world.services.service_deployment(ours) if ours else None
    except DeployerError as error:
        return Case(headline="", text=f"The service could not be read: {error}")
    return case(world, record, Observation(at=world.now, service=service, ours=found))


def _saved(world: World, head: Head, record: Deployment, made: Case) -> Items:
    """Save the case; when another writer got there first, read both items again and save it."""
    try:
        return _written(world, head, record, made)
    except Conflict:
        pass
    try:
        return retried(record.service, lambda: _read_and_written(world, record, made))
    except Unavailable:
        return head, record  # a later step explains it


def _read_and_written(world: World, record: Deployment, made: Case) -> Items:
    head = world.ledger.head(record.service)
    newest = world.ledger.deployment(record.service, record.id)
    if head is None or newest is None:
        raise Unavailable(f"the ledger does not show {record.id}")
    return _written(world, head, newest, made)


def _written(world: World, head: Head, record: Deployment, made: Case) -> Items:
    if record.unexplained is None:
        return head, record
    reason = record.reason
    if made.headline and not _names_cause(reason, made.headline):
        reason = f"{made.headline}; {reason}"
    target = world.targets.named(record.service)
    private = target is not None and target.log_lines != "notices"
    told = Explained(case=made.text, log=made.log, log_private=private, reason=reason)
    return write(world, head, record, told)


def _names_cause(reason: str, headline: str) -> bool:
    """Whether the reason names the headline's cause, whatever it says about the number of tasks."""
    return headline.rpartition(" (")[0] in reason
