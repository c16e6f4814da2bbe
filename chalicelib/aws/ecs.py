"""ECS' operations -> services, deployments, tasks: implements the flows' `Services`.

Task definitions travel as raw JSON (`aws/raw.py`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from botocore.exceptions import ClientError

from chalicelib.aws.clients import client, client_once
from chalicelib.aws.errors import code_of, translated
from chalicelib.aws.raw import raw_answers, raw_request
from chalicelib.aws.rollout_times import rollout_times, task_times
from chalicelib.errors import Refused
from chalicelib.explain.ending import told_by_its_end
from chalicelib.model.services import (
    BreakerThreshold,
    EcsDeployment,
    HookSettings,
    RunningTask,
    Service,
    ServiceDeployment,
    ServiceEvent,
    ServiceTask,
    ServiceTasks,
    StoppedContainer,
    StoppedTask,
    Strategy,
)
from chalicelib.model.stages import Hook
from chalicelib.model.task_definitions import TaskDefinition, short_name
from chalicelib.model.times import RolloutTimes, TaskTimes

_EVENTS = 30  # of the 100 that ECS keeps; a task that fails behind a load balancer makes up to six
_PAGE = 100  # the most tasks that DescribeTasks takes
_MOST_PAGES = 5  # the most pages of a list that are read: an account may send 20 calls a second
_EXPRESS_TAKES = (  # API reference, UpdateExpressGatewayService
    "An Express service takes a task definition with FARGATE compatibility, in which a container "
    "named Main has one TCP port with a name. Correct the one that the service runs, and deploy "
    "again."
)
_NEVER = datetime.min.replace(tzinfo=UTC)


class Ecs:
    """ECS in one account and region."""

    def service(self, cluster: str, service: str) -> Service | None:
        """Return the service; None when ECS has no such service or cluster."""
        return next(iter(self.services(cluster, [service])), None)

    def services(self, cluster: str, services: Sequence[str]) -> Sequence[Service]:
        """Return those of at most ten services that exist (DescribeServices)."""
        named = services[0] if len(services) == 1 else f"({len(services)} services)"
        with translated(f"read the service {cluster}/{named}"):
            try:
                answer = client("ecs").describe_services(cluster=cluster, services=list(services))
            except ClientError as error:
                if code_of(error) == "ClusterNotFoundException":
                    return ()
                raise
        return tuple(service_of(service) for service in answer["services"])

    def service_deployment(self, arn: str) -> ServiceDeployment | None:
        """Return the service deployment of this ARN; None while ECS does not show it."""
        with translated("read the service deployment"):
            answer = client("ecs").describe_service_deployments(serviceDeploymentArns=[arn])
        found = answer["serviceDeployments"]
        return _service_deployment(found[0]) if found else None

    def newest_service_deployment(
        self, cluster: str, service: str, status: str | None = None
    ) -> ServiceDeployment | None:
        """Return the newest service deployment, of this status if one is given."""
        filters = {"status": [status]} if status else {}
        return next(iter(_service_deployments(cluster, service, **filters)), None)

    def service_deployments_since(
        self, cluster: str, service: str, since: datetime
    ) -> Sequence[ServiceDeployment]:
        """Return the service deployments created after `since` (UTC), newest first."""
        return _service_deployments(cluster, service, createdAt={"after": since})

    def revision_task_definition(self, service_revision: str) -> str:
        """Return the ARN of a service revision's task definition; empty while ECS shows none."""
        with translated("read the service revision"):
            answer = client("ecs").describe_service_revisions(
                serviceRevisionArns=[service_revision]
            )
        revisions = answer["serviceRevisions"]
        return str(revisions[0]["taskDefinition"]) if revisions else ""

    def task_definition(self, name: str) -> TaskDefinition | None:
        """Return the task definition of an ARN or `family:revision`; of a family, the newest.

        It is None when ECS has none.
        """
        ecs = client("ecs")
        with translated(f"read the task definition {short_name(name)}"):
            try:
                with raw_answers(ecs, "DescribeTaskDefinition") as bodies:
                    ecs.describe_task_definition(taskDefinition=name, include=["TAGS"])
            except ClientError as error:
                if code_of(error) == "ClientException":  # "Unable to describe task definition."
                    return None
                raise
        return _task_definition(bodies[-1])

    def newest_revisions(self, family: str) -> Sequence[str]:
        """Return the ARNs of the family's ten newest ACTIVE revisions, newest first."""
        with translated(f"list the revisions of {family}"):
            answer = client("ecs").list_task_definitions(
                familyPrefix=family, status="ACTIVE", sort="DESC", maxResults=10
            )
        return tuple(answer["taskDefinitionArns"])

    def register(self, registration: Mapping[str, Any]) -> TaskDefinition:
        """Send RegisterTaskDefinition once, with this JSON as it is, and return ECS' own answer."""
        ecs = client_once("ecs")
        family = str(registration["family"])
        with (
            translated(f"register a revision of {family}"),
            raw_request(ecs, "RegisterTaskDefinition", registration),
            raw_answers(ecs, "RegisterTaskDefinition") as bodies,
        ):
            ecs.register_task_definition(family=family, containerDefinitions=[])
        return _task_definition(bodies[-1])

    def express_task_definitions(self, service: str) -> Sequence[str]:
        """Return the ARNs of the task definitions that an Express service runs, newest first.

        `service` is an ARN. They are those of its active configurations.
        """
        with translated(f"read the Express service {short_name(service)}"):
            answer = client("ecs").describe_express_gateway_service(serviceArn=service)
        return _active_task_definitions(answer.get("service", {}))

    def update(self, cluster: str, service: Service, task_definition: str) -> Service:
        """Send UpdateService once, with the revision only, and return the service.

        `desiredCount` is never sent, because autoscaling owns it. An Express service gets
        UpdateExpressGatewayService instead. That answers without deployments and without counts, so
        the service is returned as it was read.
        """
        if service.express:
            _update_express(cluster, service, task_definition)
            return service
        with translated(f"update the service {cluster}/{service.name}"):
            answer = client_once("ecs").update_service(
                cluster=cluster, service=service.name, taskDefinition=task_definition
            )
        return service_of(answer["service"])

    def stop(self, service_deployment: str) -> None:
        """Send StopServiceDeployment, which rolls the service back.

        Raises:
            Refused: when ECS can no longer stop this service deployment.
        """
        with translated("stop the service deployment"):
            client("ecs").stop_service_deployment(
                serviceDeploymentArn=service_deployment, stopType="ROLLBACK"
            )

    def answer_hook(self, service_deployment: str, hook: str, *, back: bool) -> None:
        """Send ContinueServiceDeployment once for a PAUSE hook, to go on or to roll back.

        A second one is refused, so it would hide that ECS took the first.

        Raises:
            Refused: when the hook does not wait any more.
        """
        with translated("continue the service deployment"):
            client_once("ecs").continue_service_deployment(
                serviceDeploymentArn=service_deployment,
                hookId=hook,
                action="ROLLBACK" if back else "CONTINUE",
            )

    def stopped_tasks(
        self, cluster: str, service: str, ecs_deployment: str
    ) -> Sequence[StoppedTask]:
        """Return the stopped tasks that an ECS deployment started, newest first.

        They are listed by service: ListTasks takes `startedBy` only without other filters.
        """
        tasks, _ = tasks_listed(cluster, service, serviceName=service, desiredStatus="STOPPED")
        ours = [task for task in tasks if task.get("startedBy") == ecs_deployment]
        newest = sorted(ours, key=lambda task: str(task.get("stoppedAt", "")), reverse=True)
        return tuple(stopped_task(task) for task in newest)

    def running_tasks(
        self, cluster: str, service: str, ecs_deployment: str
    ) -> Sequence[RunningTask] | None:
        """Return the running tasks that an ECS deployment started; None if there are too many.

        They are listed by `startedBy` alone: ListTasks' default status is RUNNING.
        """
        tasks, complete = tasks_listed(cluster, service, startedBy=ecs_deployment)
        return tuple(_running_task(task) for task in tasks) if complete else None

    def service_tasks(self, cluster: str, service: str) -> ServiceTasks:
        """Return the tasks of a service, running and ended ones, newest first.

        ECS keeps an ended task for about an hour. At most 500 tasks of each kind are read.
        """
        running, all_running = tasks_listed(cluster, service, serviceName=service)
        ended, all_ended = tasks_listed(
            cluster, service, serviceName=service, desiredStatus="STOPPED"
        )
        # A task may end between the two lists.
        found = {str(task["taskArn"]): task for task in (*running, *ended)}.values()
        newest = sorted(found, key=lambda task: task.get("createdAt", _NEVER), reverse=True)
        return ServiceTasks(
            tasks=tuple(_service_task(task) for task in newest),
            complete=all_running and all_ended,
        )

    def rollout_times(self, cluster: str, service: str) -> RolloutTimes:
        return rollout_times(cluster, service)

    def task_times(self, cluster: str, ids: Sequence[str]) -> Sequence[TaskTimes]:
        return task_times(cluster, ids)


