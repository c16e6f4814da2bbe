"""CloudFormation makes the resources of a template, or an error says what is wrong."""

from __future__ import annotations

import copy
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from embedded.account import EmbeddedAws
from embedded.services.cloudformation.deploy import MissingResources
from embedded.services.cloudformation.template import normal_form
from tests.embedded import application

TOPIC = {"Type": "AWS::SNS::Topic"}


@pytest.fixture(scope="module")
def aws() -> Iterator[EmbeddedAws]:
    with EmbeddedAws(rate=20) as aws:
        yield aws


def deploy(aws: EmbeddedAws, tmp_path: Path, resources: dict[str, Any], stack: str) -> Any:
    template, code = application.package(tmp_path)
    template.write_text(json.dumps({"Resources": resources}))
    return aws.deploy(template, code, stack=stack)


def test_every_resource_of_the_template_exists(aws: EmbeddedAws, tmp_path: Path) -> None:
    stack = aws.deploy(*application.package(tmp_path), stack="whole")

    assert set(application.template()["Resources"]) <= set(stack.resources)
    table = stack.outputs["Table"]
    ttl = aws.client("dynamodb").describe_time_to_live(TableName=table)["TimeToLiveDescription"]
    assert ttl == {"TimeToLiveStatus": "ENABLED", "AttributeName": "expires"}
    (group,) = aws.client("logs").describe_log_groups(
        logGroupNamePrefix=f"/aws/lambda/{stack.outputs['Poll']}"
    )["logGroups"]
    assert group["retentionInDays"] == 30
    (alarm,) = aws.client("cloudwatch").describe_alarms(AlarmNames=[stack.resources["Failures"]])[
        "MetricAlarms"
    ]
    assert alarm["Period"] == 60
    machine = aws.client("stepfunctions").describe_state_machine(
        stateMachineArn=stack.outputs["Machine"]
    )
    assert "$$.Execution.Name" in machine["definition"]
    assert "${" not in machine["definition"]


def test_an_unknown_type_is_refused_by_name(aws: EmbeddedAws, tmp_path: Path) -> None:
    resources = {"Clock": {"Type": "AWS::Pipes::Pipe", "Properties": {}}}
    with pytest.raises(ClientError, match=r"Clock \(AWS::Pipes::Pipe\)"):
        deploy(aws, tmp_path, resources, "unknown")


def test_a_dangling_reference_is_refused(aws: EmbeddedAws, tmp_path: Path) -> None:
    resources = {"Topic": {**TOPIC, "Properties": {"DisplayName": {"Ref": "Nobody"}}}}
    with pytest.raises(ClientError, match=r"Unresolved resource dependencies \[Nobody\]"):
        deploy(aws, tmp_path, resources, "dangling")


def test_a_cycle_is_refused(aws: EmbeddedAws, tmp_path: Path) -> None:
    resources = {
        "One": {**TOPIC, "Properties": {"DisplayName": {"Ref": "Two"}}},
        "Two": {**TOPIC, "Properties": {"DisplayName": {"Fn::Sub": "${One}"}}},
    }
    with pytest.raises(ClientError, match=r"Circular dependency between resources: \[One, Two\]"):
        deploy(aws, tmp_path, resources, "cycle")


def test_a_role_that_lambda_cannot_assume_is_refused(aws: EmbeddedAws, tmp_path: Path) -> None:
    resources = {
        "Poll": copy.deepcopy(application.template()["Resources"]["Poll"]),
        "PollRole": application.role("states.amazonaws.com"),
    }
    resources["Poll"]["Properties"].pop("Environment")
    with pytest.raises(ClientError, match=r"cannot be assumed by lambda\.amazonaws\.com"):
        deploy(aws, tmp_path, resources, "untrusted")


def test_policies_above_the_quota_of_a_role_are_refused(aws: EmbeddedAws, tmp_path: Path) -> None:
    allowed = [f"arn:aws:ecs:us-west-2:123456789012:service/c/service-{n}" for n in range(200)]
    statement = {"Effect": "Allow", "Action": "ecs:UpdateService", "Resource": allowed}
    resources = {"Role": application.role("lambda.amazonaws.com", statement)}
    with pytest.raises(ClientError, match="Maximum policy size of 10240 bytes exceeded"):
        deploy(aws, tmp_path, resources, "large")


def test_a_resource_that_vanished_is_missed(aws: EmbeddedAws, tmp_path: Path) -> None:
    stack = deploy(aws, tmp_path, {"Topic": TOPIC}, "vanishing")
    aws.client("sns").delete_topic(TopicArn=stack.resources["Topic"])

    with pytest.raises(MissingResources, match=r"Topic \(AWS::SNS::Topic\)"):
        aws.cloudformation.describe("vanishing")


