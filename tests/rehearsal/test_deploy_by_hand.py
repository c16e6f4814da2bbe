"""A person deploys an image."""

from __future__ import annotations

import pytest

from example import conflicto
from tests.dialect.account import FIRST_BUILD, FIRST_TAG, REPOSITORY, SERVICE
from tests.dialect.rehearsed import rehearsed


def test_a_deployment_by_hand_half_way_supersedes_the_push() -> None:
    with rehearsed() as account:
        pushed = account.push("abc1234")
        account.advance(10)
        reply = account.deploy(FIRST_TAG)
        assert reply["status"] == "IN_PROGRESS"
        assert account.settle(SERVICE, pushed)["status"] == "SUPERSEDED"
        record = account.settle(SERVICE, conflicto.digest_of(FIRST_BUILD))
        assert (record["status"], record["by"], record["why"]) == ("SUCCESSFUL", "a test", "to see")


def test_who_and_why_stand_in_the_notice() -> None:
    with rehearsed() as account:
        account.settle(SERVICE, account.push("abc1234"))
        reply = account.deploy(FIRST_TAG)
        account.settle(SERVICE, conflicto.digest_of(FIRST_BUILD))
        notices = [
            notice
            for notice in account.notices()
            if notice["attributes"]["deployment"] == reply["deployment"]
        ]
        assert all("a deployment by hand, by a test" in notice["body"] for notice in notices)
        assert all("to see" in notice["body"] for notice in notices)


@pytest.mark.parametrize("form", ["tag", "digest", "uri by tag", "uri by digest"])
def test_an_image_is_named_by_hand_in_every_form(form: str) -> None:
    uri = conflicto.repository_uri(REPOSITORY)
    with rehearsed() as account:
        with account.undelivered():
            digest = account.push("abc1234")
        image = {
            "tag": "abc1234",
            "digest": digest,
            "uri by tag": f"{uri}:abc1234",
            "uri by digest": f"{uri}@{digest}",
        }[form]
        account.deploy(image)
        assert account.settle(SERVICE, digest)["status"] == "SUCCESSFUL"


def test_only_the_same_key_is_a_duplicate_by_hand() -> None:
    with rehearsed() as account:
        account.settle(SERVICE, account.push("abc1234"))
        first = account.deploy("abc1234", key="one")
        assert account.deploy("abc1234", key="one")["deployment"] == first["deployment"]
        account.advance(120)
        assert account.deploy("abc1234", key="two")["deployment"] != first["deployment"]


def test_an_override_is_recorded() -> None:
    with rehearsed() as account:
        reply = account.deploy(FIRST_TAG, override=True)
        from chalicelib.aws.ledger import DynamoLedger  # noqa: PLC0415 - needs the rehearsal

        record = DynamoLedger("ledger", 400).deployment(SERVICE, reply["deployment"])
        assert record is not None
        assert record.override is True
