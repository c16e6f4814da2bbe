"""`python -m cli.stack STAGE`: what `make deploy` runs."""

import sys

from cli.terminal import run_module

if __name__ == "__main__":
    sys.exit(run_module("cli.stack.command", sys.argv[1:]))
