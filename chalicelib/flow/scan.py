"""record -> scan: read the scan of its image; a scan that cannot be read counts as not ended."""

from __future__ import annotations

from chalicelib.errors import Denied, Refused, Unavailable
from chalicelib.flow.ports import World
from chalicelib.model.deployments import Deployment
from chalicelib.model.scans import Scan


def scan_of(world: World, record: Deployment) -> Scan:
    """Return the scan of the record's image.

    When AWS does not answer, the scan counts as waiting, with the reason, and the gate's `wait`
    goes on. When AWS refuses, there is no scan to wait for.
    """
    try:
        return world.scans.scan(record.repository, record.digest)
    except Denied as denied:
        return Scan(state="waiting", why=str(denied), denial=str(denied))
    except Unavailable as unavailable:
        return Scan(state="waiting", why=str(unavailable))
    except Refused as refused:
        return Scan(state="none", why=str(refused))
