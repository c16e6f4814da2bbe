"""Each statement of each role removed in turn: people hear which function may not do what.

By a notice (SNS, Slack or a webhook), or in the reply where a person asked. In every case there is
a log line too, which is all there is where the only channel is what is denied.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest

from chalicelib.model.targets import load_targets
from cli.package.policies import LAMBDAS_OWN, generate
from tests.privilege import plays
from tests.privilege.plays import PLAYS, TARGETS, stage


def _statements() -> Iterator[object]:
    """Every statement that a call of ours uses; `make test` removes one in eight."""
    counted = itertools.count()
    for function, policy in generate(load_targets(TARGETS, "dev")).documents.items():
        for sid in (one["Sid"] for one in policy["Statement"]):
            if sid not in LAMBDAS_OWN:
                marks = [pytest.mark.slow] if next(counted) % 8 else []
                yield pytest.param(function, sid, id=f"{function}-{sid}", marks=marks)


@pytest.mark.parametrize(("function", "sid"), list(_statements()))
def test_a_statement_that_is_removed_is_missed_by_name(function, sid):
    for play in PLAYS[function]:
        with stage() as t:
            actions = t.without(function, sid)
            play(t)
            denied = {one.action for one in t.permissions.iam.decisions if not one.allowed}
            if not denied:
                continue
            assert denied <= set(actions)
            who = f"slipway-dev-{function}"
            for action in denied:
                words = f"{who} may not {action} on "
                assert any(words in said for said in t.heard()), (t.heard(), t.logged)
                assert any(words in line for line in t.logged), t.logged
            return
    pytest.fail(f"no play of {function} needs {sid}: add one to plays.py, or do not grant it")


def test_where_the_only_channel_is_denied_the_log_says_so(monkeypatch):
    """And whatever function may still publish tells what is left, later."""
    monkeypatch.setattr(plays, "TARGETS", TARGETS.partition("[notices]")[0])
    with stage() as t:
        t.without("on_image_push", "Notify")
        plays.pushes(t)
        assert t.notices() == []
        assert any("slipway-dev-on_image_push may not sns:Publish on " in line for line in t.logged)
        t.advance(60)
        t.ask("sweep", **plays.SCHEDULED)
        statuses = [one["attributes"]["status"] for one in t.notices()]
        assert statuses[-1] == "ROLLBACK_SUCCESSFUL"


def test_a_denial_is_told_once_while_a_function_stays_warm():
    with stage() as t:
        t.without("on_image_push", "WriteLedger")
        event = t.push(plays.GOOD)
        for _ in range(3):
            t.ask("on_image_push", **event)
        (told,) = t.notices()
        assert told["subject"] == "Slipway: slipway-dev-on_image_push may not dynamodb:PutItem"
        assert set(told["attributes"]) == {"notice", "status"}
        assert len(t.logged) >= 3