def _update_express(cluster: str, service: Service, task_definition: str) -> None:
    try:
        with translated(f"update the Express service {cluster}/{service.name}"):
            client_once("ecs").update_express_gateway_service(
                serviceArn=service.arn, taskDefinitionArn=task_definition
            )
    except Refused as refused:
        raise Refused(f"{str(refused).rstrip('.')}. {_EXPRESS_TAKES}") from refused


def _active_task_definitions(express: Mapping[str, Any]) -> tuple[str, ...]:
    """Return those of ECSExpressGatewayService's `activeConfigurations`, newest first."""
    active = sorted(
        express.get("activeConfigurations", ()),
        key=lambda configuration: configuration.get("createdAt") or _NEVER,
        reverse=True,
    )
    named = (configuration.get("taskDefinitionArn", "") for configuration in active)
    return tuple(dict.fromkeys(filter(None, named)))


def _service_deployments(cluster: str, service: str, **filters: Any) -> Sequence[ServiceDeployment]:
    """Return the first 500 that ListServiceDeployments names, newest first; it keeps no order."""
    briefs: list[ServiceDeployment] = []
    with translated(f"list the deployments of {cluster}/{service}"):
        for _ in range(_MOST_PAGES):
            answer = client("ecs").list_service_deployments(
                cluster=cluster, service=service, maxResults=_PAGE, **filters
            )
            briefs += map(_brief, answer["serviceDeployments"])
            if not (token := answer.get("nextToken")):
                break
            filters["nextToken"] = token
    return sorted(briefs, key=lambda brief: brief.created_at or _NEVER, reverse=True)


