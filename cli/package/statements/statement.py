"""One statement of a policy, and the names in it, as CloudFormation reads them."""

from __future__ import annotations

from typing import Any

Statement = dict[str, Any]
Policy = dict[str, Any]


def allow(
    sid: str, actions: list[str], resources: list[Any], condition: dict[str, Any] | None = None
) -> Statement:
    statement = {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resources}
    return statement | ({"Condition": condition} if condition else {})


def arn(service: str, resource: str) -> dict[str, str]:
    prefix = f"arn:${{AWS::Partition}}:{service}:${{AWS::Region}}:${{AWS::AccountId}}"
    return {"Fn::Sub": f"{prefix}:{resource}"}
