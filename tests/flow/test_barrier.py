"""A rollback by hand to a revision that is older than what a `before` left asks for `override`."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.errors import Refused
from chalicelib.flow.rollback import rollback_by_hand
from chalicelib.model.deployments import Status
from tests.fixtures import examples
from tests.fixtures.examples import NAME, revision
from tests.flow.by_hand import WHO, end
from tests.flow.fakes import Aws
from tests.flow.steps import pushed, step
from tests.flow.test_before import BEFORE

TO = {"to": "conflicto-backend-dev:7"}


def migrated() -> Aws:
    """Revision 7 ran, then revision 8, whose `before` ended well."""
    world = pushed(before=BEFORE)
    world.images.all.append(examples.image(examples.OLD_DIGEST, tags=("old",)))
    world.services.runs_now()
    world.services.ends(0)
    step(world)
    end(world)
    world.acts.clear()
    return world


@pytest.mark.parametrize("to", [{}, TO], ids=["the one before", "named"])
def test_a_rollback_across_a_migration_is_refused_and_names_it(to: dict[str, str]) -> None:
    world = migrated()
    reason = r"conflicto-backend-dev:7 is older than .*: abc1234 \(.*, ended well\).*`override`"
    with pytest.raises(Refused, match=reason):
        rollback_by_hand(world.world(), {**WHO, **to})
    assert world.ecs_acts == []
    assert world.record().status is Status.SUCCESSFUL


@pytest.mark.parametrize("to", [{}, TO], ids=["the one before", "named"])
def test_its_plan_says_so_too(to: dict[str, str]) -> None:
    reply = rollback_by_hand(migrated().world(), {**WHO, **to, "plan": True})
    assert reply["would"] == "refuse"
    assert "roll back again with `override`" in reply["reason"]


@pytest.mark.parametrize("to", [{}, TO], ids=["the one before", "named"])
def test_with_override_it_goes_back_across_the_migration(to: dict[str, Any]) -> None:
    world = migrated()
    reply = rollback_by_hand(world.world(), {**WHO, **to, "override": True})
    assert reply["status"] == "IN_PROGRESS"
    assert world.record().goes_to == revision(7)
    assert world.ecs_acts == ["update conflicto-backend-dev:7"]


def test_a_plan_proposes_the_same_revision_whether_it_needs_override_or_not() -> None:
    proposed = [
        next(one["revision"] for one in reply["proven"] if one["default"])
        for reply in (
            rollback_by_hand(migrated().world(), {**WHO, "plan": True, **override})
            for override in ({}, {"override": True})
        )
    ]
    assert proposed == ["conflicto-backend-dev:7"] * 2


def test_a_rollout_under_way_is_stopped_although_its_own_before_stays() -> None:
    world = pushed(before=BEFORE)
    world.services.runs_now()
    world.services.ends(0)
    record = step(world)
    assert record.status is Status.IN_PROGRESS
    reply = rollback_by_hand(world.world(), WHO)
    assert reply == {"deployment": record.id, "status": "ROLLBACK_IN_PROGRESS"}
    assert world.ledger.heads[NAME].befores[0].deployment == record.id
