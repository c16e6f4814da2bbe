"""what ran before -> the revision to return to."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.decide.return_to import LastGood, return_to
from chalicelib.model.heads import Proven
from tests.fixtures import examples
from tests.fixtures.examples import at, revision

NOTHING = LastGood()


def _proven(*numbers: int) -> tuple[Proven, ...]:
    return tuple(Proven(revision=revision(number), first=at(number)) for number in numbers)


@pytest.mark.parametrize(
    ("own", "last", "superseded", "head", "found"),
    [
        pytest.param(
            revision(9), LastGood(revision=revision(7), began=at(0)), revision(6),
            {"proven": _proven(8)}, revision(7), id="what ECS shows comes first",
        ),
        pytest.param(
            "", LastGood(revision=revision(7)), "", {}, revision(7), id="nothing else is known",
        ),
        pytest.param(
            revision(9), NOTHING, revision(6), {"proven": _proven(8)}, revision(6),
            id="then where the superseded one would return to",
        ),
        pytest.param(
            revision(9), NOTHING, "", {"proven": _proven(8, 7)}, revision(8),
            id="then the newest proven one",
        ),
        pytest.param(revision(9), NOTHING, "", {}, "", id="the first deployment ever"),
        pytest.param(
            revision(7), LastGood(revision=revision(7)), revision(7), {"proven": _proven(7, 8)},
            revision(8), id="never our own",
        ),
        pytest.param(
            revision(7), LastGood(revision=revision(7), began=at(0)), "",
            {"proven": _proven(8, 7), "applied_order": at(60), "applied_revision": revision(8)},
            revision(8), id="ECS shows what ran before the last one",
        ),
        pytest.param(
            revision(9), LastGood(revision=revision(7), began=at(0)), "",
            {"proven": _proven(8, 7), "applied_order": at(60), "applied_revision": revision(8)},
            revision(8), id="ECS shows what ran before the last one, and another one is deployed",
        ),
        pytest.param(
            revision(9), LastGood(revision=revision(7), began=at(90)), "",
            {"proven": _proven(8, 7), "applied_order": at(60), "applied_revision": revision(8)},
            revision(7), id="somebody deployed it since",
        ),
        pytest.param(
            revision(9), LastGood(revision=revision(7), began=at(0)), "",
            {"proven": _proven(7), "applied_order": at(60), "applied_revision": revision(8)},
            revision(7), id="the last one did not end well",
        ),
    ],
)  # fmt: skip
def test_a_deployment_returns_to_the_newest_revision_that_ran_well_and_is_not_its_own(
    own: str, last: LastGood, superseded: str, head: dict[str, Any], found: str
) -> None:
    assert return_to(own, last, superseded, examples.head(**head)) == found
