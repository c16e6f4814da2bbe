"""usage, measurements and prices -> dollars."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Any

from bench.account import PROJECT
from bench.lambda_.rows import Report, Row
from bench.price.usage import Usage
from cli.package.configuration import leave_out, merge_template

MONTH_MINUTES = 30 * 24 * 60
_SWEEPS = MONTH_MINUTES // 10
_FULL_CPU_MB = 1769  # "Configure Lambda function memory": one vCPU
CALL_MS = 10.0  # assumed: what an AWS API call takes to answer within a region
EXCHANGE_MS = 300.0  # assumed: what a POST to Slack, Teams or a webhook takes
PLATFORM_LOG = 600  # bytes that Lambda itself writes of an invocation, as JSON, with tracing
_KEPT_MONTHS = 3  # the log groups' retention
_ROWS = {"on_image_push": "on_image_push (deploys)"}

Dollars = dict[str, float]


@dataclass(frozen=True)
class Prices:
    """Dollars by name, and the page that each is from."""

    table: Mapping[str, Mapping[str, Any]]

    def of(self, name: str) -> float:
        return float(self.table[name]["price"])


def prices() -> Prices:
    text = Path(__file__).with_name("prices.toml").read_text("utf-8")
    return Prices(tomllib.loads(text))


def deployment(used: Usage, report: Report, price: Prices) -> Dollars:
    """What one deployment costs, by part."""
    return {
        "State machine": transitions(used.polls) * price.of("state_transition"),
        **_functions(used, report, price),
        "Notices": used.notices * (price.of("sns_publish") + price.of("sns_email")),
    }


def channels(notices: int, price: Prices) -> Dollars:
    """What each channel besides SNS adds to a deployment with so many notices.

    While a function waits for an answer, it is billed. A bot posts the first notice; each later one
    is an edit and a reply.
    """
    memory = _memory()["watch"] / 1024
    exchange = EXCHANGE_MS / 1000 * memory * price.of("lambda_gb_second")
    return {
        "Slack by a bot": (2 * notices - 1) * exchange,
        "Slack by a webhook, Teams, or a webhook of your own: each": notices * exchange,
        "Events": notices * (price.of("custom_event") + CALL_MS / EXCHANGE_MS * exchange),
    }


def idle(used: Usage, report: Report, price: Prices) -> Dollars:
    """What a month without deployments costs, by part; `used` is of one sweep."""
    each = _functions(used, report, price)
    return {
        "Alarms": alarms() * price.of("alarm_month"),
        **{f"Sweep: {name.lower()}": _SWEEPS * amount for name, amount in each.items()},
    }


def github(minutes: float, price: Prices) -> float:
    """What a GitHub runner costs that waits for the rollout."""
    return ceil(minutes) * price.of("github_minute")


def codepipeline(minutes: float, price: Prices) -> float:
    """What a source action and an ECS deploy action that waits cost."""
    return (1 + ceil(minutes)) * price.of("codepipeline_minute")


def transitions(polls: int) -> int:
    """The states that an execution of so many polls enters, by its definition."""
    machine = _resources()["Watcher"]["Properties"]["Definition"]
    entered = 0
    name, left = machine["StartAt"], polls
    while name:
        entered += 1
        state = machine["States"][name]
        left -= state["Type"] == "Task"
        if state["Type"] == "Choice":
            name = state["Default"] if left else state["Choices"][0]["Next"]
        else:
            name = state.get("Next")
    return entered


def alarms() -> int:
    kinds = [one.get("Type") for one in _resources().values()]
    return kinds.count("AWS::CloudWatch::Alarm")


def gigabyte_seconds(function: str, invocations: int, calls: int, report: Report) -> float:
    """One cold start, then warm invocations.

    Init has a whole CPU. An invocation has the share that its memory buys, and waits for AWS.
    """
    row, memory = _row(report, function), _memory()[function]
    slower = _FULL_CPU_MB / min(memory, _FULL_CPU_MB)
    cpu = row.first_cpu_ms + max(0, invocations - 1) * row.warm_cpu_ms
    milliseconds = row.init_cpu_ms + cpu * slower + calls * CALL_MS
    return milliseconds / 1000 * memory / 1024


def _functions(used: Usage, report: Report, price: Prices) -> Dollars:
    count = sum(used.invocations.values())
    seconds = sum(
        gigabyte_seconds(name, times, used.calls.get(name, 0), report)
        for name, times in used.invocations.items()
    )
    logged = sum(
        times * (_row(report, name).log_bytes + PLATFORM_LOG)
        for name, times in used.invocations.items()
    )
    kept = price.of("log_gb") + _KEPT_MONTHS * price.of("log_gb_month")
    return {
        "Functions": seconds * price.of("lambda_gb_second"),
        "Requests": count * price.of("lambda_request"),
        "Traces": count * price.of("trace"),
        "Ledger": used.writes * price.of("write_unit") + used.reads * price.of("read_unit"),
        "Logs": logged / 1e9 * kept,
    }


def _row(report: Report, function: str) -> Row:
    return report.row(_ROWS.get(function, function))


def _memory() -> dict[str, int]:
    settings = json.loads((PROJECT / ".chalice" / "config.json").read_text("utf-8"))
    (stage,) = settings["stages"].values()
    return {name: one["lambda_memory_size"] for name, one in stage["lambda_functions"].items()}


def _resources() -> dict[str, Any]:
    """The packaged resources of a stage that keeps all revisions, with each function's alarm."""
    text = (PROJECT / ".chalice" / "resources.yaml").read_text("utf-8")
    template = merge_template(text, "dev", tuple(_memory()))
    leave_out(template, "tidy")
    return dict(template["Resources"])
