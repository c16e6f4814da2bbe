"""AWS::IAM: roles with their policies, managed policies, OpenID Connect providers."""

from __future__ import annotations

import json

from moto.cloudformation.exceptions import ValidationError

from embedded.services.cloudformation.kinds.kind import Kind, Properties, compact


class Role(Kind):
    type = "AWS::IAM::Role"
    name_property = "RoleName"
    attributes = ("Arn", "RoleId")

    @classmethod
    def create(cls, name: str, properties: Properties) -> Kind:
        settings = {k: properties[k] for k in _ROLE_SETTINGS if k in properties}
        trust = json.dumps(properties["AssumeRolePolicyDocument"], default=str)
        parameters = {**settings, "RoleName": name, "AssumeRolePolicyDocument": trust}
        role = cls.call("iam", "CreateRole", parameters)["Role"]
        cls._grant(name, properties)
        return cls(name, Arn=role["Arn"], RoleId=role["RoleId"])

    @classmethod
    def update(cls, existing: Kind, name: str, properties: Properties) -> Kind:
        client = cls.client("iam")
        for policy in client.list_role_policies(RoleName=name)["PolicyNames"]:
            client.delete_role_policy(RoleName=name, PolicyName=policy)
        trust = json.dumps(properties["AssumeRolePolicyDocument"], default=str)
        client.update_assume_role_policy(RoleName=name, PolicyDocument=trust)
        cls._grant(name, properties)
        return existing

    def remove(self) -> None:
        client, name = self.client("iam"), self.physical_resource_id
        for policy in client.list_role_policies(RoleName=name)["PolicyNames"]:
            client.delete_role_policy(RoleName=name, PolicyName=policy)
        for attached in client.list_attached_role_policies(RoleName=name)["AttachedPolicies"]:
            client.detach_role_policy(RoleName=name, PolicyArn=attached["PolicyArn"])
        client.delete_role(RoleName=name)

    @classmethod
    def _grant(cls, name: str, properties: Properties) -> None:
        policies = properties.get("Policies", [])
        size = sum(len(compact(policy["PolicyDocument"])) for policy in policies)
        if size > _LARGEST_POLICIES:
            limit = f"Maximum policy size of {_LARGEST_POLICIES} bytes exceeded for role {name}"
            raise ValidationError(message=f"{limit}: {size}")
        for policy in policies:
            document = compact(policy["PolicyDocument"])
            parameters = {"RoleName": name, "PolicyName": policy["PolicyName"]}
            cls.call("iam", "PutRolePolicy", {**parameters, "PolicyDocument": document})
        for arn in properties.get("ManagedPolicyArns", []):
            cls.call("iam", "AttachRolePolicy", {"RoleName": name, "PolicyArn": arn})


# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html: inline, per role,
# not counting whitespace.
_LARGEST_POLICIES = 10_240
_ROLE_SETTINGS = ("Path", "Description", "MaxSessionDuration", "PermissionsBoundary", "Tags")


class ManagedPolicy(Kind):
    type = "AWS::IAM::ManagedPolicy"
    name_property = "ManagedPolicyName"
    attributes = ("PolicyArn",)

    @classmethod
    def create(cls, name: str, properties: Properties) -> Kind:
        settings: Properties = {k: properties[k] for k in _POLICY_SETTINGS if k in properties}
        document = cls._document(name, properties)
        parameters = {**settings, "PolicyName": name, "PolicyDocument": document}
        arn = cls.call("iam", "CreatePolicy", parameters)["Policy"]["Arn"]
        for role in properties.get("Roles", []):
            cls.call("iam", "AttachRolePolicy", {"RoleName": role, "PolicyArn": arn})
        return cls(arn, PolicyArn=arn)

    @classmethod
    def update(cls, existing: Kind, name: str, properties: Properties) -> Kind:
        client, arn = cls.client("iam"), existing.physical_resource_id
        document = cls._document(name, properties)
        client.create_policy_version(PolicyArn=arn, PolicyDocument=document, SetAsDefault=True)
        for version in client.list_policy_versions(PolicyArn=arn)["Versions"]:
            if not version["IsDefaultVersion"]:
                client.delete_policy_version(PolicyArn=arn, VersionId=version["VersionId"])
        return existing

    def remove(self) -> None:
        self.client("iam").delete_policy(PolicyArn=self.physical_resource_id)

    @classmethod
    def _document(cls, name: str, properties: Properties) -> str:
        document = compact(properties["PolicyDocument"])
        if len(document) > _LARGEST_MANAGED:
            limit = f"Cannot exceed quota for PolicySize: {_LARGEST_MANAGED}"
            raise ValidationError(message=f"{limit}: {name} has {len(document)}")
        return document


# As above: a managed policy, not counting whitespace.
_LARGEST_MANAGED = 6_144
_POLICY_SETTINGS = ("Path", "Description")


class OidcProvider(Kind):
    type = "AWS::IAM::OIDCProvider"
    attributes = ("Arn",)

    @classmethod
    def create(cls, name: str, properties: Properties) -> Kind:
        del name
        # CloudFormation spells it ClientIdList, the API ClientIDList.
        parameters = {_SPELT.get(key, key): value for key, value in properties.items()}
        arn = cls.call("iam", "CreateOpenIDConnectProvider", parameters)["OpenIDConnectProviderArn"]
        return cls(arn, Arn=arn)


_SPELT = {"ClientIdList": "ClientIDList"}
