"""Whatever a function is sent, it answers and changes nothing that was not asked for."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.dialect.account import SERVICE
from tests.dialect.rehearsed import rehearsed

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=8,
)


@pytest.mark.parametrize("function", ["deploy", "rollback", "status"])
def test_any_payload_by_hand_is_answered_and_changes_nothing(function: str) -> None:
    with rehearsed() as account:

        @settings(max_examples=40, suppress_health_check=list(HealthCheck))
        @given(
            payload=st.dictionaries(st.sampled_from(["service", "image", "by", "why", "x"]), JSON)
        )
        def any_payload(payload: dict[str, Any]) -> None:
            reply = account.invoke(function, payload)
            assert set(reply) <= {"at", "error", "deployments"}

        any_payload()
        assert account.called("ecs:UpdateService") == 0
        assert account.deployments(SERVICE) == []


@pytest.mark.parametrize("function", ["on_image_push", "on_service_change"])
def test_any_event_is_answered_and_changes_nothing(function: str) -> None:
    envelope = {
        "source": "aws.ecr",
        "detail-type": "ECR Image Action",
        "time": "2026-03-02T10:15:30Z",
    }
    with rehearsed() as account:

        @settings(max_examples=40, suppress_health_check=list(HealthCheck))
        @given(noise=st.dictionaries(st.sampled_from([*envelope, "detail", "resources"]), JSON))
        def any_event(noise: dict[str, Any]) -> None:
            reply = account.invoke(function, {**envelope, **noise})
            assert [outcome["outcome"] for outcome in reply["outcomes"]] == ["ignored"]

        any_event()
        assert not [call for call in account.calls if call.startswith(("ecs:", "dynamodb:"))]
