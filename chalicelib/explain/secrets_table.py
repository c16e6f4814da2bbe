"""How secrets look in a log: the patterns by which `mask.py` hides them.

Each group of a pattern is a secret; where no group took part in a match, nothing is hidden. The
order matters: whole values first. Each takes time in proportion to the line: what one attempt has
read in vain, the next does not read again (tests/inputs/test_patterns_are_linear.py).
"""

from __future__ import annotations

# "Password", in several languages.
_LOGIN_WORD = (
    r"(?:pass[\s_-]?(?:word|wort|phrase|code|key)|passwd|passord|kennwort|wachtwoord|l[oö]senord"
    r"|adgangskode|salasana|contrase(?:ñ|n\u0303?)a|senha|parola|mot[\s_-]?de[\s_-]?passe"
    r"|has[łl]o|heslo|jelsz[óo]|[şs]ifre|пароль|密[码碼]|口令|パスワード|비밀번호|암호"
    r"|סיסמ[הא]|كلمة (?:المرور|السر)|पासवर्ड|รหัสผ่าน)"
)
# A word whose value is a secret.
WORD = (
    rf"(?:{_LOGIN_WORD}|[_-]pass\b|[_-]pwd|(?<!\d{{12}}:)secret"
    r"|(?<![a-z])p(?:s?w|swd|assw)(?![a-z])"
    r"|clave(?=\s?[:=])|(?:(?<![a-z])pass|(?-i:(?<=[a-z])Pass))(?=[\"']?\s?=(?![=>]?\s?\d{1,4}\b)|\\{0,3}[\"']\s?:)"
    r"|token(?!s\b|iz)"
    r"|(?:api|access|account|private|signing|encryption|master|auth|license|subscription"
    r"|instrumentation)[\s_-]?key"
    r"|x-auth|credential|signature|session[_-]?id|sessid|[cx]srf|hmac)"
)
# Endings of a name whose value is no secret: TOKEN_URL, SECRET_NAME.
_PLAIN = (
    r"count|limit|type|url|uri|endpoint|host|expir\w*|ttl|name|arn|path|file|length|size|age"
    r"|version|policy|enabled|required|used|algorithm|lifetime|timeout|seconds"
)
_NOT_A_VALUE = (
    r"(?!(?:none|null|nil|undefined|true|false|missing|required|invalid|expired|empty|unset|not"
    r"|must|cannot|could|is|was|has|are|field|unable|failed|error|unexpected|expected|mismatch"
    r"|unknown|wrong|no|yes|permission|incorrect|rejected|read|write|unbound|parameter|got|valid"
    r"|include|omit|refreshed)(?:[\s,;:)}\]\"']|\.?(?:\s|$))"
    # A placeholder; a version, as in token-bucket==0.3.0; a list of messages.
    r"|\$\d{1,2}(?![\w$])|\?(?:[\s,)]|$)|%s(?!\w)|\$\{\w{1,40}\}(?:[\s,;)]|$)"
    r"|=\d{1,5}(?:\.\d{1,5}){1,3}(?![\w.])|[\[{][\s\"'])"
)
# Also the colon and the equals sign of Chinese and Japanese.
_IS = r"\s*+(?:=>|:=|=(?!>)|:(?![=:])|[\uff1a\uff1d])\s*+"
# A value without quotes. It ends at a space, and at a separator that the next field or nothing
# follows.
_BARE = (
    r"((?:[^\s,;&\"'`\\)}\]]|'(?=\w)|\\(?=[a-z\d])(?![nrtu])|[)}\]](?![\s,;:.)}\]\"']|$)|,(?![\s,]|$)"
    r"|&(?![\w.-]++=|\s|$)|;(?!\s*+\w[\w ]*+=|\s|$))++)"
)
_ARN = r"(?!\\?[\"']?(?:arn:aws|\[(?:filtered|redacted)\]))"
_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_SOON = rf"[^\w\n]{{0,3}}(?:\w{{1,12}}\s++){{0,2}}?(?!{_UUID}|arn:|sha\d+:)"
_ENDS = r"(?![\w.:@/-])"
# A quote that a URL, HTML or JSON writes in another way.
_QUOTE = r"(?:&(?:quot|apos|\#3[49]);|\\{1,7}u002[27]|%2[27])"
# Letters and something else: hunter2, not a word, a time or an address.
_MIXED = (
    r"(?=\S{0,30}?[\d!#$%^&*])(?=\S{0,30}?[a-z])"
    r"(?!argon2|sha-?\d|md5|pbkdf2|base64|utf)"
    rf"(?!\w{{1,10}}:|arn:|{_UUID}|\d++(?:ms|[smhd])\b|[\w.+-]{{1,40}}@[\w-]{{1,40}}\.)"
    r"([^\s\"'`,;)]{5,}+)"
)
# Capitals, small letters, and two of the rest, as all base64 has and no class's name.
_BASE64 = (
    r"(?=[a-z+/]{0,39}\d[a-z0-9+/]{0,39}?[\d+/])"
    r"(?=[a-z0-9+/]{0,39}?(?-i:[A-Z]))(?=[a-z0-9+/]{0,39}?(?-i:[g-z]))"
)
_STARTS = r"(?<!x-amz-id-2: )(?:(?<![\w+/=:@.-])|(?<=\\[nr]))"


