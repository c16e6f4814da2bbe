"""AWS::SNS: topic policies and subscriptions."""

from __future__ import annotations

import json

from embedded.services.cloudformation.kinds.kind import Kind, Properties


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
