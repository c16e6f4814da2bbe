"""Which events the pattern of a rule matches ("Creating Amazon EventBridge event patterns")."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from moto import mock_aws
from moto.events.models import Rule, events_backends

from embedded.services.events.bus import matches
from tests.embedded.ecs.web_service import REGION, client

PATTERN = {
    "source": ["aws.ecs"],
    "detail-type": ["ECS Task State Change"],
    "detail": {
        "lastStatus": ["STOPPED"],
        "$or": [
            {"group": [{"prefix": "service:"}]},
            {"startedBy": [{"prefix": "slipway/"}]},
        ],
    },
}


@pytest.fixture
def rule() -> Iterator[Rule]:
    with mock_aws():
        client("events").put_rule(Name="tasks", EventPattern=json.dumps(PATTERN))
        yield events_backends["123456789012"][REGION].event_buses["default"].rules["tasks"]


@pytest.mark.parametrize(
    ("changed", "matched"),
    [
        ({"group": "service:web", "startedBy": "ecs-svc/1"}, True),
        ({"group": "family:web", "startedBy": "slipway/x-b"}, True),
        ({"group": "service:web", "startedBy": "slipway/x-b"}, True),
        ({"group": "family:web", "startedBy": "somebody"}, False),
        ({"group": "family:web"}, False),
        ({"group": "service:web", "lastStatus": "RUNNING"}, False),
        ({"startedBy": "slipway/x-b", "lastStatus": "RUNNING"}, False),
    ],
    ids=str,
)
def test_one_branch_of_an_or_must_match_and_all_that_is_beside_them(
    rule: Rule, changed: dict[str, Any], *, matched: bool
) -> None:
    detail = {"lastStatus": "STOPPED"} | changed
    event = {"source": "aws.ecs", "detail-type": "ECS Task State Change", "detail": detail}
    assert matches(rule, event) is matched
    assert not matches(rule, event | {"source": "aws.ecr"})
