"""`python -m cli` is `slipway`. It imports little, so that Ctrl-C works while the rest loads."""

import sys

from cli.terminal import run_module


def slipway() -> int:
    """The console script."""
    return run_module("cli.app", sys.argv[1:])


if __name__ == "__main__":
    sys.exit(slipway())
