"""Lambda, IAM, SSM and Secrets Manager -> what Slipway may pass, and which secrets exist."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from cli.doctor.asking import Asking
from cli.package.names import function_name

_NOT_FOUND = ("ResourceNotFoundException",)


def channel_secrets(asking: Asking, names: Iterable[str]) -> dict[str, bool]:
    """Whether each secret exists. Its value is never read."""
    found = {}
    for name in names:
        store, _, key = name.partition(":")
        if store == "ssm":
            only = [{"Key": "Name", "Option": "Equals", "Values": [key]}]
            listed = asking.ask(
                f"the secret {name}", "ssm:describe_parameters", ParameterFilters=only
            )
            exists = None if listed is None else bool(listed.get("Parameters"))
        else:
            answer = asking.ask(
                f"the secret {name}",
                "secretsmanager:describe_secret",
                absent=_NOT_FOUND,
                SecretId=key,
            )
            exists = None if answer is None else bool(answer) and "DeletedDate" not in answer
        if exists is not None:
            found[name] = exists
    return found


def deploy_role(asking: Asking, stage: str) -> str:
    """The ARN of the role of the function `deploy`; empty when it is not known."""
    answer = asking.ask(
        "the role of Slipway's functions",
        "lambda:get_function_configuration",
        absent=_NOT_FOUND,
        FunctionName=function_name(stage, "deploy"),
    )
    return str(answer.get("Role", "")) if answer else ""


def not_passed(asking: Asking, role: str, roles: Sequence[str]) -> tuple[str, ...] | None:
    """Those of the `roles` that IAM says `role` may not pass to ECS (SimulatePrincipalPolicy)."""
    if not role or not roles:
        return None
    key = "iam:PassedToService"
    service = ["ecs-tasks.amazonaws.com"]
    answer = asking.ask(
        "what the role of `deploy` may pass",
        "iam:simulate_principal_policy",
        PolicySourceArn=role,
        ActionNames=["iam:PassRole"],
        ResourceArns=list(roles),
        ContextEntries=[
            {"ContextKeyName": key, "ContextKeyValues": service, "ContextKeyType": "string"}
        ],
    )
    if answer is None:
        return None
    return tuple(
        each["EvalResourceName"]
        for each in answer["EvaluationResults"]
        if each["EvalDecision"] != "allowed"
    )
