"""docs/migrations.md shows notices and a refusal: they are what Slipway says in a rehearsal."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

import pytest

from demo.repackaged import BEFORE
from embedded.services.ecs import Crash, Exits
from tests.dialect.account import SERVICE
from tests.dialect.rehearsed import TARGETS, rehearsed
from tests.pages import blocks, page

MIGRATING = f"{TARGETS}{BEFORE}\n"
LOGS = (
    "Applying accounts.0042_contact_email...",
    "django.db.utils.OperationalError: canceling statement due to lock timeout",
)
FAILED, ROLLED_BACK = blocks("text", page("migrations"))
(REFUSED,) = [one for one in blocks("json", page("migrations")) if one.startswith('{"error"')]
ASKED = {"service": SERVICE, "to": "conflicto-backend-dev:1", "by": "sam", "why": "a test"}


@dataclass(frozen=True)
class Told:
    """What Slipway said: the bodies of its notices by their subjects, and its refusal."""

    notices: dict[str, str]
    refusal: dict[str, str]


@pytest.fixture(scope="module")
def told() -> Told:
    """A good push, one whose migration fails, and one that crashes after its migration."""
    with rehearsed(MIGRATING) as account:
        account.settle(SERVICE, account.push("abc1234"))
        refusal = account.invoke("rollback", ASKED)
        locked = account.push("bad9012")
        account.ecs.faults.run(Exits(exit_code=1, after=6, logs=LOGS), image=locked)
        account.settle(SERVICE, locked)
        crashing = account.push("bad5678")
        account.ecs.faults.image(crashing, Crash(after=3, logs=("KeyError: 'CONTACT_EMAIL'",)))
        account.settle(SERVICE, crashing)
        notices = {str(one["subject"]): str(one["body"]) for one in account.notices()}
        return Told(notices, refusal)


def test_the_notice_of_a_failed_migration_is_the_real_one(told: Told) -> None:
    said = told.notices["conflicto-backend-service-dev: bad9012 FAILED"]
    assert timeless(said).startswith(timeless(FAILED))


def test_the_notice_that_a_migration_stays_is_the_real_one(told: Told) -> None:
    said = told.notices["conflicto-backend-service-dev: bad5678 failed and was rolled back"]
    assert timeless(said).startswith(timeless(ROLLED_BACK))


def test_the_refusal_of_a_rollback_is_the_real_one(told: Told) -> None:
    assert timeless(json.dumps(told.refusal)) == timeless(REFUSED).strip()


def timeless(text: str) -> str:
    """The text with another time of day."""
    return re.sub(r"\d\d:\d\d(:\d\d)?", "12:00", text)
