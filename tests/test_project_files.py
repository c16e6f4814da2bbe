"""The files that a stranger expects in a project: licence, changelog, decisions, settings."""

from __future__ import annotations

import re
import subprocess
import tomllib
from fnmatch import fnmatch
from pathlib import Path

import pytest
import yaml

from chalicelib.model.targets import load_targets
from cli.package import policies

ROOT = Path(__file__).parent.parent
CHANGELOG = (ROOT / "CHANGELOG.md").read_text("utf-8")
SECURITY = (ROOT / "SECURITY.md").read_text("utf-8")
MAKEFILE = (ROOT / "Makefile").read_text("utf-8")
TARGETS = (ROOT / "chalicelib" / "targets.toml").read_text("utf-8")
DECISIONS = sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
PAGES = [
    ROOT / "README.md",
    ROOT / "SECURITY.md",
    ROOT / "CHANGELOG.md",
    ROOT / ".github" / "PULL_REQUEST_TEMPLATE.md",
    *sorted((ROOT / "docs").rglob("*.md")),
]
every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


def tracked() -> list[str]:
    listed = ["git", "ls-files", "-z"]
    found = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [name for name in found.split("\0") if name and (ROOT / name).is_file()]


def test_the_licence_is_apache_2_and_the_project_says_so() -> None:
    text = (ROOT / "LICENSE").read_text("utf-8")
    assert re.match(r"\s+Apache License\n\s+Version 2\.0, January 2004\n", text)
    assert "END OF TERMS AND CONDITIONS" in text
    assert "Slipway authors" in text
    assert PROJECT["project"]["license"] == "Apache-2.0"


# Pages


@every_page
def test_every_file_that_a_page_links_to_is_there(page: Path) -> None:
    prose = re.sub(r"^```.*?^```$", "", page.read_text("utf-8"), flags=re.M | re.S)
    for target in re.findall(r"\]\((?!https?:)([^)#\s]+)(?:#[^)]*)?\)", prose):
        assert (page.parent / target).exists(), target


@every_page
def test_every_make_target_that_a_page_names_exists(page: Path) -> None:
    made = set(re.findall(r"^([a-z-]+):", MAKEFILE, flags=re.M))
    text = page.read_text("utf-8")
    code = re.findall(r"`(make [^`\n]+)`", text) + re.findall(r"^(?:\$ )?(make .+)$", text, re.M)
    for command in code:
        words = command.split("#")[0].split()[1:]
        assert {word for word in words if re.fullmatch(r"[a-z-]+", word)} <= made, command


# The changelog


def test_the_changelog_begins_with_what_is_unreleased_and_keeps_its_form() -> None:
    versions = re.findall(r"^## (.+)$", CHANGELOG, flags=re.M)
    assert versions[0] == "[Unreleased]"
    for version in versions[1:]:
        assert re.fullmatch(r"\[\d+\.\d+\.\d+\] - \d{4}-\d\d-\d\d", version)
    kinds = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
    assert set(re.findall(r"^### (.+)$", CHANGELOG, flags=re.M)) <= kinds


# Decisions


@pytest.mark.parametrize("path", DECISIONS, ids=lambda path: path.stem)
def test_a_decision_has_its_form_and_half_a_page(path: Path) -> None:
    text = path.read_text("utf-8")
    assert text.startswith(f"# {int(path.name[:4])}. ")
    parts = re.findall(r"^## (.+)$", text, flags=re.M)
    assert parts == ["Status", "Context", "Decision", "Consequences"]
    assert len(text.split()) < 350


def test_the_decisions_are_numbered_and_listed_by_their_titles() -> None:
    assert [int(path.name[:4]) for path in DECISIONS] == list(range(1, len(DECISIONS) + 1))
    index = (ROOT / "docs" / "decisions" / "README.md").read_text("utf-8")
    listed = re.findall(r"^\| \[(\d+)\]\((\S+)\) \| (.+?) \|", index, flags=re.M)
    titles = [path.read_text("utf-8").split("\n")[0].split(". ", 1)[1] for path in DECISIONS]
    assert listed == [
        (str(number), path.name, title)
        for number, (path, title) in enumerate(zip(DECISIONS, titles, strict=True), start=1)
    ]


# What SECURITY.md says of the policies


def granted(text: str) -> set[str]:
    documents = policies.generate(load_targets(text, "dev")).documents
    return {
        action
        for policy in documents.values()
        for statement in policy["Statement"]
        for action in statement["Action"]
    }


def test_what_slipway_may_change_outside_of_its_own_stack_is_what_the_page_says() -> None:
    reads = re.compile(r"\w+:(Describe|Get|List|BatchGet)\w*|dynamodb:Query")
    own = re.compile(r"(dynamodb|sns|sqs|states|logs|xray):\w+")
    deploys = re.sub(r'^mode\s*=\s*"observe".*$', "", TARGETS, flags=re.M)
    changes = {action for action in granted(deploys) if not reads.fullmatch(action)}
    assert {one for one in changes if not own.fullmatch(one)} == {
        "ecs:ContinueServiceDeployment",
        "ecs:RegisterTaskDefinition",
        "ecs:StopServiceDeployment",
        "ecs:TagResource",
        "ecs:UpdateExpressGatewayService",
        "ecs:UpdateService",
        "iam:PassRole",
    }
    for words in ("register and tag a task definition", "update a service", "pass a role"):
        assert f"| {words}" in SECURITY
    assert "answer a hook that pauses it" in SECURITY


FOLLOW = 'follow = {rules = ["nightly-{env}"], schedules = ["default/report-{env}"]}\n'


