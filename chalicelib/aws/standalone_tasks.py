"""RunTask and its task -> a task that no service starts: implements `StandaloneTasks`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError

from chalicelib.aws.clients import client, client_once
from chalicelib.aws.ecs import stopped_task, tasks_listed
from chalicelib.aws.errors import code_of, translated
from chalicelib.errors import NotStarted, Refused, Unanswered
from chalicelib.model.runs import StandaloneTask

_LONGEST_REASON = 255  # characters of StopTask's `reason`
_PLACED = (  # where a task runs, and how
    "launchType",
    "capacityProviderStrategy",
    "platformVersion",
    "networkConfiguration",
    "placementConstraints",
    "placementStrategy",
)


class StandaloneTasks:
    """The tasks of one account and region that no service starts."""

    def task_settings(self, cluster: str, service: str) -> Mapping[str, Any]:
        """Return the fields of a RunTask request that the service's own tasks have.

        Those of the PRIMARY deployment count, and what only the service has (API reference,
        DescribeServices and RunTask). `propagateTags` SERVICE is not for RunTask, so the service's
        tags are given as they are.

        Raises:
            Refused: when ECS has no such service, or its EBS volumes are configured at launch.
        """
        with translated(f"read the service {cluster}/{service}"):
            answer = client("ecs").describe_services(
                cluster=cluster, services=[service], include=["TAGS"]
            )
        if not answer["services"]:
            raise Refused(f"the cluster {cluster} has no service {service}")
        return {"cluster": cluster, **run_settings(answer["services"][0])}

    def run_task(self, request: Mapping[str, Any]) -> str:
        """Send RunTask once, and return the ARN of the task that it started.

        A ConflictException names the task that the same token started before (API reference,
        RunTask: `resourceIds`).

        Raises:
            NotStarted: when ECS answers that it could start none (`failures`).
            Unanswered: when ECS names neither a task nor a failure.
        """
        with translated("run the task"):
            try:
                answer = client_once("ecs").run_task(**request)
            except ClientError as error:
                if code_of(error) == "ConflictException" and (known := _resources_of(error)):
                    return known[0]
                raise
        if tasks := answer.get("tasks"):
            return str(tasks[0]["taskArn"])
        failures = answer.get("failures")
        if not failures:
            raise Unanswered("could not run the task: ECS named neither a task nor a failure")
        reasons = {str(failure.get("reason", "no reason")) for failure in failures}
        raise NotStarted(f"ECS could start no task: {', '.join(sorted(reasons))}")

    def standalone_task(self, cluster: str, task: str) -> StandaloneTask | None:
        """Return the task of this ARN; None while ECS does not show it, or not any more."""
        with translated("read the task"):
            answer = client("ecs").describe_tasks(cluster=cluster, tasks=[task])
        return _standalone_task(answer["tasks"][0]) if answer["tasks"] else None

    def find_task(self, cluster: str, family: str, started_by: str) -> StandaloneTask | None:
        """Return the task with this `startedBy`: one that runs, or else one of this family's.

        ListTasks takes `startedBy` only without other filters, and then lists what runs.
        """
        running, _ = tasks_listed(cluster, family, startedBy=started_by)
        ended, _ = tasks_listed(cluster, family, family=family, desiredStatus="STOPPED")
        found = (task for task in (*running, *ended) if task.get("startedBy") == started_by)
        task = next(found, None)
        return _standalone_task(task) if task else None

    def ended_tasks(self, cluster: str, family: str) -> Sequence[StandaloneTask]:
        """Return the ended tasks of a family, which ECS shows for about an hour; at most 500."""
        ended, _ = tasks_listed(cluster, family, family=family, desiredStatus="STOPPED")
        return tuple(_standalone_task(task) for task in ended)

    def stop_task(self, cluster: str, task: str, reason: str) -> None:
        """Send StopTask; a task that has ended stays as it is."""
        with translated("stop the task"):
            client("ecs").stop_task(cluster=cluster, task=task, reason=reason[:_LONGEST_REASON])


def run_settings(service: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a RunTask request that a service's tasks have, as AWS names them."""
    deployments = service.get("deployments", ())
    primary: Mapping[str, Any] = next((d for d in deployments if d.get("status") == "PRIMARY"), {})
    if primary.get("volumeConfigurations"):
        raise Refused(
            f"the service {service.get('serviceName')} has EBS volumes that are configured at "
            "launch, and Slipway runs no `before` or `after` task with those. Remove `before` and "
            "`after` from the target, or the volumes from the service."
        )
    found = {name: primary.get(name) or service.get(name) for name in _PLACED}
    if found["capacityProviderStrategy"]:
        del found["launchType"]
    found["enableECSManagedTags"] = service.get("enableECSManagedTags")
    propagates = service.get("propagateTags")
    if propagates == "TASK_DEFINITION":
        found["propagateTags"] = propagates
    if propagates == "SERVICE":
        tags = service.get("tags", ())
        found["tags"] = [tag for tag in tags if not tag["key"].startswith("aws:")]
    return {name: value for name, value in found.items() if value}


def _resources_of(error: ClientError) -> list[str]:
    response: Any = error.response  # `resourceIds` is beside `Error`, and boto3's types lack it
    return [str(arn) for arn in response.get("resourceIds", ())]


def _standalone_task(answer: Mapping[str, Any]) -> StandaloneTask:
    return StandaloneTask(
        arn=answer["taskArn"],
        status=answer.get("lastStatus", ""),
        task_definition=answer.get("taskDefinitionArn", ""),
        ending=answer.get("desiredStatus") == "STOPPED",
        end=stopped_task(answer),
    )
