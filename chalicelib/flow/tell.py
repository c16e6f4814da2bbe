"""record with unsent notices -> record: send each notice at least once; a failure stops no step."""

from __future__ import annotations

from datetime import timedelta

from chalicelib.decide.after import after
from chalicelib.errors import Conflict, Refused, Unavailable
from chalicelib.flow.ports import World
from chalicelib.flow.write import read
from chalicelib.model.changes import changed_notice
from chalicelib.model.deployments import Deployment, Notice
from chalicelib.model.happenings import Told
from chalicelib.model.heads import Head

_GIVE_UP = timedelta(hours=24)
_PATIENCE = timedelta(seconds=30)


def tell(
    world: World,
    head: Head,
    record: Deployment,
    *,
    inherited: tuple[Notice, ...] = (),
    unwritten: bool = False,
) -> Deployment:
    """Publish the record's notices, oldest first, and return the record without those sent.

    A notice that could not be sent stays for the next step or the sweep. When some channel was
    reached, those that were not are given up after a day. A notice that was sent but could not be
    removed is sent again, with the same id. `inherited` are the notices of an earlier step, which
    has half a minute to send them itself. `unwritten` says that HEAD and the record hold something
    that the ledger does not: it is written together with what was sent.
    """
    unsent: list[Notice] = []
    known = record  # with the message in Slack, which a later notice edits
    for number, notice in enumerate(record.notices):
        if notice in inherited and not notice.unsent and world.now - notice.at < _PATIENCE:
            unsent += record.notices[number:]
            break
        rest, known = _send(world, known, notice)
        if rest is notice:  # nobody was reached: later notices wait, so that the order stays
            unsent += record.notices[number:]
            break
        unsent += [rest] if rest else []
    if tuple(unsent) == record.notices and known.slack == record.slack and not unwritten:
        return record
    new = after(record, Told(unsent=tuple(unsent), slack=known.slack), world.now)
    try:
        world.ledger.save(head, new)
    except Conflict:
        return record if known.slack == record.slack else _with_message(world, record, new)
    return new


def _with_message(world: World, record: Deployment, told: Deployment) -> Deployment:
    """Write what was told once more, over what another writer wrote; return what the ledger holds.

    Otherwise the message in Slack would be lost, and a second one posted. When this fails too, the
    notices are sent again.
    """
    rest = {notice.id: notice for notice in told.notices}
    sent = {notice.id for notice in record.notices} - rest.keys()
    try:
        head, newest = read(world, record.service, record.id)
        unsent = tuple(rest.get(one.id, one) for one in newest.notices if one.id not in sent)
        new = after(newest, Told(unsent=unsent, slack=told.slack), world.now)
        world.ledger.save(head, new)
    except (Conflict, Unavailable, Refused):
        return record
    return new


def _send(world: World, record: Deployment, notice: Notice) -> tuple[Notice | None, Deployment]:
    """Send a notice; return what still has to be sent of it, and the record with its message.

    The first is None when nothing has to be sent any more.
    """
    try:
        delivery = world.topic.publish(notice, record.id, record.service, record)
    except Unavailable:
        return notice, record
    told = Told(unsent=record.notices, slack=delivery.slack)
    known = after(record, told, world.now) if delivery.slack else record
    if not delivery.missed or world.now - notice.at > _GIVE_UP:
        return None, known
    return changed_notice(notice, unsent=delivery.missed), known
