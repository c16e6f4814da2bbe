"""`python3 cli/install.py FOLDER REQUIREMENTS`: a virtual environment with what is pinned.

Run by the Makefile before anything is installed, by whatever Python is there: only the standard
library, and no syntax that an old Python does not know.
"""

import subprocess
import sys
import time
from pathlib import Path

NEEDED = (3, 11)
_INTERRUPTED = 130  # as shells count: 128 and the number of SIGINT


class Failed(Exception):
    """A step of the installation failed; the words are its own last ones."""


def main(folder: str, requirements: str) -> str:
    """What went wrong in a sentence, empty when all is installed."""
    if sys.version_info < NEEDED:
        here = ".".join(map(str, sys.version_info[:3]))
        return f"Slipway needs Python 3.11 or newer; this is {here}. Next: make PYTHON=python3.13"
    pip = Path(folder, "bin", "pip")
    try:
        if not pip.exists():  # also where an earlier attempt was interrupted
            _run([sys.executable, "-m", "venv", folder], f"Making {folder}")
        words = f"Installing what {requirements} pins into {folder}"
        _run(
            [str(pip), "install", "--quiet", "--disable-pip-version-check", "-r", requirements],
            words,
        )
    except Failed as failed:
        return f"{failed} Next: see that PyPI can be reached, then the same command again."
    return ""


def _run(command: "list[str]", words: str) -> None:
    """Run it, with one line that counts the seconds; only the words where output is piped."""
    began, live = time.monotonic(), sys.stderr.isatty()
    print(words, end="" if live else "\n", file=sys.stderr, flush=True)
    process = subprocess.Popen(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    while True:
        try:
            said, _ = process.communicate(timeout=1)
            break
        except subprocess.TimeoutExpired:
            if live:
                seconds = time.monotonic() - began
                print(f"\r{words}: {seconds:.0f} s", end="", file=sys.stderr, flush=True)
        except KeyboardInterrupt:
            process.kill()
            process.wait()
            raise
    if live:
        print("\r\x1b[K", end="", file=sys.stderr, flush=True)
    if process.returncode:
        last = (said.strip() or "it said nothing").splitlines()[-1]
        raise Failed(f"{words} failed: {last.replace('ERROR: ', '').rstrip('. ')}.")


if __name__ == "__main__":
    try:
        sys.exit(main(*sys.argv[1:]) or 0)
    except KeyboardInterrupt:
        clear = "\r\x1b[K" if sys.stderr.isatty() else ""
        print(
            f"{clear}Interrupted. The same command goes on with the installation.", file=sys.stderr
        )
        sys.exit(_INTERRUPTED)
