"""The lints find what they are for: each test breaks one thing in a template that was clean."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from cli.package import lint
from cli.package.expansion import expand
from cli.package.lint import Template
from tests.cli.conftest import Packaged


@pytest.fixture
def template(packaged: Packaged) -> Template:
    return copy.deepcopy(packaged.template)


def statement(template: Template, role: str, sid: str) -> dict[str, Any]:
    """A function's statement, to be spoilt."""
    (policy,) = template["Resources"][role]["Properties"]["Policies"]
    return next(each for each in policy["PolicyDocument"]["Statement"] if each["Sid"] == sid)


def states(template: Template) -> dict[str, Any]:
    found: dict[str, Any] = template["Resources"]["Watcher"]["Properties"]["Definition"]["States"]
    return found


def of_policies(template: Template) -> str:
    (finding,) = lint._policies(expand(template))
    return finding


def test_a_star_without_a_reason_is_found(template: Template) -> None:
    statement(template, "WatchRole", "UpdateServices")["Resource"] = ["*"]
    assert of_policies(template).startswith("WatchRole, UpdateServices: `*` as resource")


def test_a_statement_without_a_name_can_have_no_reason(template: Template) -> None:
    del statement(template, "WatchRole", "SendTraces")["Sid"]
    assert of_policies(template).startswith("WatchRole, a statement without Sid: `*`")


def test_an_action_that_is_a_wildcard_is_found(template: Template) -> None:
    statement(template, "SweepRole", "ReadLedger")["Action"] = ["dynamodb:*"]
    assert of_policies(template).startswith("SweepRole, ReadLedger: an action is a wildcard")


@pytest.mark.parametrize("condition", [{}, {"StringEquals": {"iam:PassedToService": "ec2"}}])
def test_passing_roles_to_anything_is_found(template: Template, condition: dict[str, Any]) -> None:
    statement(template, "DeployRole", "PassRoles")["Condition"] = condition
    assert of_policies(template).startswith("DeployRole, PassRoles: iam:PassRole to anything")


def test_a_policy_that_is_too_long_is_found(template: Template) -> None:
    read = statement(template, "WatchRole", "ReadServices")
    read["Resource"] = [f"arn:aws:ecs:x:1:service/c/{n:0100}" for n in range(100)]
    assert "IAM allows 10,240" in of_policies(template)


def test_an_event_pattern_that_is_too_long_is_found(template: Template) -> None:
    event = template["Resources"]["OnImagePush"]["Properties"]["Events"]["OnImagePushEvent"]
    event["Properties"]["Pattern"]["detail"] = {"repository-name": ["r" * 50] * 50}
    (finding,) = lint._event_patterns(expand(template))
    assert finding.startswith("OnImagePushOnImagePushEvent: a pattern of 2,")


def test_a_state_that_leads_nowhere_is_found(template: Template) -> None:
    states(template)["Pause"]["Next"] = "Wach"
    found = list(lint._state_machines(expand(template)))
    assert any(finding.startswith("Watcher: ") and "Wach" in finding for finding in found)


def test_what_cfn_lint_knows_is_found(template: Template) -> None:
    statement(template, "SweepRole", "ReadLedger")["Action"] = ["dynamodb:GetItems"]
    states(template)["Pause"]["SecondPath"] = states(template)["Pause"].pop("SecondsPath")
    template["Outputs"]["LedgerTable"]["Value"] = {"Ref": "Leger"}
    found = lint.findings(template)
    for rule, word in (("W3037", "getitems"), ("E3601", "SecondPath"), ("E6101", "Leger")):
        assert any(rule in finding and word in finding for finding in found), (rule, found)


def test_a_cycle_that_only_the_expansion_shows_is_found(template: Template) -> None:
    """The state machine calls `watch`; its ARN in every function's environment is a cycle."""
    variables = template["Globals"]["Function"]["Environment"]["Variables"]
    variables["STATE_MACHINE_ARN"] = {"Ref": "Watcher"}
    assert any("expanded: E3004" in finding for finding in lint.findings(template))
