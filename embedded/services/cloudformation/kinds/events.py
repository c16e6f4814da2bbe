"""AWS::Events: rules with their targets, whose ECS members CloudFormation spells its own way."""

from __future__ import annotations

from typing import Any

from embedded.services.cloudformation.kinds.kind import Kind, Properties, compact, lower_camel

DEFAULT_BUS = "default"


class Rule(Kind):
    type = "AWS::Events::Rule"
    name_property = "Name"
    attributes = ("Arn",)

    @classmethod
    def create(cls, name: str, properties: Properties) -> Kind:
        bus = properties.get("EventBusName", DEFAULT_BUS)
        settings = {k: v for k, v in properties.items() if k != "Targets"}
        if "EventPattern" in properties:
            settings["EventPattern"] = compact(properties["EventPattern"])
        arn = cls.call("events", "PutRule", {**settings, "Name": name})["RuleArn"]
        if targets := [_target(each) for each in properties.get("Targets", [])]:
            named = {"Rule": name, "EventBusName": bus}
            cls.call("events", "PutTargets", {**named, "Targets": targets})
        return cls(name, Arn=arn, EventBusName=bus)

    @classmethod
    def update(cls, existing: Kind, name: str, properties: Properties) -> Kind:
        cls._remove_targets(existing, {each["Id"] for each in properties.get("Targets", [])})
        return cls.create(name, properties)

    def remove(self) -> None:
        self._remove_targets(self, set())
        bus = self.values["EventBusName"]
        self.client("events").delete_rule(Name=self.physical_resource_id, EventBusName=bus)

    @classmethod
    def _remove_targets(cls, rule: Kind, kept: set[str]) -> None:
        client = cls.client("events")
        named = {"Rule": rule.physical_resource_id, "EventBusName": rule.values["EventBusName"]}
        there = [each["Id"] for each in client.list_targets_by_rule(**named)["Targets"]]
        if gone := [each for each in there if each not in kept]:
            client.remove_targets(**named, Ids=gone)


def ecs_parameters(given: Properties, spelled: dict[str, str]) -> Properties:
    """EcsParameters as the API has them; `spelled` has the API's names for CloudFormation's own."""
    named = {spelled.get(name, name): value for name, value in given.items()}
    lists = ("CapacityProviderStrategy", "PlacementConstraints", "PlacementStrategy")
    lowered: dict[str, Any] = {name: lower_camel(named[name]) for name in lists if name in named}
    if network := named.get("NetworkConfiguration"):
        [inner] = network.values()
        lowered["NetworkConfiguration"] = {"awsvpcConfiguration": inner}
    return named | lowered


_SPELLED = {
    "TagList": "Tags",
    "CapacityProviderStrategies": "CapacityProviderStrategy",
    "PlacementStrategies": "PlacementStrategy",
}


def _target(target: Properties) -> Properties:
    if "EcsParameters" not in target:
        return target
    return {**target, "EcsParameters": ecs_parameters(target["EcsParameters"], _SPELLED)}
