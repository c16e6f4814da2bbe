"""ECS DescribeTaskDefinition -> the facts about a revision. No value of its environment is kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cli.doctor.asking import Asking
from cli.doctor.facts import Container, HealthCheck, Revision

_NO_DEFINITION = ("ClientException",)  # "Unable to describe task definition."


def revision(asking: Asking, name: str) -> Revision | None:
    """The revision of an ARN; of a family, the newest ACTIVE one. None also when there is none."""
    return _revision(asking.ask(*_definition(name), absent=_NO_DEFINITION, taskDefinition=name))


def family(asking: Asking, name: str) -> tuple[bool | None, Revision | None]:
    """Whether the family has an ACTIVE revision, and the newest one."""
    answer = asking.ask(*_definition(name), absent=_NO_DEFINITION, taskDefinition=name)
    return (None if answer is None else bool(answer)), _revision(answer)


def _definition(name: str) -> tuple[str, str]:
    return f"the task definition {name.rpartition('/')[2]}", "ecs:describe_task_definition"


def _revision(answer: Mapping[str, Any] | None) -> Revision | None:
    if not answer:
        return None
    body = answer["taskDefinition"]
    platform = body.get("runtimePlatform", {})
    return Revision(
        arn=body["taskDefinitionArn"],
        family=body["family"],
        containers=tuple(map(_container, body.get("containerDefinitions", ()))),
        task_role=body.get("taskRoleArn", ""),
        execution_role=body.get("executionRoleArn", ""),
        architecture=platform.get("cpuArchitecture", ""),
        system=platform.get("operatingSystemFamily", ""),
        active=body.get("status", "ACTIVE") != "INACTIVE",
    )


def _container(body: Mapping[str, Any]) -> Container:
    logs = body.get("logConfiguration", {})
    options = logs.get("options", {}) if logs.get("logDriver") == "awslogs" else {}
    return Container(
        name=body["name"],
        image=body.get("image", ""),
        essential=body.get("essential", True),
        health_check=_health_check(body.get("healthCheck")),
        stop_timeout=body.get("stopTimeout"),
        log_group=options.get("awslogs-group", ""),
        log_region=options.get("awslogs-region", ""),
        creates_log_group=options.get("awslogs-create-group") == "true",
    )


def _health_check(body: Mapping[str, Any] | None) -> HealthCheck | None:
    if not body:
        return None
    given = {
        "interval": body.get("interval"),
        "retries": body.get("retries"),
        "start_period": body.get("startPeriod"),
    }
    return HealthCheck(**{name: value for name, value in given.items() if value is not None})
