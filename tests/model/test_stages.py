"""Which lifecycle stage may follow which, as ECS shows them."""

from __future__ import annotations

import pytest

from chalicelib.model.stages import goes_on
from tests.verdict.observations import values


@pytest.mark.parametrize(
    ("known", "seen", "possible"),
    [
        pytest.param("", "SCALE_UP", True, id="the first stage that is seen"),
        pytest.param("SCALE_UP", "", False, id="no stage tells nothing"),
        pytest.param("SCALE_UP", "SCALE_UP", True, id="the same"),
        pytest.param("SCALE_UP", "BAKE_TIME", True, id="a later one"),
        pytest.param("BAKE_TIME", "SCALE_UP", False, id="an earlier one is out of date"),
        pytest.param("PRODUCTION_TRAFFIC_SHIFT", "PRE_PRODUCTION_TRAFFIC_SHIFT", True,
                     id="before the next part of the traffic"),
        pytest.param("BAKE_TIME", "A_STAGE_OF_2027", True, id="one that is not known here"),
        pytest.param("A_STAGE_OF_2027", "SCALE_UP", True, id="after one that is not known here"),
    ],
)  # fmt: skip
def test_a_rollout_never_goes_back_to_an_earlier_stage(
    known: str, seen: str, possible: bool
) -> None:
    assert goes_on(known, seen) is possible


def test_every_stage_that_the_sdk_knows_has_its_place() -> None:
    stages = [*values("ServiceDeploymentLifecycleStage"), "PRE_PRODUCTION_TRAFFIC_SHIFT"]
    later = [stage for stage in stages if goes_on("CLEAN_UP", stage)]
    assert later == ["CLEAN_UP"]
