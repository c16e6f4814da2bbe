"""log line -> log line without what looks like a secret."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.explain.mask import masked, safe_line
from tests.fixtures.examples import DIGEST, REGISTRY, URI

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"
PEM = "MIIEpAIBAAKCAQEA7bq1C2l3cCuN4xQz1Jv9m0Zb8p9KzYt5r2XoYw1bq0aRr+Zt"
HEX = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b"
UUID = "550e8400-e29b-41d4-a716-446655440000"
SECRET = "arn:aws:secretsmanager:us-west-2:123456789012:secret:prod/db-AbCdEf"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("password=hunter2 user=app", "password=*** user=app"),
        ("DB_PASSWORD=a,b&c;d)e next", "DB_PASSWORD=*** next"),
        ("login(user=app, password=abc)", "login(user=app, password=***)"),
        ("PGPASSWORD: hunter2", "PGPASSWORD: ***"),
        ("passwd => 'x y'", "passwd => '***'"),
        ("DB_PASS=hunter2", "DB_PASS=***"),
        ("pwd=hunter2", "pwd=***"),
        ("password=/Ab+cd", "password=***"),
        ("token: abc", "token: ***"),
        ("token=no-plain-word", "token=***"),
        ("x-api-key: 12345", "x-api-key: ***"),
        ("Invalid API key abcdef0123456789abcdef", "Invalid API key ***"),
        ("SECRET_KEY_BASE=0a1b2c", "SECRET_KEY_BASE=***"),
        ("JWT_SECRET_2=abc", "JWT_SECRET_2=***"),
        ('{"password": "a \\"b\\" c", "user": "app"}', '{"password": "***", "user": "app"}'),
        ('{"log": "{\\"token\\":\\"abc\\"}"}', '{"log": "{\\"token\\":\\"***\\"}"}'),
        ("{'client_secret': 'abc'}", "{'client_secret': '***'}"),
        ("--password hunter2 --verbose", "--password *** --verbose"),
        ("Authorization: Bearer abc.def", "Authorization: Bearer ***"),
        ("authorization=Basic dXNlcjpwYXNz", "authorization=Basic ***"),
        ('"Authorization": "Token abc"', '"Authorization": "Token ***"'),
        ("sent Bearer abcd1234efgh", "sent Bearer ***"),
        ("Set-Cookie: session=abc; Path=/", "Set-Cookie: ***"),
        ("postgres://app:p@ss/1@db:5432/x", "postgres://app:***@db:5432/x"),
        ("redis://:abc@cache:6379", "redis://:***@cache:6379"),
        (f"https://{HEX}@sentry.example/1", "https://***@sentry.example/1"),
        (f"got {JWT} instead", "got *** instead"),
        ("key AKIAIOSFODNN7EXAMPLE used", "key *** used"),
        ("ASIAIOSFODNN7EXAMPLE", "***"),
        ("aws_secret_access_key = wJalrXUtnFEMI/K7MDENG+bPx", "aws_secret_access_key = ***"),
        ("secret key wJalrXUtnFEMI/K7MDENG+bPxRf", "secret key ***"),
        (f"signing with key {HEX}", "signing with key ***"),
        ("?X-Amz-Signature=0a1b&X-Amz-Date=2026", "?X-Amz-Signature=***&X-Amz-Date=2026"),
        ("Server=db;Password=a=b;Encrypt=1", "Server=db;Password=***;Encrypt=1"),
        ("AccountName=x;AccountKey=abc+/==;", "AccountName=x;AccountKey=***;"),
        ("ghp_0123456789abcdefghijABCDEFGHIJ456789", "***"),
        ("-----BEGIN RSA PRIVATE KEY-----MIIE", "-----BEGIN RSA PRIVATE KEY-----***"),
        (PEM, "***"),
    ],
)  # fmt: skip
def test_what_looks_like_a_secret_is_hidden(line: str, expected: str) -> None:
    assert masked(line) == expected


@pytest.mark.parametrize(
    "line",
    [
        f"CannotPullContainerError: {URI}@{DIGEST}: not found",
        f"{REGISTRY}/conflicto-backend-dev:abc1234",
        DIGEST,
        DIGEST.removeprefix("sha256:"),
        f"commit {HEX}",
        f"request {UUID} took 5 ms",
        f"key {UUID}",
        "2026-03-02T10:15:30.123Z INFO started",
        f"failed to fetch secret {SECRET} from secrets manager",
        f"SECRET_ARN={SECRET}",
        f"is not authorized to perform: secretsmanager:GetSecretValue on resource: {SECRET}",
        "arn:aws:iam::123456789012:role/conflicto-task",
        "botocore.exceptions.NoCredentialsError: Unable to locate credentials",
        'FATAL: password authentication failed for user "app"',
        "KeyError: 'DB_PASSWORD'",
        "The SECRET_KEY setting must not be empty.",
        "API_TOKEN: field required",
        "password: null, token: none",
        "Unexpected token < in JSON at position 0",
        "max_tokens=4096 tokens: 12 token_count=3",
        "TOKEN_URL=https://login.example.com/token",
        "c.e.TokenService : Started in 5 s",
        "PWD=/app",
        "GET https://db.example.com:5432/a@b?x=1 200",
        "git@github.com:org/repo.git",
        "Error: connect ECONNREFUSED 10.0.0.1:5432",
        "Basic authentication failed",
        "ModuleNotFoundError: No module named 'uvicorn'",
        '  File "/usr/local/lib/python3.12/site-packages/gunicorn/arbiter.py", line 609, in spawn',
        "at com.example.configuration.DatabaseConfiguration.connect(DatabaseConfiguration.java:42)",
        "",
    ],
)
def test_what_a_reader_needs_stays(line: str) -> None:
    assert masked(line) == line


PIECES = st.sampled_from(
    [
        "password", "token", "secret", "key", "Authorization", "Bearer", "Cookie", "pwd", "api_key",
        "=", ":", " ", '"', "'", "\\", "@", "://", "postgres", "--", ";", ",", "&", ")", "***", "/",
        "AKIAIOSFODNN7EXAMPLE", JWT, PEM, HEX, UUID, SECRET, DIGEST, "x", "12", "null",
        "-----BEGIN PRIVATE KEY-----", "\x1b[1m", "\x1b", "\u200b", "\\u001b[1m", "value", "<", ">",
        "</", "mysql", "curl", " -p", " -u ", "%3D", "%22", "&quot;", "]", "=>", "(", " is ",
        "with ", "hunter2", "STRIPE_KEY", "sig=", "?", "hf_0123456789abcdefghij", "`", "\n",
    ]
)  # fmt: skip


@given(st.text() | st.lists(PIECES, max_size=14).map("".join))
def test_masking_again_changes_nothing_and_no_line_grows(line: str) -> None:
    once = masked(line)
    assert masked(once) == once
    assert len(once) <= len(line)


@given(st.text(alphabet=st.characters(categories=["L", "N"]), min_size=4, max_size=40))
def test_no_value_of_a_password_survives(value: str) -> None:
    line = f'{{"password": "{value}"}} password="{value}" DB_PASSWORD=x{value}'
    assert value not in masked(line)


@pytest.mark.parametrize(
    "line",
    [
        "token" + "_word" * 20,
        "token" + "_word" * 20 + "!",
        "token" + "_word" * 790 + "-url",
        "secret_" * 600,
        "key-" * 1_000,
        "a.b-c+" * 700,
        "x://:" * 800,
        "eyJ-" * 1_000,
    ],
)
def test_a_line_without_a_value_stays_whatever_its_names(line: str) -> None:
    assert masked(line) == line[:4_000]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("token_for-my_api_key_2=abc", "token_for-my_api_key_2=***"),
        ("token_url-secret=abc", "token_url-secret=***"),
        ("token_api key=abc", "token_api key=***"),
        ("passwordsecret=abc", "passwordsecret=***"),
        ("tokenx_secret_base: abc", "tokenx_secret_base: ***"),
        (f"token {'ab-' * 20}token {HEX}", f"token {'ab-' * 20}token ***"),
    ],
)
def test_a_name_that_tells_nothing_hides_no_name_within_it(line: str, expected: str) -> None:
    assert masked(line) == expected


def test_of_a_text_from_outside_only_its_beginning_is_looked_at() -> None:
    class Text(str):
        __slots__ = ()

        def __iter__(self) -> Iterator[str]:
            raise AssertionError("all of it was looked at")

    assert safe_line(Text("a\nb token=xyz " + "c" * 1_000_000))[:13] == "a b token=***"


@pytest.mark.parametrize("piece", ["password", "a", "-", "key ", "x=", "://", "eyJ", '"\\', "ab, "])
def test_of_a_very_long_line_only_the_beginning_is_read(piece: str) -> None:
    assert len(masked(piece * 100_000)) <= 4_000
