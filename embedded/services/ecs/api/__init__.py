"""ECS' API: each operation takes a `Region` and a request as JSON, and answers as JSON."""

from __future__ import annotations

from embedded.services.ecs.api import (
    definitions,
    express,
    run_task,
    service_deployments,
    services,
    tags,
    tasks,
)
from embedded.services.ecs.region import Operations

OPERATIONS: Operations = (
    definitions.OPERATIONS
    | services.OPERATIONS
    | express.OPERATIONS
    | tasks.OPERATIONS
    | run_task.OPERATIONS
    | service_deployments.OPERATIONS
    | tags.OPERATIONS
)
