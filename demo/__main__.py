"""`python -m demo`: the story of `make demo`; `local` is `make local`, and so on."""

import sys

from cli.terminal import choose

COMMANDS = {
    "story": ("demo.story", "the main job, told as it happens on the embedded AWS (make demo)"),
    "local": ("demo.local", "keep the embedded AWS running for the aws CLI (make local)"),
    "picture": ("demo.picture", "record the story's second act for the front page (make picture)"),
    "screenshots": (
        "demo.screenshots",
        "the dashboard's pictures for the pages (make screenshots)",
    ),
    "on-call": ("demo.on_call", "a night on call, typed with slipway, as docs/on-call.md shows it"),
}

if __name__ == "__main__":
    sys.exit(choose("python -m demo", COMMANDS, sys.argv[1:] or ["story"]))
