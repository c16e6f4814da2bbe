"""Facts about a target and a stack that are all well; a test changes what it is about."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from chalicelib.model.services import Service
from chalicelib.model.targets import Target
from cli.doctor.facts import (
    Container,
    EventRule,
    Expiry,
    HealthCheck,
    Repository,
    Revision,
    RollbackImage,
    ScheduledFacts,
    ServiceSettings,
    StackFacts,
    StoredImage,
    TargetFacts,
    TargetGroup,
    TasksSeen,
)

REGISTRY = "123456789012.dkr.ecr.us-west-2.amazonaws.com"
ROLES = (
    "arn:aws:iam::123456789012:role/shop-task",
    "arn:aws:iam::123456789012:role/shop-execution",
)
GROUP_ARN = "arn:aws:elasticloadbalancing:us-west-2:123456789012:targetgroup/shop/6d0e"
BREAKER = {"deploymentCircuitBreaker": {"enable": True, "rollback": True}}


def target(**changes: Any) -> Target:
    given = {
        "repository": "shop-dev",
        "cluster": "dev",
        "service": "shop",
        "tags": "[0-9a-f]{7}",
        "pass_roles": ("arn:aws:iam::*:role/shop-*",),
        "log_groups": ("/ecs/shop",),
    }
    return Target(**(given | changes))


def service(**changes: Any) -> Service:
    given = {
        "name": "shop",
        "arn": "arn:aws:ecs:us-west-2:123456789012:service/dev/shop",
        "status": "ACTIVE",
        "task_definition": "arn:aws:ecs:us-west-2:123456789012:task-definition/shop:7",
        "desired": 4,
        "running": 4,
        "pending": 0,
        "minimum_percent": 100,
        "maximum_percent": 200,
        "target_groups": (GROUP_ARN,),
    }
    return Service(**(given | changes))


def container(**changes: Any) -> Container:
    given = {
        "name": "web",
        "image": f"{REGISTRY}/shop-dev@sha256:{'a' * 64}",
        "health_check": HealthCheck(interval=5, start_period=60),
        "log_group": "/ecs/shop",
        "log_region": "us-west-2",
    }
    return Container(**(given | changes))


FAMILY_ARN = "arn:aws:ecs:us-west-2:123456789012:task-definition/shop"


def scheduled(**changes: Any) -> ScheduledFacts:
    given = {
        "label": "schedule default/report",
        "task_definition": f"{FAMILY_ARN}:7",
        "role": "arn:aws:iam::123456789012:role/shop-cron",
        "active": True,
        "runs_next": True,
    }
    return ScheduledFacts(**(given | changes))


def revision(**changes: Any) -> Revision:
    given = {
        "arn": "arn:aws:ecs:us-west-2:123456789012:task-definition/shop:7",
        "family": "shop",
        "containers": (container(),),
        "task_role": ROLES[0],
        "execution_role": ROLES[1],
        "architecture": "X86_64",
    }
    return Revision(**(given | changes))


def group(**changes: Any) -> TargetGroup:
    given = {"arn": GROUP_ARN, "interval": 5, "timeout": 4, "unhealthy_threshold": 2, "delay": 5}
    return TargetGroup(**(given | changes))


def image(*tags: str, **changes: Any) -> StoredImage:
    at = datetime(2026, 3, 2, tzinfo=UTC)
    given = {"digest": f"sha256:{'a' * 64}", "tags": tags, "pushed_at": at, "size": 80_000_000}
    return StoredImage(**(given | changes))


def repository(**changes: Any) -> Repository:
    given = {
        "exists": True,
        "mutable": False,
        "images": (image("abc1234"),),
        "expiries": (Expiry(count=50),),
        "platforms": ("linux/amd64", "linux/arm64"),
    }
    return Repository(**(given | changes))


def facts(**changes: Any) -> TargetFacts:
    given = {
        "stage": "dev",
        "target": target(),
        "exists": True,
        "service": service(),
        "settings": ServiceSettings(
            breaker=True, rollback=True, fargate=True, grace=60, configuration=BREAKER
        ),
        "running": revision(),
        "base": revision(),
        "log_groups": {"/ecs/shop": True},
        "target_groups": (group(),),
        "tasks": TasksSeen(pulls=(3.0, 4.0)),
        "repository": repository(),
        "returns": (RollbackImage(revision="shop:6", digest="sha256:b", there=True),),
        "not_passed": (),
    }
    return TargetFacts(**(given | changes))


def stack(**changes: Any) -> StackFacts:
    given = {
        "stage": "dev",
        "exists": True,
        "status": "UPDATE_COMPLETE",
        "version": "1.0.0+abc",
        "checkout": "1.0.0+abc",
        "missing_functions": (),
        "rules": (EventRule(name="push", enabled=True),),
        "queue": "https://sqs.us-west-2.amazonaws.com/123456789012/slipway-dev-failures",
        "waiting": 0,
        "alarms": (),
        "failed_executions": (),
        "secrets": {"ssm:/slipway/slack": True},
    }
    return StackFacts(**(given | changes))
