"""record + what ECS runs -> the live view of one deployment: a header, and a tree."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from rich.console import Group
from rich.text import Text
from rich.tree import Tree

from cli.show.words import age, colour, mark, moment, progress, span, version, who

Record = Mapping[str, Any]
Now = Mapping[str, Any]  # the `now` of `status`
_TASKS = 12  # shown of each revision: the failed and the newest ones first
_BAD = frozenset({"UNHEALTHY"})


def view(record: Record, now: Now, at: datetime) -> Group:
    """The header, then service -> deployment -> tasks with state, age and information."""
    return Group(*header(record, now, at), tree(record, now, at))


def header(record: Record, now: Now, at: datetime) -> Iterator[Text]:
    """Which deployment, where it stands, for how long, and how many tasks run."""
    status = record["status"]
    line = Text(f"{record['service']}  ", "bold")
    line.append(mark(status), colour(status))
    line.append(f"  {span(at - moment(record['created']))}")
    yield line
    yield Text(f"{version(record)} by {who(record)}  {record['deployment']}", "dim")
    if tasks := now.get("tasks"):
        yield Text(
            f"{tasks['running']} running, {tasks['pending']} pending, {tasks['desired']} desired"
        )
    for kind, run in _runs(record):
        yield Text(_run(kind, run), "cyan")
    if stage := _stage(record, now):
        yield Text(stage, "yellow" if now.get("waits") else "")
    if record["reason"]:
        yield Text(record["reason"], colour(status))


def tree(record: Record, now: Now, at: datetime) -> Tree:
    """One branch for each deployment of ECS, and its tasks below it."""
    root = Tree(Text(str(now.get("service", record["service"])).split("/")[-1]))
    for deployment in now.get("deployments", ()):
        branch = root.add(_deployment(deployment, record))
        _add_tasks(branch, _tasks_of_deployment(now, deployment), at)
    shown = {_of(deployment) for deployment in now.get("deployments", ())}
    if record["revision"] not in shown and _tasks_of(now, record["revision"]):
        branch = root.add(Text(f"{record['revision']}  gone", "dim"))
        _add_tasks(branch, _tasks_of(now, record["revision"]), at)
    return root


def _add_tasks(branch: Tree, tasks: Sequence[Mapping[str, Any]], at: datetime) -> None:
    for task in _worth_showing(tasks):
        branch.add(_task(task, at))


def _tasks_of_deployment(now: Now, deployment: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """Two deployments of ECS may have one revision, so a task is known by who started it."""
    tasks = _tasks_of(now, _of(deployment))
    return [task for task in tasks if task.get("deployment") in {None, "", deployment.get("id")}]


def _tasks_of(now: Now, revision: str) -> Sequence[Mapping[str, Any]]:
    return [task for task in now.get("task_list", ()) if task["revision"] == revision]


def line(record: Record, now: Now) -> str:
    """The view in one line, for where there is no terminal; it changes only with the rollout."""
    parts = [mark(record["status"]), version(record)]
    parts += [_run(kind, run) for kind, run in _runs(record) if not run["ended"]]
    if stage := _stage(record, now):
        parts.append(stage)
    for deployment in now.get("deployments", ()):
        tasks = deployment["tasks"]
        failed = f", {tasks['failed']} failed" if tasks.get("failed") else ""
        revision = deployment["revision"].rsplit(":", 1)[-1]
        parts.append(f"revision {revision}: {tasks['running']} of {tasks['desired']}{failed}")
    if record["reason"]:
        parts.append(record["reason"])
    return "  ".join(parts)


def _stage(record: Record, now: Now) -> str:
    """The stage and the traffic of a rollout whose strategy has them, and how a pause ends."""
    if record["status"] != "IN_PROGRESS" or "traffic" not in now:
        return ""
    words = progress({**now, "paused": now["waits"]})
    if not now["waits"]:
        return words
    return f"{words}; next: slipway release {record['deployment']} --at {now['stage']}"


def _runs(record: Record) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Its `before` and its `after`, as far as they began."""
    return ((kind, record[kind]) for kind in ("before", "after") if record.get(kind))


def _run(kind: str, run: Mapping[str, Any]) -> str:
    code = "" if run["exit"] is None else f", exit code {run['exit']}"
    verb = "ended" if run["ended"] else "is"
    return f"{kind} task {run['task'][:8]} {verb} {run['state']}{code}"


def _of(deployment: Mapping[str, Any]) -> str:
    return str(deployment["revision"])


def _deployment(deployment: Mapping[str, Any], record: Record) -> Text:
    tasks = deployment["tasks"]
    ours = deployment["revision"] == record["revision"]
    text = Text(deployment["revision"], "bold" if ours else "")
    text.append(f"  {deployment['status']} {deployment['stage']}".rstrip())
    text.append(f"  {tasks['running']}/{tasks['desired']} running")
    if tasks["pending"]:
        text.append(f", {tasks['pending']} pending")
    if tasks.get("failed"):
        text.append(f", {tasks['failed']} failed", "red")
    return text


def _worth_showing(tasks: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
    """Those that run or begin, and the last ones that stopped, as many as fit."""
    alive = [task for task in tasks if task["status"] != "STOPPED"]
    stopped = [task for task in tasks if task["status"] == "STOPPED"]
    return [*alive, *stopped][:_TASKS]


def _task(task: Mapping[str, Any], at: datetime) -> Text:
    status, health = task["status"], task.get("health") or ""
    bad = status == "STOPPED" or health in _BAD
    text = Text(f"{task['id'][:8]}  ")
    text.append(f"{status:<13}", "red" if bad else "green" if status == "RUNNING" else "yellow")
    known = health if health != "UNKNOWN" else ""
    text.append(f"{known:<10}{age(task.get('started') or task.get('created', ''), at):<8}")
    return text.append(_why_it_stopped(task), "dim")


def _why_it_stopped(task: Mapping[str, Any]) -> str:
    """The exit code and ECS' reason; only "replaced" where ECS stopped it for a newer one."""
    reason = str(task.get("reason") or "")
    if "Scaling activity initiated by" in reason:
        return "replaced"
    exit_code = f"exit code {task['exit']}" if task.get("exit") is not None else ""
    return ", ".join(filter(None, [exit_code, reason]))
