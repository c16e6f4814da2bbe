"""scan event -> the repository whose images were scanned."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from chalicelib.events.event import Ignored
from chalicelib.events.scan import Scanned, recognise_scan
from tests.events.test_image import JSON
from tests.fixtures import examples

SCANS = {"ecr-scan-basic", "inspector-scan"}


@pytest.mark.parametrize("name", examples.SAMPLE_EVENTS)
def test_basic_and_enhanced_scans_name_their_repository(name: str) -> None:
    found = recognise_scan(examples.event(name))
    if name in SCANS:
        assert found == Scanned(repository="conflicto-backend-dev")
    else:
        assert isinstance(found, Ignored)


def test_a_repository_with_slashes_is_read_whole_from_its_arn() -> None:
    event = examples.event("inspector-scan")
    event["detail"]["repository-name"] = f"{examples.ARN}:repository/team/app"
    assert recognise_scan(event) == Scanned(repository="team/app")


@given(JSON)
def test_no_json_makes_it_raise(value: Any) -> None:
    assert isinstance(recognise_scan(value), Ignored)
