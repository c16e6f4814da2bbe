"""Commands of ours as processes of their own: what they print, and whom they leave behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.cli.packages import PROJECT

PATIENCE = 120.0  # seconds; machines that test are busy


class Command:
    """A running command; its output is read from files, so that it never waits for us."""

    def __init__(self, process: subprocess.Popen[bytes], folder: Path) -> None:
        self.process = process
        self._folder = folder

    @property
    def out(self) -> str:
        return (self._folder / "out.txt").read_text("utf-8", errors="replace")

    @property
    def err(self) -> str:
        return (self._folder / "err.txt").read_text("utf-8", errors="replace")

    def wait_for(self, reached: Callable[[], object]) -> None:
        """Until that is so; fails when the command ends before."""
        end = time.monotonic() + PATIENCE
        while not reached():
            assert self.process.poll() is None, (self.out, self.err)
            assert time.monotonic() < end, (self.out, self.err)
            time.sleep(0.02)

    def interrupt(self, times: int = 1) -> int:
        """Press Ctrl-C so many times; the exit code, as a shell counts it.

        Python 3.11 ends itself by SIGINT where the signal struck while it executed a string (as
        dataclasses do when they are made), although KeyboardInterrupt was handled. A shell says 130
        for that as well.
        """
        for _ in range(times):
            self.process.send_signal(signal.SIGINT)
            time.sleep(0.05)
        code = self.process.wait(PATIENCE)
        return 128 - code if code < 0 else code

    def descendants(self) -> set[int]:
        """The processes that it started, and those that these started."""
        return set(_below(self.process.pid))


@contextmanager
def started(
    arguments: list[str], folder: Path, environment: Mapping[str, str] | None = None
) -> Iterator[Command]:
    """`python` with these arguments, in the folder, ended at the end whatever happened."""
    variables = {**os.environ, "PYTHONPATH": str(PROJECT), **(environment or {})}
    with (folder / "out.txt").open("wb") as out, (folder / "err.txt").open("wb") as err:
        process = subprocess.Popen(
            [sys.executable, *arguments], cwd=folder, env=variables, stdout=out, stderr=err
        )
    try:
        yield Command(process, folder)
    finally:
        process.kill()
        process.wait()


def alive(processes: set[int]) -> set[int]:
    """Those that still run; one that has ended and that nobody has waited for does not."""
    return {pid for pid in processes if _state(pid) not in {"", "Z"}}


def _below(pid: int) -> Iterator[int]:
    for path in Path("/proc").glob("[0-9]*/stat"):
        child = int(path.parent.name)
        if _parent(child) == pid:
            yield child
            yield from _below(child)


def _parent(pid: int) -> int:
    fields = _fields(pid)
    return int(fields[1]) if fields else 0


def _state(pid: int) -> str:
    return (_fields(pid) or [""])[0]


def _fields(pid: int) -> list[str]:
    """Of /proc/PID/stat, what follows the command's name: state, parent, …"""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []
