"""Spans of time: which part of some is left when others are taken away."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta

Span = tuple[int, int]  # milliseconds since 1970 (UTC)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def at(moment: datetime) -> int:
    """Return the whole milliseconds since 1970 (UTC) of a moment, as a stored one has them."""
    return (moment - _EPOCH) // _MILLISECOND


def cut(spans: Iterable[Span], taken: Iterable[Span]) -> list[Span]:
    """Return what is left of the spans without those taken."""
    taken = merged(taken)
    return [part for span in spans for part in _rest(span, taken)]


def _rest(span: Span, taken: Sequence[Span]) -> Iterator[Span]:
    begin, end = span
    for first, last in taken:
        if begin < first < end:
            yield begin, first
        if first < end:
            begin = max(begin, last)
    if begin < end:
        yield begin, end


def merged(spans: Iterable[Span]) -> list[Span]:
    """Return the same time in spans that do not overlap, in order; those that end early are none.

    >>> merged([(5, 9), (1, 3), (2, 6), (8, 4)])
    [(1, 9)]
    """
    found: list[Span] = []
    for begin, end in sorted(span for span in spans if span[0] < span[1]):
        if found and begin <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((begin, end))
    return found


def length(spans: Iterable[Span]) -> int:
    """Return the milliseconds of spans that do not overlap."""
    return sum(end - begin for begin, end in spans)


def shared_out(
    whole: Span, phases: Iterable[str], spans: Mapping[str, Iterable[Span]]
) -> dict[str, int]:
    """Return the milliseconds of each phase: a moment is of the first phase that has it.

    The last phase gets what no phase has, so all of them together are `whole`.
    """
    free, found, last = merged([whole]), {}, ""
    for last in phases:
        rest = cut(free, spans.get(last, ()))
        found[last] = length(free) - length(rest)
        free = rest
    return found | {last: found.get(last, 0) + length(free)}
