"""Names with wildcards: what they mean together, against trying every short name."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.package.globs import covering, meet
from embedded.iam.evaluate import glob

PATTERNS = st.text("ab*?", max_size=4)
NAMES = st.text("ab-", min_size=1, max_size=6)
SHORT = ["".join(letters) for length in range(9) for letters in product("ab", repeat=length)]


@given(PATTERNS, PATTERNS)
def test_two_patterns_meet_exactly_when_some_name_matches_both(one: str, other: str) -> None:
    """Names of up to eight letters suffice: two patterns of four characters name no more."""
    both = any(glob(one, name) and glob(other, name) for name in SHORT)
    assert meet(one, other) == meet(other, one) == both


@pytest.mark.parametrize(
    ("one", "other", "both"),
    [
        ("role/conflicto-*", "role/conflicto-task-prod", True),
        ("role/conflicto-*", "role/conflicto-*", True),
        ("role/conflicto-*-dev", "role/conflicto-*-prod", False),
        ("role/*-task", "role/prod-*", True),
        ("conflicto-dev-*", "conflicto-dev-x-*", True),
        ("conflicto-*-dev", "conflicto-*-my-dev", True),
        ("conflicto-dev", "conflicto-devx", False),
        ("*" * 200, "a*" * 200 + "b", True),
    ],
)
def test_patterns_as_people_write_them(one: str, other: str, both: bool) -> None:
    assert meet(one, other) is both


@given(st.sets(NAMES, min_size=1, max_size=5), st.sets(NAMES, max_size=5))
def test_a_covering_pattern_matches_all_names_and_none_of_the_others(
    names: set[str], others: set[str]
) -> None:
    pattern = covering(names, others)
    if pattern is None:
        assert covering(names, set()) is not None
        return
    assert all(glob(pattern, name) for name in names)
    assert not any(glob(pattern, other) for other in others)


def test_a_pattern_is_what_names_begin_and_end_with() -> None:
    assert covering({"api-dev", "api-worker-dev"}, ()) == "api-*dev"
    assert covering({"aa", "aaa"}, ()) == "aa*"
    assert covering({"shop-api-dev", "shop-web-dev"}, {"shop-api-prod"}) == "shop-*-dev"
    assert covering({"a-dev", "b-dev"}, {"c-my-dev"}) is None
    assert covering({"only"}, ()) == "only"
