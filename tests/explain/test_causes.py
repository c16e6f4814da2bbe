"""The table of failure causes: what its rows say, and which kinds are certain."""

from __future__ import annotations

import pytest

from chalicelib.explain.causes import Kind, Row, table

CERTAIN = {
    Kind.IMAGE_NOT_FOUND,
    Kind.WRONG_ARCHITECTURE,
    Kind.COMMAND_NOT_FOUND,
    Kind.SECRET_MISSING,
    Kind.LOG_GROUP_MISSING,
    Kind.ROLE_NOT_ASSUMABLE,
}
NOT_ITS_FAULT = {
    Kind.NOT_THE_IMAGE,
    Kind.NO_CAPACITY,
    Kind.NO_IP_ADDRESS,
    Kind.NETWORK_INTERFACE,
}


@pytest.mark.parametrize("row", table(), ids=lambda row: row.sentence)
def test_a_kind_is_certain_or_not_and_blamed_or_not_in_all_its_rows(row: Row) -> None:
    assert row.deterministic == (row.kind in CERTAIN)
    assert row.kind is Kind.UNKNOWN or row.blames_image == (row.kind not in NOT_ITS_FAULT)
    assert row.blames_image or not row.deterministic


@pytest.mark.parametrize("row", table(), ids=lambda row: row.sentence)
def test_a_row_says_what_happened_in_a_clause_and_what_to_do_in_a_sentence(row: Row) -> None:
    assert not row.sentence.endswith(".")
    assert row.advice.endswith(".")
    assert len(row.sentence) <= 100
    assert len(row.advice) <= 250
