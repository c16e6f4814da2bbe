"""A command typed at a terminal of 80 columns, and what the terminal shows of it."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import subprocess
import termios
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

COLUMNS, _ROWS = 80, 50
_QUESTION = ("? ", "] ")  # how a question ends


@dataclass(frozen=True)
class Typed:
    """What the terminal showed, answers included, and the exit code."""

    text: str
    code: int


def typed(
    command: Sequence[str], answers: Sequence[str], environment: Mapping[str, str], folder: Path
) -> Typed:
    """Run the command at a terminal, and answer its questions in order.

    The terminal has no colours and no cursor that moves, so its text is what a person reads.
    """
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", _ROWS, COLUMNS, 0, 0))
    quiet = {"TERM": "dumb", "NO_COLOR": "1"}
    process = subprocess.Popen(
        command,
        cwd=folder,
        env={**environment, **quiet},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    with os.fdopen(ours, "r+b", buffering=0) as terminal:
        text = _conversation(terminal.fileno(), list(answers))
    return Typed(text.replace("\r\n", "\n"), process.wait())


def _conversation(terminal: int, answers: list[str]) -> str:
    text = ""
    while True:
        try:
            read = os.read(terminal, 4096)
        except OSError:  # the command has ended, and the terminal with it
            read = b""
        if not read:
            return text
        text += read.decode(errors="replace")
        if answers and text.endswith(_QUESTION):
            os.write(terminal, f"{answers.pop(0)}\n".encode())
