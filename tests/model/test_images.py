"""What an image's tags tell."""

from __future__ import annotations

import pytest

from chalicelib.model.images import commit_named


@pytest.mark.parametrize(
    ("tags", "commit"),
    [
        (("abc1234",), "abc1234"),
        (("latest", "v1.2.3", "abc1234"), "abc1234"),
        (("sha-0123456",), "0123456"),
        (("a" * 40,), "a" * 40),
        (("a" * 41,), ""),
        (("abc123",), ""),
        (("20261123",), ""),
        (("ABC1234",), ""),
        (("v1.2.3",), ""),
        ((), ""),
    ],
    ids=["a short SHA", "among others", "marked", "a whole SHA", "too long", "too short",
         "digits alone", "capitals", "a version", "no tag"],
)  # fmt: skip
def test_a_tag_that_is_a_git_sha_names_the_commit(tags: tuple[str, ...], commit: str) -> None:
    assert commit_named(tags) == commit
