"""The commands of a target: what runs before the service changes, and once it has changed."""

from __future__ import annotations

import json
from typing import Annotated, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationInfo

from chalicelib.model.target_values import EcsName, Seconds

_PARTS = 50
# RunTask takes overrides of 8,192 characters, with the JSON around them and the container's name
# (ECS API reference, TaskOverride).
_CHARACTERS = 7_800


def _command(parts: tuple[str, ...]) -> tuple[str, ...]:
    if not 1 <= len(parts) <= _PARTS or not all(parts):
        raise ValueError(f"expected a list of 1 to {_PARTS} texts, none of them empty")
    if len(json.dumps(parts)) > _CHARACTERS:
        raise ValueError(f"expected at most {_CHARACTERS:,} characters in all")
    return parts


class TaskSettings(BaseModel):
    """A command that a standalone task of the new revision runs; it must exit with 0.

    `container` is the container that runs it. None means the only container whose image comes from
    the target's repository. The task may take `timeout` seconds
    to start, and as long to run.
    """

    model_config = ConfigDict(defer_build=True, frozen=True, extra="forbid")

    command: Annotated[tuple[str, ...], AfterValidator(_command)]
    container: EcsName | None = None
    timeout: Seconds


class BeforeSettings(TaskSettings):
    """What must succeed before ECS is asked to change the service: for instance a migration."""

    timeout: Seconds = 900


class AfterSettings(TaskSettings):
    """What must succeed once ECS calls the rollout successful: for instance a smoke test."""

    timeout: Seconds = 300


_Settings = TypeVar("_Settings", bound=TaskSettings)


def chosen_container(settings: _Settings, info: ValidationInfo) -> _Settings:
    """Return the settings with the only one of the target's `containers`, if they name none.

    Raises:
        ValueError: when they name none, and the target has several `containers`.
    """
    containers: tuple[str, ...] = info.data.get("containers", ())
    if settings.container is not None or not containers:
        return settings
    if len(containers) > 1:
        raise ValueError(
            "expected also `container`, because the target has several `containers`, "
            f'like container = "{containers[0]}"'
        )
    return type(settings)(
        command=settings.command, container=containers[0], timeout=settings.timeout
    )
