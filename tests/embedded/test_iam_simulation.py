"""SimulatePrincipalPolicy says of a role what the embedded IAM itself decides."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from embedded.account import EmbeddedAws

ROLES = "arn:aws:iam::123456789012:role"
STATEMENTS = [
    {"Sid": "Run", "Effect": "Allow", "Action": "ecs:RunTask", "Resource": "*"},
    {
        "Sid": "Pass",
        "Effect": "Allow",
        "Action": "iam:PassRole",
        "Resource": f"{ROLES}/app-*",
        "Condition": {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}},
    },
    {"Sid": "Never", "Effect": "Deny", "Action": "ecs:Delete*", "Resource": "*"},
    {
        "Sid": "Put",
        "Effect": "Allow",
        "Action": "events:PutTargets",
        "Resource": "*",
        "Condition": {"ForAllValues:ArnLike": {"events:TargetArn": "arn:aws:ecs:*:*:cluster/*"}},
    },
]


@pytest.fixture(scope="module")
def aws() -> Iterator[EmbeddedAws]:
    with EmbeddedAws() as aws:
        iam = aws.client("iam")
        iam.create_role(RoleName="deployer", AssumeRolePolicyDocument='{"Statement": []}')
        document = json.dumps({"Version": "2012-10-17", "Statement": STATEMENTS})
        iam.put_role_policy(RoleName="deployer", PolicyName="own", PolicyDocument=document)
        yield aws


def ask(aws: EmbeddedAws, *actions: str, **more: Any) -> list[dict[str, Any]]:
    answer = aws.client("iam").simulate_principal_policy(
        PolicySourceArn=f"{ROLES}/deployer", ActionNames=list(actions), **more
    )
    found: list[dict[str, Any]] = answer["EvaluationResults"]
    return found


def context(key: str, *values: str, kind: str = "string") -> dict[str, Any]:
    entry = {"ContextKeyName": key, "ContextKeyValues": list(values), "ContextKeyType": kind}
    return {"ContextEntries": [entry]}


def test_each_action_is_allowed_denied_or_not_mentioned(aws: EmbeddedAws) -> None:
    found = ask(aws, "ecs:RunTask", "ecs:DeleteService", "ecs:UpdateService")
    assert [each["EvalDecision"] for each in found] == ["allowed", "explicitDeny", "implicitDeny"]
    assert [each["EvalResourceName"] for each in found] == ["*"] * 3
    assert [each["MatchedStatements"] for each in found] == [
        [{"SourcePolicyId": "Run"}],
        [{"SourcePolicyId": "Never"}],
        [],
    ]


def test_each_resource_has_a_result_and_the_context_counts(aws: EmbeddedAws) -> None:
    resources = [f"{ROLES}/app-a", f"{ROLES}/other"]
    passed = context("iam:PassedToService", "ecs-tasks.amazonaws.com")
    found = ask(aws, "iam:PassRole", ResourceArns=resources, **passed)
    assert {each["EvalResourceName"]: each["EvalDecision"] for each in found} == {
        resources[0]: "allowed",
        resources[1]: "implicitDeny",
    }
    assert found[0].get("MissingContextValues", []) == []
    elsewhere = context("iam:PassedToService", "lambda.amazonaws.com")
    [other] = ask(aws, "iam:PassRole", ResourceArns=resources[:1], **elsewhere)
    [without] = ask(aws, "iam:PassRole", ResourceArns=resources[:1])
    assert (other["EvalDecision"], without["EvalDecision"]) == ("implicitDeny", "implicitDeny")
    assert without["MissingContextValues"] == ["iam:PassedToService"]


def test_a_list_of_values_is_one_context_key(aws: EmbeddedAws) -> None:
    cluster, queue = "arn:aws:ecs:us-west-2:1:cluster/dev", "arn:aws:sqs:us-west-2:1:q"
    for values, decision in (([cluster], "allowed"), ([cluster, queue], "implicitDeny")):
        entries = context("events:TargetArn", *values, kind="stringList")
        [found] = ask(aws, "events:PutTargets", **entries)
        assert found["EvalDecision"] == decision


def test_further_policies_count_too(aws: EmbeddedAws) -> None:
    statement = {"Effect": "Deny", "Action": "ecs:RunTask", "Resource": "*"}
    [found] = ask(aws, "ecs:RunTask", PolicyInputList=[json.dumps({"Statement": [statement]})])
    assert found["EvalDecision"] == "explicitDeny"


def test_results_come_in_parts(aws: EmbeddedAws) -> None:
    pages = aws.client("iam").get_paginator("simulate_principal_policy").paginate(
        PolicySourceArn=f"{ROLES}/deployer",
        ActionNames=["ecs:RunTask", "ecs:StopTask", "ecs:DeleteService"],
        PaginationConfig={"PageSize": 2},
    )  # fmt: skip
    assert [len(page["EvaluationResults"]) for page in pages] == [2, 1]


def test_a_role_that_is_not_there_is_no_entity(aws: EmbeddedAws) -> None:
    client = aws.client("iam")
    with pytest.raises(client.exceptions.NoSuchEntityException):
        client.simulate_principal_policy(
            PolicySourceArn=f"{ROLES}/lost", ActionNames=["ecs:RunTask"]
        )


def test_a_role_asks_only_where_it_may(aws: EmbeddedAws) -> None:
    client = aws._clients.as_role(f"{ROLES}/deployer", "doctor", "iam")
    with pytest.raises(ClientError, match="iam:SimulatePrincipalPolicy on resource"):
        client.simulate_principal_policy(
            PolicySourceArn=f"{ROLES}/deployer", ActionNames=["ecs:RunTask"]
        )
