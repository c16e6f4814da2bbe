"""record + service -> the revision that the service goes back to, should this one fail."""

from __future__ import annotations

from chalicelib.decide.return_to import LastGood, return_to
from chalicelib.errors import Unreadable
from chalicelib.flow.ports import World
from chalicelib.model.deployments import Deployment, Status
from chalicelib.model.heads import Head
from chalicelib.model.services import Service


def return_target(world: World, record: Deployment, service: Service, head: Head) -> str:
    """The revision to return to; empty when the service never ran anything else that is known.

    While an attempt may have brought the service to our revision, what was found before it stays;
    where it runs our revision already, there is nothing to return from.
    """
    own = record.revision or record.goes_to
    if own and service.runs(own):
        return record.return_to if record.acting else own
    last = _last_successful(world, record, service)
    known = last.revision not in {"", own}
    superseded = "" if known else _of_the_superseded(world, record, head)
    return return_to(own, last, superseded, head)


def _last_successful(world: World, record: Deployment, service: Service) -> LastGood:
    """The last SUCCESSFUL service deployment, whoever made it.

    The steady PRIMARY is that one, so ECS is asked only when a rollout is under way.
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
    """Where the deployment that is under way, and that this one replaces, would return to."""
    if head.applied_deployment in {"", record.id}:
        return ""
    try:
        before = world.ledger.deployment(record.service, head.applied_deployment)
    except Unreadable:  # a newer release's; what is proven is known all the same
        return ""
    return before.return_to if before and before.status is not Status.SUCCESSFUL else ""
