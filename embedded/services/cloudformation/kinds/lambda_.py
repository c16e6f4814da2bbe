"""AWS::Lambda: functions with all their settings, asynchronous configuration, aliases."""

from __future__ import annotations

import io
import zipfile

from embedded.calls.sessions import ACCOUNT, REGION
from embedded.services.cloudformation.kinds.kind import Kind, Properties


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


def _code(code: Properties) -> Properties:
    """The code as CreateFunction takes it: inline source becomes an archive, as on AWS."""
    if "ZipFile" not in code:
        return code
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("index.py", code["ZipFile"])
    return {"ZipFile": archive.getvalue()}
