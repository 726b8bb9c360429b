"""What is wrong with this machine's AWS set-up, or the way to AWS -> words, and where it is set.

Pure: what the variables and files of this machine are is handed in. botocore has about ninety
exceptions, and a set-up can also end in those of Python; a test holds this module to all of them.
"""

from __future__ import annotations

import os.path
import re
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipeline import redaction
from pipeline.errors import UserError, brief

if TYPE_CHECKING:
    from pipeline.environment.fields import Aws

_KEY, _SECRET = "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"
_PROFILES = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE")
_MOST = 300  # characters of somebody else's words
# botocore's errors about a request or an answer that our own code made wrong: bugs.
OURS = frozenset(
    {
        "AliasConflictParameterError",
        "ApiVersionNotFoundError",
        "InvalidExpressionError",
        "InvalidHostLabelError",
        "MissingParametersError",
        "OperationNotPageableError",
        "PaginationError",
        "ParamValidationError",
        "StubResponseError",
        "UnknownClientMethodError",
        "UnknownParameterError",
        "UnknownKeyError",
        "RangeError",
        "UnseekableStreamError",
        "UnsupportedS3ArnError",
        "UnsupportedS3ControlArnError",
        "UnsupportedOutpostResourceError",
        "WaiterConfigError",
        "WaiterError",
    }
)


@dataclass(frozen=True)
class Problem:
    """An exception as its classes' names, its words and its parts; `file` is the one that it is
    about, `through` the functions of botocore that it came through."""

    kinds: frozenset[str]
    message: str
    parts: Mapping[str, Any]
    file: str = ""
    through: tuple[str, ...] = ()

    @classmethod
    def of(cls, error: BaseException) -> Problem:
        kinds = frozenset(kind.__name__ for kind in type(error).__mro__)
        parts = getattr(error, "kwargs", {})
        file = getattr(error, "filename", None)
        frames = traceback.walk_tb(error.__traceback__)
        through = tuple(frame.f_code.co_qualname for frame, _ in frames)
        return cls(kinds, str(error), parts, str(file or ""), through)


@dataclass(frozen=True)
class Machine:
    """The environment's `aws` section, and the variables that AWS's libraries read beside it."""

    aws: Aws
    variables: Mapping[str, str]

    @property
    def profile(self) -> str:
        """The profile that counts: the environment file's, else the variables'."""
        chosen = [self.variables.get(name) for name in _PROFILES]
        return self.aws.profile or next(filter(None, chosen), "default")

    @property
    def profile_is_set_by(self) -> str:
        if self.aws.profile:
            return "aws.profile of the environment file"
        for name in _PROFILES:
            if self.variables.get(name):
                return f"the variable {name}"
        return ""

    @property
    def in_profile(self) -> str:
        """Where that profile is written."""
        file = self.variables.get("AWS_CONFIG_FILE") or "~/.aws/config"
        return f"profile {self.profile} of {file}"

    def set_by(self, names: tuple[str, ...]) -> list[str]:
        """Which of these variables are set; a name may end in a star."""
        return sorted(
            name
            for name in self.variables
            if any(
                name.startswith(wanted[:-1]) if wanted.endswith("*") else name == wanted
                for wanted in names
            )
        )

    def named_in(self, message: str) -> list[str]:
        """The variables whose value somebody else's words repeat."""
        return sorted(
            name
            for name, value in self.variables.items()
            if name.upper().startswith(("AWS_", "HTTP"))
            and name not in _FILES
            and _repeats(message, value)
        )

    @property
    def sign_in(self) -> str:
        """How people get credentials, with the profile that counts."""
        profile = f" --profile {self.profile}" if self.profile != "default" else ""
        return (
            f"Sign in (`aws sso login{profile}` or `aws configure{profile}`), and try"
            f" `aws sts get-caller-identity{profile}`."
        )


@dataclass(frozen=True)
class Setting:
    """Something that AWS's libraries read: its variables, its key in a profile, what it takes."""

    variables: tuple[str, ...]
    key: str
    mend: str = "Correct it, or remove it."

    def where(self, machine: Machine, message: str = "") -> str:
        """The variables that set it, of several those whose value the message repeats."""
        names = machine.set_by(self.variables)
        repeated = [name for name in names if _repeats(message, machine.variables[name])]
        if repeated or message.startswith(_REPEATING):
            names = repeated
        return _set_by(names) if names else f"It is set by {self.key} in {machine.in_profile}."


