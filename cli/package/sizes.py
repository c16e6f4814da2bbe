"""How long a policy is, as IAM counts, and how long it may be."""

from __future__ import annotations

import json
import re
from typing import Any

from cli.package.statements.statement import Policy

LIMIT = 10_240  # IAM: characters of all inline policies of a role, white space not counted
COMFORTABLE = 8_192  # above this, names are widened: room is left for what a later version needs

_LONGEST = {
    "AWS::Partition": "aws-us-gov",
    "AWS::Region": "ap-southeast-1",
    "AWS::AccountId": "123456789012",
    "Ledger.Arn": "arn:aws-us-gov:dynamodb:ap-southeast-1:123456789012:table/" + "t" * 64,
}


def size(policy: Policy) -> int:
    """The characters that IAM counts, with the longest partition, region and account there are."""
    text = re.sub(r"\s", "", json.dumps(_resolved(policy), separators=(",", ":")))
    return len(text)


def _resolved(value: Any) -> Any:
    """The value with its references replaced by texts at least as long as the real ones."""
    if isinstance(value, dict):
        if "Fn::Sub" in value:
            return re.sub(r"\$\{([^}]+)\}", lambda name: _LONGEST[name[1]], value["Fn::Sub"])
        if value.keys() & {"Ref", "Fn::GetAtt"}:
            return _LONGEST["Ledger.Arn"]
        return {key: _resolved(item) for key, item in value.items()}
    return [_resolved(item) for item in value] if isinstance(value, list) else value
