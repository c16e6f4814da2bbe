"""What may be observed of a rollout and of a rollback, for the tests of the rules."""

from __future__ import annotations

from typing import Any

from botocore.model import StringShape
from hypothesis import strategies as st

from chalicelib.model.deployments import Deployment, Return, Status
from chalicelib.model.services import Service, Tasks
from chalicelib.model.verdicts import Observation
from tests.definition.registrations import ECS
from tests.fixtures import examples
from tests.fixtures.examples import at, ecs_deployment, revision, service_deployment

LATE = 1800  # seconds: the deadline of the examples


def values(name: str) -> list[str]:
    """The values of one of ECS' enums, as botocore knows them."""
    shape = ECS.shape_for(name)
    assert isinstance(shape, StringShape)
    return shape.enum


STATUSES = values("ServiceDeploymentStatus")


def observation(
    service: Service | None,
    ours: str = "",
    seconds: float = 60,
    *,
    ended: float | None = None,
    tasks: Tasks | None = None,
) -> Observation:
    """What is observed after so many seconds; `ours` is our service deployment's status.

    `ended` is after how many seconds it ended.
    """
    ended_at = None if ended is None else at(ended)
    return Observation(
        at=at(seconds),
        service=service,
        ours=service_deployment(ours, ended_at=ended_at) if ours else None,
        tasks=tasks,
    )


def going_back(returning: Return, **fields: Any) -> Deployment:
    """A record whose revision 8 crashed, and which goes back to revision 7."""
    status, reason = Status.ROLLBACK_IN_PROGRESS, "it crashed"
    return examples.rolling_out(status=status, reason=reason, returning=returning, **fields)


# What DescribeServices shows
ROLLING = examples.rolling_service()
DONE = examples.service(ecs_deployment(8))
BACK = examples.service(ecs_deployment(7))
GOING_BACK = examples.service(
    ecs_deployment(7, rollout_state="IN_PROGRESS"), ecs_deployment(8, status="ACTIVE")
)
THIRD = examples.service(ecs_deployment(9, rollout_state="IN_PROGRESS"))
GAVE_UP = examples.service(
    ecs_deployment(8, rollout_state="FAILED", rollout_reason="tasks failed to start")
)

# How the rollback of a record was decided on
BY_ECS = Return(by="ecs", how="breaker", began=at(0), done=True)
BY_STOP = Return(by="slipway", how="stop", began=at(0))
BY_UPDATE = Return(by="slipway", how="update", began=at(0))
STOP_ASKED = Return(by="slipway", how="stop", began=at(0), done=True)
UPDATE_ASKED = Return(by="slipway", how="update", began=at(0), done=True)

# Any combination
ECS_DEPLOYMENTS = st.builds(
    ecs_deployment,
    st.integers(6, 9),
    id=st.sampled_from(["ecs-svc/6", "ecs-svc/7", "ecs-svc/8", "ecs-svc/9"]),
    status=st.sampled_from(["PRIMARY", "ACTIVE", "INACTIVE"]),
    running=st.integers(0, 2),
    pending=st.integers(0, 1),
    rollout_state=st.sampled_from(["", *values("DeploymentRolloutState")]),
)
SERVICES = st.none() | st.builds(
    lambda deployments, **fields: examples.service(**fields, deployments=tuple(deployments)),
    st.lists(ECS_DEPLOYMENTS, max_size=3),
    status=st.sampled_from(["ACTIVE", "DRAINING", "INACTIVE"]),
    desired=st.integers(0, 2),
)
OBSERVATIONS = st.builds(
    Observation,
    at=st.integers(-60, 4000).map(at),
    service=SERVICES,
    ours=st.none() | st.builds(service_deployment, st.sampled_from(STATUSES)),
)
RECORDS = st.fixed_dictionaries(
    {
        "return_to": st.sampled_from(["", *map(revision, (6, 7, 8))]),
        "deadline": st.none() | st.just(at(1800)),
        "service_deployment": st.sampled_from(["", examples.service_deployment_arn(8)]),
    }
)
RETURNS = st.none() | st.builds(
    Return,
    by=st.sampled_from(["ecs", "slipway"]),
    how=st.sampled_from(["breaker", "stop", "update"]),
    began=st.just(at(0)),
    done=st.booleans(),
)
