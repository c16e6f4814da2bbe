"""A need: what IAM must allow for a call; and the parts of which the rules make needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from embedded.calls.call import Call
from embedded.calls.sessions import ACCOUNT

Context = Mapping[str, str | list[str]]


@dataclass(frozen=True)
class Need:
    """One action, on all of these resources, with these condition keys."""

    action: str
    resources: tuple[str, ...]
    context: Context = field(default_factory=dict)


class Unmapped(NotImplementedError):
    """No rule says which resource the operation touches."""


def make_arn(call: Call, service: str, rest: str) -> str:
    return f"arn:aws:{service}:{call.region}:{ACCOUNT}:{rest}"


def last(name: str) -> str:
    """The part of a name, ARN or URL after its last slash."""
    return name.rsplit("/", 1)[-1]


def unmapped(call: Call) -> Unmapped:
    return Unmapped(f"IAM: no rule for {call}; add one to embedded/iam/actions")


def pass_role(role: str, service: str) -> Need:
    """What it needs to give a role, named or as an ARN, to this AWS service."""
    arn = role if role.startswith("arn:") else f"arn:aws:iam::{ACCOUNT}:role/{role}"
    return Need("iam:PassRole", (arn,), {"iam:PassedToService": service})