def test_a_resource_whose_condition_is_false_is_not_missed(
    aws: EmbeddedAws, tmp_path: Path
) -> None:
    template, code = application.package(tmp_path)
    body = {
        "Parameters": {"Mail": {"Type": "String", "Default": ""}},
        "Conditions": {"HasMail": {"Fn::Not": [{"Fn::Equals": [{"Ref": "Mail"}, ""]}]}},
        "Resources": {
            "Topic": TOPIC,
            "Subscription": {
                "Type": "AWS::SNS::Subscription",
                "Condition": "HasMail",
                "Properties": {
                    "TopicArn": {"Ref": "Topic"},
                    "Protocol": "email",
                    "Endpoint": {"Ref": "Mail"},
                },
            },
        },
    }
    template.write_text(json.dumps(body))

    assert set(aws.deploy(template, code, stack="without").resources) == {"Topic"}
    stack = aws.deploy(template, code, stack="with", parameters={"Mail": "a@example.com"})
    assert set(stack.resources) == {"Topic", "Subscription"}


def test_the_aws_command_line_packages_deploys_and_updates(
    aws: EmbeddedAws, tmp_path: Path
) -> None:
    template, _ = application.package(tmp_path)
    body = json.loads(template.read_text())
    for resource in body["Resources"].values():
        for own_name in ("FunctionName", "Name"):
            resource.get("Properties", {}).pop(own_name, None)
    template.write_text(json.dumps(body))
    aws.client("s3").create_bucket(
        Bucket="packages", CreateBucketConfiguration={"LocationConstraint": "us-west-2"}
    )
    packaged = tmp_path / "packaged.json"
    cli(
        aws, "package", "--template-file", template, "--s3-bucket", "packages",
        "--output-template-file", packaged, "--use-json",
    )  # fmt: skip
    deploy = (
        "deploy", "--template-file", packaged, "--stack-name", "by-hand",
        "--s3-bucket", "packages", "--capabilities", "CAPABILITY_IAM",
    )  # fmt: skip
    cli(aws, *deploy)
    stack = aws.cloudformation.describe("by-hand")
    assert aws.invoke(stack.outputs["Act"], {})["starts"] == 1

    changed = copy.deepcopy(json.loads(packaged.read_text()))
    changed["Resources"]["Act"]["Properties"]["Timeout"] = 7
    packaged.write_text(json.dumps(changed))
    cli(aws, *deploy)
    got = aws.client("lambda").get_function(FunctionName=stack.outputs["Act"])
    assert got["Configuration"]["Timeout"] == 7


def cli(aws: EmbeddedAws, *arguments: object) -> None:
    environment = {
        **os.environ,
        "AWS_ENDPOINT_URL": aws.endpoint,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-west-2",
    }
    command = [str(Path(sys.executable).with_name("aws")), "cloudformation", *map(str, arguments)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("plain", {"Fn::Join": ["", ["plain"]]}),
        ("a-${B}-c", {"Fn::Join": ["", ["a-", {"Ref": "B"}, "-c"]]}),
        ("${B.Arn.X}", {"Fn::Join": ["", [{"Fn::GetAtt": ["B", "Arn.X"]}]]}),
        ("$$.Execution ${!Kept}", {"Fn::Join": ["", ["$$.Execution ${Kept}"]]}),
        (["${x}", {"x": {"Ref": "B"}}], {"Fn::Join": ["", [{"Ref": "B"}]]}),
    ],
    ids=["literal", "ref", "attribute", "dollars", "mapping"],
)
def test_a_substitution_is_written_as_a_join(written: Any, meant: Any) -> None:
    assert normal_form({"Fn::Sub": written}) == meant


