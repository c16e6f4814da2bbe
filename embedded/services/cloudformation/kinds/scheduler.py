"""AWS::Scheduler: schedules and schedule groups."""

from __future__ import annotations

from contextlib import suppress

from embedded.calls.sessions import ACCOUNT, REGION
from embedded.services.cloudformation.kinds.events import ecs_parameters
from embedded.services.cloudformation.kinds.kind import Kind, Properties


class Schedule(Kind):
    type = "AWS::Scheduler::Schedule"
    name_property = "Name"
    attributes = ("Arn",)

    @classmethod
    def create(cls, name: str, properties: Properties) -> Kind:
        made = cls.call("scheduler", "CreateSchedule", _settings(name, properties))
        group = properties.get("GroupName", "default")
        return cls(name, Arn=made["ScheduleArn"], GroupName=group)

    @classmethod
    def update(cls, existing: Kind, name: str, properties: Properties) -> Kind:
        cls.call("scheduler", "UpdateSchedule", _settings(name, properties))
        return existing

    def remove(self) -> None:
        named = {"Name": self.physical_resource_id, "GroupName": self.values["GroupName"]}
        scheduler = self.client("scheduler")
        with suppress(scheduler.exceptions.ResourceNotFoundException):  # gone with its group
            scheduler.delete_schedule(**named)


class ScheduleGroup(Kind):
    type = "AWS::Scheduler::ScheduleGroup"
    name_property = "Name"
    attributes = ("Arn",)

    @classmethod
    def create(cls, name: str, properties: Properties) -> Kind:
        cls.call("scheduler", "CreateScheduleGroup", {**properties, "Name": name})
        return cls(name, Arn=f"arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule-group/{name}")

    @classmethod
    def update(cls, existing: Kind, name: str, properties: Properties) -> Kind:
        """Only its tags can change, and they are left as they are."""
        del name, properties
        return existing

    def remove(self) -> None:
        self.client("scheduler").delete_schedule_group(Name=self.physical_resource_id)


def _settings(name: str, properties: Properties) -> Properties:
    target = dict(properties["Target"])
    if "EcsParameters" in target:
        target["EcsParameters"] = ecs_parameters(target["EcsParameters"], {})
    return {**properties, "Name": name, "Target": target}
