# ruff: noqa: RUF001 - some are Russian and Chinese
r"""Log lines with made-up secrets, for the masks: common ones (`CORE`), hard ones (`ADVERSARIAL`).

What is between « and » is the secret. `<an34>` stands for 34 random characters, so that no line
of this file looks like a credential: `an` letters and digits, `hex` and `HEX` hexadecimal digits,
`b64` base64, `dig` digits. An entry with a line break is several lines of one log.
"""

from __future__ import annotations

import random
import re
import string
from typing import NamedTuple

_ALPHABETS = {
    "an": string.ascii_letters + string.digits,
    "hex": "0123456789abcdef",
    "HEX": "0123456789ABCDEF",
    "b64": string.ascii_letters + string.digits + "+/",
    "dig": string.digits,
}


class Line(NamedTuple):
    """A text, and the secrets in it."""

    text: str
    secrets: tuple[str, ...]


def line(marked: str) -> Line:
    """What a line of the lists below stands for; always the same."""
    source = random.Random(marked)
    filled = re.sub(
        r"<(an|hex|HEX|b64|dig)(\d+)>",
        lambda found: _random(source, found[1], int(found[2])),
        marked,
    )
    return Line(re.sub("[«»]", "", filled), tuple(re.findall("«(.*?)»", filled)))


def _random(source: random.Random, alphabet: str, length: int) -> str:
    """It begins with digits and letters of each kind, as nearly every random text has them soon."""
    begins = {"hex": "7f2", "HEX": "7F2", "dig": ""}.get(alphabet, "7xG2")
    return begins + "".join(
        source.choice(_ALPHABETS[alphabet]) for _ in range(length - len(begins))
    )


CORE = tuple(
    map(
        line,
        (
            "password=«hunter2» user=app",
            "DB_PASSWORD=«S3cr3t!pw»",
            "POSTGRES_PASSWORD: «correct-horse»",
            "pw=«hunter2»",
            "pass=«hunter2» host=db",
            '{"level":"info","password":"«hunter2»","user":"app"}',
            '{"log":"{\\"api_key\\":\\"«<an24>»\\"}"}',
            "{'client_secret': '«<an30>»', 'id': 4}",
            "Settings(db_password='«hunter2»', debug=False)",
            "password=SecretStr('«hunter2»')",
            "User{name='app', password='«hunter2»'}",
            "['password' => '«hunter2»', 'host' => 'db']",
            "    [password] => «hunter2»",
            "<password>«hunter2»</password>",
            '<add key="DbPassword" value="«hunter2»" />',
            '{"name": "DB_PASSWORD", "value": "«hunter2»"}',
            "Authorization: Bearer «<an40>»",
            "authorization: Basic «<b6424>»",
            "Cookie: session=«<an32>»; theme=dark",
            "postgres://app:«s3cret»@db.internal:5432/app",
            "redis://:«<an20>»@cache:6379/0",
            "amqps://svc:«p%40ss»@mq.internal/vhost",
            "Server=db;Database=app;User Id=sa;Password=«Passw0rd!»;Encrypt=true",
            "DefaultEndpointsProtocol=https;AccountName=x;AccountKey=«<b6486>==»",
            "aws_secret_access_key = «<b6440>»",
            "using key «AKIA<HEX16>»",
            "github token «ghp_<an36>» rejected",
            "«glpat-<an20>» has no scope api",
            "«xoxb-<dig12>-<dig12>-<an24>»",
            "https://hooks.slack.com/services/«T<HEX8>/B<HEX8>/<an24>»",
            "stripe: «sk_live_<an24>»",
            "loading model with «hf_<an34>»",
            "login to docker.io with «dckr_pat_<an27>» failed",
            "«shpat_<hex32>» is not valid for this shop",
            "newrelic: license «NRAK-<HEX27>» rejected",
            "refresh with «ya29.<an60>»",
            "https://discord.com/api/webhooks/«<dig18>/<an68>» answered 404",
            "PUT https://x.blob.core.windows.net/c/f?sv=2024-01-01&sig=«<an43>%3D» 403",
            "curl -u admin:«hunter2» https://api.internal/v1",
            "mysql -h db -u root -p«hunter2» app",
            "connect with password '«hunter2»' failed",
            "Passwort: «geheim12»",
            "STRIPE_KEY=«<an24>»",
            "-----BEGIN RSA PRIVATE KEY-----«MII<b6460>»",
        ),
    )
)

