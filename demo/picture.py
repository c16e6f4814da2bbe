"""`make picture`: the demo's terminal -> docs/pictures/demo.svg, recorded while the demo runs.

The picture shows the second act, in which an image crashes. Of its notices it shows the last one,
without the facts at its end. Its lines are as long as a phone can show, and it fetches no font.
"""

from __future__ import annotations

import argparse
import io
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import SVG_EXPORT_THEME
from rich.text import Text

from demo import story

PICTURE = Path("docs/pictures/demo.svg")
COLUMNS = 66
_SHOWN, _NEXT = "Act 2", "Act 3"
_TOP, _SIDE, _BOTTOM = "╭", "│", "╰"  # of the frame around a notice
_FACTS = "│  Service:"  # the first of the facts at its end
# Rich's own template, without the font that it loads from elsewhere.
_FORMAT = """\
<svg viewBox="0 0 {width} {height}" width="640" xmlns="http://www.w3.org/2000/svg" role="img">
<title>The terminal of `make demo`</title>
<style>
.{unique_id}-matrix {{
  font-family: ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace;
  font-size: {char_height}px; line-height: {line_height}px;
}}
.{unique_id}-title {{ font-family: system-ui, sans-serif; font-size: 18px; font-weight: bold; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}"/>
</clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""


def main(arguments: Sequence[str] = ()) -> int:
    """Run the demo and write its picture. Returns the demo's exit code: not 0 where it failed."""
    argparse.ArgumentParser(prog="python -m demo picture", description=__doc__).parse_args(
        arguments
    )
    console = Console(record=True, width=COLUMNS, highlight=False, force_terminal=True)
    failed = story.main(console=console)
    if not failed:
        PICTURE.parent.mkdir(parents=True, exist_ok=True)
        PICTURE.write_text(drawn(act(console.export_text(styles=True))), encoding="utf-8")
        console.print(f"Wrote {PICTURE}")
    return failed


def act(printed: str) -> str:
    """Of what the demo printed, the act that the picture shows.

    Raises:
        ValueError: when the demo has no such headings any more.
    """
    lines = printed.splitlines()
    plain = [Text.from_ansi(line).plain for line in lines]
    try:
        first, after = [
            next(number for number, line in enumerate(plain) if heading in line)
            for heading in (_SHOWN, _NEXT)
        ]
    except StopIteration:
        raise ValueError(f"the demo printed no heading {_SHOWN!r} or {_NEXT!r}") from None
    return "\n".join(_shorter(lines[first:after], plain[first:after])).rstrip()


def _shorter(lines: list[str], plain: list[str]) -> Iterator[str]:
    """The lines without those of every notice but the last one, and without its facts."""
    tops = [number for number, line in enumerate(plain) if line.startswith(_TOP)]
    facts = False
    for number, line in enumerate(plain):
        in_a_notice = line.startswith((_TOP, _SIDE, _BOTTOM))
        facts = in_a_notice and (facts or _FACTS in line) and not line.startswith(_BOTTOM)
        if not in_a_notice or (number >= tops[-1] and not facts):
            yield lines[number]


def drawn(printed: str) -> str:
    """The lines of a terminal, with their colours, as an SVG."""
    console = Console(record=True, width=COLUMNS, file=io.StringIO())
    console.print(Text.from_ansi(printed), end="\n\n")
    svg = console.export_svg(
        title="make demo", theme=SVG_EXPORT_THEME, code_format=_FORMAT, unique_id="demo"
    )
    return "\n".join(line.rstrip() for line in svg.splitlines() if line.strip()) + "\n"
