"""Call → what IAM must allow for it: actions, resource ARNs, condition keys.

From the Service Authorization Reference
(https://docs.aws.amazon.com/service-authorization/latest/reference/): the resource types and
condition keys of each action. Where it names two required types (ECS service deployments), both
must be allowed. The resource of CloudWatch Logs' group-level actions ends in `:log-stream:`, as in
AWS' own AccessDenied messages; that `RegisterTaskDefinition` is checked against `FAMILY:*` is
inferred.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from local.calls import Call
from local.sts import ACCOUNT

Context = Mapping[str, str | list[str]]


@dataclass(frozen=True)
class Need:
    """One action on all of these resources, under these condition keys."""

    action: str
    resources: tuple[str, ...]
    context: Context = field(default_factory=dict)


class Unmapped(NotImplementedError):
    """No rule here says which resource the operation touches."""


def needs(call: Call) -> list[Need]:
    """Everything that must be allowed for `call`; raises `Unmapped` rather than guess."""
    rule = _RULES.get(call.service)
    if rule is None:
        raise Unmapped(f"IAM: no rule for the service of {call}; add one to local/iam_actions.py")
    return list(rule(call))


def _arn(call: Call, service: str, rest: str) -> str:
    return f"arn:aws:{service}:{call.region}:{ACCOUNT}:{rest}"


def _unmapped(call: Call) -> Unmapped:
    return Unmapped(f"IAM: no rule for {call}; add one to local/iam_actions.py")


# ---- ECS


_ON_A_SERVICE = {"UpdateService", "CreateService", "DeleteService", "ListServiceDeployments"}
_OF_A_DEPLOYMENT = {
    "DescribeServiceDeployments",
    "StopServiceDeployment",
    "ContinueServiceDeployment",
    "DescribeServiceRevisions",
}
_ON_ANY = {
    "DescribeTaskDefinition",
    "ListTaskDefinitions",
    "ListTaskDefinitionFamilies",
    "DeregisterTaskDefinition",
    "ListClusters",
}
_TAGGING = {"TagResource", "UntagResource", "ListTagsForResource"}


def _ecs(call: Call) -> Iterator[Need]:
    p, action = call.parameters, f"ecs:{call.operation}"
    if call.operation in _ON_ANY:
        yield Need(action, ("*",))
    elif call.operation in _TAGGING:
        yield Need(action, (p["resourceArn"],))
    elif call.operation == "RegisterTaskDefinition":
        yield from _register(call)
    elif call.operation in _OF_A_DEPLOYMENT:
        yield from _of_deployments(call)
    elif call.operation in _ON_A_SERVICE:
        yield from _on_service(call)
    elif call.operation == "DescribeClusters":
        names = p.get("clusters") or ["default"]
        yield Need(action, tuple(_arn(call, "ecs", f"cluster/{_last(n)}") for n in names))
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
            return (_arn(call, "ecs", f"container-instance/{cluster}/*"),)
        case "DescribeTasks" | "StopTask":
            tasks = p.get("tasks") or [p.get("task", "*")]
            return tuple(_arn(call, "ecs", f"task/{cluster}/{_last(task)}") for task in tasks)
    raise _unmapped(call)


def _on_service(call: Call) -> Iterator[Need]:
    p, context = call.parameters, _cluster_context(call)
    if "taskDefinition" in p:
        context["ecs:task-definition"] = p["taskDefinition"]
    service = p.get("service") or p.get("serviceName") or "*"
    yield Need(f"ecs:{call.operation}", (_ecs_service(call, service),), context)
    for role in _roles_within(p):
        yield _pass_role(role, "ecs.amazonaws.com")


def _cluster(call: Call) -> str:
    return _last(call.parameters.get("cluster") or "default")


def _cluster_context(call: Call) -> dict[str, str | list[str]]:
    return {"ecs:cluster": _arn(call, "ecs", f"cluster/{_cluster(call)}")}


def _register(call: Call) -> Iterator[Need]:
    p = call.parameters
    definition = _arn(call, "ecs", f"task-definition/{p['family']}:*")
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
            yield _pass_role(role, "ecs-tasks.amazonaws.com")


def _of_deployments(call: Call) -> Iterator[Need]:
    p = call.parameters
    named = p.get("serviceDeploymentArns") or p.get("serviceRevisionArns") or []
    for arn in [*named, *([p["serviceDeploymentArn"]] if "serviceDeploymentArn" in p else [])]:
        _, cluster, service, *_ = arn.split(":", 5)[-1].split("/")
        service_arn = _arn(call, "ecs", f"service/{cluster}/{service}")
        context = {
            "ecs:cluster": _arn(call, "ecs", f"cluster/{cluster}"),
            "ecs:service": service_arn,
        }
        yield Need(f"ecs:{call.operation}", (service_arn, arn), context)


def _ecs_service(call: Call, service: str) -> str:
    parts = service.split(":", 5)[-1].split("/")
    cluster = parts[1] if len(parts) > 2 else _cluster(call)  # noqa: PLR2004 - service/CLUSTER/NAME
    return _arn(call, "ecs", f"service/{cluster}/{parts[-1]}")


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


def _pass_role(role: str, service: str) -> Need:
    arn = role if role.startswith("arn:") else f"arn:aws:iam::{ACCOUNT}:role/{role}"
    return Need("iam:PassRole", (arn,), {"iam:PassedToService": service})


# ---- DynamoDB

_TRANSACTED = {
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
    "ConditionCheck": "ConditionCheckItem",
    "Get": "GetItem",
}


def _dynamodb(call: Call) -> Iterator[Need]:
    p = call.parameters
    match call.operation:
        case "TransactWriteItems" | "TransactGetItems":
            for item in p["TransactItems"]:
                for kind, inner in item.items():
                    table = _table(call, inner["TableName"])
                    yield Need(f"dynamodb:{_TRANSACTED[kind]}", (table,))
        case "BatchGetItem" | "BatchWriteItem":
            tables = tuple(_table(call, name) for name in p["RequestItems"])
            yield Need(f"dynamodb:{call.operation}", tables)
        case "ListTables":
            yield Need("dynamodb:ListTables", ("*",))
        case _ if "TableName" in p:
            table = _table(call, p["TableName"])
            index = p.get("IndexName")
            resource = f"{table}/index/{index}" if index else table
            yield Need(f"dynamodb:{call.operation}", (resource,))
        case _:
            raise _unmapped(call)


def _table(call: Call, name: str) -> str:
    return name if name.startswith("arn:") else _arn(call, "dynamodb", f"table/{name}")


# ---- CloudWatch Logs

_LOG_GROUP_ACTIONS = frozenset(
    {"FilterLogEvents", "StartQuery", "DescribeLogStreams", "CreateLogGroup", "PutRetentionPolicy"}
)
_LOG_STREAM_ACTIONS = frozenset({"GetLogEvents", "PutLogEvents", "CreateLogStream"})


def _logs(call: Call) -> Iterator[Need]:
    p, action = call.parameters, f"logs:{call.operation}"
    if call.operation in _LOG_STREAM_ACTIONS:
        stream = f"{_log_group(p)}:log-stream:{p.get('logStreamName', '')}"
        yield Need(action, (_arn(call, "logs", f"log-group:{stream}"),))
    elif call.operation in _LOG_GROUP_ACTIONS:
        names = p.get("logGroupNames") or p.get("logGroupIdentifiers") or [_log_group(p)]
        groups = (f"log-group:{_group_name(name)}:log-stream:" for name in names)
        yield Need(action, tuple(_arn(call, "logs", group) for group in groups))
    elif call.operation == "DescribeLogGroups":
        yield Need(action, (_arn(call, "logs", "log-group::log-stream:"),))
    elif call.operation == "GetQueryResults":
        yield Need(action, ("*",))
    else:
        raise _unmapped(call)


def _log_group(parameters: dict[str, Any]) -> str:
    return _group_name(parameters.get("logGroupName") or parameters.get("logGroupIdentifier") or "")


def _group_name(name: str) -> str:
    return name.split(":log-group:", 1)[-1].split(":", 1)[0]


# ---- Step Functions, ECR, messaging, configuration


def _states(call: Call) -> Iterator[Need]:
    p = call.parameters
    arn = p.get("executionArn") or p.get("stateMachineArn")
    if arn is None and call.operation not in ("ListStateMachines", "SendTaskSuccess",
                                              "SendTaskFailure", "SendTaskHeartbeat"):  # fmt: skip
        raise _unmapped(call)
    yield Need(f"states:{call.operation}", (arn or "*",))


def _ecr(call: Call) -> Iterator[Need]:
    p, action = call.parameters, f"ecr:{call.operation}"
    if call.operation == "GetAuthorizationToken":
        yield Need(action, ("*",))
        return
    names = p.get("repositoryNames") or [p.get("repositoryName") or "*"]
    yield Need(action, tuple(_arn(call, "ecr", f"repository/{name}") for name in names))


def _sns(call: Call) -> Iterator[Need]:
    if call.operation in ("Publish", "PublishBatch"):
        yield Need("sns:Publish", (call.parameters.get("TopicArn") or "*",))
    elif topic := call.parameters.get("TopicArn"):
        yield Need(f"sns:{call.operation}", (topic,))
    else:
        raise _unmapped(call)


def _sqs(call: Call) -> Iterator[Need]:
    p = call.parameters
    name = _last(p["QueueUrl"]) if "QueueUrl" in p else p.get("QueueName", "*")
    yield Need(f"sqs:{call.operation}", (_arn(call, "sqs", name),))


def _lambda(call: Call) -> Iterator[Need]:
    name = str(call.parameters.get("FunctionName", "*"))
    arn = name if name.startswith("arn:") else _arn(call, "lambda", f"function:{name}")
    if (qualifier := call.parameters.get("Qualifier")) and qualifier != "$LATEST":
        arn = f"{arn}:{qualifier}"
    action = {"Invoke": "InvokeFunction", "InvokeAsync": "InvokeFunction"}
    yield Need(f"lambda:{action.get(call.operation, call.operation)}", (arn,))


def _events(call: Call) -> Iterator[Need]:
    if call.operation != "PutEvents":
        raise _unmapped(call)
    buses = {entry.get("EventBusName") or "default" for entry in call.parameters["Entries"]}
    arns = (b if b.startswith("arn:") else _arn(call, "events", f"event-bus/{b}") for b in buses)
    yield Need("events:PutEvents", tuple(sorted(arns)))


def _cloudwatch(call: Call) -> Iterator[Need]:
    names = call.parameters.get("AlarmNames") or ["*"]
    if call.operation == "DescribeAlarms":
        yield Need(
            "cloudwatch:DescribeAlarms",
            tuple(_arn(call, "cloudwatch", f"alarm:{n}") for n in names),
        )
    else:
        yield Need(f"cloudwatch:{call.operation}", ("*",))


def _ssm(call: Call) -> Iterator[Need]:
    p = call.parameters
    names = p.get("Names") or [p.get("Name") or p.get("Path") or "*"]
    paths = (f"parameter/{str(name).lstrip('/')}" for name in names)
    yield Need(f"ssm:{call.operation}", tuple(_arn(call, "ssm", path) for path in paths))


def _secretsmanager(call: Call) -> Iterator[Need]:
    secret = str(call.parameters.get("SecretId", "*"))
    # Secrets Manager appends six random characters to the name in the ARN.
    arn = (
        secret
        if secret.startswith("arn:")
        else _arn(call, "secretsmanager", f"secret:{secret}-??????")
    )
    yield Need(f"secretsmanager:{call.operation}", (arn,))


def _kms(call: Call) -> Iterator[Need]:
    key = str(call.parameters.get("KeyId", "*"))
    yield Need(
        f"kms:{call.operation}",
        (key if key.startswith("arn:") else _arn(call, "kms", f"key/{key}"),),
    )


def _s3(call: Call) -> Iterator[Need]:
    bucket = call.parameters.get("Bucket", "*")
    key = call.parameters.get("Key")
    action = {"ListObjectsV2": "ListBucket", "ListObjects": "ListBucket", "HeadObject": "GetObject"}
    resource = f"arn:aws:s3:::{bucket}/{key}" if key else f"arn:aws:s3:::{bucket}"
    yield Need(f"s3:{action.get(call.operation, call.operation)}", (resource,))


def _on_anything(prefix: str) -> Callable[[Call], Iterator[Need]]:
    def rule(call: Call) -> Iterator[Need]:
        yield Need(f"{prefix}:{call.operation}", ("*",))

    return rule


def _always_allowed(_: Call) -> Iterator[Need]:
    return iter(())  # sts:GetCallerIdentity needs no permission


def _last(name: str) -> str:
    return name.rsplit("/", 1)[-1]


_RULES: dict[str, Callable[[Call], Iterator[Need]]] = {
    "application-autoscaling": _on_anything("application-autoscaling"),
    "cloudwatch": _cloudwatch,
    "dynamodb": _dynamodb,
    "ecr": _ecr,
    "ecs": _ecs,
    "elbv2": _on_anything("elasticloadbalancing"),
    "events": _events,
    "kms": _kms,
    "lambda": _lambda,
    "logs": _logs,
    "s3": _s3,
    "secretsmanager": _secretsmanager,
    "sns": _sns,
    "sqs": _sqs,
    "ssm": _ssm,
    "stepfunctions": _states,
    "sts": _always_allowed,
    "xray": _on_anything("xray"),
}