def test_everything_ends_with_the_embedded_aws(tmp_path: Path) -> None:
    script = f"""
import sys, threading; sys.path[:0] = {sys.path!r}
from pathlib import Path
from tests.embedded import application
from embedded.account import EmbeddedAws
with EmbeddedAws(rate=60) as aws:
    stack = aws.deploy(*application.package(Path({str(tmp_path)!r})), stack="acme")
    aws.lambda_.invoke_async("acme-act", b'{{"do": "sleep", "seconds": 60}}')
    start = aws.client("stepfunctions").start_execution
    start(stateMachineArn=stack.outputs["Machine"], input='{{"order": "x"}}')
    aws.wait_until(lambda: aws.lambda_.busy, 10)
    home = aws.lambda_._environments.home
    processes = [e._process for e in aws.lambda_._environments.running]
assert all(p.poll() is not None for p in processes), "a process lives"
assert not home.exists(), "files remain"
left = [t for t in threading.enumerate() if t is not threading.main_thread()]
assert not left, left
with EmbeddedAws() as aws:
    assert aws.client("sns").list_topics()["Topics"] == []
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr


def test_there_is_one_embedded_aws_at_a_time(aws: EmbeddedAws) -> None:
    with pytest.raises(RuntimeError, match="runs in this process already"):
        EmbeddedAws()
    assert threading.active_count() > 1


CRON_ROLE = {
    "Type": "AWS::IAM::Role",
    "Properties": {
        "AssumeRolePolicyDocument": {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": ["events.amazonaws.com", "scheduler.amazonaws.com"]},
                    "Action": "sts:AssumeRole",
                }
            ],
        }
    },
}
CLUSTER = "arn:aws:ecs:us-west-2:123456789012:cluster/dev"
INNER = {"Subnets": ["s"], "SecurityGroups": ["g"], "AssignPublicIp": "DISABLED"}


def cron(revision: str, *targets: str) -> dict[str, Any]:
    """A rule with these targets and a schedule in a group, as templates spell them."""
    role = {"Fn::GetAtt": ["Role", "Arn"]}
    parameters: dict[str, Any] = {
        "TaskDefinitionArn": revision,
        "TaskCount": "2",
        "LaunchType": "FARGATE",
    }
    provider = [{"CapacityProvider": "FARGATE", "Weight": "1"}]
    of_rule = parameters | {
        "NetworkConfiguration": {"AwsVpcConfiguration": INNER},
        "CapacityProviderStrategy": provider,
        "PlacementStrategies": [{"Type": "spread", "Field": "host"}],
        "TagList": [{"Key": "team", "Value": "a"}],
    }
    of_schedule = parameters | {
        "NetworkConfiguration": {"AwsvpcConfiguration": INNER},
        "CapacityProviderStrategy": provider,
    }
    return {
        "Role": CRON_ROLE,
        "Group": {"Type": "AWS::Scheduler::ScheduleGroup", "Properties": {"Name": "batch"}},
        "Nightly": {
            "Type": "AWS::Scheduler::Schedule",
            "Properties": {
                "Name": "nightly",
                "GroupName": {"Ref": "Group"},
                "ScheduleExpression": "cron(0 3 * * ? 2190)",
                "FlexibleTimeWindow": {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": "5"},
                "Target": {"Arn": CLUSTER, "RoleArn": role, "EcsParameters": of_schedule},
            },
        },
        "Rule": {
            "Type": "AWS::Events::Rule",
            "Properties": {
                "Name": "weekly",
                "ScheduleExpression": "cron(0 3 ? * MON 2190)",
                "Targets": [
                    {"Id": name, "Arn": CLUSTER, "RoleArn": role, "EcsParameters": of_rule}
                    for name in targets
                ],
            },
        },
    }


def test_rules_and_schedules_of_tasks_are_made_changed_and_removed(
    aws: EmbeddedAws, tmp_path: Path
) -> None:
    events, scheduler = aws.client("events"), aws.client("scheduler")
    stack = deploy(aws, tmp_path, cron("arn:task:1", "a", "b"), "cron")
    assert (stack.resources["Rule"], stack.resources["Nightly"]) == ("weekly", "nightly")

    def targets() -> dict[str, Any]:
        listed = events.list_targets_by_rule(Rule="weekly")["Targets"]
        return {each["Id"]: each["EcsParameters"] for each in listed}

    def of_schedule() -> Any:
        found = scheduler.get_schedule(Name="nightly", GroupName="batch")
        assert found["FlexibleTimeWindow"] == {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 5}
        return found["Target"]["EcsParameters"]

    common = {
        "TaskDefinitionArn": "arn:task:1",
        "TaskCount": 2,
        "LaunchType": "FARGATE",
        "NetworkConfiguration": {"awsvpcConfiguration": INNER},
        "CapacityProviderStrategy": [{"capacityProvider": "FARGATE", "weight": 1}],
    }
    assert of_schedule() == common
    assert set(targets()) == {"a", "b"}
    assert targets()["a"] == common | {
        "PlacementStrategy": [{"type": "spread", "field": "host"}],
        "Tags": [{"Key": "team", "Value": "a"}],
    }

    deploy(aws, tmp_path, cron("arn:task:2", "b"), "cron")
    assert {name: each["TaskDefinitionArn"] for name, each in targets().items()} == {
        "b": "arn:task:2"
    }
    assert of_schedule()["TaskDefinitionArn"] == "arn:task:2"

    aws.client("cloudformation").delete_stack(StackName="cron")
    assert events.list_rules(NamePrefix="weekly")["Rules"] == []
    assert scheduler.list_schedules()["Schedules"] == []
    groups = scheduler.list_schedule_groups()["ScheduleGroups"]
    assert [group["Name"] for group in groups] == ["default"]
