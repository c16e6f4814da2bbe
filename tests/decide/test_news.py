"""Which events say something new of a deployment."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.decide.news import no_news
from chalicelib.events.service import Changed
from chalicelib.model.deployments import Status
from tests.fixtures import examples
from tests.fixtures.examples import at

TASK = Changed(service=examples.NAME, ended="ecs-svc/2", stopped_at=at(100))


@pytest.mark.parametrize(
    ("changed", "fields", "reason"),
    [
        (TASK, {}, ""),
        (TASK, {"looked": at(99), "ended": 3}, ""),
        (TASK, {"looked": at(100), "ended": 1}, "were read after this one stopped"),
        (TASK, {"looked": at(99), "ended": 4}, "a moment ago"),
        (TASK, {"looked": at(97), "ended": 4}, ""),
        (TASK, {"ecs_deployment": "ecs-svc/1"}, "belongs to another deployment"),
        (TASK, {"status": Status.ROLLBACK_IN_PROGRESS}, "because it is being rolled back"),
        (Changed(service=examples.NAME, began="ecs-svc/2"), {}, "its own rollout"),
        (Changed(service=examples.NAME, began="ecs-svc/3"), {}, ""),
        (Changed(service=examples.NAME), {"looked": at(100), "ended": 9}, ""),
    ],
    ids=[
        "never looked",
        "looked before it",
        "looked after it",
        "looked before it, among many ends",
        "looked long before it",
        "another deployment's task",
        "a rollback ends tasks",
        "its own beginning",
        "another's beginning",
        "a deployment's event is always news",
    ],
)
def test_an_event_is_news_unless_what_it_tells_was_seen(
    changed: Changed, fields: dict[str, Any], reason: str
) -> None:
    ours = examples.deployment(status=Status.IN_PROGRESS, ecs_deployment="ecs-svc/2")
    told = no_news(ours.model_copy(update=fields), changed, at(102))
    assert (reason in told) if reason else told == ""