def test_what_follow_adds_to_that_is_what_the_page_says() -> None:
    follows = TARGETS.replace("[[target]]\n", f"[[target]]\n{FOLLOW}", 1)
    assert granted(follows) - granted(TARGETS) == {
        "events:ListTargetsByRule",
        "events:PutTargets",
        "scheduler:GetSchedule",
        "scheduler:UpdateSchedule",
    }
    for words in ("read and change the ECS targets of a rule", "read and change a schedule"):
        assert f"| {words} | the " in SECURITY


def test_an_observed_target_gives_no_right_to_change_ecs_or_to_pass_a_role() -> None:
    follows = TARGETS.replace("[[target]]\n", f"[[target]]\n{FOLLOW}", 1)
    observes = follows + '\n[environment.only-looks]\nmode = "observe"\n'
    documents = policies.generate(load_targets(observes, "only-looks")).documents
    actions = {a for p in documents.values() for s in p["Statement"] for a in s["Action"]}
    assert not {one for one in actions if one.startswith("iam:")}
    changes = r"(ecs|events|scheduler):(?!Describe|Get|List)"
    assert {one for one in actions if re.match(changes, one)} == set()


# Settings of editors, hooks and coverage


def editor_settings(name: str) -> dict[str, str]:
    """What .editorconfig says of a file: later sections win."""
    found: dict[str, str] = {}
    applies = False
    for line in (ROOT / ".editorconfig").read_text("utf-8").splitlines():
        if heading := re.fullmatch(r"\[(.+)\]", line):
            pattern = heading[1].replace("**", "*")
            applies = fnmatch(name if "/" in pattern else Path(name).name, pattern)
        elif applies and " = " in line:
            key, _, value = line.partition(" = ")
            found[key] = value
    return found


def test_every_file_is_as_editors_are_told() -> None:
    wrong = []
    for name in tracked():
        if name.endswith(".png"):
            continue  # no editor opens it as text
        settings = editor_settings(name)
        text = (ROOT / name).read_bytes().decode("utf-8")
        lines = text.split("\n")
        if "\r" in text:
            wrong.append((name, "end_of_line"))
        if settings["insert_final_newline"] == "true" and text and not text.endswith("\n"):
            wrong.append((name, "insert_final_newline"))
        if settings["trim_trailing_whitespace"] == "true" and any(
            line != line.rstrip(" \t") for line in lines
        ):
            wrong.append((name, "trim_trailing_whitespace"))
        if settings["indent_style"] == "space" and any(line.startswith("\t") for line in lines):
            wrong.append((name, "indent_style"))
    assert wrong == []


def test_a_line_of_python_is_as_long_for_editors_as_for_ruff() -> None:
    told = editor_settings("app.py")["max_line_length"]
    assert int(told) == PROJECT["tool"]["ruff"]["line-length"]


def test_the_hooks_run_what_make_check_runs_and_download_nothing() -> None:
    (recipe,) = re.findall(r"^check: (.*)\n((?:\t.+\n)+)", MAKEFILE, flags=re.M)
    needs, lines = recipe
    checks = [
        line.removeprefix("\t@").replace("$(BIN)", ".venv/bin").replace("$(STAGE)", "dev")
        for line in lines.splitlines()
    ]
    (repo,) = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text("utf-8"))["repos"]
    assert repo["repo"] == "local"
    entries = [hook["entry"] for hook in repo["hooks"]]
    assert {hook["language"] for hook in repo["hooks"]} == {"system"}
    assert needs.split(" ##")[0] == "package"
    assert [one for one in entries if one.startswith("make ")] == [
        "make --silent package STAGE=dev"
    ]
    tools = [one for one in entries if not one.startswith("make ")]
    assert len(tools) == len(checks)
    for check, tool in zip(checks, tools, strict=True):
        assert check.startswith(tool)


def test_the_hooks_look_at_the_files_that_make_check_looks_at() -> None:
    (repo,) = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text("utf-8"))["repos"]
    hooks = {hook["id"]: hook for hook in repo["hooks"]}

    def chosen(name: str) -> set[str]:
        hook = hooks[name]
        files = {one for one in tracked() if re.search(hook["files"], one)}
        return {one for one in files if not re.search(hook.get("exclude", r"^\b$"), one)}

    def at(*patterns: str) -> set[str]:
        paths = {path for pattern in patterns for path in ROOT.glob(pattern)}
        return {str(path.relative_to(ROOT)) for path in paths} & set(tracked())

    workflows = at(".github/workflows/*.yml", "docs/examples/*.yml")
    assert chosen("workflows") == workflows
    assert chosen("actions") == at(".github/actions/*/action.yml")
    assert chosen("issue-forms") == at(".github/ISSUE_TEMPLATE/[!c]*.yml")
    assert chosen("zizmor") == workflows | chosen("actions") | chosen("dependabot")
    scripts = {one for one in at(".ci/*") if (ROOT / one).read_text("utf-8").startswith("#!")}
    assert chosen("shellcheck") == scripts | at(".github/scripts/*.sh", ".github/actions/*/*.sh")


def test_the_coverage_is_measured_where_the_tests_of_make_coverage_are() -> None:
    (recipe,) = re.findall(r"^coverage: .*\n((?:\t.+\n)+)", MAKEFILE, flags=re.M)
    measured = PROJECT["tool"]["coverage"]["run"]["source"]
    assert [Path(one).name for one in measured] == [
        Path(one).name for one in re.findall(r"\btests/\w+", recipe)
    ]
    assert all((ROOT / one).is_dir() for one in measured)
    assert PROJECT["tool"]["coverage"]["report"]["fail_under"] > 90
