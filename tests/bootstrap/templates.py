"""The templates of bootstrap/, deployed to the embedded AWS by the real `aws` command."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from embedded.account import EmbeddedAws
from embedded.services.cloudformation.deploy import Stack
from embedded.services.cloudformation.template import read_template

BOOTSTRAP = Path(__file__).parents[2] / "bootstrap"
TEMPLATES = sorted(BOOTSTRAP.glob("*.yaml"))
REPOSITORY = "octo-org@1234/conflicto@5678"


def template(name: str) -> dict[str, Any]:
    read: dict[str, Any] = read_template((BOOTSTRAP / name).read_text("utf-8"))
    return read


def environment(aws: EmbeddedAws) -> dict[str, str]:
    """What a shell has after the lines that `make local` prints, and nothing of this machine's."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
    return {
        **kept,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "AWS_ENDPOINT_URL": aws.endpoint,
        "AWS_ACCESS_KEY_ID": "admin",
        "AWS_SECRET_ACCESS_KEY": "admin",
        "AWS_DEFAULT_REGION": aws.region,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_PAGER": "",
    }


def deploy(aws: EmbeddedAws, name: str, stack: str, **parameters: str) -> Stack:
    """`aws cloudformation deploy`, as the page says it; every resource must then exist."""
    command = ["aws", "cloudformation", "deploy", "--stack-name", stack]
    command += ["--template-file", str(BOOTSTRAP / name), "--no-fail-on-empty-changeset"]
    command += ["--capabilities", "CAPABILITY_NAMED_IAM"]
    if parameters:
        command += ["--parameter-overrides", *(f"{key}={v}" for key, v in parameters.items())]
    done = subprocess.run(
        command, env=environment(aws), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return aws.cloudformation.describe(stack)


def network(aws: EmbeddedAws) -> dict[str, str]:
    """The parameters of example.yaml that name the default VPC and two of its subnets."""
    ec2 = aws.client("ec2")
    vpc = ec2.describe_vpcs(Filters=[{"Name": "isDefault", "Values": ["true"]}])["Vpcs"][0]
    subnets = ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc["VpcId"]]}])
    two = [subnet["SubnetId"] for subnet in subnets["Subnets"][:2]]
    return {"VpcId": vpc["VpcId"], "SubnetIds": ",".join(two)}


def statements(read: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """(logical id, statement) of every inline or managed policy, also those behind a condition."""
    for name, resource in read["Resources"].items():
        properties = resource["Properties"]
        documents = [policy["PolicyDocument"] for policy in properties.get("Policies", [])]
        if resource["Type"] == "AWS::IAM::ManagedPolicy":
            documents.append(properties["PolicyDocument"])
        for document in documents:
            for statement in document["Statement"]:
                yield name, statement["Fn::If"][1] if "Fn::If" in statement else statement


def roles(stack: Stack) -> list[str]:
    """The names of the stack's roles."""
    return [stack.resources[key] for key, kind in stack.types.items() if kind == "AWS::IAM::Role"]


def arns(aws: EmbeddedAws, stack: Stack) -> Iterator[str]:
    """The ARNs of the stack's resources, of the kinds that IAM knows by name."""
    here = f"{aws.region}:{aws.account}"
    named = {
        "AWS::Lambda::Function": f"arn:aws:lambda:{here}:function:{{}}",
        "AWS::Events::Rule": f"arn:aws:events:{here}:rule/{{}}",
        "AWS::DynamoDB::Table": f"arn:aws:dynamodb:{here}:table/{{}}",
        "AWS::CloudWatch::Alarm": f"arn:aws:cloudwatch:{here}:alarm:{{}}",
        "AWS::Logs::LogGroup": f"arn:aws:logs:{here}:log-group:{{}}",
        "AWS::IAM::Role": f"arn:aws:iam::{aws.account}:role/{{}}",
        "AWS::IAM::ManagedPolicy": "{}",
        "AWS::SNS::Topic": "{}",
        "AWS::StepFunctions::StateMachine": "{}",
    }
    for logical, kind in stack.types.items():
        if kind in named:
            yield named[kind].format(stack.resources[logical])


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
