"""Template -> everything that is wrong with it. A package is written only when nothing is.

No finding is ignored. `${Partition}` in the state machine is filled in first, as CloudFormation
does when it makes the stack: cfn-lint's schema for states knows only ARNs that begin "arn:aws:".
"""

from __future__ import annotations

import copy
import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

from cfnlint.api import lint
from cfnlint.config import ManualArgs
from statelint.linter import Linter

from cli.package import policies
from cli.package.expansion import expand

Template = dict[str, Any]

PATTERN_LIMIT = 2_048  # EventBridge: characters of a rule's event pattern
_REGIONS = ["us-east-1", "eu-central-1", "ap-southeast-1"]  # one per continent; types differ
CHECKS = (
    "cfn-lint (SAM, CloudFormation, states)",
    "statelint",
    "policies",
    "event patterns",
)


def findings(template: Template) -> list[str]:
    """Everything wrong with the SAM template and with what AWS will make of it."""
    sam = _filled(template)
    expanded = expand(sam)
    return [
        *_cfn_lint("sam.json", sam),
        *_cfn_lint("sam.json, expanded", expanded),
        *_state_machines(expanded),
        *_policies(expanded),
        *_event_patterns(expanded),
    ]


def wildcards(template: Template) -> Counter[str]:
    """The statements with `*` for a resource: how many roles have each, by Sid."""
    return Counter(
        statement["Sid"]
        for _, policy in _role_policies(template)
        for statement in policy["Statement"]
        if "*" in _listed(statement["Resource"])
    )


def _cfn_lint(name: str, template: Template) -> Iterator[str]:
    # Informational findings are included: nothing is waved through.
    config = ManualArgs(include_checks=["I"], regions=_REGIONS)
    for match in lint(json.dumps(template), config=config):
        where = ".".join(str(part) for part in getattr(match, "path", None) or ["?"])
        yield f"{name}: {match.rule.id} at {where}: {match.message}"


def _state_machines(template: Template) -> Iterator[str]:
    for name, machine in _of_type(template, "AWS::StepFunctions::StateMachine"):
        for problem in Linter.validate(machine["Definition"]):
            yield f"{name}: {problem}"


def _policies(template: Template) -> Iterator[str]:
    for role, policy in _role_policies(template):
        if policies.size(policy) >= policies.LIMIT:
            yield f"{role}: {policies.size(policy):,} characters; IAM allows {policies.LIMIT:,}."
        for statement in policy["Statement"]:
            yield from _statement(
                f"{role}, {statement.get('Sid', 'a statement without Sid')}", statement
            )


def _statement(where: str, statement: dict[str, Any]) -> Iterator[str]:
    actions, resources = _listed(statement["Action"]), _listed(statement["Resource"])
    if any("*" in action for action in actions):
        yield f"{where}: an action is a wildcard; name each."
    if "*" in resources and statement.get("Sid") not in policies.REASONS:
        yield f"{where}: `*` as resource without a reason in policies.REASONS."
    if "iam:PassRole" in actions and not _only_to_tasks(statement):
        yield f"{where}: iam:PassRole to anything but ECS tasks and what starts them."


def _only_to_tasks(statement: dict[str, Any]) -> bool:
    equals = statement.get("Condition", {}).get("StringEquals", {})
    to = _listed(equals.get("iam:PassedToService", "*"))
    return policies.PASSED_TO.issuperset(to)


def _event_patterns(template: Template) -> Iterator[str]:
    for name, rule in _of_type(template, "AWS::Events::Rule"):
        length = len(json.dumps(rule.get("EventPattern", {})))
        if length >= PATTERN_LIMIT:
            yield f"{name}: a pattern of {length:,} characters; the limit is {PATTERN_LIMIT:,}."


def _role_policies(template: Template) -> Iterator[tuple[str, policies.Policy]]:
    """Each role's inline policies joined, since IAM limits their sum."""
    for name, role in _of_type(template, "AWS::IAM::Role"):
        documents = [policy["PolicyDocument"] for policy in role.get("Policies", [])]
        yield name, {"Statement": [part for each in documents for part in each["Statement"]]}


def _of_type(template: Template, kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, resource in template["Resources"].items():
        if resource["Type"] == kind:
            yield name, resource["Properties"]


def _filled(template: Template) -> Template:
    filled = copy.deepcopy(template)
    for _, machine in _of_type(filled, "AWS::StepFunctions::StateMachine"):
        text = json.dumps(machine["Definition"]).replace("${Partition}", "aws")
        machine["Definition"] = json.loads(text)
        # What is filled in may not be named again: cfn-lint wants every substitution used.
        machine["DefinitionSubstitutions"].pop("Partition", None)
    return filled


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
