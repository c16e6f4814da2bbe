"""`python -m cli.package STAGE`: what `make package` runs."""

import sys

from cli.terminal import run_module

if __name__ == "__main__":
    sys.exit(run_module("cli.package.command", sys.argv[1:]))
