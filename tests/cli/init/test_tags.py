"""The tags that are there, and the rule that they ask for."""

from __future__ import annotations

import pytest

from chalicelib.model.tag_patterns import matches
from cli.init.tags import shape_of, tag_rule

COMMITS = ("0a1b2c3", "f" * 40)


@pytest.mark.parametrize(
    "tags",
    [
        (),
        COMMITS,
        (*COMMITS, "latest", "v1.2.3", "1.2.3", "sha-0a1b2c3", "v1.2.3-rc.1"),
        (*COMMITS, "sha256-" + "0a" * 32, "sha256-" + "0a" * 32 + ".sig"),
        ("dev-0a1b2c3", "0a1b2c3-dev"),
    ],
)
def test_commits_and_versions_need_no_rule(tags: tuple[str, ...]) -> None:
    assert tag_rule({"dev": tags}, {"dev": "0a1b2c3"}, one_repository=False).pattern is None
    assert tag_rule({"dev": tags}, {"dev": "0a1b2c3"}, one_repository=False).remark == ""


def test_a_few_other_tags_are_kept_out_and_told() -> None:
    rule = tag_rule(
        {"dev": (*COMMITS, "v1.2.3", "main", "cache")}, {"dev": "0a1b2c3"}, one_repository=False
    )
    assert rule.pattern is not None
    assert all(matches(rule.pattern, tag) for tag in (*COMMITS, "v9.9.9"))
    assert not any(matches(rule.pattern, tag) for tag in ("main", "cache", "latest"))
    assert rule.remark.endswith("Others are there: cache, main.")


@pytest.mark.parametrize(
    ("tags", "running"),
    [
        (("release-1", "release-2", "release-3", "release-4", "0a1b2c3"), "0a1b2c3"),
        ((*COMMITS, "main"), "main"),
    ],
)
def test_where_other_tags_are_usual_or_run_the_default_stays(
    tags: tuple[str, ...], running: str
) -> None:
    rule = tag_rule({"dev": tags}, {"dev": running}, one_repository=False)
    assert rule.pattern is None
    assert rule.remark.startswith("Every tag but latest deploys, also ")


def test_many_other_tags_are_counted() -> None:
    rule = tag_rule({"dev": ("a", "b", "c", "d", "e")}, {"dev": ""}, one_repository=False)
    assert rule.remark == "Every tag but latest deploys, also a, b, c and 2 more."


def test_where_only_latest_is_there_a_person_must_change_that() -> None:
    rule = tag_rule({"dev": ("latest",)}, {"dev": "latest"}, one_repository=False)
    assert rule.pattern is None
    assert "Push each image with its commit as tag" in rule.remark


def test_environments_of_one_repository_take_the_tags_of_their_names() -> None:
    tags = ("dev-0a1b2c3", "prod-0a1b2c3", "latest")
    rule = tag_rule(
        {"dev": tags, "prod": tags},
        {"dev": "dev-0a1b2c3", "prod": "prod-0a1b2c3"},
        one_repository=True,
    )
    assert rule.pattern == "^{env}-[0-9a-f]{7,40}$"
    prod = rule.pattern.replace("{env}", "prod")
    assert matches(prod, "prod-0a1b2c3")
    assert not matches(prod, "dev-0a1b2c3")


@pytest.mark.parametrize("running", ["0a1b2c3", "latest", "", "dev-0a1b2c3"])
def test_other_tags_do_not_tell_environments_of_one_repository_apart(running: str) -> None:
    rule = tag_rule({}, {"dev": "dev-0a1b2c3", "prod": running}, one_repository=True)
    assert (rule.pattern is None) == (running in {"0a1b2c3", "dev-0a1b2c3"})


def test_a_shape_matches_the_tag_that_it_was_made_of() -> None:
    for tag in ("0a1b2c3", "sha-0a1b2c3", "v1.2.3", "1.2.3-rc1", "dev-v1.2.3", "0a1b2c3-dev"):
        shape = shape_of(tag, "dev")
        assert shape is not None
        assert matches(shape.replace("{env}", "dev"), tag)
    assert shape_of("main", "dev") is None
    assert shape_of("dev", "dev") is None
