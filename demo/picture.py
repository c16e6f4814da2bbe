"""`make picture`: the demo's terminal -> docs/pictures/demo.svg, recorded while the demo runs.

The picture shows the acts only, in lines that a phone can show, and it fetches no font.
"""

from __future__ import annotations

import io
import sys
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import SVG_EXPORT_THEME
from rich.text import Text

from demo.story import main

PICTURE = Path("docs/pictures/demo.svg")
COLUMNS = 75
_FIRST, _AFTER = "Act 1", "What must be true"
# Rich's own template, without the font that it loads from elsewhere.
_FORMAT = """\
<svg viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg" role="img">
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


def record() -> int:
    """Run the demo and write its picture. Returns the demo's exit code: not 0 where it failed."""
    console = Console(record=True, width=COLUMNS, highlight=False, force_terminal=True)
    failed = main(console)
    if not failed:
        PICTURE.parent.mkdir(parents=True, exist_ok=True)
        PICTURE.write_text(drawn(acts(console.export_text(styles=True))), encoding="utf-8")
        console.print(f"Wrote {PICTURE}")
    return failed


def acts(printed: str) -> str:
    """Of what the demo printed, the lines from the first act to the last.

    Raises:
        ValueError: when the demo has no such headings any more.
    """
    lines = printed.splitlines()
    plain = [Text.from_ansi(line).plain for line in lines]
    try:
        first, after = [
            next(number for number, line in enumerate(plain) if heading in line)
            for heading in (_FIRST, _AFTER)
        ]
    except StopIteration:
        raise ValueError(f"the demo printed no heading {_FIRST!r} or {_AFTER!r}") from None
    return "\n".join(lines[first:after]).rstrip()


def drawn(printed: str) -> str:
    """The lines of a terminal, with their colours, as an SVG."""
    console = Console(record=True, width=COLUMNS, file=io.StringIO())
    console.print(Text.from_ansi(printed))
    svg = console.export_svg(
        title="make demo", theme=SVG_EXPORT_THEME, code_format=_FORMAT, unique_id="demo"
    )
    return "\n".join(line.rstrip() for line in svg.splitlines() if line.strip()) + "\n"


if __name__ == "__main__":
    sys.exit(record())
