"""The lifecycle stages of a service deployment, and the hooks that ECS waits for in them.

Amazon ECS developer guide, "Amazon ECS blue/green service deployments workflow" and "Lifecycle
hooks for Amazon ECS service deployments".
"""

from __future__ import annotations

from chalicelib.model.base import Frozen, Moment
from chalicelib.model.holds import Approval

SHIFTING = "PRODUCTION_TRAFFIC_SHIFT"
BAKING = "BAKE_TIME"
# In the order in which a service deployment goes through them. LINEAR and CANARY deployments enter
# the two stages of one place again for each part of the traffic.
_PLACES = (
    ("RECONCILE_SERVICE",),
    ("PRE_SCALE_UP",),
    ("SCALE_UP",),
    ("POST_SCALE_UP",),
    ("TEST_TRAFFIC_SHIFT",),
    ("POST_TEST_TRAFFIC_SHIFT",),
    ("PRE_PRODUCTION_TRAFFIC_SHIFT", SHIFTING),
    ("POST_PRODUCTION_TRAFFIC_SHIFT",),
    (BAKING,),
    ("CLEAN_UP",),
)
_PLACE = {stage: place for place, stages in enumerate(_PLACES) for stage in stages}
RECURRING = frozenset(_PLACES[6])  # entered once for each part of the traffic


class Hook(Frozen):
    """A lifecycle hook of the stage that a service deployment is in.

    `kind` is AWS_LAMBDA or PAUSE. `at_timeout` is what ECS does at `expires` (UTC) when the hook
    has not ended by then: CONTINUE or ROLLBACK. API reference, DeploymentLifecycleHookDetail.
    """

    id: str
    kind: str = ""
    status: str = ""
    expires: Moment | None = None
    at_timeout: str = ""

    @property
    def awaits_a_person(self) -> bool:
        return self.kind == "PAUSE" and self.status == "AWAITING_ACTION"


class Pause(Frozen):
    """ECS waits in a stage until a person continues the rollout, or rolls it back.

    `hooks` are the ids of the hooks that wait, and `seen` those of the pauses before. `since` is
    when Slipway first saw them wait, and `ended` when it saw that they wait no more. `answer` says
    who answered through Slipway: the rollout goes on, or `back`. `expires` and `at_timeout` are
    those of the hook that ends first.
    """

    stage: str
    hooks: tuple[str, ...]
    seen: tuple[str, ...] = ()
    since: Moment
    expires: Moment | None = None
    at_timeout: str = ""
    ended: Moment | None = None
    answer: Approval | None = None
    back: bool = False


def goes_on(known: str, seen: str) -> bool:
    """Whether a rollout known to be in one stage may be in the other now.

    It never goes back to an earlier stage, so such an answer of ECS is out of date. A stage that is
    not known here may follow any.
    """
    if known not in _PLACE or seen not in _PLACE:
        return bool(seen)
    return _PLACE[seen] >= _PLACE[known]


def is_beyond(known: str, seen: str) -> bool:
    """Whether a rollout that is seen in this stage has certainly left the known one.

    The stages of each part of the traffic follow each other in both directions.
    """
    return seen != known and goes_on(known, seen) and not {known, seen} <= RECURRING
