"""What programs of others find in Slipway: `make eyes` runs each of them, and compares.

`python .ci/eyes.py TEMPLATE` needs the Python that has these programs. TEMPLATE is the expanded
template of one stage. The exit code is 1 if something is found that .ci/accepted.toml does not
accept, or if an entry there accepts nothing. Only pip-audit asks somebody outside: its database.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from accepted import Finding, explained, read, summary, wrong

BESIDE = Path(sys.executable).parent  # where the programs are
ACCEPTED = Path(__file__).with_name("accepted.toml")
WORKFLOWS = (".github/workflows", "docs/examples")


class Unreachable(Exception):
    """What a program must ask does not answer: nothing is known, which is no finding."""


def main(template: str) -> int:
    """0 when every finding is accepted, and everything accepted is found."""
    accepted = read(ACCEPTED.read_text("utf-8"), EYES)
    problems: list[str] = []
    for tool, look in EYES.items():
        began = time.monotonic()
        mine = [one for one in accepted if one.tool == tool]
        try:
            found = look(Path(template))
        except Unreachable as unknown:
            print(f"{tool}: {unknown}", flush=True)
            continue
        print(f"{tool}: {summary(found, mine)} ({time.monotonic() - began:.0f} s)")
        print("".join(f"  {line}\n" for line in explained(found, mine)), end="", flush=True)
        problems += wrong(found, mine)
    sys.stderr.write("".join(f"{problem}\n" for problem in problems))
    return 1 if problems else 0


# The programs


def checkov(template: Path) -> list[Finding]:
    """The stack, the templates in bootstrap, and the workflows."""
    looks = (("-f", template, "cloudformation"), ("-d", Path("bootstrap"), "cloudformation"),
             ("-d", Path(".github"), "github_actions"))  # fmt: skip
    return [finding for how, place, kind in looks for finding in _checkov(how, place, kind)]


def _checkov(how: str, place: Path, kind: str) -> Iterator[Finding]:
    command = [how, str(place), "--framework", kind, "--skip-download", "--quiet", "--compact"]
    report = json.loads(run("checkov", *command, "--output", "json"))
    if "results" not in report or report["summary"]["parsing_errors"]:
        raise ValueError(f"checkov read nothing, or not all, of {place}: {report}")
    for one in report["results"]["failed_checks"]:
        file = "stack" if how == "-f" else f"{place}{one['file_path']}"
        where = f"{file}:{one['resource']}"
        yield Finding("checkov", one["check_id"], where, one["check_name"])


def cloudsplaining(template: Path) -> list[Finding]:
    """What the roles of the stack may change, and which of that without a limit to its resource."""
    # Here, because only the environment of the eyes has it.
    from cloudsplaining.command.scan_policy_file import scan_policy  # noqa: PLC0415

    return list(risky(json.loads(template.read_text("utf-8")), scan_policy))


def risky(template: dict[str, Any], scan: Callable[..., dict[str, Any]]) -> Iterator[Finding]:
    for role, document in policies(template):
        limited = _actions(
            scan(document, flag_conditional_statements=True, flag_resource_arn_statements=True)
        )
        unlimited = _actions(scan(document))
        for kind, action in sorted(limited | unlimited):
            free = "unlimited " if (kind, action) in unlimited else ""
            yield Finding("cloudsplaining", f"{free}{kind} {action}", role, "the role may do this")


def policies(template: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each role's name and its policies, what CloudFormation would put in as text."""
    for name, resource in template["Resources"].items():
        if resource["Type"] == "AWS::IAM::Role":
            for policy in resource["Properties"].get("Policies", []):
                statements = policy["PolicyDocument"]["Statement"]
                plain = [one | {"Resource": _arns(one["Resource"])} for one in statements]
                yield name, policy["PolicyDocument"] | {"Statement": plain}


def _arns(resources: Any) -> list[str]:
    """What is made by CloudFormation as an ARN that limits: only its being no `*` matters."""
    listed = resources if isinstance(resources, list) else [resources]
    return [one if isinstance(one, str) else "arn:aws:any:::thing" for one in listed]


def _actions(results: dict[str, Any]) -> set[tuple[str, str]]:
    found: set[tuple[str, str]] = set()
    for kind, result in results.items():
        for one in result["findings"] if isinstance(result, dict) else ():
            found.add((kind, one if isinstance(one, str) else one["type"]))
    return found


def bandit(_template: Path) -> list[Finding]:
    """The code that is shipped, and that of the command."""
    report = json.loads(run("bandit", "-q", "-r", "chalicelib", "cli", "app.py", "-f", "json"))
    if report["errors"]:
        raise ValueError(f"bandit could not read all: {report['errors']}")
    return [
        Finding(
            "bandit", one["test_id"], one["filename"], _at_line(one, "line_number", "issue_text")
        )
        for one in report["results"]
    ]


def _at_line(one: dict[str, Any], line: str, words: str) -> str:
    return f"line {one[line]}: {one[words].rstrip('.')}"


def pip_audit(_template: Path) -> list[Finding]:
    """Known vulnerabilities of what runs on Lambda."""
    options = ("--no-deps", "--disable-pip", "--progress-spinner", "off", "--format", "json")
    said = run("pip-audit", "-r", "requirements.txt", *options, unreachable="ConnectionError")
    return vulnerable(json.loads(said)["dependencies"])


def vulnerable(dependencies: Sequence[dict[str, Any]]) -> list[Finding]:
    """The flaws that are known; Unreachable if there is none and a library was not looked up."""
    found = [
        Finding(
            "pip-audit", flaw["id"], one["name"], f"mended in {', '.join(flaw['fix_versions'])}"
        )
        for one in dependencies
        for flaw in one.get("vulns", ())
    ]
    skipped = [one["name"] for one in dependencies if "skip_reason" in one]
    if skipped and not found:
        raise Unreachable(f"not known, its database says nothing of {len(skipped)} libraries")
    return found


def actionlint(_template: Path) -> list[Finding]:
    """The workflows, and by shellcheck the shell in their steps."""
    files = [str(path) for folder in WORKFLOWS for path in sorted(Path(folder).glob("*.yml"))]
    said = run(
        "actionlint",
        "-shellcheck",
        str(BESIDE / "shellcheck"),
        "-pyflakes=",
        "-format",
        "{{json .}}",
        *files,
    )
    return [
        Finding("actionlint", one["kind"], one["filepath"], _at_line(one, "line", "message"))
        for one in json.loads(said)
    ]


def run(program: str, *words: str, unreachable: str = "") -> str:
    """What it prints; each exits with 1 where it found something, so only its output counts."""
    quiet = os.environ | {"BC_SKIP_MAPPING": "TRUE", "LOG_LEVEL": "ERROR"}
    done = subprocess.run(
        [BESIDE / program, *words], capture_output=True, text=True, check=False, env=quiet
    )
    if not done.stdout.strip():
        if unreachable and unreachable in done.stderr:
            raise Unreachable("not known, its database does not answer")
        raise ValueError(f"{program} said nothing: {done.stderr[-500:]}")
    return done.stdout


EYES: dict[str, Callable[[Path], list[Finding]]] = {
    "checkov": checkov,
    "cloudsplaining": cloudsplaining,
    "bandit": bandit,
    "pip-audit": pip_audit,
    "actionlint": actionlint,
}  # fmt: skip

if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
