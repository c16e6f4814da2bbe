"""ECS, Elastic Load Balancing and CloudWatch Logs -> the facts about services and their tasks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from cli.doctor.asking import Asking
from cli.doctor.facts import ServiceSettings, TargetGroup, TasksSeen

_AT_ONCE = 10  # services in one DescribeServices
_TASKS = 100  # in one DescribeTasks
_KILLED = 137  # 128 + SIGKILL
_DELAY = "deregistration_delay.timeout_seconds"
_NO_CLUSTER = ("ClusterNotFoundException",)

Settings = Mapping[str, Any]


def services(asking: Asking, cluster: str, names: Sequence[str]) -> dict[str, Settings] | None:
    """DescribeServices' own JSON of those of the services that exist, by name."""
    found: dict[str, Settings] = {}
    for first in range(0, len(names), _AT_ONCE):
        answer = asking.ask(
            f"the services of {cluster}",
            "ecs:describe_services",
            absent=_NO_CLUSTER,
            cluster=cluster,
            services=list(names[first : first + _AT_ONCE]),
        )
        if answer is None:
            return None
        found |= {each["serviceName"]: each for each in answer.get("services", ())}
    return found


def neighbours(asking: Asking, cluster: str) -> tuple[str, ...] | None:
    """The names of all services of a cluster."""
    about = f"the names of the services of {cluster}"
    arns = asking.all(
        about, "ecs:list_services", "serviceArns", absent=_NO_CLUSTER, cluster=cluster
    )
    return None if arns is None else tuple(sorted(arn.rpartition("/")[2] for arn in arns))


def settings_of(service: Settings) -> ServiceSettings:
    configuration = service.get("deploymentConfiguration", {})
    breaker = configuration.get("deploymentCircuitBreaker", {})
    return ServiceSettings(
        breaker=breaker.get("enable", False),
        rollback=breaker.get("enable", False) and breaker.get("rollback", False),
        fargate=_fargate(service),
        grace=service.get("healthCheckGracePeriodSeconds"),
        configuration=dict(configuration),
    )


def _fargate(service: Settings) -> bool:
    providers = service.get("capacityProviderStrategy", ())
    names = (str(each.get("capacityProvider", "")) for each in providers)
    return service.get("launchType") == "FARGATE" or any(n.startswith("FARGATE") for n in names)


def what_runs(service: Settings) -> str:
    """The ARN of the task definition that the service works towards."""
    primary = (each for each in service.get("deployments", ()) if each["status"] == "PRIMARY")
    if named := service.get("taskDefinition"):
        return str(named)
    return next((str(each["taskDefinition"]) for each in primary), "")


def target_groups(asking: Asking, arns: Sequence[str]) -> tuple[TargetGroup, ...] | None:
    """The groups' health checks and deregistration delays; None when AWS did not say."""
    found = []
    for arn in arns:
        name = arn.rpartition(":targetgroup/")[2].partition("/")[0]
        about = f"the health check of the target group {name}"
        answer = asking.ask(
            about,
            "elbv2:describe_target_groups",
            absent=("TargetGroupNotFound",),
            TargetGroupArns=[arn],
        )
        if not answer or not answer.get("TargetGroups"):
            return None
        found.append(_target_group(asking, answer["TargetGroups"][0], name))
    return tuple(found)


def _target_group(asking: Asking, group: Mapping[str, Any], name: str) -> TargetGroup:
    attributes = asking.ask(
        f"the deregistration delay of the target group {name}",
        "elbv2:describe_target_group_attributes",
        TargetGroupArn=group["TargetGroupArn"],
    )
    listed = (attributes or {}).get("Attributes", ())
    known = {each["Key"]: each["Value"] for each in listed}
    return TargetGroup(
        arn=group["TargetGroupArn"],
        interval=group.get("HealthCheckIntervalSeconds", 30),
        timeout=group.get("HealthCheckTimeoutSeconds", 5),
        unhealthy_threshold=group.get("UnhealthyThresholdCount", 2),
        delay=int(known[_DELAY]) if _DELAY in known else None,
    )


def tasks_seen(asking: Asking, cluster: str, service: str) -> TasksSeen | None:
    """What at most a hundred running and a hundred stopped tasks show."""
    about = f"the tasks of {cluster}/{service}"
    seen: list[Mapping[str, Any]] = []
    for status in ("RUNNING", "STOPPED"):
        listed = asking.ask(
            about,
            "ecs:list_tasks",
            cluster=cluster,
            serviceName=service,
            desiredStatus=status,
            maxResults=_TASKS,
        )
        if listed is None:
            return None
        if arns := listed.get("taskArns"):
            answer = asking.ask(about, "ecs:describe_tasks", cluster=cluster, tasks=list(arns))
            if answer is None:
                return None
            seen += answer["tasks"]
    return TasksSeen(pulls=tuple(_pulls(seen)), killed=tuple(sorted(set(_killed(seen)))))


def _pulls(tasks: Iterable[Mapping[str, Any]]) -> Iterator[float]:
    for task in tasks:
        if "pullStartedAt" in task and "pullStoppedAt" in task:
            yield (task["pullStoppedAt"] - task["pullStartedAt"]).total_seconds()


def _killed(tasks: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Containers that ECS told to stop and had to kill; not those that ran out of memory."""
    for task in tasks:
        if task.get("stopCode") in {"ServiceSchedulerInitiated", "UserInitiated"}:
            for each in task.get("containers", ()):
                if each.get("exitCode") == _KILLED and "OutOfMemory" not in each.get("reason", ""):
                    yield each["name"]


def log_groups(asking: Asking, names: Iterable[str]) -> dict[str, bool]:
    """Whether each log group exists; one that AWS does not tell of is left out."""
    found = {}
    for name in dict.fromkeys(filter(None, names)):
        about = f"the log group {name}"
        listed = asking.ask(about, "logs:describe_log_groups", logGroupNamePrefix=name, limit=50)
        if listed is not None:
            found[name] = any(each["logGroupName"] == name for each in listed["logGroups"])
    return found
