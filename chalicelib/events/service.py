"""ECS event -> the service that changed, and which of its ECS deployments began or lost a task."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
)

from chalicelib.events.event import Envelope, Ignored
from chalicelib.model.base import Frozen, Moment

# arn:aws:ecs:REGION:ACCOUNT:service/CLUSTER/SERVICE. The ARN of a service from before 2018 may lack
# the cluster (Amazon ECS developer guide, "Amazon Resource Names (ARNs) and IDs").
_SERVICE = re.compile(r"arn:[a-z-]+:ecs:[a-z0-9-]+:\d{12}:service/((?:[\w-]{1,255}/)?[\w-]{1,255})")
_CLUSTER = r"^arn:[a-z-]+:ecs:[a-z0-9-]+:[0-9]{12}:cluster/[A-Za-z0-9_-]{1,255}$"


STARTED_BY = "slipway/"  # and the client token: RunTask's `startedBy` of a `before` or `after`
_RUN = r"^slipway/[a-z0-9-]{1,60}-[ab][0-9]{0,3}$"


class Changed(Frozen):
    """The service that changed, as `CLUSTER/SERVICE`, and what happened to it.

    An old, short ARN names no cluster; then `service` is only `SERVICE` and means any cluster.

    `began` is the ECS deployment that has just begun. `ended` is the ECS deployment of a task that
    stopped, at `stopped_at` (UTC).
    """

    service: str
    began: str = ""
    ended: str = ""
    stopped_at: Moment | None = None


class RunStopped(Frozen):
    """A `before` or `after` task of this deployment stopped in this cluster."""

    cluster: str
    deployment: str


class _Event(Envelope):
    resources: list[str] = Field(default_factory=list)
    detail: dict[str, Any] = Field(default_factory=dict)


class _StoppedTask(BaseModel):
    model_config = ConfigDict(defer_build=True, extra="ignore")

    cluster: Annotated[str, StringConstraints(pattern=_CLUSTER)] = Field(alias="clusterArn")
    group: Annotated[str, StringConstraints(pattern=r"^service:[A-Za-z0-9_-]{1,255}$")]
    started_by: str = Field(alias="startedBy", max_length=200)
    stopped_at: AwareDatetime = Field(alias="stoppedAt")


class _StoppedRun(BaseModel):
    model_config = ConfigDict(defer_build=True, extra="ignore")

    cluster: Annotated[str, StringConstraints(pattern=_CLUSTER)] = Field(alias="clusterArn")
    started_by: Annotated[str, StringConstraints(pattern=_RUN)] = Field(alias="startedBy")


def recognise_change(event: object) -> Changed | RunStopped | Ignored:
    """Return the service that an ECS event is about, or why the event means nothing here.

    The service's ARN is the resource of a deployment's event (Amazon ECS developer guide, "Amazon
    ECS service deployment state change events"). A task's event has the `group` `service:NAME`, and
    its `startedBy` is the ECS deployment ("Amazon ECS task state change events"). A hook's event
    names the service's ARN in its detail ("Amazon ECS service deployment hook state change
    events").
    """
    try:
        envelope = _Event.model_validate(event)
    except ValidationError:
        return Ignored(reason="not an EventBridge event")
    if envelope.source == "aws.ecs" and envelope.kind == "ECS Deployment State Change":
        return _of_deployment(envelope)
    if envelope.source == "aws.ecs" and envelope.kind == "ECS Task State Change":
        return _of_task(envelope)
    if envelope.source == "aws.ecs" and envelope.kind == "ECS Hook State Change":
        return _of_hook(envelope)
    return Ignored(reason=f"{envelope.kind!r} from {envelope.source!r} tells of no deployment")


def _of_deployment(envelope: _Event) -> Changed | Ignored:
    for resource in envelope.resources:
        if (arn := _SERVICE.fullmatch(resource)) is not None:
            detail = envelope.detail
            begins = detail.get("eventName") == "SERVICE_DEPLOYMENT_IN_PROGRESS"
            began = str(detail.get("deploymentId", "")) if begins else ""
            return Changed(service=arn[1], began=began)
    return Ignored(reason="no service ARN among the event's resources")


def _of_hook(envelope: _Event) -> Changed | Ignored:
    found = _SERVICE.fullmatch(str(envelope.detail.get("serviceArn", "")))
    return Changed(service=found[1]) if found else Ignored(reason="no service ARN in the event")


def _of_task(envelope: _Event) -> Changed | RunStopped | Ignored:
    if envelope.detail.get("lastStatus") != "STOPPED":
        return Ignored(reason="the task has not stopped")
    if str(envelope.detail.get("startedBy", "")).startswith(STARTED_BY):
        return _of_run(envelope)
    try:
        task = _StoppedTask.model_validate(envelope.detail)
    except ValidationError:
        return Ignored(reason="not a complete event of a service's stopped task")
    cluster, service = task.cluster.rsplit("/", 1)[1], task.group.partition(":")[2]
    return Changed(
        service=f"{cluster}/{service}", ended=task.started_by, stopped_at=task.stopped_at
    )


def _of_run(envelope: _Event) -> RunStopped | Ignored:
    """A task that RunTask started has no service; its `startedBy` names the deployment."""
    try:
        run = _StoppedRun.model_validate(envelope.detail)
    except ValidationError:
        return Ignored(reason="not a complete event of a `before` or `after` task")
    token = run.started_by.removeprefix(STARTED_BY)
    return RunStopped(cluster=run.cluster.rsplit("/", 1)[1], deployment=token.rsplit("-", 1)[0])
