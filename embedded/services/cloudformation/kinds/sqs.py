"""AWS::SQS: queue policies."""

from __future__ import annotations

import json

from embedded.services.cloudformation.kinds.kind import Kind, Properties


class QueuePolicy(Kind):
    type = "AWS::SQS::QueuePolicy"

    @classmethod
    def create(cls, name: str, properties: Properties) -> Kind:
        document = json.dumps(properties["PolicyDocument"], default=str)
        for url in properties["Queues"]:
            cls.client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"Policy": document})
        return cls(name)