def _repeats(message: str, value: str) -> bool:
    return len(value.strip()) > 2 and value.strip() in message


def _set_by(names: Sequence[str]) -> str:
    return f"It is set by the variable{'s' * (len(names) > 1)} {', '.join(names)}."


_REPEATING = "Invalid endpoint: "  # such a message holds the value
_FILES = ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE")  # the profile's own
_ENDPOINT = Setting(
    ("AWS_ENDPOINT_URL*",),
    "services or endpoint_url",
    "Write an address such as http://127.0.0.1:4566.",
)
_CONTAINER = Setting(
    ("AWS_CONTAINER_*",),
    "credential_source",
    "The container's platform sets them: unset what you set by hand.",
)
_TOKEN_FILE = Setting(("AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_*"), "web_identity_token_file")
_CA_BUNDLE = Setting(
    ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"),
    "ca_bundle",
    "Name a file with the certificates of those who may answer, or remove it.",
)
_PROXY = Setting(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), "proxies")
_IMDS = Setting(("AWS_EC2_METADATA_*", "AWS_METADATA_*"), "ec2_metadata_service_endpoint")
_RETRIES = Setting(("AWS_RETRY_MODE", "AWS_MAX_ATTEMPTS"), "retry_mode or max_attempts")
_VARIANT = Setting(
    ("AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT"), "use_fips_endpoint or another variant"
)
_S3 = Setting(("AWS_S3_*",), "s3")

# An exception's class -> the setting that it is about.
_SETTINGS = {
    "InvalidDefaultsMode": Setting(("AWS_DEFAULTS_MODE",), "defaults_mode"),
    "InvalidRetryConfigurationError": _RETRIES,
    "InvalidEndpointDiscoveryConfigurationError": Setting(
        ("AWS_ENABLE_ENDPOINT_DISCOVERY",), "endpoint_discovery_enabled"
    ),
    "InvalidS3UsEast1RegionalEndpointConfigError": _S3,
    "InvalidS3AddressingStyleError": _S3,
    "InvalidDNSNameError": _S3,
    "UnsupportedS3ConfigurationError": _S3,
    "UnsupportedS3AccesspointConfigurationError": _S3,
    "UnsupportedS3ControlConfigurationError": _S3,
    "InvalidSTSRegionalEndpointsConfigError": Setting(
        ("AWS_STS_REGIONAL_ENDPOINTS",), "sts_regional_endpoints"
    ),
    "InvalidIMDSEndpointError": _IMDS,
    "InvalidIMDSEndpointModeError": _IMDS,
    "MetadataRetrievalError": _IMDS,
    "InvalidChecksumConfigError": Setting(
        ("AWS_REQUEST_CHECKSUM_CALCULATION", "AWS_RESPONSE_CHECKSUM_VALIDATION"),
        "request_checksum_calculation or response_checksum_validation",
    ),
    "InvalidProxiesConfigError": _PROXY,
    "ProxyConnectionError": _PROXY,
    "SSLError": _CA_BUNDLE,
    "EndpointVariantError": _VARIANT,
    "UnknownFIPSEndpointError": _VARIANT,
    "UnknownSignatureVersionError": Setting(
        ("AWS_AUTH_SCHEME_PREFERENCE",), "signature_version or auth_scheme_preference"
    ),
    "UnsupportedSignatureVersionError": Setting(
        ("AWS_AUTH_SCHEME_PREFERENCE",), "signature_version or auth_scheme_preference"
    ),
    "InvalidEndpointConfigurationError": _ENDPOINT,
    "EndpointProviderError": _ENDPOINT,
}
# Words of an error that has no class of its own -> the setting that it is about.
_BY_WORDS = (
    (re.compile(r"Invalid endpoint|Invalid IPv6 URL|Port (could not|out of)"), _ENDPOINT),
    (re.compile(r"legal header value|Unsupported host|Unable to retrieve.*container"), _CONTAINER),
    (re.compile(r"CA certificate|CA_BUNDLE|\[X509\]|\[SSL\]|SSLError"), _CA_BUNDLE),
    (re.compile(r"web identity"), _TOKEN_FILE),
)
_CREDENTIALS = {
    "NoCredentialsError",
    "PartialCredentialsError",
    "CredentialRetrievalError",
    "UnknownCredentialError",
    "NoAuthTokenError",
    "TokenRetrievalError",
    "UnknownTokenProviderError",
    "SSOError",
    "LoginError",
}
# Who was asked for credentials, as botocore calls it -> where that is set.
_PROVIDERS = {
    "env": Setting((_KEY, _SECRET, "AWS_SESSION_TOKEN"), ""),
    "custom-process": Setting((), "credential_process"),
    "assume-role": Setting(("AWS_ROLE_*",), "role_arn"),
    "assume-role-with-web-identity": _TOKEN_FILE,
    "container-role": _CONTAINER,
    "iam-role": _IMDS,
    "sso": Setting((), "sso_session or sso_start_url"),
}


