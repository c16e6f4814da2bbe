"""The README is true: what it names exists, what it lists is all there is."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from bench.lambda_ import rows, table
from bench.price import cost
from bench.price.usage import deployment
from chalicelib.decide.pace import wait_seconds
from chalicelib.decide.transitions import TRANSITIONS
from chalicelib.flow.manual import DeployRequest, RollbackRequest
from chalicelib.flow.running import running
from chalicelib.flow.status import StatusRequest, described
from chalicelib.model.deployments import OPEN, Status
from chalicelib.model.targets import Target, load_targets
from tests.fixtures import examples
from tests.flow.fakes import aws

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")
PROSE = re.sub(r"^```.*?^```$", "", README, flags=re.M | re.S)


def _section(title: str) -> str:
    """The text under a heading, up to the next one of its level or above."""
    found = re.search(rf"^(#+) {re.escape(title)}$", README, flags=re.M)
    assert found is not None, f"the README has no section {title!r}"
    return re.split(rf"^#{{1,{len(found[1])}}} ", README[found.end() :], flags=re.M)[0]


def _rows(section: str) -> list[list[str]]:
    """The cells of every table row that begins with `code`, stripped."""
    lines = [line for line in section.splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]


def _code(text: str) -> list[str]:
    return re.findall(r"`([^`]+)`", text)


def _blocks(language: str, text: str = README) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text, flags=re.M | re.S)


def test_every_block_of_code_is_closed_and_says_its_language() -> None:
    fences = re.findall(r"^```(.*)$", README, flags=re.M)
    assert len(fences) % 2 == 0
    assert all(fences[0::2])
    assert not any(fences[1::2])


@pytest.mark.parametrize(
    "path",
    sorted(
        {
            name
            for name in _code(PROSE)
            if re.fullmatch(r"\.?[\w-]+(/[\w.-]+)+|[\w-]+\.(py|toml|md)", name)
            and not name.startswith(("out/", ".venv/", "CLUSTER/"))
        }
    ),
)
def test_every_path_that_is_named_exists(path: str) -> None:
    assert (ROOT / path).exists()


def test_the_table_of_what_to_open_names_paths_only() -> None:
    lines = _section("To change X, open Y").splitlines()
    table = [line.split("|")[2] for line in lines if line.startswith("| ")][1:]
    assert len(table) > 20
    for cell in table:
        assert _code(cell)
        assert all((ROOT / path).exists() for path in _code(cell)), cell


def test_every_link_within_leads_to_a_heading() -> None:
    headings = re.findall(r"^#+ (.+)$", README, flags=re.M)
    anchors = {re.sub(r"[^\w -]", "", text.lower()).replace(" ", "-") for text in headings}
    assert set(re.findall(r"\]\(#([^)]+)\)", README)) <= anchors


def test_every_make_target_that_is_named_exists() -> None:
    made = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), flags=re.M))
    commands = "\n".join([*_blocks("sh"), *(code for code in _code(PROSE) if "make" in code)])
    named = set(re.findall(r"\bmake ([a-z-]+)", commands))
    assert {"demo", "test", "local", "package", "deploy", "check"} <= named <= made


def test_the_table_of_keys_is_the_model_of_a_target() -> None:
    rows = {_code(key)[0]: default for key, default, _ in _rows(_section("The targets file"))}
    assert list(rows) == list(Target.model_fields)
    for name, field in Target.model_fields.items():
        assert (rows[name] == "mandatory") == field.is_required(), name
    assert _code(rows["mode"]) == [f'"{Target.model_fields["mode"].default}"']
    assert _code(rows["base"]) == [f'"{Target.model_fields["base"].default}"']
    assert _code(rows["deadline"]) == [f'"{Target.model_fields["deadline"].default // 60}m"']


@pytest.mark.parametrize("stage", ["dev", "prod"])
def test_the_example_of_a_targets_file_is_one(stage: str) -> None:
    (text,) = _blocks("toml")
    (target,) = load_targets(text, stage).all
    assert target.mode == ("observe" if stage == "dev" else "deploy")


def test_the_functions_are_those_of_the_app() -> None:
    named = [_code(row[0])[0] for row in _rows(_section("Contracts"))]
    handlers = re.findall(r"^def (\w+)\(", (ROOT / "app.py").read_text("utf-8"), flags=re.M)
    assert named == handlers


def test_the_statuses_and_what_may_follow_are_those_of_the_table() -> None:
    rows = [row for row in _rows(_section("Statuses")) if len(row) == 4]
    written = {_code(row[0])[0]: (row[1], set(_code(row[3]))) for row in rows}
    assert written == {
        status.value: ("open" if status in OPEN else "closed", {one.value for one in after})
        for status, after in TRANSITIONS.items()
    }
    assert list(written) == [status.value for status in Status]


def test_every_transition_names_a_test_that_exists() -> None:
    rows = [row for row in _rows(_section("Statuses")) if len(row) == 3]
    pairs = [(_code(before)[0], _code(after)[0]) for before, after, _ in rows]
    assert len(pairs) == len(set(pairs))
    assert set(pairs) == {(one, other) for one in TRANSITIONS for other in TRANSITIONS[one]}
    assert {_code(test)[0] for _, _, test in rows} <= _tests()


def test_every_rule_names_what_holds_it() -> None:
    text = (ROOT / "docs" / "rules.md").read_text("utf-8")
    named = set(re.findall(r"^\| .+ \| `(\w+)` \|$", text, flags=re.M))
    oracle = (ROOT / "tests" / "reliability" / "rules.py").read_text("utf-8")
    always = set(re.findall(r"^def (\w+)\(seen: Seen\) -> Iterator", oracle, flags=re.M))
    assert len(always) > 10
    assert always <= named
    assert named - always <= _tests()


def _tests() -> set[str]:
    return {
        name
        for path in (ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"^def (test_\w+)\(", path.read_text("utf-8"), flags=re.M)
    }


def test_every_json_example_is_json() -> None:
    examples_ = _blocks("json")
    assert len(examples_) >= 9
    assert all(isinstance(json.loads(example), dict) for example in examples_)


@pytest.mark.parametrize(
    ("function", "model"),
    [("deploy", DeployRequest), ("rollback", RollbackRequest), ("status", StatusRequest)],
)
def test_a_payload_is_one_that_the_function_takes(function: str, model: type[BaseModel]) -> None:
    request, *_ = _blocks("json", _section(function))
    assert model.model_validate(json.loads(request))


@pytest.mark.parametrize("function", ["deploy", "rollback"])
def test_a_reply_has_a_deployment_and_a_status(function: str) -> None:
    _, reply = map(json.loads, _blocks("json", _section(function)))
    assert set(reply) == {"deployment", "status"}
    assert reply["status"] in set(Status)


def test_what_status_replies_of_now_has_every_field_in_its_order() -> None:
    *_, request, reply = map(json.loads, _blocks("json", _section("status")))
    assert StatusRequest.model_validate(request).now
    world = aws()
    found = running(world.world(), examples.target())
    assert list(reply["now"]) == list(found)
    assert list(reply["now"]["deployments"][0]) == list(found["deployments"][0])


def test_the_reply_of_status_has_every_field_in_its_order() -> None:
    _, reply, *_ = map(json.loads, _blocks("json", _section("status")))
    (record,) = reply["deployments"]
    assert list(record) == list(described(examples.rolling_out(), None))


def test_what_the_loop_is_told_is_shown_as_it_is() -> None:
    asked, told = map(json.loads, _blocks("json", _section("State machine")))
    assert set(asked) == {"deployment"}
    assert list(told) == ["deployment", "status", "open", "wait"]
    assert told["wait"] == wait_seconds(examples.rolling_out(), examples.NOW)


def test_the_picture_is_a_flowchart_whose_every_arrow_has_two_ends() -> None:
    (picture,) = _blocks("mermaid")
    kind, *lines = picture.splitlines()
    assert kind == "flowchart LR"
    shape = r"(\[\"[^\"]+\"\]|\[\(\"[^\"]+\"\)\]|\{\{\"[^\"]+\"\}\})?"
    for line in lines:
        assert re.fullmatch(rf"  [a-z]+{shape} --> [a-z]+{shape}", line), line


def test_what_lambda_takes_is_as_it_was_measured() -> None:
    measured = rows.read(ROOT / "docs" / "bench-lambda.json")
    assert "\n".join(table.summary(measured)) in README
    assert (ROOT / "docs" / "bench-lambda.md").read_text("utf-8") == table.markdown(measured)


def test_every_row_of_the_prices_is_one_that_the_command_wrote() -> None:
    written = set((ROOT / "docs" / "price.md").read_text("utf-8").splitlines())
    section = _section("What it costs").split("### The price")[1]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    assert len(lines) > 10
    assert [line for line in lines if line not in written] == []


def test_the_prices_are_still_what_a_deployment_comes_to() -> None:
    """Exactly so many polls; the rest within a tenth, since a field more changes an item's size."""
    text = (ROOT / "docs" / "price.md").read_text("utf-8")
    used = deployment(5)
    report, price = rows.read(ROOT / "docs" / "bench-lambda.json"), cost.prices()
    polls = re.search(r"polls, state transitions \| [^|]+ \| (\d+), (\d+) ", text)
    total = re.search(r"\*\*Slipway\*\* \| [^|]+ \| \*\*([\d.]+)\*\*", text)
    assert polls is not None
    assert total is not None
    assert (int(polls[1]), int(polls[2])) == (used.polls, cost.transitions(used.polls))
    now = sum(cost.deployment(used, report, price).values())
    assert float(total[1]) == pytest.approx(now, rel=0.1)
    assert f"| Alarms | {cost.alarms() * price.of('alarm_month'):.3f} |" in text
