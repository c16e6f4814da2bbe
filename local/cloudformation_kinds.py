"""Resource types that moto's CloudFormation skips or creates incompletely, created through the API.

Each kind maps a type's properties onto the calls that CloudFormation makes for it
(https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/) and says what `Ref` and
`Fn::GetAtt` return. They plug into moto's engine, so references work in both directions.
"""

from __future__ import annotations

import io
import json
import re
import zipfile
from typing import Any, ClassVar

from botocore.model import ListShape, MapShape, Shape, StructureShape
from moto.cloudformation.exceptions import ValidationError

from local.clients import Clients
from local.sts import ACCOUNT, REGION

Properties = dict[str, Any]


class Kind:
    """One resource; the class is its type, as moto's engine wants to see it."""

    type: ClassVar[str]
    name_property: ClassVar[str] = ""
    attributes: ClassVar[tuple[str, ...]] = ()
    clients: ClassVar[Clients]

    cf_resource_type: str
    logical_resource_id: str

    def __init__(self, ref: str, **attributes: str) -> None:
        self.physical_resource_id = ref
        self.values = attributes

    @classmethod
    def create(cls, name: str, properties: Properties) -> Kind:
        raise NotImplementedError(f"creating {cls.type}")

    @classmethod
    def update(cls, existing: Kind, name: str, properties: Properties) -> Kind:
        """By default as `create`: right for whatever the API puts rather than creates."""
        del existing
        return cls.create(name, properties)

    def remove(self) -> None:
        """Kinds that hold nothing of their own go with what they are attached to."""

    @classmethod
    def client(cls, service: str) -> Any:
        return cls.clients.admin(service)

    @classmethod
    def require_trust(cls, role_arn: str, service: str) -> None:
        """Refuse, as Lambda and Step Functions do, a role that the service cannot assume."""
        name = role_arn.rsplit("/", 1)[-1]
        role = cls.client("iam").get_role(RoleName=name)["Role"]
        for statement in role["AssumeRolePolicyDocument"]["Statement"]:
            trusted = statement.get("Principal", {}).get("Service", [])
            if service in ([trusted] if isinstance(trusted, str) else trusted):
                return
        raise ValidationError(message=f"The role {role_arn} cannot be assumed by {service}")

    @classmethod
    def call(cls, service: str, operation: str, parameters: Properties) -> Any:
        """Call `operation` (PascalCase), with numbers and booleans that templates write as text."""
        client = cls.client(service)
        shape = client.meta.service_model.operation_model(operation).input_shape
        method = next(m for m, o in client.meta.method_to_api_mapping.items() if o == operation)
        return getattr(client, method)(**typed(shape, parameters))

    # What moto's engine calls.

    @classmethod
    def cloudformation_type(cls) -> str:
        return cls.type

    @classmethod
    def cloudformation_name_type(cls) -> str:
        return cls.name_property

    @classmethod
    def has_cfn_attr(cls, attr: str) -> bool:
        return attr in cls.attributes

    def get_cfn_attribute(self, attribute: str) -> str:
        return self.values[attribute]

    def is_created(self) -> bool:
        return True

    @classmethod
    def create_from_cloudformation_json(
        cls, name: str, resource: Properties, *_: Any, **__: Any
    ) -> Kind:
        return cls.create(name, resource["Properties"])

    @classmethod
    def update_from_cloudformation_json(
        cls, *, original_resource: Kind, cloudformation_json: Properties, **_: Any
    ) -> Kind:
        name = original_resource.physical_resource_id.rsplit(":", 1)[-1]
        return cls.update(original_resource, name, cloudformation_json["Properties"])

    def delete(self, *_: Any) -> None:
        self.remove()


class Function(Kind):
    type = "AWS::Lambda::Function"
    name_property = "FunctionName"
    attributes = ("Arn",)

    @classmethod
    def create(cls, name: str, properties: Properties) -> Kind:
        if properties.get("Layers") or "ImageUri" in properties["Code"]:
            raise NotImplementedError(f"{name}: layers and images are not part of this Lambda")
        cls.require_trust(properties["Role"], "lambda.amazonaws.com")
        settings = cls._settings(name, properties)
        code = _code(properties["Code"])
        cls.call("lambda", "CreateFunction", {**settings, "Code": code})
        cls._reserve(name, properties)
        return cls(name, Arn=f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}")

    @classmethod
    def update(cls, existing: Kind, name: str, properties: Properties) -> Kind:
        settings = cls._settings(name, properties)
        settings.pop("Tags", None), settings.pop("Architectures", None)
        cls.call("lambda", "UpdateFunctionConfiguration", settings)
        code = {**_code(properties["Code"]), "FunctionName": name}
        cls.call("lambda", "UpdateFunctionCode", code)
        cls._reserve(name, properties)
        return existing

    def remove(self) -> None:
        self.client("lambda").delete_function(FunctionName=self.physical_resource_id)

    @staticmethod
    def _settings(name: str, properties: Properties) -> Properties:
        kept = {k: v for k, v in properties.items() if k not in _NOT_IN_CREATE_FUNCTION}
        tags = {tag["Key"]: tag["Value"] for tag in properties.get("Tags", [])}
        return {**kept, "FunctionName": name, "Tags": tags}

    @classmethod
    def _reserve(cls, name: str, properties: Properties) -> None:
        reserved = properties.get("ReservedConcurrentExecutions")
        if reserved is not None:
            parameters = {"FunctionName": name, "ReservedConcurrentExecutions": reserved}
            cls.call("lambda", "PutFunctionConcurrency", parameters)