def tasks_listed(
    cluster: str, service: str, **filters: str
) -> tuple[Sequence[Mapping[str, Any]], bool]:
    """Return the tasks of at most five pages, in no order, and whether these are all tasks."""
    ecs = client("ecs")
    found: list[Mapping[str, Any]] = []
    token: str | None = None
    with translated(f"read the tasks of {cluster}/{service}"):
        pages = ecs.get_paginator("list_tasks").paginate(
            cluster=cluster, PaginationConfig={"PageSize": _PAGE}, **filters
        )
        for page in islice(pages, _MOST_PAGES):
            token = page.get("nextToken")
            if page["taskArns"]:
                answer = ecs.describe_tasks(cluster=cluster, tasks=page["taskArns"])
                found += answer["tasks"]
    return found, token is None


def _task_definition(body: bytes) -> TaskDefinition:
    answer = json.loads(body)
    tags = {tag["key"]: tag.get("value", "") for tag in answer.get("tags") or ()}
    return TaskDefinition(body=answer["taskDefinition"], tags=tags)


def service_of(answer: Mapping[str, Any]) -> Service:
    """Return one service of DescribeServices' answer."""
    configuration = answer.get("deploymentConfiguration", {})
    return Service(
        name=answer["serviceName"],
        arn=answer["serviceArn"],
        status=answer["status"],
        task_definition=answer.get("taskDefinition", ""),
        desired=answer["desiredCount"],
        running=answer["runningCount"],
        pending=answer["pendingCount"],
        controller=answer.get("deploymentController", {}).get("type", "ECS"),
        express=answer.get("resourceManagementType") == "ECS",
        minimum_percent=configuration.get("minimumHealthyPercent"),
        maximum_percent=configuration.get("maximumPercent"),
        strategy=_strategy(configuration, answer.get("loadBalancers", ())),
        early_percent=_early_percent(configuration),
        breaker_threshold=_breaker_threshold(configuration),
        alarms=_alarms(configuration),
        deployments=tuple(
            _ecs_deployment(deployment) for deployment in answer.get("deployments", ())
        ),
        service_deployment=answer.get("currentServiceDeployment"),
        target_groups=_target_groups(answer.get("loadBalancers", ())),
        events=tuple(
            ServiceEvent(at=event["createdAt"], message=event["message"])
            for event in answer.get("events", ())[:_EVENTS]
        ),
    )


