"""`python3 cli/install.py FOLDER REQUIREMENTS`: a virtual environment with what is pinned.

Every package has its hash in the list, so pip installs the bytes that were chosen, or nothing.
Run by the Makefile before anything is installed, by whatever Python is there: only the standard
library, and no syntax that an old Python does not know.
"""

import subprocess
import sys
import time
from pathlib import Path

NEEDED = (3, 11)
# pip's arguments wherever Slipway installs; a package without a hash in the list is refused.
INSTALL = ("install", "--quiet", "--disable-pip-version-check", "--require-hashes")
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
        _run([str(pip), *INSTALL, "--requirement", requirements], words)
    except Failed as failed:
        return f"{failed} {_next(str(failed))}"
    return ""


def reason(said: str) -> str:
    """Why pip failed, as it says itself: its last error, with the lines that belong to it."""
    lines = said.strip().splitlines() or ["it said nothing"]
    errors = [number for number, line in enumerate(lines) if line.startswith("ERROR: ")]
    words = " ".join(lines[errors[-1] if errors else -1 :]).split()
    return " ".join(words).replace("ERROR: ", "").rstrip(". ")


def _next(failed: str) -> str:
    if "HASHES" in failed:
        return (
            "Nothing of it was installed. Next: find out why the bytes are others before anything "
            "else: compare the hash with the one on the package's page at PyPI."
        )
    return "Next: see that PyPI can be reached, then the same command again."


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
        raise Failed(f"{words} failed: {reason(said)}.")


if __name__ == "__main__":
    try:
        sys.exit(main(*sys.argv[1:]) or 0)
    except KeyboardInterrupt:
        clear = "\r\x1b[K" if sys.stderr.isatty() else ""
        print(
            f"{clear}Interrupted. The same command goes on with the installation.", file=sys.stderr
        )
        sys.exit(_INTERRUPTED)
