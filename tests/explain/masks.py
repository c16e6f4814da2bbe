"""How many secrets are hidden, beside what detect-secrets finds: `python -m tests.explain.masks`.

It prints a table, and then each line on which detect-secrets does better than the masks.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from itertools import chain
from typing import Any

from detect_secrets.core.plugins.util import get_mapping_from_secret_type_to_class
from detect_secrets.plugins.base import BasePlugin

from chalicelib.explain.mask import safe_lines
from tests.explain.benign_lines import BENIGN
from tests.explain.secret_lines import ADVERSARIAL, CORE, Line

_PIECE = 6


def left(line: Line, shown: str) -> tuple[str, ...]:
    """The secrets of `line` of which `shown` has six characters in a row, or a shorter one."""
    return tuple(secret for secret in line.secrets if any(each in shown for each in _parts(secret)))


def _parts(secret: str) -> list[str]:
    last = max(1, len(secret) - _PIECE + 1)
    return [secret[begin : begin + _PIECE] for begin in range(last)]


def by_masks(text: str) -> str:
    return "\n".join(safe_lines(text.split("\n")))


def by_detect_secrets(text: str) -> str:
    """`text` without what the plugins of detect-secrets find in its lines."""
    for line in text.split("\n"):
        for plugin in _plugins():
            for found in plugin.analyze_line(filename="log", line=line, line_number=1):
                text = text.replace(found.secret_value or "\0", "***")
    return text


@cache
def _plugins() -> tuple[BasePlugin, ...]:
    classes: Iterable[Any] = get_mapping_from_secret_type_to_class().values()
    return tuple(plugin() for plugin in classes)


def hidden(lines: Sequence[Line], shown: Callable[[str], str]) -> list[Line]:
    return [line for line in lines if not left(line, shown(line.text))]


def main() -> None:
    """Prints the table."""
    _print(f"{'':18}{'core':>10}{'adversarial':>14}{'benign kept':>14}{'CPU µs a line':>16}")
    done: dict[str, list[list[Line]]] = {}
    for name, shown in (("Slipway", by_masks), ("detect-secrets", by_detect_secrets)):
        begin = time.process_time()
        done[name] = [hidden(CORE, shown), hidden(ADVERSARIAL, shown)]
        kept = sum(shown(line) == line.replace("\t", " ") for line in BENIGN)
        each = (time.process_time() - begin) / (len(CORE) + len(ADVERSARIAL) + len(BENIGN))
        core, adversarial = (len(lines) for lines in done[name])
        _print(
            f"{name:18}{f'{core}/{len(CORE)}':>10}{f'{adversarial}/{len(ADVERSARIAL)}':>14}"
            f"{f'{kept}/{len(BENIGN)}':>14}{1e6 * each:>16.0f}"
        )
    ours, theirs = (list(chain.from_iterable(lists)) for lists in done.values())
    for line in theirs:
        if line not in ours:
            _print(f"found by detect-secrets only: {line.text!r}")
    for line in (*CORE, *ADVERSARIAL):
        if line not in ours:
            _print(f"left: {line.text!r}")


def _print(text: str) -> None:
    sys.stdout.write(f"{text}\n")


if __name__ == "__main__":
    main()
