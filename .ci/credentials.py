"""No credential in the repository: detect-secrets over every file that git knows, or may soon.

`python .ci/credentials.py` prints what is found and not explained below, and what is explained and
not found any more; its exit code is then 1.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

from detect_secrets import SecretsCollection
from detect_secrets.settings import default_settings

# file, detector -> why it is no secret.
EXPLAINED = {
    ("bench/command.py", "Secret Keyword"): "a small server on loopback takes any key",
    ("bootstrap/slipway.yaml", "Secret Keyword"): "the ARN of a secret, which names it",
    ("chalicelib/explain/causes.py", "Secret Keyword"): "the names of two kinds of causes",
    ("chalicelib/definition/compare.py", "Secret Keyword"): "a key of a container definition",
    ("docs/contracts.md", "Hex High Entropy String"): "the id of a task",
    ("demo/on_call.py", "Secret Keyword"): "the embedded AWS takes any key",
    ("embedded/services/ecs/api/run_task.py", "Hex High Entropy String"): "a made-up instance",
    ("rehearsal/rehearsal.py", "Secret Keyword"): "the rehearsal's AWS takes any key",
    ("tests/bootstrap/templates.py", "Secret Keyword"): "the embedded AWS takes any key",
    ("tests/cli/init/conftest.py", "Secret Keyword"): "the embedded AWS takes any key",
    ("tests/cli/test_deploy.py", "Secret Keyword"): "no AWS is asked",
    ("tests/cli/test_deploy_to_the_embedded_aws.py", "Secret Keyword"): "it takes any key",
    ("tests/cli/test_interrupts.py", "Secret Keyword"): "no AWS is asked",
    ("tests/cli/test_logs.py", "Secret Keyword"): "the embedded AWS takes any key",
    ("tests/explain/test_breakdown.py", "Secret Keyword"): "made up, to see it masked",
    ("tests/explain/benign_lines.py", "Hex High Entropy String"): "a digest and a commit",
    ("tests/explain/secret_lines.py", "Basic Auth Credentials"): "made up, to see it masked",
    ("tests/explain/secret_lines.py", "Private Key"): "made up, to see it masked",
    ("tests/explain/test_case.py", "Private Key"): "made up, to see it masked",
    ("tests/explain/test_golden_cases.py", "Basic Auth Credentials"): "made up, to see it masked",
    ("tests/explain/test_mask.py", "AWS Access Key"): "made up, to see it masked",
    ("tests/explain/test_mask.py", "Base64 High Entropy String"): "made up, to see it masked",
    ("tests/explain/test_mask.py", "GitHub Token"): "made up, to see it masked",
    ("tests/explain/test_mask.py", "Hex High Entropy String"): "made up, to see it masked",
    ("tests/explain/test_mask.py", "JSON Web Token"): "made up, to see it masked",
    ("tests/explain/test_mask.py", "Private Key"): "made up, to see it masked",
    ("tests/explain/test_mask.py", "Secret Keyword"): "made up, to see it masked",
    ("tests/definition/test_compare.py", "Secret Keyword"): "a key of a container definition",
    ("tests/github/runner.py", "Hex High Entropy String"): "a commit",
    ("tests/github/test_scripts.py", "Hex High Entropy String"): "a commit",
    ("tests/embedded/test_cloudformation.py", "Secret Keyword"): "it takes any key",
}
# Stored items with a RunTask request, whose JSON has escaped quotes.
EXPLAINED |= {
    (f"tests/fixtures/stored/2/{item}.json", "Base64 High Entropy String"): "a RunTask request"
    for item in (
        "failed-before-every-field",
        "failed-before",
        "failed-never-started",
        "preparing-stopped",
        "preparing-unsent",
        "preparing-without-capacity",
        "preparing",
        "rollback-successful-after-every-field",
        "rollback-successful-after",
        "successful-after-never-started",
        "successful-before-after",
    )
}
# Stored items with the fingerprint of what was there before.
EXPLAINED |= {
    (f"tests/fixtures/stored/2/{item}.json", "Hex High Entropy String"): "a fingerprint"
    for item in (
        "successful-scheduled",
        "successful-scheduled-due",
        "successful-scheduled-given-up",
    )
}
# The id of a channel in Slack, made up, and made-up tokens of a fake Slack.
EXPLAINED |= {
    (name, "Hex High Entropy String"): "the id of a channel"
    for name in (
        "chalicelib/model/mistakes.py",
        "docs/channels.md",
        "docs/targets.md",
        "tests/aws/fake_slack.py",
        "tests/aws/test_all_channels.py",
        "tests/fixtures/stored/2/successful-slack.json",
        "tests/model/test_notices.py",
    )
}
EXPLAINED |= {
    (name, "Slack Token"): "made up: no Slack has it"
    for name in ("tests/aws/fake_slack.py", "tests/model/test_notices.py")
}
# Stored items with the id of a hook, and those of tasks.
EXPLAINED |= {
    (f"tests/fixtures/stored/2/{item}.json", kind): "the id of a hook or of a task"
    for item in ("successful-times", "successful-times-every-field")
    for kind in ("Base64 High Entropy String", "Hex High Entropy String")
}


def main() -> int:
    """0 when everything that is found is explained, and everything explained is found."""
    found = SecretsCollection()
    with default_settings():
        found.scan_files(*files())
    seen = {(name, secret.type): secret.line_number for name, secret in found}
    problems = [
        f"{name}:{line}: {kind}. Take it out; what is no secret is explained in .ci/credentials.py."
        for (name, kind), line in sorted(seen.items())
        if (name, kind) not in EXPLAINED
    ]
    problems += [f"{name}: no {kind} is there any more: .ci/credentials.py explains nothing"
                 for name, kind in sorted(EXPLAINED.keys() - seen.keys())]  # fmt: skip
    sys.stderr.write("".join(f"{problem}\n" for problem in problems))
    return 1 if problems else 0


def files() -> Iterator[str]:
    """The tracked files, and the new ones that git does not ignore."""
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    yield from subprocess.run(listed, capture_output=True, text=True, check=True).stdout.split("\n")


if __name__ == "__main__":
    sys.exit(main())
