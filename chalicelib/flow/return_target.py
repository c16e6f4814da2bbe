"""record + service -> the revision that the service returns to if this deployment fails."""

from __future__ import annotations

from chalicelib.decide.return_to import LastGood, return_to
from chalicelib.errors import Unreadable
from chalicelib.flow.ports import World
from chalicelib.model.deployments import Deployment, Status
from chalicelib.model.heads import Head
from chalicelib.model.services import Service


def return_target(world: World, record: Deployment, service: Service, head: Head) -> str:
    """Return the revision to return to; empty when no other revision is known.

    When the service runs our revision already, it is our own revision: there is nothing to return
    from. But when an attempt of ours may have brought it there, the revision that was found before
    the attempt stays.
    """
    own = record.revision or record.goes_to
    if own and service.runs(own):
        return record.return_to if record.acting else own
    last = _last_successful(world, record, service)
    known = last.revision not in {"", own}
    superseded = "" if known else _of_the_superseded(world, record, head)
    return return_to(own, last, superseded, head)


def _last_successful(world: World, record: Deployment, service: Service) -> LastGood:
    """Return the last SUCCESSFUL rollout, whoever began it.

    A steady PRIMARY deployment is that rollout, so service deployments are listed only while no
    deployment is steady.
    """
    if (steady := service.steady) is not None:
        return LastGood(revision=steady.task_definition, began=steady.created_at)
    last = world.services.newest_service_deployment(
        record.cluster, record.service_name, status="SUCCESSFUL"
    )
    if last is None:
        return LastGood()
    revision = world.services.revision_task_definition(last.target_revision)
    return LastGood(revision=revision, began=last.created_at)


def _of_the_superseded(world: World, record: Deployment, head: Head) -> str:
    """Return the revision that the superseded deployment would return to; empty if unknown."""
    if head.applied_deployment in {"", record.id}:
        return ""
    try:
        before = world.ledger.deployment(record.service, head.applied_deployment)
    except Unreadable:  # a newer release wrote it; the proven revisions are known all the same
        return ""
    return before.return_to if before and before.status is not Status.SUCCESSFUL else ""
