"""What `re` matches, tag patterns match too; and no pattern keeps them busy."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.model import tag_patterns
from chalicelib.model.tag_patterns import DEEPEST, LONGEST, checked, matches

SEMVER = (
    r"^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-((?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)"
    r"(?:\.(?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*))?"
)
TAGS = ["latest", "v1.2.3", "1.2.3-rc.1", "1.2.3-01", "abc1234", "dev-x", "dev", "a_b", "1", "-a-"]
PATTERNS = [
    r"^([0-9a-f]{7,40}|v\d+\.\d+\.\d+)$",
    SEMVER,
    r"(?!latest$|dev-).+",
    r"(?P<name>[a-z]+)-?\w*",
    r"(?=.*\d)[\w.-]{3,}?",
    r"[^]a-c]+",
    r"[]\]a-z-]+",
    r"\x61.*|\bdev\b",
    r"main|release-.{1,20}",
    r"a{,2}b{|{}|\w{3}",
    r"(?:|a)+.(?:\d?){2,}\Z",
    "",
]


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("tag", TAGS)
def test_a_tag_matches_as_re_says(pattern: str, tag: str) -> None:
    assert matches(checked(pattern), tag) is (re.fullmatch(pattern, tag) is not None)


_SINGLE = st.sampled_from(["a", "b", "1", ".", r"\.", "[ab]", "[^a]", r"\d", r"\w", "-", "^", "$"])
_OFTEN = st.sampled_from(["", "", "?", "*", "+", "*?", "{2}", "{1,3}", "{,2}", "{2,}"])


def _larger(patterns: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    groups = st.builds(
        "{}{}){}".format, st.sampled_from(["(", "(?:", "(?=", "(?!"]), patterns, _OFTEN
    )
    pairs = st.builds("{}{}".format, patterns, patterns)
    return groups | pairs | st.builds("{}|{}".format, patterns, patterns)


def _well_formed(pattern: str) -> bool:
    try:
        checked(pattern)
    except ValueError:
        return False
    return True


_REPEATED = st.builds("{}{}".format, _SINGLE, _OFTEN)
WELL_FORMED = st.recursive(_REPEATED, _larger, max_leaves=6).filter(_well_formed)


@settings(max_examples=400)
@given(WELL_FORMED, st.text("ab1.-", max_size=7))
def test_any_tag_matches_as_re_says(pattern: str, tag: str) -> None:
    assert matches(pattern, tag) is (re.fullmatch(pattern, tag) is not None)


SLOW_IN_RE = [
    r"^([a-z0-9]+-?)+$",
    r"(a|a)*b",
    r"(a*)*b",
    r"a*a*a*a*a*a*a*a*b",
    r"(.*)(.*)(.*)(.*)(.*)=",
    r"((a?b?)*c?)*x",
    r"(?:(?:(?:aa)*y|aa)*x|aa)*",
    r"(?:(?!(?:aa)*b)a)*b",
    r"((((a{0,128}){0,128}){0,128}){0,128})b",
    r"(?:(?:(?:(?:(?:a|c)*b|a)*c|a)*d|a)*e|a)*",
    ".*" * 40,
    "a?" * 128 + "a" * 128 + "b",
]


@pytest.mark.parametrize("pattern", SLOW_IN_RE)
def test_a_pattern_that_re_takes_for_ever_over_takes_bounded_steps(pattern: str) -> None:
    tag = "a" * 127 + "!"
    assert steps(lambda: matches(checked(pattern), tag)) < len(pattern) * len(tag) ** 2


@pytest.mark.parametrize("group", ["(", "(?:", "(?=", "(?!", "(a|"])
@pytest.mark.parametrize("often", ["", "*", "{1,99}"])
def test_the_deepest_pattern_is_matched_with_most_of_the_stack_in_use(
    group: str, often: str
) -> None:
    pattern = checked(group * DEEPEST + "a" + f"){often}" * DEEPEST)

    def deep(left: int) -> None:
        if left:
            deep(left - 1)
        else:
            matches(pattern, "a" * 128)

    deep(500)


def steps(work: Callable[[], Any]) -> int:
    """How many functions of the module are called."""
    calls = 0

    def count(frame: FrameType, event: str, _: Any) -> None:
        nonlocal calls
        calls += event == "call" and frame.f_code.co_filename == tag_patterns.__file__

    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(None)
    return calls


@pytest.mark.parametrize(
    ("pattern", "error"),
    [
        ("[", "not a regular expression"),
        ("a{99999999999}", "not a regular expression"),
        (r"(a)\1", r"`\\1` is not for tags: expected characters"),
        ("(?P<x>a)(?P=x)", r"`\(\?P` is not for tags"),
        ("(?<=v)1", r"`\(\?<` is not for tags"),
        ("(?i)a", r"`\(\?i` is not for tags"),
        ("(?>a)", r"`\(\?>` is not for tags"),
        ("a*+b", r"`\*\+` is not for tags"),
        (r"\u0061", r"`\\u` is not for tags"),
        ("a" * (LONGEST + 1), "at most 500 characters"),
        ("(" * (DEEPEST + 1) + "a" + ")" * (DEEPEST + 1), "groups at most 20 deep"),
    ],
)
def test_what_would_not_take_bounded_steps_is_refused(pattern: str, error: str) -> None:
    with pytest.raises(ValueError, match=error):
        checked(pattern)
