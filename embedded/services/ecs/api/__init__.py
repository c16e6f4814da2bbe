"""ECS' API: request JSON -> answer JSON, operation by operation, over a `Region`."""

from __future__ import annotations

from embedded.services.ecs.region import Operations

from . import definitions, service_deployments, services, tags, tasks

OPERATIONS: Operations = (
    definitions.OPERATIONS
    | services.OPERATIONS
    | tasks.OPERATIONS
    | service_deployments.OPERATIONS
    | tags.OPERATIONS
)
