"""AWS::Logs: groups with their retention, metric filters."""

from __future__ import annotations

from embedded.calls.sessions import ACCOUNT, REGION
from embedded.services.cloudformation.kinds.kind import Kind, Properties, lower_camel


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
        transformations = [lower_camel(each) for each in properties["MetricTransformations"]]
        parameters |= {"filterName": name, "metricTransformations": transformations}
        cls.call("logs", "PutMetricFilter", parameters)
        return cls(name)
