"""An `aws` command that answers what a test tells it to, for the scripts of a step."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import package, packaged  # noqa: F401 - fixtures
from tests.github.runner import bare

# Answers as the AWS CLI does: what a function replied goes into the file that the last argument
# names, what Lambda says to stdout. That the real CLI does so, too, is tested where it is run.
_AWS = r"""#!/usr/bin/env bash
set -euo pipefail
cd "$TOLD"
count=$(cat count)
echo "$*" >> calls
payload=$(sed 's/.* --payload fileb:\/\/\([^ ]*\).*/\1/' <<< "$*")
[[ -f $payload ]] && { cat "$payload"; echo; } >> asked
[[ -e $((count + 1)) ]] && echo $((count + 1)) > count
case $(head -c 5 "$count") in
  error) tail -c +7 "$count" >&2; exit 254 ;;
  raise) tail -c +7 "$count" > "${!#}"; echo '{"StatusCode": 200, "FunctionError": "Unhandled"}' ;;
  plain) tail -c +7 "$count" ;;
  *) cat "$count" > "${!#}"; echo '{"StatusCode": 200, "ExecutedVersion": "$LATEST"}' ;;
esac
"""


class AwsCommand:
    """The `aws` on the path: it gives the replies in turn, and the last one again and again."""

    def __init__(self, place: Path) -> None:
        self._place = place
        command = place / "aws"
        command.write_text(_AWS)
        command.chmod(0o755)

    def replies(self, *replies: Any) -> None:
        """Each is a reply, or a text "raise MESSAGE", "error WHAT AWS SAYS", "plain TEXT"."""
        for left in self._place.glob("[0-9]*"):  # of an earlier call
            left.unlink()
        for number, reply in enumerate(replies):
            if isinstance(reply, str) and reply.startswith("raise "):
                reply = "raise " + json.dumps({"errorMessage": reply[6:]})  # noqa: PLW2901
            text = reply if isinstance(reply, str) else json.dumps(reply)
            (self._place / str(number)).write_text(text)
        (self._place / "count").write_text("0")
        (self._place / "asked").write_text("")
        (self._place / "calls").write_text("")

    @property
    def asked(self) -> list[Any]:
        """The payloads of the functions that were invoked."""
        return [json.loads(line) for line in (self._place / "asked").read_text().splitlines()]

    @property
    def calls(self) -> list[str]:
        return (self._place / "calls").read_text().splitlines()


@pytest.fixture
def status(tmp_path: Path) -> AwsCommand:
    place = tmp_path / "told"
    place.mkdir()
    return AwsCommand(place)


@pytest.fixture
def shell(status: AwsCommand, tmp_path: Path) -> dict[str, str]:
    """What a step sees once aws-actions/configure-aws-credentials ran."""
    place = tmp_path / "told"
    path = f"{place}{os.pathsep}{os.environ['PATH']}"
    return bare() | {"PATH": path, "TOLD": str(place), "AWS_REGION": "us-west-2"}
