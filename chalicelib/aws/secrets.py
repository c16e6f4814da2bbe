"""name of a secret -> its value, from SSM (SecureString) or Secrets Manager."""

from __future__ import annotations

from functools import lru_cache

from chalicelib.aws.clients import client_quick
from chalicelib.aws.errors import translated


@lru_cache
def secret(name: str) -> str:
    """Return the value of `ssm:/NAME` or `secretsmanager:NAME`, and remember it until `forget`."""
    store, _, key = name.partition(":")
    with translated(f"read the secret {name}"):
        if store == "ssm":
            answer = client_quick("ssm").get_parameter(Name=key, WithDecryption=True)
            return str(answer["Parameter"]["Value"])
        return str(client_quick("secretsmanager").get_secret_value(SecretId=key)["SecretString"])


def forget() -> None:
    """Forget all values, so that they are read again: a webhook that fails may have a new URL."""
    secret.cache_clear()