_NOT_IN_CREATE_FUNCTION = {"Code", "Tags", "ReservedConcurrentExecutions", "FunctionName"}


class EventInvokeConfig(Kind):
    type = "AWS::Lambda::EventInvokeConfig"

    @classmethod
    def create(cls, name: str, properties: Properties) -> Kind:
        cls.call("lambda", "PutFunctionEventInvokeConfig", properties)
        return cls(name)


class Alias(Kind):
    type = "AWS::Lambda::Alias"
    attributes = ("AliasArn",)

    @classmethod
    def create(cls, name: str, properties: Properties) -> Kind:
        del name
        arn = cls.call("lambda", "CreateAlias", properties)["AliasArn"]
        return cls(arn, AliasArn=arn)


class StateMachine(Kind):
    type = "AWS::StepFunctions::StateMachine"
    name_property = "StateMachineName"
    attributes = ("Arn", "Name")

    @classmethod
    def create(cls, name: str, properties: Properties) -> Kind:
        cls.require_trust(properties["RoleArn"], "states.amazonaws.com")
        parameters = cls._settings(properties) | {"name": name}
        parameters["type"] = properties.get("StateMachineType", "STANDARD")
        parameters["tags"] = [_small(tag) for tag in properties.get("Tags", [])]
        arn = cls.call("stepfunctions", "CreateStateMachine", parameters)["stateMachineArn"]
        return cls(arn, Arn=arn, Name=name)

    @classmethod
    def update(cls, existing: Kind, name: str, properties: Properties) -> Kind:
        parameters = cls._settings(properties)
        parameters["stateMachineArn"] = existing.physical_resource_id
        cls.call("stepfunctions", "UpdateStateMachine", parameters)
        return existing

    def remove(self) -> None:
        self.client("stepfunctions").delete_state_machine(stateMachineArn=self.physical_resource_id)

    @classmethod
    def _settings(cls, properties: Properties) -> Properties:
        settings = {"definition": cls._definition(properties), "roleArn": properties["RoleArn"]}
        for theirs, ours in (
            ("LoggingConfiguration", "loggingConfiguration"),
            ("TracingConfiguration", "tracingConfiguration"),
        ):
            if theirs in properties:
                settings[ours] = _small(properties[theirs])
        return settings

    @classmethod
    def _definition(cls, properties: Properties) -> str:
        """The definition's text, with `${NAME}` replaced from DefinitionSubstitutions."""
        if place := properties.get("DefinitionS3Location"):
            got = cls.client("s3").get_object(Bucket=place["Bucket"], Key=place["Key"])
            text = got["Body"].read().decode()
        elif "DefinitionString" in properties:
            text = properties["DefinitionString"]
        else:
            text = json.dumps(properties["Definition"])
        substitutions = properties.get("DefinitionSubstitutions", {})

        def replaced(found: re.Match[str]) -> str:
            value = substitutions.get(found[1], found[0])
            return value if isinstance(value, str) else json.dumps(value)

        return re.sub(r"\$\{([A-Za-z0-9_.-]+)\}", replaced, text)


