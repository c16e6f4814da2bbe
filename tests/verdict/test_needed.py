"""What must be read before there can be a verdict."""

from __future__ import annotations

import pytest

from chalicelib.model.deployments import Deployment
from chalicelib.model.verdicts import Observation
from chalicelib.verdict.needed import needs_service_deployment
from tests.fixtures import examples
from tests.fixtures.examples import at, ecs_deployment
from tests.verdict.observations import (
    BY_ECS,
    DONE,
    GAVE_UP,
    LATE,
    ROLLING,
    THIRD,
    going_back,
    observation,
)

OTHER_ID = examples.service(
    ecs_deployment(8, id="ecs-svc/88", rollout_state="IN_PROGRESS", created_at=at(30))
)


@pytest.mark.parametrize(
    ("record", "observed", "needed"),
    [
        pytest.param(examples.rolling_out(), observation(ROLLING), False, id="ours, in progress"),
        pytest.param(
            examples.rolling_out(), observation(ROLLING, "", LATE), True, id="past deadline"
        ),
        pytest.param(examples.rolling_out(), observation(DONE), True, id="ours, completed"),
        pytest.param(examples.rolling_out(), observation(GAVE_UP), True, id="ours, failed"),
        pytest.param(examples.rolling_out(), observation(THIRD), True, id="another revision"),
        pytest.param(examples.rolling_out(), observation(OTHER_ID), True, id="another id"),
        pytest.param(examples.rolling_out(), observation(None), False, id="no service"),
        pytest.param(going_back(BY_ECS), observation(ROLLING), True, id="rolling back"),
        pytest.param(
            examples.rolling_out(),
            observation(examples.service(deployments=())),
            False,
            id="no PRIMARY",
        ),
    ],
)
def test_the_service_deployment_is_read_only_when_the_service_cannot_answer(
    record: Deployment, observed: Observation, needed: bool
) -> None:
    assert needs_service_deployment(record, observed) is needed
