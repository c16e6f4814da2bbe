"""Call → what IAM must allow for it: actions, resource ARNs, condition keys.

The resource types and condition keys of each action are those of the Service Authorization
Reference (https://docs.aws.amazon.com/service-authorization/latest/reference/). An operation
without a rule is refused with an error: its needs are never guessed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from embedded.calls.call import Call
from embedded.calls.sessions import ACCOUNT
from embedded.iam.actions import dynamodb, ecs, eventbridge, logs
from embedded.iam.actions.need import Context, Need, Unmapped, last, make_arn, unmapped
from embedded.inspector import scanned_by_inspector

__all__ = ["Context", "Need", "Unmapped", "needs"]


def needs(call: Call) -> list[Need]:
    """Everything that must be allowed for `call`.

    Raises:
        Unmapped: there is no rule for this operation.
    """
    rule = _RULES.get(call.service)
    if rule is None:
        raise unmapped(call)
    return list(rule(call))


def _states(call: Call) -> Iterator[Need]:
    p = call.parameters
    arn = p.get("executionArn") or p.get("stateMachineArn")
    if arn is None and call.operation not in ("ListStateMachines", "SendTaskSuccess",
                                              "SendTaskFailure", "SendTaskHeartbeat"):  # fmt: skip
        raise unmapped(call)
    yield Need(f"states:{call.operation}", (arn or "*",))


def _ecr(call: Call) -> Iterator[Need]:
    p, action = call.parameters, f"ecr:{call.operation}"
    if call.operation == "GetAuthorizationToken":
        yield Need(action, ("*",))
        return
    names = p.get("repositoryNames") or [p.get("repositoryName") or "*"]
    yield Need(action, tuple(make_arn(call, "ecr", f"repository/{name}") for name in names))
    if call.operation == "DescribeImageScanFindings" and scanned_by_inspector(
        ACCOUNT, call.region, names[0]
    ):
        # ECR asks Inspector in the caller's name: "Retrieving findings for enhanced scans".
        yield Need("inspector2:ListCoverage", ("*",))
        yield Need("inspector2:ListFindings", ("*",))


def _sns(call: Call) -> Iterator[Need]:
    if call.operation in ("Publish", "PublishBatch"):
        yield Need("sns:Publish", (call.parameters.get("TopicArn") or "*",))
    elif topic := call.parameters.get("TopicArn"):
        yield Need(f"sns:{call.operation}", (topic,))
    else:
        raise unmapped(call)


def _sqs(call: Call) -> Iterator[Need]:
    p = call.parameters
    name = last(p["QueueUrl"]) if "QueueUrl" in p else p.get("QueueName", "*")
    yield Need(f"sqs:{call.operation}", (make_arn(call, "sqs", name),))


def _lambda(call: Call) -> Iterator[Need]:
    name = str(call.parameters.get("FunctionName", "*"))
    arn = name if name.startswith("arn:") else make_arn(call, "lambda", f"function:{name}")
    if (qualifier := call.parameters.get("Qualifier")) and qualifier != "$LATEST":
        arn = f"{arn}:{qualifier}"
    action = {"Invoke": "InvokeFunction", "InvokeAsync": "InvokeFunction"}
    yield Need(f"lambda:{action.get(call.operation, call.operation)}", (arn,))


def _iam(call: Call) -> Iterator[Need]:
    if call.operation != "SimulatePrincipalPolicy":
        raise unmapped(call)
    yield Need("iam:SimulatePrincipalPolicy", (call.parameters["PolicySourceArn"],))


def _cloudwatch(call: Call) -> Iterator[Need]:
    names = call.parameters.get("AlarmNames") or ["*"]
    if call.operation == "DescribeAlarms":
        yield Need(
            "cloudwatch:DescribeAlarms",
            tuple(make_arn(call, "cloudwatch", f"alarm:{n}") for n in names),
        )
    else:
        yield Need(f"cloudwatch:{call.operation}", ("*",))


def _ssm(call: Call) -> Iterator[Need]:
    p = call.parameters
    names = p.get("Names") or [p.get("Name") or p.get("Path") or "*"]
    paths = (f"parameter/{str(name).lstrip('/')}" for name in names)
    yield Need(f"ssm:{call.operation}", tuple(make_arn(call, "ssm", path) for path in paths))


def _secretsmanager(call: Call) -> Iterator[Need]:
    secret = str(call.parameters.get("SecretId", "*"))
    # Secrets Manager appends six random characters to the name in the ARN.
    arn = (
        secret
        if secret.startswith("arn:")
        else make_arn(call, "secretsmanager", f"secret:{secret}-??????")
    )
    yield Need(f"secretsmanager:{call.operation}", (arn,))


def _kms(call: Call) -> Iterator[Need]:
    key = str(call.parameters.get("KeyId", "*"))
    yield Need(
        f"kms:{call.operation}",
        (key if key.startswith("arn:") else make_arn(call, "kms", f"key/{key}"),),
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


_RULES: dict[str, Callable[[Call], Iterator[Need]]] = {
    "application-autoscaling": _on_anything("application-autoscaling"),
    "cloudwatch": _cloudwatch,
    "dynamodb": dynamodb.needs,
    "ecr": _ecr,
    "ecs": ecs.needs,
    "elbv2": _on_anything("elasticloadbalancing"),
    "events": eventbridge.needs_of_events,
    "iam": _iam,
    "kms": _kms,
    "lambda": _lambda,
    "logs": logs.needs,
    "s3": _s3,
    "scheduler": eventbridge.needs_of_scheduler,
    "secretsmanager": _secretsmanager,
    "sns": _sns,
    "sqs": _sqs,
    "ssm": _ssm,
    "stepfunctions": _states,
    "sts": _always_allowed,
    "xray": _on_anything("xray"),
}
