"""A task definition as the raw JSON that ECS sent, with the fields that nobody here knows."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from chalicelib.model.base import Frozen


class TaskDefinition(Frozen):
    """One registered revision. It keeps ECS' own JSON, so that no field gets lost."""

    body: dict[str, Any]
    tags: dict[str, str] = Field(default_factory=dict)

    @property
    def arn(self) -> str:
        return str(self.body["taskDefinitionArn"])

    @property
    def family(self) -> str:
        return str(self.body["family"])

    @property
    def active(self) -> bool:
        return self.body.get("status") != "INACTIVE"

    @property
    def name(self) -> str:
        """The short name, `family:revision`."""
        return short_name(self.arn)


def short_name(task_definition: str | None) -> str:
    """Return the `family:revision` of a task definition's ARN; a short name stays as it is."""
    return (task_definition or "").rsplit("/", 1)[-1]