# The class of botocore that was at work -> the setting that it works by.
_AT_WORK = {
    "ProcessProvider": _PROVIDERS["custom-process"],
    "AssumeRoleWithWebIdentityProvider": _TOKEN_FILE,
    "AssumeRoleWithWebIdentityCredentialFetcher": _TOKEN_FILE,
    "FileWebIdentityTokenLoader": _TOKEN_FILE,
    "AssumeRoleProvider": _PROVIDERS["assume-role"],
    "AssumeRoleCredentialFetcher": _PROVIDERS["assume-role"],
    "ContainerProvider": _CONTAINER,
    "ContainerMetadataFetcher": _CONTAINER,
    "InstanceMetadataProvider": _IMDS,
    "InstanceMetadataFetcher": _IMDS,
    "SSOProvider": _PROVIDERS["sso"],
    "SSOCredentialFetcher": _PROVIDERS["sso"],
}


def told(problem: Problem, machine: Machine) -> UserError | None:
    """The person's error; None for an exception that our own code is to blame for."""
    if problem.kinds & OURS and _at_work(problem) is None:
        return None
    for tell in (_of_profile, _of_mfa, _of_credentials, _of_connection, _of_file):
        error = tell(problem, machine)
        if error is not None:
            return error
    return _of_setting(problem, machine)


def _of_profile(problem: Problem, machine: Machine) -> UserError | None:
    if "ProfileNotFound" not in problem.kinds:
        return None
    by = machine.profile_is_set_by
    if problem.parts.get("profile") == "":
        names = [name for name in _PROFILES if machine.variables.get(name) == ""]
        return UserError(
            "the AWS set-up names a profile without a name.",
            mend=f"{_set_by(names) if names else ''} Unset it, or write a profile's name.".lstrip(),
        )
    return UserError(
        f"your AWS configuration has no profile {problem.parts.get('profile', machine.profile)}.",
        mend="`aws configure list-profiles` lists them."
        + (f" It is named by {by}; correct that, or remove it." if by else ""),
    )


def _of_mfa(problem: Problem, machine: Machine) -> UserError | None:
    if not problem.kinds & {"EOFError", "RefreshWithMFAUnsupportedError"}:
        return None
    return UserError(
        f"{machine.in_profile} asks for an MFA code (mfa_serial), and there is no terminal to"
        " type one.",
        mend="Sign in first where there is one, as by `aws sts get-session-token` or `aws sso"
        " login`, and hand on the temporary credentials. CI takes a role without mfa_serial.",
    )


def _of_credentials(problem: Problem, machine: Machine) -> UserError | None:
    if not problem.kinds & _CREDENTIALS:
        return None
    setting = _PROVIDERS.get(str(problem.parts.get("provider", "")))
    where = f"{setting.where(machine)} " if setting else ""
    if machine.variables.get(_SECRET) and not machine.variables.get(_KEY):
        where = f"{_SECRET} is set, and {_KEY} isn't. "
    by = machine.profile_is_set_by
    named = f"The profile {machine.profile} is named by {by}. " if by else ""
    return UserError(
        f"there are no usable AWS credentials: {_words(problem, machine)}",
        mend=f"{where}{named}{machine.sign_in}",
    )


