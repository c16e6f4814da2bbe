"""Targets -> one policy per function, each short enough for IAM.

Where every name makes a policy too long, names are widened step by step, for that function alone.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from chalicelib.errors import Refused
from chalicelib.model.targets import Targets
from cli.package.policies.functions import GRANTS
from cli.package.policies.scope import Scope, Widening
from cli.package.policies.statement import Policy

LIMIT = 10_240  # IAM: characters of all inline policies of a role, white space not counted
COMFORTABLE = 8_192  # above this, names are widened: room is left for what a later version needs


@dataclass(frozen=True)
class Policies:
    """The functions' policies, and how far each one's names had to be widened."""

    documents: dict[str, Policy]
    widened: dict[str, Widening]


def generate(targets: Targets) -> Policies:
    """A policy for each function in `GRANTS`.

    Raises:
        Refused: a role that may be passed is not named, or a policy cannot be made small enough.
    """
    _only_named_roles(targets)
    chosen = {function: _fitting(function, targets) for function in GRANTS}
    return Policies(
        documents={function: policy for function, (policy, _) in chosen.items()},
        widened={function: widening for function, (_, widening) in chosen.items() if widening},
    )


def size(policy: Policy) -> int:
    """The characters that IAM counts, with the longest partition, region and account there are."""
    text = re.sub(r"\s", "", json.dumps(_resolved(policy), separators=(",", ":")))
    return len(text)


def _fitting(function: str, targets: Targets) -> tuple[Policy, Widening]:
    for widening in Widening:
        secrets = tuple(sorted(targets.notices.named.values()))
        policy = _policy(Scope(function, targets.stage, targets.all, widening, secrets))
        if size(policy) <= COMFORTABLE:
            return policy, widening
    if size(policy) < LIMIT:
        return policy, widening
    raise Refused(
        f"the policy of `{function}` has {size(policy):,} characters, and IAM allows {LIMIT:,}: "
        "name fewer roles in `pass_roles` and groups in `log_groups`, or such as share a prefix."
    )


def _policy(scope: Scope) -> Policy:
    statements = [statement for grant in GRANTS[scope.function] for statement in grant(scope)]
    return {"Version": "2012-10-17", "Statement": statements}


def _only_named_roles(targets: Targets) -> None:
    for target in targets.all:
        for role in target.pass_roles:
            if not re.fullmatch(r"arn:[^:]+:iam::(?:\d{12}|\*):role/[^*].*", role):
                raise Refused(
                    f"targets.toml: the target of {target.name}, key `pass_roles`: expected ARNs "
                    f'like "arn:aws:iam::*:role/my-app-*" that name at least a prefix, '
                    f"found {role!r}."
                )


_LONGEST = {
    "AWS::Partition": "aws-us-gov",
    "AWS::Region": "ap-southeast-1",
    "AWS::AccountId": "123456789012",
    "Ledger.Arn": "arn:aws-us-gov:dynamodb:ap-southeast-1:123456789012:table/" + "t" * 64,
}


def _resolved(value: Any) -> Any:
    """The value with its references replaced by texts at least as long as the real ones."""
    if isinstance(value, dict):
        if "Fn::Sub" in value:
            return re.sub(r"\$\{([^}]+)\}", lambda name: _LONGEST[name[1]], value["Fn::Sub"])
        if value.keys() & {"Ref", "Fn::GetAtt"}:
            return _LONGEST["Ledger.Arn"]
        return {key: _resolved(item) for key, item in value.items()}
    return [_resolved(item) for item in value] if isinstance(value, list) else value
