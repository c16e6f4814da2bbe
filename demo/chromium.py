"""this machine -> its Chromium, which playwright drives: none is ever downloaded."""

from __future__ import annotations

import shutil

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
NEEDED = "Chromium: Debian's package chromium, or another of " + ", ".join(NAMES[1:])
FLAGS = (
    "--no-sandbox",  # as root, as in a container, it does not start with one
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def chromium() -> str | None:
    """The program's path; None where no known name is installed."""
    return next(filter(None, map(shutil.which, NAMES)), None)
