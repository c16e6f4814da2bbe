"""A task definition as raw JSON: what ECS sent, unknown fields included."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from chalicelib.model.base import Frozen


class TaskDefinition(Frozen):
    """One registered revision: ECS' own JSON, never a model of it, so that nothing gets lost."""

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
        """`family:revision`."""
        return short_name(self.arn)


def short_name(task_definition: str | None) -> str:
    """`family:revision` of a task definition's ARN (or of what already is one)."""
    return (task_definition or "").rsplit("/", 1)[-1]
