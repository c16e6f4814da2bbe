"""log line -> log line without what looks like a secret.

It works by patterns only, so it cannot be complete. It knows the shapes that secrets commonly have
in logs (AWS access keys, tokens with a known prefix, JSON Web Tokens, private keys) and the places
where they stand (after a word like `password`, in an Authorization header, in a URL). Digests, ids,
times and ARNs stay readable, because a reader needs them.
"""

from __future__ import annotations

import re
from functools import cache

from chalicelib.explain.text import one_line

_READ = 4_000  # characters of a line that are looked at; the rest is left out
_FLAGS = re.IGNORECASE
# A word whose value is a secret.
_WORD = (
    r"(?:password|passwd|passphrase|passcode|[_-]pass\b|[_-]pwd|(?<!\d{12}:)secret"
    r"|token(?!s\b|iz)"
    r"|api[\s_-]?key|access[\s_-]?key|account[\s_-]?key|private[\s_-]?key|signing[\s_-]?key"
    r"|encryption[\s_-]?key|master[\s_-]?key|auth[\s_-]?key|license[\s_-]?key|credential"
    r"|signature|session[_-]?id|sessid|csrf|hmac)"
)
# Endings of a name whose value is no secret: TOKEN_URL, SECRET_NAME.
_PLAIN = (
    r"count|limit|type|url|uri|endpoint|host|expir\w*|ttl|name|arn|path|file|length|size|age"
    r"|version|policy|enabled|required|used|algorithm|lifetime|timeout|seconds"
)
_NOT_A_VALUE = (
    r"(?!(?:none|null|nil|undefined|true|false|missing|required|invalid|expired|empty|unset|not"
    r"|must|cannot|could|is|was|has|are|field|unable|failed|error|unexpected|expected|mismatch"
    r"|unknown|wrong|no)(?:[\s,;:)}\]\"']|\.?(?:\s|$)))"
)
_IS = r"\s*+(?:=>|:=|=(?!>)|:(?!=))\s*+"
# A value without quotes. It ends at a space, and at a separator that the next field or nothing
# follows.
_BARE = (
    r"(?P<secret>(?:[^\s,;&\"'\\)}\]]|[)}\]](?![\s,;:.)}\]]|$)|,(?![\s,]|$)"
    r"|&(?![\w.-]++=|\s|$)|;(?!\s*+\w[\w ]*+=|\s|$))++)"
)
_ARN = r"(?!\\?[\"']?arn:aws)"
_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_SOON = rf"[^\w\n]{{0,3}}(?:\w{{1,12}}\s++){{0,2}}?(?!{_UUID}|arn:|sha\d+:)"
_ENDS = r"(?![\w.:@/-])"


def _named(value: str) -> str:
    """A pattern for a name with a word of `_WORD` in it, and for `value` after the name.

    Where the name says that its value is no secret, the match ends there. Where no value follows,
    it ends before the last part of the name. So no name is read more than twice.
    """
    return (
        rf"{_WORD}(?:(?:s|id|value|hash)?+(?:[_-](?:\w*[_-])?(?=(?:{_PLAIN})\b)"
        rf"|(?:[_-][\w-]*+)?+(?:{value})|[_-][\w-]*(?=[_-])))?"
    )


def _random(alphabet: str) -> str:
    """A pattern for something long and random that follows soon.

    Something long that is not random is passed over, except for its end, where the next word of
    `_WORD` may stand.
    """
    run = f"[{alphabet}]"
    return (
        rf"\b(?:{_SOON}(?P<secret>(?={run}*\d)(?={run}*[a-z]){run}{{20,}}={{0,2}}){_ENDS}"
        rf"|[^\w\n]{{0,3}}{run}+(?={run}{{30}}))?"
    )


