"""The pages are true: what they list is all there is, and what they show is right."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from pydantic import BaseModel

from bench.lambda_ import rows as measured_rows
from bench.lambda_ import table
from bench.price import cost
from bench.price.usage import deployment
from chalicelib.decide.figures import changes, figures
from chalicelib.decide.measures import measures
from chalicelib.decide.pace import wait_seconds
from chalicelib.decide.transitions import TRANSITIONS
from chalicelib.flow.deploy import DeployRequest, deploy_by_hand
from chalicelib.flow.hold import HoldRequest
from chalicelib.flow.release import ReleaseRequest
from chalicelib.flow.rollback import RollbackRequest, rollback_by_hand
from chalicelib.flow.running import running
from chalicelib.flow.status import StatusRequest, described, tell_status
from chalicelib.model.deployments import OPEN, Status
from chalicelib.model.outcomes import Outcome
from chalicelib.model.services import ServiceTask
from chalicelib.model.targets import Target, load_targets
from tests.fixtures import examples
from tests.flow.by_hand import WHO, deployed
from tests.flow.fakes import aws
from tests.pages import PATHS, ROOT, blocks, code, page, rows, section
from tests.reliability.rules import RULES

PICTURES = sorted((ROOT / "docs").rglob("*.svg"))
_SVG = "{http://www.w3.org/2000/svg}"


def test_the_table_of_keys_is_the_model_of_a_target() -> None:
    keys = section(page("targets"), "`[[target]]`")
    defaults = {code(key)[0]: default for key, default, _ in rows(keys)}
    assert list(defaults) == list(Target.model_fields)
    for name, field in Target.model_fields.items():
        assert (defaults[name] == "mandatory") == field.is_required(), name
    assert code(defaults["mode"]) == [f'"{Target.model_fields["mode"].default}"']
    assert code(defaults["base"]) == [f'"{Target.model_fields["base"].default}"']
    assert code(defaults["deadline"]) == [f'"{Target.model_fields["deadline"].default // 60}m"']


def test_every_threat_has_its_test_or_is_accepted_for_a_reason() -> None:
    there = {
        name
        for path in (ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"^def (test_\w+)", path.read_text("utf-8"), flags=re.M)
    }
    tables = re.findall(r"^\|---\|---\|---\|\n((?:\|.+\n)+)", page("threats"), flags=re.M)
    lines = [line for table in tables for line in table.splitlines()]
    assert len(lines) > 20
    for line in lines:
        threat, stopped, proof = map(str.strip, re.split(r"(?<!\\)\|", line)[1:-1])
        if proof.startswith("accepted, because"):
            continue
        named = set(code(proof))
        assert named, threat
        assert named <= there, (threat, named - there)
        assert stopped != "nothing", threat


@pytest.mark.parametrize("stage", ["dev", "prod"])
def test_the_example_of_a_targets_file_is_one(stage: str) -> None:
    (text,) = blocks("toml", page("adopt"))
    (target,) = load_targets(text, stage).all
    assert target.mode == ("observe" if stage == "dev" else "deploy")


def test_the_functions_are_those_of_the_app() -> None:
    table_, *_ = section(page("contracts"), "Functions").split("### ")
    named = [code(row[0])[0] for row in rows(table_)]
    handlers = re.findall(r"^def (\w+)\(", (ROOT / "app.py").read_text("utf-8"), flags=re.M)
    assert named == handlers


def test_the_statuses_and_what_may_follow_are_those_of_the_table() -> None:
    found = [row for row in rows(section(page("statuses"), "Statuses")) if len(row) == 4]
    written = {code(row[0])[0]: (row[1], set(code(row[3]))) for row in found}
    assert written == {
        status.value: ("open" if status in OPEN else "closed", {one.value for one in after})
        for status, after in TRANSITIONS.items()
    }
    assert list(written) == [status.value for status in Status]


def test_every_transition_names_a_test_that_exists() -> None:
    found = [row for row in rows(section(page("statuses"), "Statuses")) if len(row) == 3]
    pairs = [(code(before)[0], code(after)[0]) for before, after, _ in found]
    assert len(pairs) == len(set(pairs))
    assert set(pairs) == {(one, other) for one in TRANSITIONS for other in TRANSITIONS[one]}
    assert {code(test)[0] for _, _, test in found} <= _tests()


def test_every_rule_names_what_holds_it() -> None:
    text = page("rules")
    named = set(re.findall(r"^\| .+ \| `(\w+)` \|$", text, flags=re.M))
    always = {rule.__name__ for rule in RULES}
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
    examples_ = [one for path in PATHS for one in blocks("json", path.read_text("utf-8"))]
    assert len(examples_) >= 9
    assert all(isinstance(json.loads(example), dict) for example in examples_)


@pytest.mark.parametrize(
    ("function", "model"),
    [
        ("deploy", DeployRequest),
        ("rollback", RollbackRequest),
        ("hold", HoldRequest),
        ("release", ReleaseRequest),
        ("status", StatusRequest),
    ],
)
def test_a_payload_is_one_that_the_function_takes(function: str, model: type[BaseModel]) -> None:
    request, *_ = blocks("json", section(page("contracts"), function))
    assert model.model_validate(json.loads(request))


@pytest.mark.parametrize(
    ("function", "model"), [("hold", HoldRequest), ("release", ReleaseRequest)]
)
def test_the_table_of_a_payload_is_its_model(function: str, model: type[BaseModel]) -> None:
    found = rows(section(page("contracts"), function))
    assert [key for row in found for key in code(row[0])] == list(model.model_fields)


@pytest.mark.parametrize("function", ["deploy", "rollback"])
def test_a_reply_has_a_deployment_and_a_status(function: str) -> None:
    _, reply, *_ = map(json.loads, blocks("json", section(page("contracts"), function)))
    assert set(reply) == {"deployment", "status"}
    assert reply["status"] in set(Status)


def test_what_status_replies_of_now_has_every_field_in_its_order() -> None:
    shown = [json.loads(text) for text in blocks("json", section(page("contracts"), "status"))]
    request, reply = (one for one in shown if "now" in one)
    assert StatusRequest.model_validate(request).now
    world = aws()
    world.services.tasks.append(ServiceTask(id="t", task_definition="", status="RUNNING"))
    found = running(world.world(), examples.target())
    assert list(reply["now"]) == list(found)
    for entries in ("deployments", "task_list"):
        assert list(reply["now"][entries][0]) == list(found[entries][0])


def test_what_a_replay_replies_has_every_field_in_its_order() -> None:
    *_, reply = map(json.loads, blocks("json", section(page("contracts"), "status")))
    found = tell_status(aws().world(), {"event": examples.push_event()})
    assert list(reply) == list(found)
    assert list(reply["would"][0]) == list(found["would"][0])


def test_what_status_replies_of_outcomes_has_every_field_in_its_order() -> None:
    text = section(page("contracts"), "status")
    shown = [json.loads(block) for block in blocks("json", text)]
    request, reply = (one for one in shown if "stats" in one)
    assert StatusRequest.model_validate(request).stats
    world = aws()
    ended = examples.rolling_out(status=Status.SUCCESSFUL)
    world.ledger.records[ended.service, ended.id] = ended
    found = tell_status(world.world(), {"stats": True})
    assert list(reply) == list(found)
    assert list(reply["stats"][0]) == list(found["stats"][0])
    assert list(reply["stats"][0]["outcomes"][0]) == list(found["stats"][0]["outcomes"][0])


def test_the_example_of_the_figures_has_the_figures_that_the_page_says() -> None:
    """Monday live after 4 min; Tuesday back after 6 min; Wednesday 5 min, left after 30 min."""

    def outcome(day: int, live: int, **more: Any) -> Outcome:
        pushed = examples.at(86_400 * day)
        ended = pushed + timedelta(minutes=live)
        base = {"cause": "push", "status": "SUCCESSFUL", "pushed": pushed, "applied": pushed}
        name = {"service": "shop/web", "deployment": f"{day}-{live}", "revision": f"web:{day}"}
        return Outcome(**{**base, **name, "ended": ended, **more})

    back = {"cause": "rollback", "left": "web:3", "revision": "web:1", "pushed": None}
    crash = outcome(2, 6, status="ROLLBACK_SUCCESSFUL")
    story = [outcome(1, 4), crash, outcome(3, 5), outcome(3, 35, **back)]
    found = figures(changes(story), 30)
    text = page("figures")
    assert f"{found.deployments} deployments of {found.changes} changes" in text
    assert f"a lead time of {(found.lead.median or 0) / 60:g} minutes (of 2)" in text
    assert f"failure rate of {found.failure_rate:.0%}".replace("%", " %") + " (2 of 3)" in text
    assert f"time to restore of {(found.restore.median or 0) / 60:g} minutes (of 2)" in text


def test_a_plan_has_every_field_in_its_order_and_so_has_a_choice() -> None:
    text = section(page("contracts"), "plan")
    request, reply = map(json.loads, blocks("json", text))
    assert DeployRequest.model_validate(request).plan
    world = deployed()
    asked = {**WHO, "plan": True}
    assert list(reply) == list(deploy_by_hand(world.world(), {**asked, "image": "def5678"}))
    (choice, *_) = rollback_by_hand(world.world(), asked)["proven"]
    named = {key for row in rows(text) for key in code(row[0])}
    assert named == (set(reply) - {"service"}) | set(choice)


def test_what_one_deployment_tells_is_named() -> None:
    world = deployed()
    record = world.record()
    story, short = (
        tell_status(world.world(), asked)["deployments"][0]
        for asked in ({"deployment": record.id}, {"service": record.service})
    )
    named = {key for row in rows(section(page("contracts"), "status")) for key in code(row[0])}
    assert story.keys() - short.keys() == {"from", "to", "timeline", "notices", "times"}
    assert story.keys() - short.keys() <= named


def test_the_reply_of_status_has_every_field_in_its_order() -> None:
    _, reply, *_ = map(json.loads, blocks("json", section(page("contracts"), "status")))
    (record,) = reply["deployments"]
    assert list(record) == list(described(examples.rolling_out(), None))


def test_what_the_loop_is_told_is_shown_as_it_is() -> None:
    asked, told = map(json.loads, blocks("json", section(page("contracts"), "State machine")))
    assert set(asked) == {"deployment"}
    assert list(told) == ["deployment", "status", "open", "wait"]
    assert told["wait"] == wait_seconds(examples.rolling_out(), examples.NOW)


def test_the_picture_of_how_it_works_names_every_function_that_takes_the_step() -> None:
    texts = {text.text for text in _picture("how-it-works").iter(f"{_SVG}text")}
    named = {name for text in texts for name in re.findall(r"\w+", text or "")}
    handlers = re.findall(r"^def (\w+)\(", (ROOT / "app.py").read_text("utf-8"), flags=re.M)
    assert set(handlers) - named == {"hold", "status", "tidy"}


def test_the_picture_of_the_demo_is_a_terminal_that_a_phone_can_show() -> None:
    picture = _picture("demo")
    lines: dict[str, str] = {}
    for text in picture.iter(f"{_SVG}text"):
        part = "".join(text.itertext()).replace("\xa0", " ").rstrip("\n")
        lines[text.get("y", "")] = lines.get(text.get("y", ""), "") + part
    told = "\n".join(lines.values())
    assert "failed and was rolled back" in told
    assert "KeyError: 'DATABASE_URL'" in told
    assert 50 < max(map(len, lines.values())) <= 75


@pytest.mark.parametrize("path", PICTURES, ids=lambda path: path.stem)
def test_a_picture_fetches_nothing(path: Path) -> None:
    text = path.read_text("utf-8").replace('xmlns="http://www.w3.org/2000/svg"', "")
    assert "://" not in text
    assert "<script" not in text
    assert "@import" not in text


def _picture(name: str) -> ET.Element:
    return ET.fromstring((ROOT / f"docs/pictures/{name}.svg").read_text("utf-8"))


def test_what_lambda_takes_is_as_it_was_measured() -> None:
    measured = measured_rows.read(ROOT / "docs" / "bench-lambda.json")
    assert "\n".join(table.summary(measured)) in section(page("performance"), "On Lambda")
    assert page("bench-lambda") == table.markdown(measured)


def test_every_row_of_the_prices_is_one_that_the_command_wrote() -> None:
    written = set(page("price").splitlines())
    lines = [line for line in page("cost").splitlines() if line.startswith("|")]
    assert len(lines) > 10
    assert [line for line in lines if line not in written] == []


def test_what_metrics_and_a_dashboard_add_is_computed_from_their_prices() -> None:
    text, price = section(page("cost"), "Metrics and a dashboard"), cost.prices()
    metric = price.of("metric_month")
    record = examples.rolling_out(status=Status.SUCCESSFUL, closed_at=examples.at(300))
    hour = metric / (cost.MONTH_MINUTES / 60)
    assert f"it adds ${len(measures(record)) * hour:.4f};" in text
    named = rows(section(page("figures"), "In CloudWatch"))
    assert f"at most ${len(named) * metric:.2f} a month" in text
    assert f"${metric:.2f} a month" in text
    assert f"${price.of('dashboard_month'):.2f} a month" in text


def test_the_prices_are_still_what_a_deployment_comes_to() -> None:
    """Exactly so many polls; the rest within a tenth, since a field more changes an item's size."""
    text = page("price")
    used = deployment(5)
    report, price = measured_rows.read(ROOT / "docs" / "bench-lambda.json"), cost.prices()
    polls = re.search(r"polls, state transitions \| [^|]+ \| (\d+), (\d+) ", text)
    total = re.search(r"\*\*Slipway\*\* \| [^|]+ \| \*\*([\d.]+)\*\*", text)
    assert polls is not None
    assert total is not None
    assert (int(polls[1]), int(polls[2])) == (used.polls, cost.transitions(used.polls))
    now = sum(cost.deployment(used, report, price).values())
    assert float(total[1]) == pytest.approx(now, rel=0.1)
    assert f"| Alarms | {cost.alarms() * price.of('alarm_month'):.3f} |" in text
