"""AWS CloudFormation: makes the resources of a template, or says which are missing.

moto's engine has the stacks, change sets, references and outputs. This package adds, for every
template: the AWS::Serverless transform and the checks that AWS makes before it creates anything
(`template.py`), and the resource types that moto skips (`kinds/`). A creation that fails is not
rolled back.
"""

from __future__ import annotations

import copy
import hashlib
import json
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

from botocore.exceptions import ClientError
from moto.cloudformation import models, parsing, responses, utils

from embedded.calls.sessions import ACCOUNT, REGION
from embedded.gate.clients import Clients
from embedded.services.cloudformation.kinds import KINDS, Kind
from embedded.services.cloudformation.template import Template, prepare, read_template

# moto accepts these types and does nothing. Here they are refused.
_WITHOUT_EFFECT = {"AWS::Lambda::EventSourceMapping", "AWS::Lambda::LayerVersion"}


@dataclass(frozen=True)
class Stack:
    """A deployed stack: its outputs, and the physical name of each logical id."""

    name: str
    outputs: dict[str, str]
    resources: dict[str, str]
    types: dict[str, str]


class CloudFormation:
    """Completes moto's engine while the embedded AWS runs, and deploys packages with it."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients
        self._patches = ExitStack()

    def start(self) -> None:
        ours = {kind.type: self._bound(kind) for kind in KINDS}
        known: dict[str, Any] = {**parsing.get_model_map(), **ours}
        for kind in _WITHOUT_EFFECT:
            known.pop(kind, None)
        names = {kind: model.cloudformation_name_type() for kind, model in known.items()}

        def parsed(text: str) -> Template:
            return prepare(read_template(text), set(known))

        def parse_change_set(change_set: models.ChangeSet) -> None:
            change_set.template_dict = parsed(change_set.template)

        apply, from_s3 = models.ChangeSet.apply, utils.get_stack_from_s3_url
        summarize = responses.get_template_summary_response_from_template

        def apply_all(change_set: models.ChangeSet) -> None:
            apply(change_set)  # moto leaves the stack without its template's outputs
            change_set.stack.template_dict = change_set.template_dict
            change_set.stack.output_map = change_set.stack._create_output_map()

        def summary(text: str) -> dict[str, Any]:
            told = summarize(text)  # API reference, GetTemplateSummary: Metadata is a string
            return told | {"Metadata": json.dumps(told.get("Metadata", {}))}

        def template_at(url: str, **where: str) -> str:
            return from_s3(url.replace("//127.0.0.1", "//localhost"), **where)  # path-style to moto

        for owner, name, value in (
            (models.ChangeSet, "apply", apply_all),
            (responses, "get_stack_from_s3_url", template_at),
            (responses, "get_template_summary_response_from_template", summary),
            (parsing, "get_model_map", lambda: known),
            (parsing, "get_model_list", lambda: list(known.values())),
            (parsing, "get_name_type_map", lambda: names),
            (models.Stack, "parse_template", staticmethod(parsed)),
            (models.ChangeSet, "_parse_template", parse_change_set),
        ):
            self._patches.enter_context(patch.object(owner, name, value))

    def close(self) -> None:
        self._patches.close()

    def deploy(self, template: Path, code: Path, stack: str, parameters: dict[str, str]) -> Stack:
        """Do what `aws cloudformation package` and `deploy` do: create the stack, or update it.

        Raises:
            MissingResources: a resource of the template does not exist afterwards.
        """
        body = json.dumps(self._package(read_template(template.read_text()), code), default=str)
        client = self._clients.admin("cloudformation")
        stacks = client.describe_stacks()["Stacks"]
        there = stack in {known["StackName"] for known in stacks}
        make = client.update_stack if there else client.create_stack
        make(
            StackName=stack,
            TemplateBody=body,
            Parameters=[
                {"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()
            ],
            Capabilities=["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
        )
        return self.describe(stack)

    def describe(self, stack: str) -> Stack:
        """The stack as it is.

        Raises:
            MissingResources: a resource of its template does not exist.
        """
        client = self._clients.admin("cloudformation")
        described = client.describe_stacks(StackName=stack)["Stacks"][0]
        listed = [
            resource
            for resource in client.describe_stack_resources(StackName=stack)["StackResources"]
            if "LogicalResourceId" in resource  # moto lists what a condition excluded, too
        ]
        resources = {r["LogicalResourceId"]: r.get("PhysicalResourceId", "") for r in listed}
        types = {r["LogicalResourceId"]: r["ResourceType"] for r in listed}
        self._require_all(stack, resources)
        return Stack(
            name=stack,
            outputs={o["OutputKey"]: o["OutputValue"] for o in described.get("Outputs", [])},
            resources=resources,
            types=types,
        )

    def _require_all(self, stack: str, resources: dict[str, str]) -> None:
        held = models.cloudformation_backends[ACCOUNT][REGION].get_stack(stack)
        conditions = held.resource_map.lazy_condition_map
        missing = []
        for logical_id, resource in held.template_dict["Resources"].items():
            if (condition := resource.get("Condition")) and not conditions[condition]:
                continue
            name, kind = resources.get(logical_id), resource["Type"]
            if name is None or not self._exists(kind, name):
                missing.append(f"{logical_id} ({kind})")
        if missing:
            raise MissingResources(f"{stack} was created without {', '.join(missing)}")

    def _exists(self, kind: str, name: str) -> bool:
        """Ask the service itself, for the kinds that have a name there."""
        if kind not in _PROBES:
            return True
        service, operation, parameter, is_list = _PROBES[kind]
        try:
            found = getattr(self._clients.admin(service), operation)(
                **{parameter: [name] if is_list else name}
            )
        except ClientError:
            return False
        return kind == "AWS::SQS::Queue" or any(
            value for key, value in found.items() if key != "ResponseMetadata"
        )

    def _package(self, template: Template, code: Path) -> Template:
        """Put the code into S3 and its place into the template: `aws cloudformation package`."""
        body, key = code.read_bytes(), hashlib.sha256(code.read_bytes()).hexdigest()
        s3 = self._clients.admin("s3")
        if _BUCKET not in {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]}:
            here = {"LocationConstraint": REGION}
            s3.create_bucket(Bucket=_BUCKET, CreateBucketConfiguration=here)
        s3.put_object(Bucket=_BUCKET, Key=key, Body=body)
        packaged = copy.deepcopy(template)
        for resource in packaged["Resources"].values():
            properties = resource.get("Properties", {})
            if resource["Type"] == "AWS::Serverless::Function" and _local(
                properties.get("CodeUri")
            ):
                properties["CodeUri"] = {"Bucket": _BUCKET, "Key": key}
            if resource["Type"] == "AWS::Lambda::Function" and _local(properties.get("Code")):
                properties["Code"] = {"S3Bucket": _BUCKET, "S3Key": key}
        return packaged

    def _bound(self, kind: type[Kind]) -> type[Kind]:
        return type(kind.__name__, (kind,), {"clients": self._clients})


class MissingResources(AssertionError):
    """The stack was created, but not everything in its template exists."""


_BUCKET = "embedded-packages"
_PROBES = {
    "AWS::Lambda::Function": ("lambda", "get_function", "FunctionName", False),
    "AWS::StepFunctions::StateMachine": (
        "stepfunctions",
        "describe_state_machine",
        "stateMachineArn",
        False,
    ),
    "AWS::DynamoDB::Table": ("dynamodb", "describe_table", "TableName", False),
    "AWS::SNS::Topic": ("sns", "get_topic_attributes", "TopicArn", False),
    "AWS::SQS::Queue": ("sqs", "list_queue_tags", "QueueUrl", False),
    "AWS::Events::Rule": ("events", "describe_rule", "Name", False),
    "AWS::Logs::LogGroup": ("logs", "describe_log_groups", "logGroupNamePrefix", False),
    "AWS::CloudWatch::Alarm": ("cloudwatch", "describe_alarms", "AlarmNames", True),
    "AWS::CloudWatch::Dashboard": ("cloudwatch", "get_dashboard", "DashboardName", False),
    "AWS::IAM::Role": ("iam", "get_role", "RoleName", False),
}


def _local(place: Any) -> bool:
    return isinstance(place, str) and not place.startswith("s3://")