def _target_groups(balancers: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """Return the target groups of a service; a blue/green service has two for one balancer."""
    groups = (
        group
        for balancer in balancers
        for group in (
            balancer.get("targetGroupArn"),
            balancer.get("advancedConfiguration", {}).get("alternateTargetGroupArn"),
        )
    )
    return tuple(dict.fromkeys(filter(None, groups)))


def _strategy(configuration: Mapping[str, Any], balancers: Sequence[Mapping[str, Any]]) -> Strategy:
    """Return the strategy; ECS' defaults fill in (API: Linear- and CanaryConfiguration)."""
    linear = configuration.get("linearConfiguration", {})
    canary = configuration.get("canaryConfiguration", {})
    given = {
        "name": configuration.get("strategy"),
        "bake_minutes": configuration.get("bakeTimeInMinutes"),
        "step_percent": linear.get("stepPercent"),
        "step_minutes": linear.get("stepBakeTimeInMinutes"),
        "canary_minutes": canary.get("canaryBakeTimeInMinutes"),
    }
    listeners = (
        str(balancer.get("advancedConfiguration", {}).get("productionListenerRule", ""))
        for balancer in balancers
    )
    return Strategy(
        network_load_balancer=any("/net/" in listener for listener in listeners),
        hooks=tuple(map(_hook_settings, configuration.get("lifecycleHooks", ()))),
        **{name: value for name, value in given.items() if value is not None},
    )


def _hook_settings(answer: Mapping[str, Any]) -> HookSettings:
    """Return a hook of a service's configuration; ECS' default of its kind fills in."""
    return HookSettings(
        kind=answer.get("targetType", "AWS_LAMBDA"),
        stages=tuple(answer.get("lifecycleStages", ())),
        minutes=answer.get("timeoutConfiguration", {}).get("timeoutInMinutes"),
    )


def _early_percent(configuration: Mapping[str, Any]) -> int | None:
    criteria = configuration.get("earlySuccessCriteria", {})
    return criteria.get("healthyPercent") if criteria.get("enable") else None


def _alarms(configuration: Mapping[str, Any]) -> tuple[str, ...]:
    alarms = configuration.get("alarms", {})
    return tuple(alarms.get("alarmNames", ())) if alarms.get("enable") else ()


def _breaker_threshold(configuration: Mapping[str, Any]) -> BreakerThreshold | None:
    threshold = configuration.get("deploymentCircuitBreaker", {}).get("thresholdConfiguration")
    if not threshold:
        return None
    return BreakerThreshold(kind=threshold.get("type", ""), value=threshold.get("value", 0))


def _ecs_deployment(answer: Mapping[str, Any]) -> EcsDeployment:
    return EcsDeployment(
        id=answer["id"],
        status=answer["status"],
        task_definition=answer["taskDefinition"],
        desired=answer.get("desiredCount", 0),
        running=answer.get("runningCount", 0),
        pending=answer.get("pendingCount", 0),
        failed=answer.get("failedTasks", 0),
        rollout_state=answer.get("rolloutState", ""),
        rollout_reason=answer.get("rolloutStateReason", ""),
        created_at=answer.get("createdAt"),
    )


def _service_deployment(answer: Mapping[str, Any]) -> ServiceDeployment:
    rollback, target = answer.get("rollback", {}), answer.get("targetServiceRevision", {})
    return ServiceDeployment(
        arn=answer["serviceDeploymentArn"],
        status=answer["status"],
        reason=answer.get("statusReason", ""),
        target_revision=target.get("arn", ""),
        rollback_reason=rollback.get("reason", ""),
        created_at=answer.get("createdAt"),
        ended_at=answer.get("stoppedAt") or answer.get("finishedAt"),
        alarms=tuple(answer.get("alarms", {}).get("triggeredAlarmNames", ())),
        stage=answer.get("lifecycleStage", ""),
        traffic=target.get("requestedProductionTrafficWeight"),
        hooks=tuple(map(_hook, answer.get("lifecycleHookDetails", ()))),
    )


def _hook(answer: Mapping[str, Any]) -> Hook:
    return Hook(
        id=answer.get("hookId", ""),
        kind=answer.get("targetType", ""),
        status=answer.get("status", ""),
        expires=answer.get("expiresAt"),
        at_timeout=answer.get("timeoutAction", ""),
    )


def _brief(answer: Mapping[str, Any]) -> ServiceDeployment:
    return ServiceDeployment(
        arn=answer["serviceDeploymentArn"],
        status=answer["status"],
        reason=answer.get("statusReason", ""),
        target_revision=answer.get("targetServiceRevisionArn", ""),
        created_at=answer.get("createdAt"),
        ended_at=answer.get("finishedAt"),
    )


def stopped_task(answer: Mapping[str, Any]) -> StoppedTask:
    return told_by_its_end(
        StoppedTask(
            id=short_name(answer["taskArn"]),
            stop_code=answer.get("stopCode", ""),
            reason=answer.get("stoppedReason", ""),
            started_at=answer.get("startedAt"),
            stopped_at=answer.get("stoppedAt"),
            containers=tuple(
                _stopped_container(container) for container in answer.get("containers", ())
            ),
        )
    )


def _stopped_container(answer: Mapping[str, Any]) -> StoppedContainer:
    return StoppedContainer(
        name=answer.get("name", ""),
        reason=answer.get("reason", ""),
        exit_code=answer.get("exitCode"),
    )


def _service_task(answer: Mapping[str, Any]) -> ServiceTask:
    return ServiceTask(
        id=short_name(answer["taskArn"]),
        task_definition=answer.get("taskDefinitionArn", ""),
        status=answer.get("lastStatus", ""),
        health=answer.get("healthStatus", ""),
        ecs_deployment=answer.get("startedBy", ""),
        created_at=answer.get("createdAt"),
        started_at=answer.get("startedAt"),
        end=stopped_task(answer) if answer.get("desiredStatus") == "STOPPED" else None,
    )


def _running_task(answer: Mapping[str, Any]) -> RunningTask:
    return RunningTask(id=short_name(answer["taskArn"]), started_at=answer.get("startedAt"))
