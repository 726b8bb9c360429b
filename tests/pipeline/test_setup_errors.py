"""A machine's AWS set-up may be wrong in any way: it is said what is, and where it is set."""

from __future__ import annotations

import os
import socket
import string
import subprocess
import sys
from inspect import isclass
from pathlib import Path
from typing import Any

import pytest
from botocore import exceptions
from botocore.exceptions import BotoCoreError

from pipeline import redaction
from pipeline.connecting import clients
from pipeline.connecting.setup_errors import OURS, Machine, Problem, told
from pipeline.environment.fields import Aws
from pipeline.errors import UserError

AWS = Aws(account=None, region="eu-central-1", profile=None, service_role_arn=None)
NOWHERE = "http://127.0.0.1:9"
SECRET = "hunter2-and-more"
ROLE = "role_arn = arn:aws:iam::123456789012:role/x\n"
SSO = "sso_account_id = 1\nsso_role_name = r\n"
KEYS = "aws_access_key_id = a\naws_secret_access_key = b\n"


def every_exception() -> list[type[BotoCoreError]]:
    return [
        kind
        for kind in vars(exceptions).values()
        if isclass(kind) and issubclass(kind, BotoCoreError)
    ]


def made(kind: type[BotoCoreError]) -> BotoCoreError:
    names = [name for _, name, _, _ in string.Formatter().parse(kind.fmt) if name]
    parts = {name: ValueError("x") if name == "error" else f"the-{name}" for name in names}
    return kind(**parts, last_response={})


@pytest.mark.parametrize("kind", every_exception(), ids=lambda kind: kind.__name__)
def test_every_exception_of_botocore_is_told_or_ours(kind: type[BotoCoreError]) -> None:
    problem = Problem.of(made(kind))

    error = told(problem, Machine(AWS, {"AWS_ACCESS_KEY_ID": "a"}))

    assert (error is None) == bool(problem.kinds & OURS)
    if error is not None:
        assert error.what
        assert error.mend
        assert len(str(error)) < 900


def test_each_exception_that_is_called_ours_exists() -> None:
    names = {kind.__name__ for kind in every_exception()}

    assert names >= OURS


