"""Standalone tasks for the tests of the simulated ECS: RunTask on Fargate with another command."""

from __future__ import annotations

from typing import Any

from tests.embedded.ecs.web_service import NETWORK, WebService

MIGRATE = ["python", "manage.py", "migrate"]


def command(*words: str, name: str = "web") -> dict[str, Any]:
    """The `overrides` that let the container run these words."""
    return {"containerOverrides": [{"name": name, "command": list(words or MIGRATE)}]}


def run(web: WebService, definition: str, **parameters: Any) -> dict[str, Any]:
    """The answer of RunTask."""
    wanted = {
        "cluster": "dev",
        "taskDefinition": definition,
        "launchType": "FARGATE",
        "networkConfiguration": NETWORK,
        "overrides": command(),
    }
    asked = {name: value for name, value in (wanted | parameters).items() if value is not None}
    answer: dict[str, Any] = web.api.run_task(**asked)
    return answer


def started(web: WebService, definition: str, **parameters: Any) -> str:
    """The ARN of the only task that RunTask starts."""
    answer = run(web, definition, **parameters)
    assert not answer["failures"]
    [task] = answer["tasks"]
    return str(task["taskArn"])


def described(web: WebService, arn: str) -> dict[str, Any]:
    answer = web.api.describe_tasks(cluster="dev", tasks=[arn], include=["TAGS"])
    found: dict[str, Any] = answer["tasks"][0]
    return found


def until(web: WebService, arn: str, status: str, limit: float = 120) -> dict[str, Any]:
    """The task once it has this last status."""
    reached = web.clock.advance_until(lambda: described(web, arn)["lastStatus"] == status, limit)
    assert reached, described(web, arn)["lastStatus"]
    return described(web, arn)
