"""AWS::ECS: task definitions and services, which the simulated ECS rolls out."""

from __future__ import annotations

from embedded.services.cloudformation.kinds.kind import Kind, Properties, lower_camel


class TaskDefinition(Kind):
    type = "AWS::ECS::TaskDefinition"
    attributes = ("TaskDefinitionArn",)

    @classmethod
    def create(cls, name: str, properties: Properties) -> Kind:
        parameters = {"family": name, **lower_camel(properties)}
        made = cls.call("ecs", "RegisterTaskDefinition", parameters)["taskDefinition"]
        arn = made["taskDefinitionArn"]
        return cls(arn, TaskDefinitionArn=arn)

    def remove(self) -> None:
        self.client("ecs").deregister_task_definition(taskDefinition=self.physical_resource_id)


class Service(Kind):
    type = "AWS::ECS::Service"
    name_property = "ServiceName"
    attributes = ("Name", "ServiceArn")

    @classmethod
    def create(cls, name: str, properties: Properties) -> Kind:
        parameters = {**lower_camel(properties), "serviceName": name}
        arn = cls.call("ecs", "CreateService", parameters)["service"]["serviceArn"]
        return cls(arn, Name=name, ServiceArn=arn)

    def remove(self) -> None:
        cluster = self.physical_resource_id.split("/")[1]
        self.client("ecs").delete_service(
            cluster=cluster, service=self.physical_resource_id, force=True
        )