# name: variables, the configuration file, what is said of it, where it is set
SETUPS: dict[str, tuple[dict[str, str], str | None, str, str]] = {
    "no scheme": ({"AWS_ENDPOINT_URL": "localhost:4566"}, None, "Invalid endpoint", "variable"),
    "no port": ({"AWS_ENDPOINT_URL": "http://h:abc/"}, None, "Port could not", "AWS_ENDPOINT_URL."),
    "large port": ({"AWS_ENDPOINT_URL": "http://h:99999/"}, None, "Port out of", "AWS_ENDPOINT_U"),
    "half an IPv6": ({"AWS_ENDPOINT_URL": "http://[::1"}, None, "Invalid IPv6", "AWS_ENDPOINT_"),
    "one service's": ({"AWS_ENDPOINT_URL_STS": "nope"}, None, "Invalid endpoint", "_URL_STS"),
    "another service's": ({"AWS_ENDPOINT_URL_STS": "nope", "AWS_ENDPOINT_URL": "http://x"}, None,
                          "endpoint: nope", "variable AWS_ENDPOINT_URL_STS."),
    "in a section": ({"AWS_ENDPOINT_URL_S3": "http://x"},
                     "services = s\n[services s]\nsts =\n  endpoint_url = h:1\n",
                     "endpoint: h:1", "services or endpoint_url in profile"),
    "empty profile": ({"AWS_PROFILE": ""}, None, "without a name", "variable AWS_PROFILE. Unset"),
    "in the profile": ({}, "endpoint_url = h:1\n", "Invalid endpoint", "endpoint_url in profile"),
    "no services": ({}, "services = gone\n", "gone", "profile default of "),
    "defaults mode": ({"AWS_DEFAULTS_MODE": "foo"}, None, "mode: foo", "AWS_DEFAULTS_MODE"),
    "retry mode": ({"AWS_RETRY_MODE": "foo"}, None, "foo", "AWS_RETRY_MODE"),
    "attempts": ({"AWS_MAX_ATTEMPTS": "foo"}, None, "foo", "AWS_MAX_ATTEMPTS"),
    "no attempts": ({"AWS_MAX_ATTEMPTS": "0"}, None, "max_attempts", "AWS_MAX_ATTEMPTS"),
    "STS": ({"AWS_STS_REGIONAL_ENDPOINTS": "foo"}, None, "foo", "AWS_STS_REGIONAL_ENDPOINTS"),
    "checksums": ({"AWS_REQUEST_CHECKSUM_CALCULATION": "foo"}, None, "foo", "AWS_REQUEST_CH"),
    "S3 style": ({}, "s3 =\n  addressing_style = foo\n", "foo", "s3 in profile default"),
    "signature": ({}, "sts =\n  signature_version = v9\n", "v9", "signature_version"),
    "account mode": ({"AWS_ACCOUNT_ID_ENDPOINT_MODE": "foo"}, None, "foo", "AWS_ACCOUNT_ID_ENDP"),
    "no number": ({"AWS_CSM_ENABLED": "true", "AWS_CSM_PORT": "foo"}, None, "foo", "AWS_CSM_PORT"),
    "a profile": ({"AWS_PROFILE": "nope"}, None, "no profile nope", "variable AWS_PROFILE"),
    "an old name": ({"AWS_DEFAULT_PROFILE": "nope"}, None, "profile nope", "AWS_DEFAULT_PROFILE"),
    "no section": ({}, "[default\n", "can't be used", "[profile NAME]"),
    "twice": ({}, "a = 1\n[default]\n", "can't be used", "[profile NAME]"),
    "line end": ({"AWS_SESSION_TOKEN": f"a\n{SECRET}"}, None, "a line end", "AWS_SESSION_TOKEN"),
    "proxy": ({"HTTP_PROXY": f"http://me:{SECRET}@127.0.0.1:9"}, None, "proxy", "HTTP_PROXY"),
    "no proxy": ({"HTTP_PROXY": "127.0.0.1:1:2"}, None, "not a valid host", "HTTP_PROXY"),
    "half": ({"AWS_SECRET_ACCESS_KEY": ""}, None, "no usable AWS credentials", "AWS_ACCESS_KEY_ID"),
}  # fmt: skip
# The same without keys in the variables.
KEYLESS: dict[str, tuple[dict[str, str], str | None, str, str]] = {
    "a lone secret": ({"AWS_SECRET_ACCESS_KEY": SECRET}, None, "no usable", "KEY_ID isn"),
    "short role": ({}, f"role_arn = x\nsource_profile = s\n[profile s]\n{KEYS}",
                   "RoleArn", "role_arn in profile default"),
    "short session": ({}, f"{ROLE}source_profile = s\nduration_seconds = 1\n[profile s]\n{KEYS}",
                      "DurationSeconds", "role_arn in profile default"),
    "empty token": ({"AWS_WEB_IDENTITY_TOKEN_FILE": "/dev/null",
                     "AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/x"},
                    None, "WebIdentityToken", "AWS_WEB_IDENTITY_TOKEN_FILE"),
    "binary token": ({"AWS_WEB_IDENTITY_TOKEN_FILE": sys.executable,
                      "AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/x"},
                     None, "is not UTF-8", "AWS_WEB_IDENTITY_TOKEN_FILE"),
    "binary program": ({}, "credential_process = printf '\\377'\n", "is not UTF-8",
                       "credential_process in profile default"),
    "nothing": ({}, None, "Unable to locate credentials", "aws configure"),
    "MFA": ({}, f"{ROLE}source_profile = s\nmfa_serial = m\n[profile s]\n{KEYS}", "MFA", "termin"),
    "loop": ({}, f"{ROLE}source_profile = s\n[profile s]\n{ROLE}source_profile = default\n",
             "Infinite loop", "profile default"),
    "no source": ({}, ROLE, "source_profile or credential_source", "role_arn in profile default"),
    "source gone": ({}, f"{ROLE}source_profile = gone\n", "gone", "profile default of"),
    "odd source": ({}, f"{ROLE}credential_source = Foo\n", "Foo", "profile default of"),
    "token file": ({"AWS_WEB_IDENTITY_TOKEN_FILE": "/no/t", "AWS_ROLE_ARN": "arn:aws:iam::1:role/"},
                   None, "/no/t", "variable AWS_WEB_IDENTITY_TOKEN_FILE"),
    "token in profile": ({}, f"{ROLE}web_identity_token_file = /no/t\n", "/no/t", "profile def"),
    "token, no role": ({"AWS_WEB_IDENTITY_TOKEN_FILE": "/no/t"}, None, "role ARN", "_TOKEN_FILE"),
    "container": ({"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://example.com/x"}, None,
                  "Unsupported host", "variable AWS_CONTAINER_CREDENTIALS_FULL_URI"),
    "container's token": ({"AWS_CONTAINER_CREDENTIALS_FULL_URI": NOWHERE,
                           "AWS_CONTAINER_AUTHORIZATION_TOKEN": f"a\n{SECRET}"}, None,
                          "not a legal header value", "AWS_CONTAINER_AUTHORIZATION_TOKEN"),
    "container's file": ({"AWS_CONTAINER_CREDENTIALS_FULL_URI": NOWHERE,
                          "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": "/no/t"}, None,
                         "/no/t", "variable AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"),
    "metadata": ({"AWS_EC2_METADATA_SERVICE_ENDPOINT": "a b"}, None, "a b", "_SERVICE_ENDPOINT"),
    "no program": ({}, "credential_process = /no/program\n", "/no/program", "profile default of"),
    "failing program": ({}, "credential_process = sh -c 'echo luck >&2; exit 3'\n", "luck",
                        "credential_process in profile default"),
    "no JSON": ({}, f"credential_process = echo {SECRET}\n", "not JSON", "credential_process"),
    "a list": ({}, "credential_process = echo []\n", "another form", "credential_process"),
    "no program's name": ({}, "credential_process = \n", "index", "credential_process in profile"),
    "SSO": ({}, f"sso_start_url = https://x\nsso_region = us-east-1\n{SSO}",
            "Error loading SSO Token", "aws sso login"),
    "no session": ({}, f"sso_session = gone\n{SSO}", "gone", "profile default of"),
    "login": ({}, "login_session = arn:aws:iam::1:user/x\n", "botocore[crt]", "profile default of"),
}  # fmt: skip


