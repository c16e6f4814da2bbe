"""closed record -> CloudWatch metrics: they are lost rather than that anything waits for them."""

from __future__ import annotations

from chalicelib.decide.measures import leaves, measures
from chalicelib.errors import DeployerError
from chalicelib.flow.ports import World
from chalicelib.model.deployments import Deployment
from chalicelib.model.heads import Head


def measure(world: World, head: Head, before: Deployment, record: Deployment) -> None:
    """Tell CloudWatch how a deployment ended that was open `before` and is closed now.

    `head` is that before it was closed. When the invocation dies at this point, the metric is lost:
    the ledger has all the same, and the figures come from there.
    """
    if world.counts is None or not before.open or record.open:
        return
    for one in measures(record, _left(world, head, record)):
        world.counts.measure(one)


def _left(world: World, head: Head, record: Deployment) -> Deployment | None:
    """Return the deployment that a rollback by hand left; None when it cannot be read."""
    name = leaves(head, record)
    try:
        return world.ledger.deployment(record.service, name) if name else None
    except DeployerError:
        return None
