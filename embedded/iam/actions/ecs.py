"""ECS operations → IAM needs, with iam:PassRole and ecs:TagResource; RunTask is in `run_task`.

Where the reference names two required resource types (service deployments and revisions), both must
be allowed. Of Express Mode, it names the service as the resource of all four operations, and for
CreateExpressGatewayService also ecs:RegisterTaskDefinition and iam:PassRole.
UpdateExpressGatewayService has no condition key for a task definition.
Inferred: `RegisterTaskDefinition` is checked against `FAMILY:*`. UpdateExpressGatewayService needs
the same where ECS makes the task definition (reported, and named by no page of AWS), and nothing
else where one is given. `ContinueServiceDeployment`, of which the reference tells nothing, is
checked like `StopServiceDeployment`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from embedded.calls.call import Call
from embedded.iam.actions import run_task
from embedded.iam.actions.need import Context, Need, last, make_arn, pass_role, unmapped

_ON_A_SERVICE = {"UpdateService", "CreateService", "DeleteService", "ListServiceDeployments"}
_OF_A_DEPLOYMENT = {
    "DescribeServiceDeployments",
    "StopServiceDeployment",
    "ContinueServiceDeployment",
    "DescribeServiceRevisions",
}
_ON_EXPRESS = {
    "CreateExpressGatewayService",
    "DescribeExpressGatewayService",
    "UpdateExpressGatewayService",
    "DeleteExpressGatewayService",
}
# What ECS makes a task definition of: a request that has one of them registers a revision.
OF_AN_EXPRESS_TASK = (
    "primaryContainer",
    "executionRoleArn",
    "taskRoleArn",
    "cpu",
    "memory",
    "cpuArchitecture",
)
_ON_ANY = {
    "DescribeTaskDefinition",
    "ListTaskDefinitions",
    "ListTaskDefinitionFamilies",
    "DeregisterTaskDefinition",
    "ListClusters",
}
_TAGGING = {"TagResource", "UntagResource", "ListTagsForResource"}


def needs(call: Call) -> Iterator[Need]:
    p, action = call.parameters, f"ecs:{call.operation}"
    if call.operation in _ON_ANY:
        yield Need(action, ("*",))
    elif call.operation in _TAGGING:
        yield Need(action, (p["resourceArn"],))
    elif call.operation == "RegisterTaskDefinition":
        yield from _register(call)
    elif call.operation == "RunTask":
        yield from run_task.needs(call)
    elif call.operation in _OF_A_DEPLOYMENT:
        yield from _of_deployments(call)
    elif call.operation in _ON_EXPRESS:
        yield from _on_express(call)
    elif call.operation in _ON_A_SERVICE:
        yield from _on_service(call)
    elif call.operation == "DescribeClusters":
        names = p.get("clusters") or ["default"]
        yield Need(action, tuple(make_arn(call, "ecs", f"cluster/{last(n)}") for n in names))
    else:
        yield Need(action, _in_cluster(call), _cluster_context(call))


def _in_cluster(call: Call) -> tuple[str, ...]:
    """The resources of the operations that take a cluster and things in it."""
    p, cluster = call.parameters, _cluster(call)
    match call.operation:
        case "DescribeServices":
            return tuple(_ecs_service(call, name) for name in p.get("services", []))
        case "ListServices":
            return ("*",)
        case "ListTasks":
            return (make_arn(call, "ecs", f"container-instance/{cluster}/*"),)
        case "DescribeTasks" | "StopTask":
            tasks = p.get("tasks") or [p.get("task", "*")]
            return tuple(make_arn(call, "ecs", f"task/{cluster}/{last(task)}") for task in tasks)
    raise unmapped(call)


def _on_service(call: Call) -> Iterator[Need]:
    p, context = call.parameters, _cluster_context(call)
    if "taskDefinition" in p:
        context["ecs:task-definition"] = _revision(call, p["taskDefinition"])
    if "enableExecuteCommand" in p:
        context["ecs:enable-execute-command"] = str(p["enableExecuteCommand"]).lower()
    service = p.get("service") or p.get("serviceName") or "*"
    yield Need(f"ecs:{call.operation}", (_ecs_service(call, service),), context)
    for role in _roles_within(p):
        yield pass_role(role, "ecs.amazonaws.com")


def _on_express(call: Call) -> Iterator[Need]:
    p = call.parameters
    service = p.get("serviceArn") or _ecs_service(call, p.get("serviceName") or "*")
    cluster, name = service.split("/")[-2:]
    context = {"ecs:cluster": make_arn(call, "ecs", f"cluster/{cluster}")}
    if call.operation == "CreateExpressGatewayService" and (named := p.get("taskDefinitionArn")):
        context["ecs:task-definition"] = _revision(call, named)
    yield Need(f"ecs:{call.operation}", (service,), context)
    if any(p.get(changed) for changed in OF_AN_EXPRESS_TASK):
        family = make_arn(call, "ecs", f"task-definition/{cluster}-{name}:*")
        yield Need("ecs:RegisterTaskDefinition", (family,))
    for key in ("taskRoleArn", "executionRoleArn"):
        if role := p.get(key):
            yield pass_role(role, "ecs-tasks.amazonaws.com")
    if role := p.get("infrastructureRoleArn"):
        yield pass_role(role, "ecs.amazonaws.com")


def _revision(call: Call, named: str) -> str:
    """The ARN of a task definition that is named by its ARN or as FAMILY:REVISION."""
    return named if named.startswith("arn:") else make_arn(call, "ecs", f"task-definition/{named}")


def _cluster(call: Call) -> str:
    return last(call.parameters.get("cluster") or "default")


def _cluster_context(call: Call) -> dict[str, str | list[str]]:
    return {"ecs:cluster": make_arn(call, "ecs", f"cluster/{_cluster(call)}")}


def _register(call: Call) -> Iterator[Need]:
    p = call.parameters
    definition = make_arn(call, "ecs", f"task-definition/{p['family']}:*")
    tags = {tag["key"]: tag.get("value", "") for tag in p.get("tags") or []}
    tagging: Context = {
        **{f"aws:RequestTag/{key}": value for key, value in tags.items()},
        **({"aws:TagKeys": list(tags)} if tags else {}),
    }
    yield Need("ecs:RegisterTaskDefinition", (definition,), tagging)
    if tags:
        yield Need(
            "ecs:TagResource",
            (definition,),
            {**tagging, "ecs:CreateAction": "RegisterTaskDefinition"},
        )
    for key in ("taskRoleArn", "executionRoleArn"):
        if role := p.get(key):
            yield pass_role(role, "ecs-tasks.amazonaws.com")


def _of_deployments(call: Call) -> Iterator[Need]:
    p = call.parameters
    named = p.get("serviceDeploymentArns") or p.get("serviceRevisionArns") or []
    for arn in [*named, *([p["serviceDeploymentArn"]] if "serviceDeploymentArn" in p else [])]:
        _, cluster, service, *_ = arn.split(":", 5)[-1].split("/")
        service_arn = make_arn(call, "ecs", f"service/{cluster}/{service}")
        context = {
            "ecs:cluster": make_arn(call, "ecs", f"cluster/{cluster}"),
            "ecs:service": service_arn,
        }
        yield Need(f"ecs:{call.operation}", (service_arn, arn), context)


def _ecs_service(call: Call, service: str) -> str:
    parts = service.split(":", 5)[-1].split("/")
    cluster = parts[1] if len(parts) > 2 else _cluster(call)  # noqa: PLR2004 - service/CLUSTER/NAME
    return make_arn(call, "ecs", f"service/{cluster}/{parts[-1]}")


def _roles_within(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            if key in ("roleArn", "role") and isinstance(inner, str) and inner:
                yield inner
            else:
                yield from _roles_within(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _roles_within(inner)
