"""AWS IAM: may this principal make this call?

It evaluates the identity-based policies of the caller's role by the rules for one account
(https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html): an
explicit Deny wins; else one Allow is enough; else the answer is no. The roles and their policies
are moto's, made by templates or by calls. Permission boundaries, session policies and
resource-based policies are not evaluated here. EventBridge checks the resource-based policy of a
function itself, in `embedded/services/events/targets.py`.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from moto.iam.models import iam_backends

from embedded.calls.call import Call
from embedded.calls.sessions import ACCOUNT, Principal
from embedded.iam.actions import Context, Need, needs

# The services whose denials are not an AccessDeniedException with status 400.
_DENIALS = {
    "sns": ("AuthorizationError", 403),
    "lambda": ("AccessDeniedException", 403),
    "s3": ("AccessDenied", 403),
    "scheduler": ("AccessDeniedException", 403),
    "iam": ("AccessDenied", 403),
    "sts": ("AccessDenied", 403),
    "elbv2": ("AccessDenied", 403),
    "cloudformation": ("AccessDenied", 403),
}


class Denied(Exception):
    """The call is refused, with the words and the code of its service."""

    def __init__(self, call: Call, need: Need, resource: str, *, explicit: bool) -> None:
        self.code, self.status = _DENIALS.get(call.service, ("AccessDeniedException", 400))
        because = (
            "with an explicit deny in an identity-based policy"
            if explicit
            else f"because no identity-based policy allows the {need.action} action"
        )
        self.message = (
            f"User: {call.principal.arn} is not authorized to perform: {need.action} "
            f"on resource: {resource} {because}"
        )
        super().__init__(self.message)


@dataclass(frozen=True)
class Decision:
    """One question to IAM and its answer; `statement` is the Sid (or POLICY[n]) that decided."""

    principal: str
    action: str
    resource: str
    allowed: bool
    statement: str | None


@dataclass(frozen=True)
class Statement:
    name: str
    effect: str
    actions: tuple[str, ...]
    not_actions: tuple[str, ...]
    resources: tuple[str, ...]
    not_resources: tuple[str, ...]
    condition: dict[str, dict[str, Any]]

    def applies(self, action: str, resource: str, context: Context) -> bool:
        return (
            self.names(action)
            and self._covers(resource)
            and all(holds(test, keys, context) for test, keys in self.condition.items())
        )

    def names(self, action: str) -> bool:
        if self.not_actions:
            return not any(glob(p.lower(), action.lower()) for p in self.not_actions)
        return any(glob(pattern.lower(), action.lower()) for pattern in self.actions)

    def _covers(self, resource: str) -> bool:
        if self.not_resources:
            return not any(arn_like(pattern, resource) for pattern in self.not_resources)
        return any(arn_like(pattern, resource) for pattern in self.resources)


class Gatekeeper:
    """Asks IAM about every call of a role; the administrator may do everything."""

    def __init__(
        self,
        *,
        enforce: bool = True,
        grants: Callable[[str | None], Iterable[Statement]] | None = None,
    ) -> None:
        """`grants` gives a role's statements; by default they are read from moto's IAM."""
        self.enforce = enforce
        self._grants = grants or statements
        self._lock = threading.Lock()
        self._decisions: list[Decision] = []

    @property
    def decisions(self) -> list[Decision]:
        """Every question that was asked, oldest first."""
        with self._lock:
            return list(self._decisions)

    def used(self, principal: str) -> set[str]:
        """The statements that allowed something to `principal`."""
        return {
            decision.statement
            for decision in self.decisions
            if decision.principal == principal and decision.allowed and decision.statement
        }

    def check(self, call: Call) -> None:
        """Refuse a call unless its caller's role allows everything that it needs.

        Raises:
            Denied: the role does not allow it.
            Unmapped: nobody wrote down what this operation needs.
        """
        if not self.enforce or call.principal.role is None:
            return
        for need in needs(call):
            for resource in need.resources:
                context = {**need.context, "aws:RequestedRegion": call.region}
                verdict, statement = self.decide(call.principal, need.action, resource, context)
                if not verdict:
                    raise Denied(call, need, resource, explicit=statement is not None)

    def trusts(self, role_arn: str, service: str) -> bool:
        """Whether the role's trust policy lets this AWS service assume it.

        Conditions of the trust policy are not evaluated here.
        """
        return not self.enforce or service in trusted_services(role_arn)

    def decide(
        self, principal: Principal, action: str, resource: str, context: Context
    ) -> tuple[bool, str | None]:
        """Whether `principal` may, and which statement decided (None: no statement allows it)."""
        found = deciding(self._grants(principal.role), action, resource, context)
        allowed, name = found is not None and found.effect == "Allow", found.name if found else None
        with self._lock:
            self._decisions.append(Decision(principal.name, action, resource, allowed, name))
        return allowed, name


def trusted_services(role_arn: str) -> set[str]:
    """The AWS services that the role's trust policy allows to assume it; none without the role."""
    role = next((r for r in iam_backends[ACCOUNT]["aws"].roles.values() if r.arn == role_arn), None)
    if role is None:
        return set()
    found: set[str] = set()
    for statement in _listed(json.loads(role.assume_role_policy_document)["Statement"]):
        principal = statement.get("Principal")
        if statement["Effect"] == "Allow" and isinstance(principal, dict):
            found.update(_listed(principal.get("Service", [])))
    return found