def _of_connection(problem: Problem, machine: Machine) -> UserError | None:
    if "ResponseParserError" in problem.kinds:
        return UserError(
            f"something that is not AWS answers: {_words(problem, machine)}",
            mend="Are AWS_ENDPOINT_URL and the proxy of this machine right?",
        )
    if not problem.kinds & {"HTTPClientError", "ConnectionError", "ConnectionClosedError"}:
        return None
    if "header value" in problem.message:
        return UserError(
            "the credentials can't be sent: they hold a line end or another control character.",
            mend=_PROVIDERS["env"].where(machine) + " Copy them again, without what follows them.",
        )
    about = next((one for kind, one in _SETTINGS.items() if kind in problem.kinds), None)
    mend = "Is this machine online, and are aws.region and AWS_ENDPOINT_URL right?"
    names = machine.named_in(problem.message)
    if about is not None and (about is _CA_BUNDLE or machine.set_by(about.variables)):
        mend = f"{about.where(machine)} {about.mend}"
    elif names:
        mend = f"{mend} {_set_by(names)}"
    return UserError(f"AWS doesn't answer: {_words(problem, machine)}", mend=mend)


def _of_file(problem: Problem, machine: Machine) -> UserError | None:
    """A file that a variable or a profile names and that can't be read."""
    if problem.kinds & {"ConfigParseError", "ConfigNotFound"}:
        path = problem.parts.get("path", "~/.aws/config")
        line = _line_of(problem.parts.get("error"))
        return UserError(
            f"the AWS configuration can't be used: {_words(problem, machine)}",
            where=f"{path}:{line}" if line else str(path),
            mend="Its sections are [default] and [profile NAME], with key = value below.",
        )
    if "UnicodeDecodeError" in problem.kinds:
        giver = _at_work(problem)
        if giver is not None:
            return UserError(
                "what the AWS set-up reads its credentials from is not UTF-8.",
                mend=f"{giver.where(machine)} {giver.mend}",
            )
        return UserError(
            "the AWS configuration or credentials are not UTF-8.",
            mend=f"Save {machine.in_profile}, and the credentials file, as UTF-8.",
        )
    if not problem.file:
        return None
    names = [name for name, value in machine.variables.items() if _same(value, problem.file)]
    where = f"It is named by the variable {min(names)}" if names else "It is named"
    where += "." if names else f" in {machine.in_profile}."
    return UserError(
        f"the AWS set-up names {brief(problem.file)}, which can't be used: "
        f"{problem.message.partition('] ')[2].partition(':')[0] or _words(problem, machine)}.",
        mend=f"{where} Write the right path, or remove it.",
    )


def _of_setting(problem: Problem, machine: Machine) -> UserError:
    """Any other mistake in the set-up; where no setting is known, everything that is set."""
    setting, names = _setting(problem), machine.named_in(problem.message)
    if setting is not None:
        mend = f"{setting.where(machine, problem.message)} {setting.mend}"
    elif names:
        mend = f"{_set_by(names)} Correct it, or remove it."
    else:
        mend = f"Look at {machine.in_profile}{_and_at(machine, problem)}."
    return UserError(f"the AWS set-up can't be used: {_words(problem, machine)}", mend=mend)


def _setting(problem: Problem) -> Setting | None:
    for kind, setting in _SETTINGS.items():
        if kind in problem.kinds:
            return setting
    for words, setting in _BY_WORDS:
        if words.search(problem.message):
            return setting
    return _at_work(problem)


def _at_work(problem: Problem) -> Setting | None:
    """The way to credentials that botocore was on."""
    classes = [name.partition(".")[0] for name in problem.through]
    return next((_AT_WORK[name] for name in reversed(classes) if name in _AT_WORK), None)


def _and_at(machine: Machine, problem: Problem) -> str:
    """The variables that are set, unless the error is one of the profile alone."""
    if "InvalidConfigError" in problem.kinds:
        return ""
    names = [name for name in machine.set_by(("AWS_*",)) if name not in _FILES]
    return f", and at the variables {', '.join(names)}" if names else ""


def _words(problem: Problem, machine: Machine) -> str:
    """The exception's own words without what may be secret; those that say little get more."""
    message = redaction.message(problem.message, machine.variables)
    if "JSONDecodeError" in problem.kinds:
        message = f"the answer is not JSON ({message})"
    elif problem.kinds & {"AttributeError", "KeyError", "TypeError"}:
        message = f"the answer has another form than AWS's libraries expect ({message})"
    return brief(message or "no reason given", _MOST)


def _line_of(error: Any) -> int:
    """The line that Python's own reader of such files complains of; 0 if it tells none."""
    lines = [number for number, _ in getattr(error, "errors", [])] or [getattr(error, "lineno", 0)]
    return lines[0] if isinstance(lines[0], int) else 0


def _same(value: str, file: str) -> bool:
    return bool(value) and os.path.expanduser(value) == os.path.expanduser(file)  # noqa: PTH111
