"""AWS::CloudWatch: alarms (which nothing here sets off), and dashboards."""

from __future__ import annotations

from embedded.calls.sessions import ACCOUNT, REGION
from embedded.services.cloudformation.kinds.kind import Kind, Properties


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


class Dashboard(Kind):
    type = "AWS::CloudWatch::Dashboard"
    name_property = "DashboardName"

    @classmethod
    def create(cls, name: str, properties: Properties) -> Kind:
        cls.call("cloudwatch", "PutDashboard", {**properties, "DashboardName": name})
        return cls(name)

    def remove(self) -> None:
        self.client("cloudwatch").delete_dashboards(DashboardNames=[self.physical_resource_id])
