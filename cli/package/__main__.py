"""`python -m cli.package STAGE`: the same as `python -m cli package STAGE`."""

import sys

from cli.__main__ import COMMANDS
from cli.terminal import choose

if __name__ == "__main__":
    sys.exit(choose("python -m cli", COMMANDS, ["package", *sys.argv[1:]]))