def deciding(
    granted: Iterable[Statement], action: str, resource: str, context: Context
) -> Statement | None:
    """The statement that decides: one that denies, else one that allows; None: nothing applies."""
    applying = [each for each in granted if each.applies(action, resource, context)]
    denying = (each for each in applying if each.effect == "Deny")
    return next(denying, next(iter(applying), None))


def statements(role_name: str | None) -> Iterator[Statement]:
    """The statements of the role's inline and attached policies, as moto holds them."""
    backend = iam_backends[ACCOUNT]["aws"]
    role = next((r for r in backend.roles.values() if r.name == role_name), None)
    if role is None:
        return
    for name, document in role.policies.items():
        yield from read_policy(name, document)
    for inline in backend.inline_policies.values():
        if role.name in inline.role_names:
            yield from read_policy(inline.policy_name, inline.policy_document)
    for policy in role.managed_policies.values():
        for version in policy.versions:
            if version.is_default:
                yield from read_policy(policy.name, version.document)


def read_policy(name: str, document: str | dict[str, Any]) -> tuple[Statement, ...]:
    text = document if isinstance(document, str) else json.dumps(document, default=str)
    return _read_policy(name, text)


@lru_cache(maxsize=1024)
def _read_policy(name: str, document: str) -> tuple[Statement, ...]:
    return tuple(
        Statement(
            name=raw.get("Sid") or f"{name}[{number}]",
            effect=raw["Effect"],
            actions=tuple(_listed(raw.get("Action", []))),
            not_actions=tuple(_listed(raw.get("NotAction", []))),
            resources=tuple(_listed(raw.get("Resource", []))),
            not_resources=tuple(_listed(raw.get("NotResource", []))),
            condition=raw.get("Condition", {}),
        )
        for number, raw in enumerate(_listed(json.loads(document)["Statement"]))
    )


def holds(test: str, keys: dict[str, Any], context: Context) -> bool:
    """One condition operator over its keys (all must hold; any value of a key suffices).

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
    """
    return all(_key_holds(test, key, _listed(values), context) for key, values in keys.items())


def _key_holds(test: str, key: str, wanted: list[Any], context: Context) -> bool:
    quantifier, _, operator = test.rpartition(":")
    optional = operator.endswith("IfExists")
    operator = operator.removesuffix("IfExists")
    found = next((v for k, v in context.items() if k.lower() == key.lower()), None)
    if operator == "Null":
        return (found is None) == (str(wanted[0]).lower() == "true")
    if found is None:
        return optional or quantifier == "ForAllValues" or "Not" in operator
    matches = _operator(operator)
    values = [any(matches(str(want), value) for want in wanted) for value in _listed(found)]
    quantified = all(values) if quantifier == "ForAllValues" else any(values)
    return not quantified if "Not" in operator else quantified


def _operator(name: str) -> Callable[[str, str], bool]:
    match name.replace("Not", ""):
        case "StringEquals":
            return lambda want, value: want == value
        case "StringEqualsIgnoreCase" | "Bool":
            return lambda want, value: want.lower() == value.lower()
        case "StringLike":
            return glob
        case "ArnEquals" | "ArnLike":
            return arn_like
    raise NotImplementedError(f"IAM condition operator {name} is not evaluated here")


def arn_like(pattern: str, arn: str) -> bool:
    """IAM's ARN matching: wildcards stay within a segment, but the last may run past colons."""
    if pattern == "*":
        return True
    wanted, found = pattern.split(":", 5), arn.split(":", 5)
    if len(found) < len(wanted):
        return glob(pattern, arn)
    return all(glob(want, part) for want, part in zip(wanted[:-1], found, strict=False)) and glob(
        wanted[-1], ":".join(found[len(wanted) - 1 :])
    )


def glob(pattern: str, text: str) -> bool:
    """IAM's wildcards: `*` any characters, `?` one."""
    return _expression(pattern).fullmatch(text) is not None


@lru_cache(maxsize=4096)
def _expression(pattern: str) -> re.Pattern[str]:
    escaped = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return re.compile(escaped, re.DOTALL)


def _listed(value: Any) -> list[Any]:
    if isinstance(value, str | dict | bool):
        return [value]
    return list(value) if isinstance(value, Iterable) else [value]
