"""record -> what is known of its image's scan: what cannot be read has not ended."""

from __future__ import annotations

from chalicelib.errors import Denied, Refused, Unavailable
from chalicelib.flow.ports import World
from chalicelib.model.deployments import Deployment
from chalicelib.model.scans import Scan


def scan_of(world: World, record: Deployment) -> Scan:
    """The scan of the record's image; when AWS does not tell, one that has not ended, and why.

    So the gate's `wait` goes on counting whatever stands between Slipway and the scan.
    """
    try:
        return world.scans.scan(record.repository, record.digest)
    except Denied as denied:
        return Scan(state="waiting", why=str(denied), denial=str(denied))
    except Unavailable as unavailable:
        return Scan(state="waiting", why=str(unavailable))
    except Refused as refused:
        return Scan(state="none", why=str(refused))