class Role(Kind):
    type = "AWS::IAM::Role"
    name_property = "RoleName"
    attributes = ("Arn", "RoleId")

    @classmethod
    def create(cls, name: str, properties: Properties) -> Kind:
        settings = {k: properties[k] for k in _ROLE_SETTINGS if k in properties}
        trust = json.dumps(properties["AssumeRolePolicyDocument"], default=str)
        parameters = {**settings, "RoleName": name, "AssumeRolePolicyDocument": trust}
        role = cls.call("iam", "CreateRole", parameters)["Role"]
        cls._grant(name, properties)
        return cls(name, Arn=role["Arn"], RoleId=role["RoleId"])

    @classmethod
    def update(cls, existing: Kind, name: str, properties: Properties) -> Kind:
        client = cls.client("iam")
        for policy in client.list_role_policies(RoleName=name)["PolicyNames"]:
            client.delete_role_policy(RoleName=name, PolicyName=policy)
        cls._grant(name, properties)
        return existing

    def remove(self) -> None:
        client, name = self.client("iam"), self.physical_resource_id
        for policy in client.list_role_policies(RoleName=name)["PolicyNames"]:
            client.delete_role_policy(RoleName=name, PolicyName=policy)
        for attached in client.list_attached_role_policies(RoleName=name)["AttachedPolicies"]:
            client.detach_role_policy(RoleName=name, PolicyArn=attached["PolicyArn"])
        client.delete_role(RoleName=name)

    @classmethod
    def _grant(cls, name: str, properties: Properties) -> None:
        policies = properties.get("Policies", [])
        size = sum(len(_compact(policy["PolicyDocument"])) for policy in policies)
        if size > _LARGEST_POLICIES:
            limit = f"Maximum policy size of {_LARGEST_POLICIES} bytes exceeded for role {name}"
            raise ValidationError(message=f"{limit}: {size}")
        for policy in policies:
            document = _compact(policy["PolicyDocument"])
            parameters = {"RoleName": name, "PolicyName": policy["PolicyName"]}
            cls.call("iam", "PutRolePolicy", {**parameters, "PolicyDocument": document})
        for arn in properties.get("ManagedPolicyArns", []):
            cls.call("iam", "AttachRolePolicy", {"RoleName": name, "PolicyArn": arn})


# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html: inline, per role,
# not counting whitespace.
_LARGEST_POLICIES = 10_240
_ROLE_SETTINGS = ("Path", "Description", "MaxSessionDuration", "PermissionsBoundary", "Tags")


class OidcProvider(Kind):
    type = "AWS::IAM::OIDCProvider"
    attributes = ("Arn",)

    @classmethod
    def create(cls, name: str, properties: Properties) -> Kind:
        del name
        arn = cls.call("iam", "CreateOpenIDConnectProvider", properties)["OpenIDConnectProviderArn"]
        return cls(arn, Arn=arn)


class Table(Kind):
    type = "AWS::DynamoDB::Table"
    name_property = "TableName"
    attributes = ("Arn", "StreamArn")

    @classmethod
    def create(cls, name: str, properties: Properties) -> Kind:
        settings = {k: v for k, v in properties.items() if k not in _AFTER_CREATE_TABLE}
        if encryption := settings.pop("SSESpecification", None):
            enabled = encryption.get("SSEEnabled", False)
            kept = {k: v for k, v in encryption.items() if k != "SSEEnabled"}
            settings["SSESpecification"] = {**kept, "Enabled": enabled}
        if stream := settings.pop("StreamSpecification", None):
            settings["StreamSpecification"] = {"StreamEnabled": True, **stream}
        table = cls.call("dynamodb", "CreateTable", {**settings, "TableName": name})
        described = table["TableDescription"]
        cls._configure(name, properties)
        stream_arn = described.get("LatestStreamArn", "")
        return cls(name, Arn=described["TableArn"], StreamArn=stream_arn)

    @classmethod
    def update(cls, existing: Kind, name: str, properties: Properties) -> Kind:
        cls._configure(name, properties)
        return existing

    def remove(self) -> None:
        self.client("dynamodb").delete_table(TableName=self.physical_resource_id)

    @classmethod
    def _configure(cls, name: str, properties: Properties) -> None:
        for key, operation in (
            ("TimeToLiveSpecification", "UpdateTimeToLive"),
            ("PointInTimeRecoverySpecification", "UpdateContinuousBackups"),
        ):
            if key in properties:
                cls.call("dynamodb", operation, {"TableName": name, key: properties[key]})


_AFTER_CREATE_TABLE = {
    "TimeToLiveSpecification",
    "PointInTimeRecoverySpecification",
    "ContributorInsightsSpecification",
}


