"""A finding: what is wrong, how much it matters, and what to do."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum
from typing import TypeVar

from chalicelib.explain import text
from chalicelib.model.base import Frozen


class Severity(StrEnum):
    """How much a finding matters; the worst comes first."""

    ERROR = "error"  # a deployment will fail
    WARNING = "warning"  # it will hurt some day
    ADVICE = "advice"  # faster or safer


class Found(Frozen):
    """What a rule says; the rule's own name and the service are added by `findings`.

    `remedy` is a command, a line of targets.toml, or what to write into the task definition.
    `seconds` is what a rollout would save; None where it is not about time.
    """

    severity: Severity
    sentence: str
    remedy: str
    seconds: int | None = None


class Finding(Found):
    """A finding about one service, or about the stack. `check` is the name of its rule."""

    service: str
    check: str


Facts = TypeVar("Facts")
Rule = Callable[[Facts], Found | None]


def findings(service: str, rules: Iterable[Rule[Facts]], facts: Facts) -> Iterator[Finding]:
    """Everything that the rules find, in their order. A rule's name is the name of its check."""
    for rule in rules:
        if (found := rule(facts)) is not None:
            yield named(found, service, rule.__name__)


def named(found: Found, service: str, rule: str) -> Finding:
    return Finding(**found.model_dump(), service=service, check=rule.replace("_", "-"))


def error(sentence: str, remedy: str) -> Found:
    return Found(severity=Severity.ERROR, sentence=sentence, remedy=remedy)


def warning(sentence: str, remedy: str) -> Found:
    return Found(severity=Severity.WARNING, sentence=sentence, remedy=remedy)


def advice(sentence: str, remedy: str, seconds: int | None = None) -> Found:
    return Found(severity=Severity.ADVICE, sentence=sentence, remedy=remedy, seconds=seconds)


def listed(names: Iterable[str], most: int = 3) -> str:
    """As "a, b, c and 4 more"."""
    return text.listed(list(names), most)
