"""Every call is allowed by the role that makes it, and every permission is used by some call."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.model.targets import load_targets
from cli.package.policies import LAMBDAS_OWN, generate
from tests.cli.test_policies import kind_of, kinds_of
from tests.privilege.account import TARGETS, unattended
from tests.privilege.plays import PLAYS, plays_of

FUNCTIONS = tuple(generate(load_targets(TARGETS, "dev")).documents)


def granted(function: str, policy: dict[str, Any]) -> set[tuple[str, str, str]]:
    """(Sid, action, resource) of what a policy grants; an action takes some resources only."""
    return {
        (statement["Sid"], action, resource)
        for statement in policy["Statement"]
        if statement["Sid"] not in LAMBDAS_OWN
        for action in statement["Action"]
        for resource in statement["Resource"]
        if resource == "*" or kind_of(resource) in kinds_of(action)
    }


def test_there_are_plays_for_every_function() -> None:
    assert set(PLAYS) == set(FUNCTIONS)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_is_denied_nothing_and_uses_all_that_it_is_granted(function: str) -> None:
    used: set[tuple[str, str, str]] = set()
    wanted: set[tuple[str, str, str]] = set()
    for play, targets in plays_of(function):
        with unattended(targets) as account:
            play(account)
            assert account.denied() == []
            assert account.failures == []
            used |= {grant[1:] for grant in account.used() if grant[0] == function}
            wanted |= granted(function, account.permissions.policies[function])
    assert wanted
    assert wanted - used == set()


def test_what_lambda_does_itself_is_granted_to_some_function_and_used_by_no_call() -> None:
    documents = generate(load_targets(TARGETS, "dev")).documents.values()
    sids = {statement["Sid"] for policy in documents for statement in policy["Statement"]}
    assert sids >= set(LAMBDAS_OWN)
