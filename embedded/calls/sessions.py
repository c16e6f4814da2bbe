"""Who is calling: an access key id stands for a session of a role, as AWS STS issues them.

Any access key that was not issued here is the administrator's, who is a person with the `aws` CLI.
"""

from __future__ import annotations

import secrets
import string
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

ACCOUNT = "123456789012"
REGION = "us-west-2"
_KEY_LETTERS = string.ascii_uppercase + string.digits


@dataclass(frozen=True)
class Principal:
    """Who makes a call: a session of `role`, or the administrator (no role)."""

    name: str
    role: str | None = None
    kill: Callable[[], None] | None = field(default=None, compare=False, repr=False)

    @property
    def arn(self) -> str:
        """The ARN that AWS names in its AccessDenied messages."""
        if self.role is None:
            return f"arn:aws:iam::{ACCOUNT}:user/{self.name}"
        return f"arn:aws:sts::{ACCOUNT}:assumed-role/{self.role}/{self.name}"

    def end(self) -> None:
        """Kill the process that acts as this principal, if there is one."""
        if self.kill:
            self.kill()


ADMIN = Principal("admin")


@dataclass(frozen=True)
class Credentials:
    access_key: str
    secret_key: str
    token: str


class Sessions:
    """The sessions that were issued, by access key id."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._principals: dict[str, Principal] = {}

    def issue(
        self, role_arn: str, session: str, kill: Callable[[], None] | None = None
    ) -> Credentials:
        """Credentials of a new session of the role; `kill` ends the process that holds them."""
        return self._add("ASIA", Principal(session, role_arn.rsplit("/", 1)[-1], kill))

    def user(self, name: str) -> Credentials:
        """Keys of a user who may do anything and has another name than the administrator."""
        return self._add("AKIA", Principal(name))

    def _add(self, prefix: str, principal: Principal) -> Credentials:
        # moto knows only ids of twenty capitals and digits; temporary ones begin with ASIA.
        key = prefix + "".join(secrets.choice(_KEY_LETTERS) for _ in range(16))
        with self._lock:
            self._principals[key] = principal
        return Credentials(key, secrets.token_hex(20), secrets.token_hex(16))

    def principal(self, access_key: str) -> Principal:
        with self._lock:
            return self._principals.get(access_key, ADMIN)