@pytest.fixture
def setup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr("sys.stdin", None)
    monkeypatch.setitem(clients.FIRST, "attempts", 1)
    monkeypatch.setitem(clients.FIRST, "connect_timeout", 1)
    monkeypatch.setenv("HOME", str(tmp_path))

    def set_up(variables: dict[str, str], config: str | None) -> str:
        if config is not None:
            (tmp_path / "config").write_text(f"[default]\n{config}")
            variables = {"AWS_CONFIG_FILE": str(tmp_path / "config"), **variables}
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        with pytest.raises(UserError) as raised, clients.spoken(AWS):
            clients.connect(AWS).sts.get_caller_identity()
        return str(raised.value)

    return set_up


@pytest.mark.parametrize("name", SETUPS)
def test_a_wrong_setup_says_what_is_wrong_and_where_it_is_set(
    setup: Any, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    variables, config, what, where = SETUPS[name]
    if name not in {"in the profile", "in a section", "no services"}:
        monkeypatch.setenv("AWS_ENDPOINT_URL", NOWHERE)

    said = setup(variables, config)

    assert what in said
    assert where in said
    assert SECRET not in said


@pytest.mark.parametrize("name", KEYLESS)
def test_credentials_that_can_not_be_had_say_why_and_where_they_are_set(
    setup: Any, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    variables, config, what, where = KEYLESS[name]
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_ENDPOINT_URL", NOWHERE)
    if name == "metadata":
        monkeypatch.delenv("AWS_EC2_METADATA_DISABLED")

    said = setup(variables, config)

    assert what in said
    assert where in said
    assert SECRET not in said


@pytest.mark.parametrize("content", ["/no/bundle.pem", "not a certificate"])
def test_a_bundle_of_certificates_that_is_none_is_named(
    setup: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: str
) -> None:
    bundle = Path(content) if content.startswith("/") else tmp_path / "bundle.pem"
    if not content.startswith("/"):
        bundle.write_text(content)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"https://127.0.0.1:{listening.getsockname()[1]}")

        said = setup({"AWS_CA_BUNDLE": str(bundle)}, None)

    assert "AWS_CA_BUNDLE" in said


def test_the_line_of_a_broken_configuration_is_told(setup: Any, tmp_path: Path) -> None:
    assert setup({}, "a = 1\n[default]\nb = 1\n").startswith(f"{tmp_path}/config:3: ")


def test_a_code_is_never_waited_for_where_nobody_can_type_it(tmp_path: Path, root: Path) -> None:
    (tmp_path / "config").write_text(f"[default]\n{KEYLESS['MFA'][1]}")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    command = [sys.executable, "-m", "pipeline", "outputs", "dev"]
    waiting, never = os.pipe()

    done = subprocess.run(
        command,
        cwd=root,
        env={**kept, "AWS_CONFIG_FILE": str(tmp_path / "config"), "AWS_ENDPOINT_URL": NOWHERE},
        stdin=waiting,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    os.close(waiting)
    os.close(never)

    assert done.returncode == 1
    assert "asks for an MFA code" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_error_of_our_own_in_between_stays_one() -> None:
    with pytest.raises(KeyError), clients.spoken(AWS):
        raise KeyError("ours")


@pytest.mark.parametrize(
    "words",
    [
        f"Invalid header value b'Bearer {SECRET}'",
        f"Failed to connect to proxy URL: http://me:{SECRET}@proxy:80",
        f"Invalid endpoint: me:{SECRET}@host",
        f"Could not send {SECRET}.",
    ],
)
def test_the_words_of_another_library_lose_what_is_secret(words: str) -> None:
    said = redaction.message(words, {"AWS_SESSION_TOKEN": SECRET, "AWS_TOKEN_FILE": "send"})

    assert SECRET not in said
    assert "(not shown)" in said
