"""The function `tidy`: in a package only where a target has `keep_revisions`, and then as told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from chalicelib.model.targets import load_targets
from cli.package import boundary, lint
from cli.package.build import Package, package
from cli.package.command import kept_tidy
from cli.package.expansion import expand
from tests.cli.conftest import FUNCTIONS, Packaged
from tests.cli.packages import CACHE, copy_project

TARGET = """
[[target]]
repository = "shop/api"
cluster = "shop"
service = "api"
family = "shop-api"
"""
KEPT = f"{TARGET}keep_revisions = 20\n"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Package:
    root: Path = tmp_path_factory.mktemp("tidy")
    copy_project(root / "project")
    (root / "project" / "chalicelib" / "targets.toml").write_text(KEPT, "utf-8")
    return package(root / "project", "dev", root / "out", "x86_64", CACHE)


@pytest.fixture(scope="module")
def template(made: Package) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(made.template.read_text("utf-8"))
    return read


def test_a_package_whose_targets_keep_all_revisions_knows_nothing_of_it(packaged: Packaged) -> None:
    text = json.dumps(packaged.template)
    assert "idy" not in text
    assert "DeregisterTaskDefinition" not in text


def test_where_revisions_are_kept_the_function_comes_every_hour(template: dict[str, Any]) -> None:
    resources = expand(template)["Resources"]
    functions = [one for one in resources.values() if one["Type"] == "AWS::Lambda::Function"]
    assert len(functions) == len(FUNCTIONS) + 1
    assert resources["Tidy"]["Properties"]["FunctionName"] == "slipway-dev-tidy"
    assert resources["TidyTidyEvent"]["Properties"]["ScheduleExpression"] == "rate(1 hour)"
    assert resources["TidyAlarm"]["Properties"]["AlarmActions"] == [{"Ref": "Notices"}]
    assert lint.findings(template) == []


def test_it_may_use_what_the_others_use(template: dict[str, Any]) -> None:
    resources = template["Resources"]
    assert {"Ref": "TidyRole"} in resources["UseNoticesKey"]["Properties"]["Roles"]
    allowed = resources["FailuresPolicy"]["Properties"]["PolicyDocument"]["Statement"][0]
    sources = allowed["Condition"]["ArnEquals"]["aws:SourceArn"]
    assert {"Fn::GetAtt": ["TidyTidyEvent", "Arn"]} in sources


def test_its_role_alone_may_deregister(template: dict[str, Any]) -> None:
    holding = [
        name
        for name, resource in template["Resources"].items()
        if "ecs:DeregisterTaskDefinition" in json.dumps(resource)
    ]
    assert holding == ["TidyRole"]


def test_packaging_says_aloud_what_it_may_do(made: Package) -> None:
    (line,) = kept_tidy(made.targets)
    assert "shop-api; so this stage has the function `tidy`" in line
    assert "may deregister revisions of any family" in line
    assert list(kept_tidy(load_targets(TARGET, "dev"))) == []


def test_the_boundary_must_be_told_of_it() -> None:
    assert boundary.parameters(load_targets(KEPT, "dev"), ())["KeepRevisions"] == "true"
    assert "KeepRevisions" not in boundary.parameters(load_targets(TARGET, "dev"), ())
