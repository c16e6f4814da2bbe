"""The result of an image's vulnerability scan, by ECR or by Amazon Inspector."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from chalicelib.model.base import Frozen, Moment


class Severity(StrEnum):
    """The severities of a finding, mildest first (ECR API reference, ImageScanFindings)."""

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
    """Return ECR's severity of this name; any other name (UNTRIAGED) means UNDEFINED."""
    return Severity(name) if name in Severity.__members__ else Severity.UNDEFINED


class Scan(Frozen):
    """The scan of one image. `state` is "waiting" before its end, and "none" when none will come.

    `counts` are the findings by severity, worst first. `empty` says that the scan has ended without
    a finding; `ended` is then its end (UTC), where AWS tells it. `why` says why there is no result,
    and `denial` tells which permission was missing to read it.
    """

    state: Literal["done", "waiting", "none"]
    counts: tuple[tuple[Severity, int], ...] = ()
    empty: bool = False
    ended: Moment | None = None
    why: str = ""
    denial: str = ""
