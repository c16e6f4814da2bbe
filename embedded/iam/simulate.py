"""SimulatePrincipalPolicy: what a role's policies say of actions, in the words of the real API.

Documented (API reference, SimulatePrincipalPolicy, EvaluationResult): the parameters, the three
decisions, the context keys that are missing; answers come in parts. Reported (Terraform's
aws_iam_principal_policy_simulation): one result for each action on each resource.
Inferred: the position of a matched statement is left out. Only roles are simulated, and no
boundary and no resource-based policy is taken.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from xml.sax.saxutils import escape

from moto.core.request import Request
from moto.iam.models import iam_backends

from embedded.calls.call import Call, Reply, error_reply
from embedded.calls.paging import part
from embedded.calls.sessions import ACCOUNT
from embedded.iam.actions import Context
from embedded.iam.evaluate import Statement, deciding, read_policy, statements

PART = 100
_NOT_TAKEN = ("PermissionsBoundaryPolicyInputList", "ResourcePolicy", "CallerArn")


def simulate_principal_policy(call: Call, _request: Request) -> Reply:
    """Answer a call: nothing is recorded of what it asks."""
    p = call.parameters
    arn = p["PolicySourceArn"]
    if ":role/" not in arn or any(p.get(name) for name in _NOT_TAKEN):
        raise NotImplementedError(f"IAM simulates roles only, without {', '.join(_NOT_TAKEN)}")
    roles = iam_backends[ACCOUNT]["aws"].roles.values()
    role = next((each for each in roles if each.arn == arn), None)
    if role is None:
        return error_reply("iam", "NoSuchEntity", f"{arn} cannot be found.", 404)
    granted = [*statements(role.name)]
    for number, text in enumerate(p.get("PolicyInputList") or [], start=1):
        granted += read_policy(f"PolicyInputList.{number}", text)
    results = list(_results(granted, p))
    found, marker = part(results, int(p.get("MaxItems") or PART), p.get("Marker"))
    more = {"IsTruncated": marker is not None, "EvaluationResults": found}
    return _reply(more | ({"Marker": marker} if marker else {}))


def _results(granted: list[Statement], p: dict[str, Any]) -> Iterator[dict[str, Any]]:
    context = _context(p)
    for action in p["ActionNames"]:
        for resource in p.get("ResourceArns") or ["*"]:
            yield _result(granted, action, resource, context)


def _result(
    granted: list[Statement], action: str, resource: str, context: Context
) -> dict[str, Any]:
    found = deciding(granted, action, resource, context)
    decisions = {"Allow": "allowed", "Deny": "explicitDeny"}
    given = {key.lower() for key in context}
    needed = {
        key
        for statement in granted
        if statement.names(action)
        for keys in statement.condition.values()
        for key in keys
    }
    return {
        "EvalActionName": action,
        "EvalResourceName": resource,
        "EvalDecision": decisions[found.effect] if found else "implicitDeny",
        "MatchedStatements": [{"SourcePolicyId": found.name}] if found else [],
        "MissingContextValues": sorted(key for key in needed if key.lower() not in given),
    }


def _context(p: dict[str, Any]) -> Context:
    """The context keys of the request: a list where its type is one."""
    found: dict[str, str | list[str]] = {}
    for entry in p.get("ContextEntries") or []:
        values = [str(value) for value in entry.get("ContextKeyValues") or []]
        several = str(entry.get("ContextKeyType", "")).endswith("List")
        found[entry["ContextKeyName"]] = values if several or len(values) != 1 else values[0]
    return found


def _reply(result: dict[str, Any]) -> Reply:
    name = "SimulatePrincipalPolicy"
    body = f"<{name}Result>{_xml(result)}</{name}Result>"
    about = "<ResponseMetadata><RequestId>embedded</RequestId></ResponseMetadata>"
    text = f"<{name}Response>{body}{about}</{name}Response>"
    return Reply(200, text.encode(), (("Content-Type", "text/xml"),))


def _xml(value: Any) -> str:
    if isinstance(value, dict):
        return "".join(f"<{key}>{_xml(inner)}</{key}>" for key, inner in value.items())
    if isinstance(value, list):
        return "".join(f"<member>{_xml(inner)}</member>" for inner in value)
    return str(value).lower() if isinstance(value, bool) else escape(str(value))
