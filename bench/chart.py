"""rows -> out/bench.svg: when each tool gave its verdict on each scenario, and which were wrong.

The picture is as narrow as a phone, so that its words stay legible there.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from xml.sax.saxutils import escape

from bench.rows import TOOLS, Row
from example.scenarios import SCENARIOS

_COLORS = {
    "slipway": "#0969da",
    "slipway-lag": "#8250df",
    "ecs-deploy": "#9a6700",
    "aws-waiter": "#6e7781",
}
_LEFT, _TOP, _WIDTH, _LINE = 186, 98, 244, 21
_FROM, _TO = 5.0, 4800.0  # seconds, logarithmic
_TICKS = ((10, "10 s"), (60, "1 min"), (600, "10 min"), (3600, "1 h"))
_BESIDE = {
    "slipway": -6.0,
    "slipway-lag": -2.0,
    "ecs-deploy": 2.0,
    "aws-waiter": 6.0,
}  # so that no mark hides another
_WORDS = 'font-family="system-ui, sans-serif" font-size="12.5"'


def svg(rows: Sequence[Row]) -> str:
    shown = [one for one in SCENARIOS if any(row.scenario == one.name for row in rows)]
    height = _TOP + _LINE * len(shown) + 16
    body = [*_legend(), *_stripes(len(shown)), *_grid(height)]
    for number, one in enumerate(shown):
        y = _TOP + _LINE * number + _LINE / 2
        body.append(_text(_LEFT - 12, y + 4, one.name, "#1f2328", "end"))
        body += [_mark(row, y) for row in rows if row.scenario == one.name]
    width = _LEFT + _WIDTH + 20
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
            f'width="{width}" role="img" {_WORDS}>',
            "<title>Seconds from the update to the verdict; wrong verdicts are crosses</title>",
            f'<rect width="{width}" height="{height}" rx="6" fill="#ffffff"/>',
            *body,
            "</svg>\n",
        ]
    )


def _x(seconds: float) -> float:
    share = math.log(min(max(seconds, _FROM), _TO) / _FROM) / math.log(_TO / _FROM)
    return round(_LEFT + share * _WIDTH, 1)


def _legend() -> Iterator[str]:
    """Two marks in a row, since four do not fit beside each other."""
    yield _text(14, 22, "Time to the verdict of", "#1f2328")
    for number, tool in enumerate(TOOLS):
        x, y = _LEFT + 110.0 * (number % 2), 18.0 + 20 * (number // 2)
        yield _dot(x, y, _COLORS[tool])
        yield _text(x + 9, y + 4, tool, "#1f2328")
    yield _cross(_LEFT, 58, "#1f2328")
    yield _text(_LEFT + 9, 62, "a wrong verdict", "#1f2328")


def _stripes(count: int) -> Iterator[str]:
    for number in range(0, count, 2):
        y = _TOP + _LINE * number
        yield f'<rect x="4" y="{y}" width="{_LEFT + _WIDTH + 12}" height="{_LINE}" fill="#f6f8fa"/>'


def _grid(height: float) -> Iterator[str]:
    for seconds, words in _TICKS:
        x = _x(seconds)
        yield f'<path d="M{x} {_TOP - 6}V{height - 14}" stroke="#d0d7de"/>'
        yield _text(x, _TOP - 12, words, "#59636e", "middle")


def _mark(row: Row, y: float) -> str:
    draw = _dot if row.right else _cross
    seconds = _TO if row.seconds is None else row.seconds
    return draw(_x(seconds), y + _BESIDE[row.tool], _COLORS[row.tool])


def _dot(x: float, y: float, color: str) -> str:
    return f'<circle cx="{x}" cy="{y}" r="3.6" fill="{color}"/>'


def _cross(x: float, y: float, color: str) -> str:
    return (
        f'<path d="M{x - 3} {y - 3}l6 6m0-6l-6 6" stroke="{color}" stroke-width="2" fill="none"/>'
    )


def _text(x: float, y: float, words: str, color: str, anchor: str = "start") -> str:
    return f'<text x="{x}" y="{y}" fill="{color}" text-anchor="{anchor}">{escape(words)}</text>'
