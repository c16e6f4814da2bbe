"""ECS' API: request JSON -> answer JSON, operation by operation, over a `Region`."""

from __future__ import annotations

from embedded.services.ecs.api import definitions, service_deployments, services, tags, tasks
from embedded.services.ecs.region import Operations

OPERATIONS: Operations = (
    definitions.OPERATIONS
    | services.OPERATIONS
    | tasks.OPERATIONS
    | service_deployments.OPERATIONS
    | tags.OPERATIONS
)
