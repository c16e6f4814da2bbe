"""AWS::StepFunctions: state machines in the backend that interprets them."""

from __future__ import annotations

import json
import re

from embedded.services.cloudformation.kinds.kind import Kind, Properties, lower_camel


class StateMachine(Kind):
    type = "AWS::StepFunctions::StateMachine"
    name_property = "StateMachineName"
    attributes = ("Arn", "Name")

    @classmethod
    def create(cls, name: str, properties: Properties) -> Kind:
        cls.require_trust(properties["RoleArn"], "states.amazonaws.com")
        parameters = cls._settings(properties) | {"name": name}
        parameters["type"] = properties.get("StateMachineType", "STANDARD")
        parameters["tags"] = [lower_camel(tag) for tag in properties.get("Tags", [])]
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
                settings[ours] = lower_camel(properties[theirs])
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