def _named(value: str) -> str:
    """A pattern for a name with a word of `WORD` in it, and for `value` after the name.

    Where the name says that its value is no secret, the match ends there. Where no value follows,
    it ends before the last part of the name. So no name is read more than twice.
    """
    return (
        rf"{WORD}(?:(?:s|id|value|hash)?+(?:[_-](?:\w*[_-])?(?=(?:{_PLAIN})\b)"
        rf"|(?:[_-][\w-]*+)?+(?:{value})|[_-][\w-]*(?=[_-])))?"
    )


def _random(alphabet: str) -> str:
    """A pattern for something long and random that follows soon.

    Something long that is not random is passed over, except for its end, where the next word of
    `WORD` may stand.
    """
    run = f"[{alphabet}]"
    return (
        rf"\b(?:{_SOON}((?={run}*\d)(?={run}*[a-z]){run}{{20,}}={{0,2}}){_ENDS}"
        rf"|[^\w\n]{{0,3}}{run}+(?={run}{{30}}))?"
    )


def _option(commands: str, option: str, value: str) -> str:
    """A pattern for a command of a shell, and for `value` after an option of it.

    It reads all words of the command, whether the option follows or not, so none is read twice.
    """
    return (
        rf"(?<![\w-])(?:{commands})(?:\s++(?!(?-i:{option}))[^\s|;]++)*+"
        rf"(?:\s++(?-i:{option}){value})?"
    )


