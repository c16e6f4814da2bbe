"""The base of all kinds of resources: what moto's engine asks of them, and how they call APIs."""

from __future__ import annotations

import json
from typing import Any, ClassVar

from botocore.model import ListShape, MapShape, Shape, StructureShape
from moto.cloudformation.exceptions import ValidationError

from embedded.gate.clients import Clients

Properties = dict[str, Any]


class Kind:
    """One resource; its class is its type, in the form that moto's engine wants."""

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
        """Update a resource: by default as `create`, which is right where the API puts."""
        del existing
        return cls.create(name, properties)

    def remove(self) -> None:
        """Delete the resource; nothing to do where it goes with the one it is attached to."""

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

    # moto's engine calls the rest.

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
        return cls.create(name, given(resource["Properties"]))

    @classmethod
    def update_from_cloudformation_json(
        cls, *, original_resource: Kind, cloudformation_json: Properties, **_: Any
    ) -> Kind:
        name = original_resource.physical_resource_id.rsplit(":", 1)[-1]
        return cls.update(original_resource, name, given(cloudformation_json["Properties"]))

    def delete(self, *_: Any) -> None:
        self.remove()


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


def given(value: Any) -> Any:
    """`value` without the None that moto leaves for AWS::NoValue, also in lists."""
    if isinstance(value, dict):
        return {key: given(inner) for key, inner in value.items() if inner is not None}
    if isinstance(value, list):
        return [given(inner) for inner in value if inner is not None]
    return value


def lower_camel(value: Any) -> Any:
    """Keys in lowerCamelCase, as Step Functions and CloudWatch Logs spell them in their APIs."""
    if isinstance(value, dict):
        return {key[0].lower() + key[1:]: lower_camel(inner) for key, inner in value.items()}
    return [lower_camel(inner) for inner in value] if isinstance(value, list) else value


def compact(document: Properties) -> str:
    return json.dumps(document, separators=(",", ":"), default=str)
