"""A question to `status` -> each page of its reply."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from chalicelib.errors import Refused

if TYPE_CHECKING:  # boto3 takes a third of a second
    from cli.functions import Functions


def pages(functions: Functions, asked: Mapping[str, Any], of: str) -> Iterator[dict[str, Any]]:
    """Each page, in order; `of` names what they are pages of.

    A function of an earlier release replies with one page, which has all.

    Raises:
        Refused: when a page does not come, or the pages do not end.
    """
    page = functions.call("status", asked)
    yield page
    known: set[str] = set()
    while after := page.get("next"):
        if after in known:
            raise Refused(f"The pages of {of} do not end: {after} came twice")
        known.add(after)
        page = functions.call("status", {**asked, "after": after})
        yield page
