"""What a vulnerability scan says of an image: ECR's own, or Amazon Inspector's."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from chalicelib.model.base import Frozen, Moment


class Severity(StrEnum):
    """ECR's words (API reference, ImageScanFindings), mildest first."""

    UNDEFINED = "UNDEFINED"
    INFORMATIONAL = "INFORMATIONAL"
    LOW = "LOW"
    MEDIUM = "MEDIUM"
    HIGH = "HIGH"
    CRITICAL = "CRITICAL"

    @property
    def rank(self) -> int:
        return list(Severity).index(self)


def severity(name: str) -> Severity:
    """ECR's severity of this name; what it does not know (Inspector's UNTRIAGED) is UNDEFINED."""
    return Severity(name) if name in Severity.__members__ else Severity.UNDEFINED


class Scan(Frozen):
    """The scan of one image; `waiting`: it has not ended, or not begun; `none`: it never will.

    `counts` are the findings by severity, worst first. `empty`: it has ended and shows no finding;
    `ended` is then when (UTC), as far as AWS says. `why` says why there is no result; `denial` is
    what AWS denied, in words.
    """

    state: Literal["done", "waiting", "none"]
    counts: tuple[tuple[Severity, int], ...] = ()
    empty: bool = False
    ended: Moment | None = None
    why: str = ""
    denial: str = ""