class LogGroup(Kind):
    type = "AWS::Logs::LogGroup"
    name_property = "LogGroupName"
    attributes = ("Arn",)

    @classmethod
    def create(cls, name: str, properties: Properties) -> Kind:
        tags = {tag["Key"]: tag["Value"] for tag in properties.get("Tags", [])}
        cls.call(
            "logs", "CreateLogGroup", {"logGroupName": name, **({"tags": tags} if tags else {})}
        )
        cls.update(cls(name), name, properties)
        # CloudFormation's Arn ends in `:*`, unlike that of most other services.
        return cls(name, Arn=f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{name}:*")

    @classmethod
    def update(cls, existing: Kind, name: str, properties: Properties) -> Kind:
        if "RetentionInDays" in properties:
            days = {"logGroupName": name, "retentionInDays": properties["RetentionInDays"]}
            cls.call("logs", "PutRetentionPolicy", days)
        return existing

    def remove(self) -> None:
        self.client("logs").delete_log_group(logGroupName=self.physical_resource_id)


class MetricFilter(Kind):
    type = "AWS::Logs::MetricFilter"
    name_property = "FilterName"

    @classmethod
    def create(cls, name: str, properties: Properties) -> Kind:
        parameters = {key[0].lower() + key[1:]: value for key, value in properties.items()}
        transformations = [_small(one) for one in properties["MetricTransformations"]]
        parameters |= {"filterName": name, "metricTransformations": transformations}
        cls.call("logs", "PutMetricFilter", parameters)
        return cls(name)


class Alarm(Kind):
    type = "AWS::CloudWatch::Alarm"
    name_property = "AlarmName"
    attributes = ("Arn",)

    @classmethod
    def create(cls, name: str, properties: Properties) -> Kind:
        cls.call("cloudwatch", "PutMetricAlarm", {**properties, "AlarmName": name})
        return cls(name, Arn=f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:{name}")

    def remove(self) -> None:
        self.client("cloudwatch").delete_alarms(AlarmNames=[self.physical_resource_id])


class TopicPolicy(Kind):
    type = "AWS::SNS::TopicPolicy"

    @classmethod
    def create(cls, name: str, properties: Properties) -> Kind:
        document = json.dumps(properties["PolicyDocument"], default=str)
        for topic in properties["Topics"]:
            cls.client("sns").set_topic_attributes(
                TopicArn=topic, AttributeName="Policy", AttributeValue=document
            )
        return cls(name)


class Subscription(Kind):
    type = "AWS::SNS::Subscription"
    attributes = ("Arn",)

    @classmethod
    def create(cls, name: str, properties: Properties) -> Kind:
        del name
        attributes = {
            key: properties[key]
            if isinstance(properties[key], str)
            else json.dumps(properties[key])
            for key in ("FilterPolicy", "FilterPolicyScope", "RawMessageDelivery", "RedrivePolicy")
            if key in properties
        }
        arn = cls.client("sns").subscribe(
            TopicArn=properties["TopicArn"],
            Protocol=properties["Protocol"],
            Endpoint=properties["Endpoint"],
            Attributes=attributes,
            ReturnSubscriptionArn=True,
        )["SubscriptionArn"]
        return cls(arn, Arn=arn)

    def remove(self) -> None:
        self.client("sns").unsubscribe(SubscriptionArn=self.physical_resource_id)


class QueuePolicy(Kind):
    type = "AWS::SQS::QueuePolicy"

    @classmethod
    def create(cls, name: str, properties: Properties) -> Kind:
        document = json.dumps(properties["PolicyDocument"], default=str)
        for url in properties["Queues"]:
            cls.client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"Policy": document})
        return cls(name)


class BucketPolicy(Kind):
    type = "AWS::S3::BucketPolicy"

    @classmethod
    def create(cls, name: str, properties: Properties) -> Kind:
        document = json.dumps(properties["PolicyDocument"], default=str)
        cls.client("s3").put_bucket_policy(Bucket=properties["Bucket"], Policy=document)
        return cls(name)


KINDS: tuple[type[Kind], ...] = (
    Function,
    EventInvokeConfig,
    Alias,
    StateMachine,
    Role,
    OidcProvider,
    Table,
    LogGroup,
    MetricFilter,
    Alarm,
    TopicPolicy,
    Subscription,
    QueuePolicy,
    BucketPolicy,
)


def typed(shape: Shape | None, value: Any) -> Any:
    """`value` with the numbers and booleans that `shape` wants where the template wrote text."""
    if isinstance(shape, StructureShape) and isinstance(value, dict):
        return {key: typed(shape.members.get(key), inner) for key, inner in value.items()}
    if isinstance(shape, ListShape) and isinstance(value, list):
        return [typed(shape.member, inner) for inner in value]
    if isinstance(shape, MapShape) and isinstance(value, dict):
        return {key: typed(shape.value, inner) for key, inner in value.items()}
    if shape is None:
        return value
    if isinstance(value, str):
        match shape.type_name:
            case "integer" | "long":
                return int(value)
            case "float" | "double":
                return float(value)
            case "boolean":
                return value.lower() == "true"
    if shape.type_name == "string" and isinstance(value, int | float):
        return str(value).lower() if isinstance(value, bool) else str(value)
    return value


def _small(value: Any) -> Any:
    """Keys in lowerCamelCase, as Step Functions and CloudWatch Logs spell them in their APIs."""
    if isinstance(value, dict):
        return {key[0].lower() + key[1:]: _small(inner) for key, inner in value.items()}
    return [_small(inner) for inner in value] if isinstance(value, list) else value


def _compact(document: Properties) -> str:
    return json.dumps(document, separators=(",", ":"), default=str)


def _code(code: Properties) -> Properties:
    """S3 places pass; inline source becomes the archive that CloudFormation makes of it."""
    if "ZipFile" not in code:
        return code
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("index.py", code["ZipFile"])
    return {"ZipFile": archive.getvalue()}
