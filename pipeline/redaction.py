"""Values that may be secrets are never printed: every print of a template's value comes by here.

No other module decides what is hidden; a test holds them to it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.findings import Pointer

HIDDEN = "(not shown)"
# Keys whose values may be secrets, whatever a rule says of them.
_BELOW = frozenset({"Variables", "StageVariables", "OriginCustomHeaders"})
_NAME = re.compile(r"password|passwd|secret|token|credential|api_?key", re.IGNORECASE)
_KEY = re.compile(r"^(\s*(?:- )?[\w\"'-]+:)(?:\s+(.*)|)$")
# What names a value and doesn't hold it: nothing, a block's sign, a reference, a setting.
_REFERENCE = re.compile(
    r"""(?:[|>][-+0-9]*|[{\[]|!(?:Ref|GetAtt)\s+[\w.:"']+
        |!Sub\s+(?P<sub>["']?)(?:\$\{[\w.:]+\})+(?P=sub)
        |(?P<mark>["']?)\{\{\s*env\.[\w.\s|]*\}\}(?P=mark)
        )?,?\s*""",
    re.VERBOSE,
)
_NO_WORDS = re.compile(r"\W*")
# Keys that tell their form anywhere, as rules/general/secrets.guard has more of them.
_FORM = re.compile(
    r"""(?:A3T[A-Z0-9]|ABIA|ACCA|AKIA|ASIA)[A-Z0-9]{16}|^["']?[A-Za-z0-9/+]{40}["']?$
        |-----BEGIN|AGE-SECRET-KEY-1|eyJ[\w-]{10,}\.eyJ|://[^/\s:@]*:[^/\s@]+@
        |gh[pousr]_\w{36}|github_pat_\w{22}|gl[a-z]{2,5}-[\w-]{20}|npm_\w{36}|pypi-Ag[\w-]{50}
        |AccountKey=|AIza[\w-]{35}|GOCSPX-|ya29\.|hv[sbr]\.[\w-]{24}|xox[abeoprs]-|xapp-[0-9]-
        |hooks\.slack\.com/services|SK[a-f0-9]{32}|SG\.[\w-]{22}\.|[rs]k_live_|whsec_\w{32}
        |sk-ant-|T3BlbkFJ|hf_\w{34}""",
    re.VERBOSE,
)
_HEADER = re.compile(r"((?:[Ii]nvalid|[Ii]llegal) header value:? ).*", re.DOTALL)
_IN_ADDRESS = re.compile(r"(\w+://)[^\s/@]+@|[^\s/@:'\"]+:[^\s/@]+@")
_SHORTEST = 4  # characters of a secret: anything shorter may stand in a word
_LIKE_A_VARIABLE = re.compile(r"^\s*[A-Z][A-Z0-9_]*:\s")


def shown(value: Any, pointer: Pointer) -> Any:
    """`value` with everything hidden that stands below or under a key that may hold secrets."""
    if is_hidden(pointer):
        return HIDDEN
    if isinstance(value, dict):
        return {key: shown(item, (*pointer, key)) for key, item in value.items()}
    if isinstance(value, str) and _FORM.search(value):
        return HIDDEN
    if isinstance(value, list):
        return [shown(item, (*pointer, at)) for at, item in enumerate(value)]
    return value


def is_hidden(pointer: Pointer) -> bool:
    """May what stands at `pointer` be a secret?"""
    names = [str(key) for key in pointer]
    telling = names[2:] if names[:1] == ["Resources"] else names[1:]  # a logical id tells nothing
    return bool(_BELOW.intersection(names)) or any(map(_NAME.search, telling))


def as_text(value: Any, pointer: Pointer) -> str:
    """`value` in one line, as it may be printed; JSON inside a text is looked into as well."""
    if isinstance(value, str) and not is_hidden(pointer):
        return _inside(value, pointer)
    result = shown(value, pointer)
    return result if isinstance(result, str) else json.dumps(result, ensure_ascii=False)


def change(values: Sequence[Any], pointer: Pointer) -> tuple[str, ...]:
    """The values before and after a change as texts; none where that is all hidden."""
    texts = tuple(as_text(value, pointer) for value in values)
    hidden = any(HIDDEN in text for text in texts)
    return () if hidden and len(set(texts)) < 2 else texts


def _inside(text: str, pointer: Pointer) -> str:
    """A text that AWS gives: JSON where the value is a mapping or a list."""
    if not text.lstrip().startswith(("{", "[")):
        return str(shown(text, pointer))
    try:
        value = json.loads(text)
    except ValueError:
        return HIDDEN if _NAME.search(text) or any(key in text for key in _BELOW) else text
    return json.dumps(shown(value, pointer), ensure_ascii=False)


def message(text: str, variables: Mapping[str, str]) -> str:
    """Another library's words without the parts that may be secrets: header values, names and
    passwords in addresses, and the values of variables whose names tell of a secret."""
    text = _HEADER.sub(rf"\1{HIDDEN}", text)
    text = _IN_ADDRESS.sub(rf"\1{HIDDEN}@", text)
    for name, value in variables.items():
        secret = _NAME.search(name) and not name.endswith(("_FILE", "_URI", "_URL"))
        if secret and len(value) >= _SHORTEST:
            text = text.replace(value, HIDDEN)
    return text


def line(text: str, pointer: Pointer) -> str:
    """A line of code near what `pointer` names, without the value of an environment variable.

    References are shown, they hold nothing. A line that isn't `key: value` is only shown where
    nothing near it may be a secret.
    """
    key = _KEY.match(text)
    value = (key[2] or "") if key else text.strip()
    harmless = not is_hidden(pointer) and not _LIKE_A_VARIABLE.match(text)
    if harmless and not _NAME.search(text) and not _FORM.search(value):
        return text
    if key is None:
        return text if _NO_WORDS.fullmatch(text) else HIDDEN
    return text if _REFERENCE.fullmatch(value) else f"{key[1]} {HIDDEN}"