# What stands before a value in quotes: SecretStr('x'), Some("x"), b'x'.
_OPENS = rf"[\"']?{_IS}(?:[bru]{{1,2}}|[\w.]{{1,20}}\(\s?"
_OPENS += r"|\[(?=[\"'][^\s\"']{1,99}[\"']\]))?"
_HEADERS = (
    # RFC 9110 and RFC 6265.
    r"\bauthorization\\?[\"']?\s*+[:=]\s*+\\?[\"']?"
    r"(?:(?:bearer|basic|digest|token|apikey|negotiate|aws4-hmac-sha256)\s+)?"
    r"(?!(?:none|null|nil|undefined|missing|required|failed|denied|true|false)\b)([^\"'\\]+)",
    r"\b(?:set-)?cookie\\?[\"']?\s*+:\s*\\?[\"']?([^\"'\\]+)",
    r"\bbearer\s++(?!\w{1,30}=\w)((?=\S*[\d=._-])[\w.~+/=-]{8,}+)",
    r"\bbasic\s++((?=\S*[\d=])[a-z\d+/]{8,}+={0,2})(?![\w.-])",
)
_KEYS = (
    # PEM, RFC 7468: the block's header and all that follows.
    r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----(.+)",
    # Base64 alone on a line; a line of PEM (64 characters, or 76) behind something else.
    rf"^[\s\"']*+{_BASE64}([A-Za-z0-9+/]{{40,}}+={{0,2}}+)[\s\"',\\]*+$",
    rf"{_STARTS}{_BASE64}([A-Za-z0-9+/]{{64}}(?:[A-Za-z0-9+/]{{12}})?)(?=[\s\"',\\]|$)",
    # How DER begins in base64, and OpenSSH's own format.
    rf"{_STARTS}((?-i:MII[A-Za-z0-9]|MHcCAQ|MC4CAQ|b3BlbnNzaC1rZXkt)[A-Za-z0-9+/]{{36,}}+={{0,2}})",
)
_URLS = (
    # RFC 3986: user information.
    r"(?:(?<![\w/.])|:)//[^\s:/@\"']*+:(?!\d++/)(?:([^\s\"'<>]+)@|[^\s\"'<>]*+)",
    r"://([^\s:/@\"']{20,}+)@",
    # The same without a scheme: Go's data source names, Oracle's, and user:password@host:port.
    r"(?<![\w.-])[\w.-]{1,40}+:([^\s:/@\"']{3,64}+)@(?:(?:tcp|unix)\(|[\w.-]{1,64}+:\d{2,5}\b(?!:))",
    r"(?<![\w.-])\w{1,30}+/([^\s:/@\"']{3,64}+)@(?!sha\d)[\w.-]{1,64}+:\d{2,5}/\w",
    # Addresses that are secrets themselves: whoever knows them may write there.
    r"hooks\.slack\.com/(?:services|workflows|triggers)/([\w/]++)",
    r"discord(?:app)?\.com/api/(?:v\d++/)?webhooks/([\w/-]++)",
    r"(?:\.webhook\.office\.com/webhookb2|outlook\.office\.com/webhook)/([^\s\"'<>]++)",
    r"api\.telegram\.org/bot([\w:-]++)",
    r"/(?:reset|verify|confirm|magic|invite|activate)[\w-]{0,20}/((?=[\w-]{0,30}\d)[\w-]{20,}+)",
    # Azure: shared access signatures, keys of functions.
    r"[?&;]sig=([^\s&\"';]++)",
    r"[?&](?:code|key|auth)=((?=[^\s&\"']{0,20}?\d)[\w%.~+/-]{20,}+={0,2})",
)
_PREFIXES = (
    # JSON Web Tokens, RFC 7519.
    r"\b(?:(eyJ[\w-]{5,}+\.[\w-]{5,}+(?:\.[\w-]*+)?+)|eyJ[\w-]*+)",
    # IAM user guide, "IAM identifiers": unique ID prefixes.
    r"\b((?-i:AKIA|ASIA|ABIA|ACCA)(?-i:[A-Z0-9]{12,}+))\b",
    # Prefixes that their issuers publish so that they can be found. Letters and digits follow.
    r"\b((?:gh[opsur]_|hf_|npm_|dapi|shp(?:at|ca|pa|ss)_|lin_api_|do[opr]_v1_|NRAK-|NR[IJ]S?-|r8_"
    r"|gsk_|[rs]k_(?:live|test)_|rk_|whsec_|sk-|tfp_|rubygems_)(?=[a-z0-9]{0,24}\d)[a-z0-9]{16,}+)",
    # The same; other signs may follow.
    r"\b((?:github_pat_|gl(?:pat|dt|rt|ptt|soat|cbt|oas|ft|agent)-|xox[abeoprs]-|xapp-|sk-"
    r"(?:proj|ant|svcacct|or|lf)-|pypi-|hv[bsr]\.|SG\.|AIza|dckr_[po]at_|dp\.(?:pt|st|ct|sa|scim"
    r"|audit)\.|AT[AC]TT3|ya29\.|1//0|glsa_|glc_|sq0(?:atp|csp|idp)-|PMAK-|pul-|sntr(?:ys|yu)_"
    r"|figd_|xai-|pplx-|ntn_|AGE-SECRET-KEY-1)(?=[\w.-]{0,30}\d)[\w.-]{16,}+(?:=\w{8}\b)?)",
    # Twilio, Mailchimp, Telegram.
    r"\b((?-i:SK|AC)(?-i:[0-9a-f]{32})|[0-9a-f]{32}-us\d{1,2}|\d{8,10}:AA[\w-]{33})\b",
)
_PAIRS = (
    # A name and its value: in quotes, in quotes within a quoted text, without quotes, in XML, in
    # dumps of PHP, as two fields of an object.
    _named(
        rf"{_OPENS}\"{_ARN}((?:\\.|[^\"\\])*+)"
        rf"|{_OPENS}'{_ARN}((?:\\.|''(?=\w)|[^'\\])*+)"
        rf"|\\\"{_IS}\\\"{_ARN}((?:[^\"\\]|\\{{3}}\")*+)"
        rf"|\\++\"{_IS}\\++\"{_ARN}([^\"\\]*+)"
        rf"|\\++'{_IS}\\++'{_ARN}([^'\\]*+)"
        rf"|[\"']?{_IS}(?:“([^”]*+)|`([^`]*+)|«([^»]*+))"
        rf"|{_QUOTE}(?:\s*+[:=]\s*+|%3[AD](?:%20|\+)?){_QUOTE}((?:[^\s&\\%]|%(?!2[27]))*+)"
        r"|%3[AD](?:%20|\+)?((?:[^\s&%\"']|%(?!2[2678C]|3B))++)"
        r"|(?<!type=[\"']password)[\"']?(?:\s[^<>]{0,60}+)?>\s*+"
        r"(?:<!\[CDATA\[([^\]<>]++)\]\]>|([^<>\s][^<>]*+))</"
        r"|\\{0,7}[\"']?[\s,]*+\\{0,7}[\"']?value\\{0,7}[\"']?\s*+[:=]\s*+"
        rf"(?:\\{{0,7}}[\"']{_ARN}([^\"'\\]*+)|{_ARN}{_NOT_A_VALUE}([^\s,;\"'}}]++))"
        rf"|[\"']?\]\s*+(?:=>\s*+(?:string\(\d++\)\s*+)?[\"']?{_ARN}{_NOT_A_VALUE}([^\"'\s]++)"
        rf"|=\s*+[\"']{_ARN}([^\"']++))"
        r"|\\?[\"'];s:\d++:\\?\"([^\"\\]*+)"
        rf"|\\?[\"']?{_IS}{_ARN}{_NOT_A_VALUE}{_BARE}"
    ),
    # PWD is also the working directory.
    rf"\bpwd\\?[\"']?{_IS}(?:[\"'](?![/~])([^\"']++)|(?![/~]){_BARE})",
    r"connect\.sid=([^\s;,]++)",
    # The name of a key that is no key of a table, a cache or a bucket.
    r"(?<=[a-z\d])(?<!s3)(?<!row)(?<!sort|hash|join|lock|uniq|item)(?<!range|cache|group|index)"
    r"(?<!object|unique|public|bucket)(?<!primary|foreign|routing|message)(?<!registry)"
    r"(?<!partition)(?<!idempotency|translation)[_-]key"
    rf"\\?[\"']?{_IS}\\?[\"']?{_ARN}{_NOT_A_VALUE}(?!{_UUID})"
    r"(?:(?<=(?-i:KEY)[=:])(?![/~.\d]|[^\s=]{0,40}?[/.])([^\s,;\"'\\]{6,}+)"
    r"|((?=[^\s]{0,30}?\d)(?=[^\s]{0,30}?[a-z])(?:base64:)?[\w+/=-]{16,}+))",
    # A tuple of a name and a value.
    rf"\(\s?[\"']\w{{0,30}}(?<=word|oken|cret|_key)[\"']\s?,\s?b?[\"']{_MIXED}[\"']\s?\)",
)
_COMMANDS = (
    rf"(?<![\w-])--?(?:[\w-]{{0,40}}?{WORD}[\w-]{{0,40}}|pass|pw)\s++"
    rf"(?:\"{_ARN}([^\"]++)\"|'{_ARN}([^']++)'|(?![-\"']){_ARN}{_NOT_A_VALUE}(\S++))",
    r"(?<![\w-])-pass(?:in|out)?\s++pass:(\S++)",
    _option(r"mysql\w{0,9}|mariadb[\w-]{0,9}", "-p", r"([^\s-]\S*+)"),
    _option(r"mongo\w{0,9}|sshpass|(?:docker|podman|nerdctl)\s++login", "-p", r"\s*+(\S++)"),
    _option(r"ldap\w{0,9}", r"-w(?=\s)", r"\s++(\S++)"),
    _option("redis-cli|valkey-cli", r"-a(?=\s)", r"\s++(\S++)"),
    _option(
        "curl|wget|https?|ab|hey",
        r"-u(?!\w{0,20}-)|--user(?=[\s=])|--proxy-user|-U|-a(?=\s)",
        r"[\s=]*+(?:[\"'][^\s:\"']*+:([^\"']++)|[^\s:\"']++:([^\s\"']++))",
    ),
    rf"(?<!\S)-u\s?[\w.@-]{{1,40}}+:{_MIXED}",
)
_PROSE = (
    rf"(?<![\"'`]){_LOGIN_WORD}(?:\s|\s?\(\s?|(?=[`是は「『„“«]))"
    r"(?:'([^']{3,80}+)'|\"([^\"]{3,80}+)\"|`([^`]{3,80}+)`|(?:是|は)?[「『„“«]([^」』”“»]{3,80}+))",
    r"\bapi[\s_-]?key\s['\"]([^\"']{3,80}+)['\"]",
    r"\bidentified\s++by\s++(?:password\s++)?[\"']([^\"']++)",
    rf"{_LOGIN_WORD}(?:\s[\w.@-]{{1,20}}+){{0,5}}?"
    rf"\s(?:is|to|ist|lautet|es|est|è|é|jest)\s?:?\s[\"'`]?{_MIXED}",
    rf"{_LOGIN_WORD}(?:\s(?!(?:for|by|user|in|at|file|policy|hash|of|from|to|on)\b)\w{{1,20}}+)?"
    rf"\s?(?::|->|→|\||\[|\()\s?[\"'`]?{_MIXED}",
    rf"(?-i:[A-Z]_(?:PASSWORD|PASS|TOKEN|SECRET))\s{_MIXED}",
    r"\b(?:t?otp|mfa|2fa|one-time)(?:[\s_-](?:code|pin|password))?[\s:=]{1,3}(\d{6,8})\b",
    rf"\b(?:token|secret)\sis:?\s{_MIXED}",
    # The private part of a key in JSON, RFC 7517.
    r"\"[dk]\"\s?:\s?\"([\w-]{40,}+)\"",
    rf"(?:\b(?:with|use|using)\s++(?:the\s++)?|\(){_LOGIN_WORD}\s++{_MIXED}",
    # Something long and random soon after such a word.
    r"\bkey" + _random(r"\w+-"),
    WORD + _random(r"\w+/-"),
)
PATTERNS = (*_KEYS, *_HEADERS, *_URLS, *_PREFIXES, *_PAIRS, *_COMMANDS, *_PROSE)
