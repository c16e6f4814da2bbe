"""`python -m cli.deploy STAGE`: the same as `python -m cli deploy STAGE`."""

import sys

from cli.__main__ import COMMANDS
from cli.terminal import choose

if __name__ == "__main__":
    sys.exit(choose("python -m cli", COMMANDS, ["deploy", *sys.argv[1:]]))
