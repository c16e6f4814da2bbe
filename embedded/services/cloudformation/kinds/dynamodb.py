"""AWS::DynamoDB: tables with time to live and point-in-time recovery."""

from __future__ import annotations

from embedded.services.cloudformation.kinds.kind import Kind, Properties


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
