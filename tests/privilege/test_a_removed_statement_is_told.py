"""Each statement of each role removed in turn: people hear which function may not do what.

By a notice (SNS, Slack or a webhook), or in the reply where a person asked. In every case there is
a log line too, which is all there is where the only channel is what is denied.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from chalicelib.model.targets import load_targets
from cli.package.policies import LAMBDAS_OWN, generate
from tests.privilege import plays
from tests.privilege.account import (
    FOLLOW_TARGETS,
    GOOD,
    JOB_TARGETS,
    TARGETS,
    TASK_TARGETS,
    unattended,
)
from tests.privilege.plays import plays_of

FILES = (TASK_TARGETS, FOLLOW_TARGETS, JOB_TARGETS)  # together, they need every statement


def sids_of(policy: Mapping[str, Any]) -> list[str]:
    return [statement["Sid"] for statement in policy["Statement"]]


def _statements() -> Iterator[object]:
    """Every statement that a call of ours uses; `make test` removes one in eight."""
    counted = itertools.count()
    every = (generate(load_targets(text, "dev")).documents for text in FILES)
    found = ((name, sid) for one in every for name in one for sid in sids_of(one[name]))
    for function, sid in dict.fromkeys(found):
        if sid not in LAMBDAS_OWN:
            marks = [pytest.mark.slow] if next(counted) % 8 else []
            yield pytest.param(function, sid, id=f"{function}-{sid}", marks=marks)


@pytest.mark.parametrize(("function", "sid"), list(_statements()))
def test_a_statement_that_is_removed_is_missed_by_name(function: str, sid: str) -> None:
    for play, targets in plays_of(function):
        with unattended(targets) as account:
            if sid not in sids_of(account.permissions.policies[function]):
                continue  # it is for other targets
            actions = account.without(function, sid)
            play(account)
            denied = {decision.action for decision in account.denied()}
            if not denied:
                continue
            assert denied <= set(actions)
            who = f"slipway-dev-{function}"
            for action in denied:
                words = f"{who} may not {action} on "
                heard = account.heard()
                assert any(words in said for said in heard), (heard, account.logged)
                assert any(words in line for line in account.logged), account.logged
            return
    pytest.fail(f"no play of {function} needs {sid}: add one to plays.py, or do not grant it")


def test_where_the_only_channel_is_denied_the_log_says_so() -> None:
    """And whatever function may still publish tells what is left, later."""
    with unattended(TARGETS.partition("[notices]")[0]) as account:
        account.without("on_image_push", "Notify")
        plays.pushes(account)
        assert account.notices() == []
        assert any(
            "slipway-dev-on_image_push may not sns:Publish on " in line for line in account.logged
        )
        account.advance(60)
        account.ask("sweep", **account.scheduled())
        statuses = [notice["attributes"]["status"] for notice in account.notices()]
        assert statuses[-1] == "ROLLBACK_SUCCESSFUL"


def test_a_denial_is_told_once_while_a_function_stays_warm() -> None:
    with unattended() as account:
        account.without("on_image_push", "WriteLedger")
        event = account.pushed(GOOD)
        for _ in range(3):
            account.ask("on_image_push", **event)
        (told,) = account.notices()
        assert told["subject"] == "Slipway: slipway-dev-on_image_push may not dynamodb:PutItem"
        assert set(told["attributes"]) == {"notice", "status"}
        assert len(account.logged) >= 3
