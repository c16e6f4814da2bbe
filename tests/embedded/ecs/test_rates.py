"""The simulated ECS' rates: token buckets, one for each category, account and region."""

from __future__ import annotations

from types import SimpleNamespace

import botocore.endpoint
import botocore.session
import pytest
from botocore.exceptions import ClientError

from embedded.clock.clock import VirtualClock
from embedded.services.ecs.errors import Throttled
from embedded.services.ecs.names import Place
from embedded.services.ecs.rates import DOCUMENTED, Buckets, Rate
from tests.embedded.ecs.web_service import web_service

HERE = Place("123456789012", "us-west-2")
PAIR = (Rate("pair", burst=4, sustained=2, actions=("Read", "List")),)


def taken(buckets: Buckets, action: str, place: Place = HERE, most: int = 1000) -> int:
    """How many requests get through at once."""
    for count in range(most):
        try:
            buckets(place, action, {})
        except Throttled:
            return count
    return most


def test_a_bucket_lets_its_burst_through_and_then_its_sustained_rate() -> None:
    clock = VirtualClock()
    buckets = Buckets(clock, PAIR)
    assert taken(buckets, "Read") == 4
    clock.advance(0.4)
    assert taken(buckets, "Read") == 0
    clock.advance(0.1)
    assert taken(buckets, "Read") == 1
    clock.advance(3600)
    assert taken(buckets, "Read") == 4


def test_the_actions_of_a_category_share_a_bucket_and_others_do_not() -> None:
    buckets = Buckets(VirtualClock(), PAIR)
    assert taken(buckets, "Read") == 4
    assert taken(buckets, "List") == 0
    assert taken(buckets, "Other", most=50) == 50


def test_every_account_and_region_has_buckets_of_its_own() -> None:
    buckets = Buckets(VirtualClock(), PAIR)
    assert taken(buckets, "Read") == 4
    assert taken(buckets, "Read", Place(HERE.account, "eu-west-1")) == 4


@pytest.mark.parametrize(("requests", "seconds"), [(3, 0), (4, 0), (6, 1), (500, 248)])
def test_the_shortest_time_is_what_the_rate_allows(requests: int, seconds: float) -> None:
    assert PAIR[0].seconds(requests) == seconds


def test_the_documented_categories_name_operations_of_ecs_once_each() -> None:
    actions = [action for rate in DOCUMENTED for action in rate.actions]
    assert len(actions) == len(set(actions))
    known = botocore.session.get_session().get_service_model("ecs").operation_names
    assert set(actions) <= set(known)


def test_run_task_and_stop_task_share_a_burst_of_100_and_40_more_a_second() -> None:
    clock = VirtualClock()
    buckets = Buckets(clock)
    assert taken(buckets, "RunTask") == 100
    clock.advance(1)
    assert taken(buckets, "StopTask") == 40


def test_the_twenty_first_registration_at_once_is_throttled_in_the_words_of_ecs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(botocore.endpoint, "time", SimpleNamespace(sleep=lambda _: None))
    with web_service() as web:
        for _ in range(20):
            web.register()
        with pytest.raises(ClientError) as caught:
            web.register()
        answer = caught.value.response
        assert answer["Error"]["Code"] == "ThrottlingException"
        assert answer["Error"]["Message"] == "Rate exceeded"
        assert answer["ResponseMetadata"]["HTTPStatusCode"] == 400
        assert set(web.ecs.throttled) == {"RegisterTaskDefinition"}
        web.clock.advance(1)
        web.register()