ADVERSARIAL = tuple(
    map(
        line,
        (
            # Prefixes of providers, in the middle of something.
            'Error: Invalid token: "«hf_<an34>»"',
            "shop=x «shpss_<hex32>»",
            "X-Shopify: «shpca_<hex32>»",
            "doppler run with «dp.pt.<an43>»",
            "«dp.st.prd.<an43>»: expired",
            "jira user x, «ATATT3xFfGF0<an60>=<HEX8>»",
            "oauth: «1//0<an60>»",
            "twilio client «SK<hex32>» made",
            "twilio account «AC<hex32>» suspended",
            "https://discordapp.com/api/v10/webhooks/«<dig18>/<an68>»?wait=true",
            "https://acme.webhook.office.com/webhookb2/«<hex8>-<hex4>@<hex8>»/IncomingWebhook/«<hex32>»",
            "POST https://prod-1.westus.logic.azure.com:443/workflows/x/run?sp=%2F&sig=«<an43>»",
            "https://api.telegram.org/bot«<dig10>:AA<an33>»/getMe 401",
            "sendgrid «SG.<an22>.<an43>»",
            "«pypi-AgEIcHlwaS5vcmc<an80>» lacks scope",
            "npm ERR! //registry.npmjs.org/:_authToken=«npm_<an36>»",
            "vault: «hvs.<an90>» is not renewable",
            "«sk-proj-<an48>» quota exceeded",
            "«sk-ant-api03-<an60>» is not allowed",
            "«dop_v1_<hex64>»",
            "grafana: «glsa_<an32>_<hex8>»",
            "linear «lin_api_<an40>»",
            "mailchimp «<hex32>-us12» refused",
            "«xapp-1-A<HEX10>-<dig13>-<hex64>»",
            "databricks «dapi<hex32>»",
            "«AIza<an35>» has no quota",
            "square: «sq0csp-<an43>»",
            "postman «PMAK-<hex24>-<hex34>»",
            "«github_pat_<an22>_<an59>»",
            "sentry «sntrys_<an60>»",
            # Commands.
            "exec: mysqldump --host=db -uroot -p«S3cret9» app",
            "+ sshpass -p «hunter2» ssh app@host",
            "+ curl -s --user 'svc:«hunter 2»' https://x",
            "docker login -u app -p «hunter2» registry.example.com",
            "redis-cli -h cache -a «hunter2» ping",
            "openssl rsa -in k.pem -passin pass:«hunter2»",
            'cli --db-password "«hunter 2»" --verbose',
            "app --pass «hunter2» --port 80",
            "app.jar -Dspring.datasource.password=«hunter2» -Xmx1g",
            "PGPASSWORD=«hunter2» psql -h db",
            # Markup and dumps.
            "<db:password type='text'>«hunter2»</db:password>",
            '<property name="password">«hunter2»</property>',
            '<property name="hibernate.connection.password" value="«hunter2»"/>',
            "<apiKey>«<an20>»</apiKey>",
            '["password"]=> string(7) "«hunter2»"',
            's:8:"password";s:7:"«hunter2»";',
            "{:user=>'app', :password=>'«hunter2»'}",
            "password=b'«hunter2»'",
            "('password', '«hunter2»')",
            'Config { password: Some("«hunter2»"), port: 5432 }',
            "{Host:db Password:«hunter2» Port:5432}",
            "Credentials[user=app, password=«hunter2»]",
            "{'Name': 'API_TOKEN', 'Value': '«<an20>»'}",
            "environment: - name: DB_PASSWORD value: «hunter2»",
            # Quotes and escapes.
            r'{"log":"{\\\"password\\\":\\\"«hunter2»\\\"}"}',
            r'{"body":"{\u0022password\u0022:\u0022«hunter2»\u0022}"}',
            "{&quot;password&quot;:&quot;«hunter2»&quot;}",
            "q=%7B%22password%22%3A%22«hunter2»%22%7D",
            "body: user=app%26password%3D«hunter2»",
            "password: “«hunter 2»”",
            "password=`«hunter2»`",
            "password=«it's-me-2»",
            r"password=«dom\ain9»",
            r'"password":"«a\"b\"c9»","x":1',
            # Prose.
            "the password is «hunter2»",
            "logging in with password «hunter2!»",
            'password for user app was set to "«hunter2»"',
            "Password for admin is: «hunter2»",
            "ALTER USER app IDENTIFIED BY '«hunter2»'",
            "ALTER ROLE app WITH ENCRYPTED PASSWORD '«hunter2»'",
            "api key '«abc123def»' is unknown",
            # Other languages.
            "Kennwort=«geheim12»",
            "contraseña: «secreta9»",
            "mot de passe : «motus12»",
            "senha=«segredo9»",
            "parola: «segreta9»",
            "пароль: «секрет12»",
            "密码：«mima1234»",
            "パスワード=«himitsu1»",
            "wachtwoord: «geheim12»",
            "hasło = «tajne123»",
            "비밀번호: «bimil123»",
            # Characters that are not seen.
            "\x1b[33mpassword\x1b[0m=«hunter2»",
            "pass\x1b[1mword=«hunter2»",
            "pass\u200bword=«hunter2»",
            "pass\u00adword: «hunter2»",
            "p\x00a\x00s\x00s\x00w\x00o\x00r\x00d\x00=\x00«h\x00u\x00n\x00t\x00e\x00r\x002»",
            "«ghp_<an10>\u200b<an26>»",
            r'{"msg":"\u001b[33mpassword\u001b[0m=«hunter2»"}',
            "\x1b]0;title\x07token\x1b[0m: «abc123»",
            # Keys.
            "2026-03-02T10:15:30Z INFO MIIEpAIBAAKCAQEA«<b6448>»",
            r'{"private_key":"-----BEGIN PRIVATE KEY-----\n«MII<b6460>»\n«<b6464>»\n-----END"}',
            "app | -----BEGIN OPENSSH PRIVATE KEY-----\napp | «b3BlbnNzaC1rZXktdjE<b6445>»\n"
            "app | «<b6464>»\napp | «<b6420>==»\napp | -----END OPENSSH PRIVATE KEY-----",
            "-----BEGIN EC PRIVATE KEY-----\n«MHc<b6461>»\n«<b6464>»\n«<b6430>»\n"
            "-----END EC PRIVATE KEY-----",
            "«<b6464>»\n«<b6418>==»\n-----END RSA PRIVATE KEY-----",
            '"-----BEGIN PRIVATE KEY-----",\n"«MII<b6461>»",\n"«<b6412>»",',
            "-----BEGIN PGP PRIVATE KEY BLOCK-----\n\n«lQ<b6462>»\n«<b6424>»\n=«<b644>»",
            "2026-03-02 INFO «<b6464>»",
            r"cert\n«<b6464>»\n«<b6464>»\n",
            # Connections.
            "dial app:«s3cret»@tcp(db:3306)/app: refused",
            "jdbc:oracle:thin:scott/«tiger9»@db.internal:1521/ORCL",
            "connecting to app:«s3cret»@db.internal:5432",
            "mongodb+srv://app:«p:a/s9»@cluster.example.net/x",
            "https://«<an40>»@github.com/org/repo.git",
            "Endpoint=sb://x/;SharedAccessKeyName=root;SharedAccessKey=«<b6443>=»",
            "InstrumentationKey=«<hex8>-<hex4>-<hex4>-<hex4>-<hex12>»;IngestionEndpoint=https://x",
            "Data Source=db;Uid=sa;Pwd=«hunter2»;Encrypt=1",
            # Names.
            "APP_KEY=«base64:<b6443>=»",
            "ENCRYPTION_KEY: «<hex32>»",
            "SENTRY_AUTH=x DATADOG_APP_KEY=«<hex40>»",
            "Ocp-Apim-Subscription-Key: «<hex32>»",
            "x-functions-key: «<an40>==»",
            "connect.sid=«s%3A<an32>»",
            "xsrf=«<an20>» path=/",
            "datasource:\n  password: |\n    «hunter2»\n  port: 5432",
            "- name: DB_PASSWORD\n  value: «hunter2»",
        ),
    )
)
