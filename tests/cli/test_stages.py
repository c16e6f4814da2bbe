"""One stage's package speaks of that stage only, and is otherwise like every other's."""

from __future__ import annotations

import json
import re
import tomllib
import zipfile
from typing import Any

import pytest

from tests.cli.packages import STAGES, Written, written


@pytest.fixture(params=STAGES)
def stage(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Written:
    return written(tmp_path_factory, request.param)


def nameless(made: Written) -> str:
    """The template as text, with the stage's name wherever it stands as a word of its own."""
    text = json.dumps(made.template, indent=1, sort_keys=True)
    return re.sub(rf"(?<![a-zA-Z]){made.stage}(?![a-zA-Z])", "STAGE", text)


def members(made: Written) -> dict[str, int]:
    """The zip's files and their checksums."""
    with zipfile.ZipFile(made.archive) as zipped:
        return {entry.filename: entry.CRC for entry in zipped.infolist()}


def packed_targets(made: Written) -> dict[str, Any]:
    with zipfile.ZipFile(made.archive) as zipped:
        return tomllib.loads(zipped.read("chalicelib/targets.toml").decode())


def test_the_template_differs_from_another_stages_by_its_names_only(
    stage: Written, tmp_path_factory: pytest.TempPathFactory
) -> None:
    assert nameless(stage) == nameless(written(tmp_path_factory, "dev"))


def test_the_template_names_no_other_stage(stage: Written) -> None:
    text = json.dumps(stage.template)
    for other in set(STAGES) - {stage.stage}:
        assert not re.search(rf"(?<![a-zA-Z]){other}(?![a-zA-Z])", text)


def test_the_zip_differs_from_another_stages_by_its_targets_only(
    stage: Written, tmp_path_factory: pytest.TempPathFactory
) -> None:
    mine, devs = members(stage), members(written(tmp_path_factory, "dev"))
    differing = {name for name in mine.keys() | devs.keys() if mine.get(name) != devs.get(name)}
    assert differing <= {"chalicelib/targets.toml"}


def test_the_zip_holds_the_targets_of_its_stage_filled_in(stage: Written) -> None:
    document = packed_targets(stage)
    assert set(document) == {"target"}
    (target,) = document["target"]
    assert target["service"] == f"conflicto-backend-service-{stage.stage}"
    assert "{env}" not in json.dumps(document)


def test_an_environments_own_keys_are_packed_with_its_targets(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    (prod,) = packed_targets(written(tmp_path_factory, "prod"))["target"]
    (dev,) = packed_targets(written(tmp_path_factory, "dev"))["target"]
    (staging,) = packed_targets(written(tmp_path_factory, "staging"))["target"]
    assert (prod["deadline"], dev["deadline"]) == (45 * 60, 10 * 60)
    assert "deadline" not in staging
    assert dev["tags"] != staging["tags"] == prod["tags"]
