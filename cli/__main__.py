"""`python -m cli COMMAND …`: everything that an operator of Slipway does from this repository."""

import sys

from cli.terminal import choose

COMMANDS = {
    "package": ("cli.package.command", "make out/STAGE/ without an AWS account (make package)"),
    "deploy": ("cli.deploy.command", "create or update the stack slipway-STAGE (make deploy)"),
    "logs": ("cli.logs", "follow the log of one function (make logs)"),
    "budget": ("cli.package.budget", "whether the package has stayed as small as it was"),
}

if __name__ == "__main__":
    sys.exit(choose("python -m cli", COMMANDS, sys.argv[1:] or ["--help"]))