# Each has one group `secret`, which is hidden; where the group took no part in a match, nothing is.
# The order matters: whole values first. Each takes time in proportion to the line: what one attempt
# has read in vain, the next does not read again (tests/inputs/test_patterns_are_linear.py).
PATTERNS = (
    # PEM, RFC 7468: the block's header and all that follows; a line of its base64 alone.
    r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----(?P<secret>.+)",
    r"^\s*+(?P<secret>(?=[^\s]*[g-z])(?=[^\s]*[0-9+/=])[A-Za-z0-9+/]{40,}+={0,2}+)\s*+$",
    # Headers, RFC 9110 and RFC 6265.
    r"\bauthorization\\?[\"']?\s*+[:=]\s*\\?[\"']?"
    r"(?:(?:bearer|basic|digest|token|apikey|negotiate|aws4-hmac-sha256)\s+)?"
    r"(?P<secret>[^\"'\\]+)",
    r"\b(?:set-)?cookie\\?[\"']?\s*+:\s*\\?[\"']?(?P<secret>[^\"'\\]+)",
    r"\b(?:bearer|basic)\s++(?P<secret>(?=\S*[\d=._-])[\w.~+/=-]{8,}+)",
    # URLs, RFC 3986: user information.
    r"://[^\s:/@\"']*+:(?!\d++/)(?:(?P<secret>[^\s\"'<>]+)@|[^\s\"'<>]*+)",
    r"://(?P<secret>[^\s:/@\"']{20,}+)@",
    # JSON Web Tokens, RFC 7519.
    r"\b(?:(?P<secret>eyJ[\w-]{5,}+\.[\w-]{5,}+(?:\.[\w-]*+)?+)|eyJ[\w-]*+)",
    # IAM user guide, "IAM identifiers": unique ID prefixes.
    r"\b(?P<secret>(?-i:AKIA|ASIA|ABIA|ACCA)(?-i:[A-Z0-9]{12,}+))\b",
    # Prefixes that their issuers publish so that they can be found.
    r"\b(?P<secret>(?:gh[opsur]_|github_pat_|glpat-|xox[abeoprs]-|[rs]k_(?:live|test)_|sk-"
    r"|npm_|pypi-|hvs\.|dop_v1_|dapi|SG\.|AIza)[\w.-]{16,}+)",
    r"hooks\.slack\.com/services/(?P<secret>[\w/]++)",
    # A name and its value: in quotes, in quotes within a quoted text, without quotes.
    _named(rf"[\"']?{_IS}\"{_ARN}(?P<secret>(?:\\.|[^\"\\])*+)"),
    _named(rf"[\"']?{_IS}'{_ARN}(?P<secret>(?:\\.|[^'\\])*+)"),
    _named(rf"\\[\"']{_IS}\\[\"']{_ARN}(?P<secret>[^\"'\\]*+)"),
    _named(rf"\\?[\"']?{_IS}{_ARN}{_NOT_A_VALUE}{_BARE}"),
    rf"\bpwd{_IS}(?![/~]){_BARE}",  # PWD is also the working directory
    rf"(?<![\w-])--?[\w-]{{0,40}}?{_WORD}[\w-]{{0,40}}\s++(?![-\"']){_ARN}{_NOT_A_VALUE}(?P<secret>\S++)",
    # Something long and random soon after such a word.
    r"\bkey" + _random(r"\w+-"),
    _WORD + _random(r"\w+/-"),
)


def masked(line: str) -> str:
    """`line` with `***` for what looks like a secret; at most 4,000 characters of it.

    Never longer than the line; masking again changes nothing.
    """
    line = line[:_READ]
    for pattern in _compiled():
        line = pattern.sub(_hidden, line)
    return line


def safe_line(text: str) -> str:
    """What `text` from outside says, on one line and masked; at most 4,000 characters of it."""
    return masked(one_line(text[:_READ]))


@cache
def _compiled() -> tuple[re.Pattern[str], ...]:
    """Compiled at the first use: it takes as long as a twentieth of a cold start."""
    return tuple(re.compile(pattern, _FLAGS) for pattern in PATTERNS)


def _hidden(match: re.Match[str]) -> str:
    begin, end = match.span("secret")
    if begin < 0:
        return match.group()
    begin, end = begin - match.start(), end - match.start()
    whole = match.group()
    return f"{whole[:begin]}{'***'[: end - begin]}{whole[end:]}"
