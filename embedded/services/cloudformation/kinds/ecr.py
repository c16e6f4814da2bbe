"""AWS::ECR: repositories with their lifecycle and their own policies."""

from __future__ import annotations

from embedded.calls.sessions import ACCOUNT, REGION
from embedded.services.cloudformation.kinds.kind import Kind, Properties, compact, lower_camel


class Repository(Kind):
    type = "AWS::ECR::Repository"
    name_property = "RepositoryName"
    attributes = ("Arn", "RepositoryUri")

    @classmethod
    def create(cls, name: str, properties: Properties) -> Kind:
        settings = {key: value for key, value in properties.items() if key not in _AFTERWARDS}
        parameters = {**lower_camel(settings), "repositoryName": name}
        if filters := properties.get("ImageTagMutabilityExclusionFilters"):
            parameters["imageTagMutabilityExclusionFilters"] = [
                _filter(exclusion) for exclusion in filters
            ]
        cls.call("ecr", "CreateRepository", parameters)
        made = cls(
            name,
            Arn=f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/{name}",
            RepositoryUri=f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/{name}",
        )
        return cls.update(made, name, properties)

    @classmethod
    def update(cls, existing: Kind, name: str, properties: Properties) -> Kind:
        named = {"repositoryName": name}
        if policy := properties.get("LifecyclePolicy"):
            text = {"lifecyclePolicyText": policy["LifecyclePolicyText"]}
            cls.call("ecr", "PutLifecyclePolicy", named | text)
        if document := properties.get("RepositoryPolicyText"):
            cls.call("ecr", "SetRepositoryPolicy", named | {"policyText": compact(document)})
        return existing

    def remove(self) -> None:
        self.client("ecr").delete_repository(repositoryName=self.physical_resource_id)


def _filter(exclusion: Properties) -> Properties:
    """CloudFormation's names for its two keys are longer than the API's."""
    long = "ImageTagMutabilityExclusionFilter"
    return {"filterType": exclusion[f"{long}Type"], "filter": exclusion[f"{long}Value"]}


_AFTERWARDS = {"RepositoryName", "LifecyclePolicy", "RepositoryPolicyText", "EmptyOnDelete"}
