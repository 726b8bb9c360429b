"""website/ and a stack's outputs -> the files as they are published.

The template's Metadata says that the stack has a website, and which outputs are about it:

    Website: {Bucket: PagesBucketName, Distribution: CdnId}

In pages and config.json every `${OutputKey}` becomes the stack's output, so that they hold what
only the deployed stack knows (addresses). All other files are published as they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from pipeline import files
from pipeline.documents import Document
from pipeline.errors import UserError, brief

FOLDER = "website"
CONFIG = "config.json"
METADATA = ("Metadata", "Website")
FOR_EDITORS = {"jsconfig.json", "tsconfig.json", "README.md"}

# Nothing has its content's hash in its name, so a browser asks each time whether it is still the
# same (304 if so). Only what hardly changes, and can't break a page when it does, may be kept.
ASK_EACH_TIME = "no-cache"
KEEP_A_DAY = "public, max-age=86400"

TYPES = {
    ".css": ("text/css; charset=utf-8", ASK_EACH_TIME),
    ".html": ("text/html; charset=utf-8", ASK_EACH_TIME),
    ".ico": ("image/x-icon", KEEP_A_DAY),
    ".jpg": ("image/jpeg", KEEP_A_DAY),
    ".js": ("text/javascript; charset=utf-8", ASK_EACH_TIME),
    ".json": ("application/json; charset=utf-8", ASK_EACH_TIME),
    ".mjs": ("text/javascript; charset=utf-8", ASK_EACH_TIME),
    ".png": ("image/png", KEEP_A_DAY),
    ".svg": ("image/svg+xml", KEEP_A_DAY),
    ".txt": ("text/plain; charset=utf-8", ASK_EACH_TIME),
    ".webmanifest": ("application/manifest+json", ASK_EACH_TIME),
    ".webp": ("image/webp", KEEP_A_DAY),
    ".woff2": ("font/woff2", KEEP_A_DAY),
}

_PLACEHOLDER = re.compile(r"\$\{([^}\n]*)\}")
# Safe in an attribute, in a Content-Security-Policy and in a JSON string.
_PLAIN = re.compile(r"[A-Za-z0-9._~:/@%+=$,-]*")


@dataclass(frozen=True)
class Page:
    """One published file; `path` is its key in the bucket."""

    path: str
    data: bytes = field(repr=False)
    content_type: str
    cache_control: str


@dataclass(frozen=True)
class Site:
    """Where a stack has its website: the outputs with the bucket's name and a distribution's id."""

    bucket: str
    distribution: str | None = None


def described(document: Document) -> Site | None:
    """What the template's Metadata says of a website; None without one."""
    outputs, metadata = document.value.get("Outputs") or {}, document.value.get(METADATA[0])
    said = metadata.get(METADATA[1]) if isinstance(metadata, dict) else None
    if said is None:
        return None
    if not isinstance(said, dict) or not {"Bucket"} <= said.keys() <= {"Bucket", "Distribution"}:
        raise document.error(
            METADATA,
            "this doesn't say where the website is.",
            mend="Website: {Bucket: OUTPUT}, and for CloudFront Distribution: OUTPUT as well.",
        )
    for key, output in said.items():
        if not isinstance(output, str) or output not in outputs:
            raise document.error(
                (*METADATA, key),
                f"the stack has no output {brief(repr(output))}.",
                mend=f"Outputs: {', '.join(sorted(outputs))}.",
            )
    return Site(said["Bucket"], said.get("Distribution"))


def published(root: Path, outputs: Mapping[str, str]) -> list[Page]:
    """All files in the order in which they are put: what a page needs comes before the page."""
    pages = [_page(path, root, outputs) for path in _files(root / FOLDER)]
    if not any(page.path.endswith(".html") for page in pages):
        raise UserError(
            "there is no page to publish.", where=f"{FOLDER}/", mend="It needs an index.html."
        )
    return sorted(pages, key=lambda page: (_rank(page.path), page.path))


def _files(folder: Path) -> Iterator[Path]:
    for path in files.ours(folder.rglob("*"), folder):
        if path.is_file() and path.name not in FOR_EDITORS:
            yield path


def _rank(path: str) -> int:
    if path.endswith(".html"):
        return 2
    return 1 if path == CONFIG else 0


def _page(path: Path, root: Path, outputs: Mapping[str, str]) -> Page:
    shown = path.relative_to(root).as_posix()
    name = PurePosixPath(shown).relative_to(FOLDER).as_posix()
    if path.suffix not in TYPES:
        raise UserError(
            f"this is an unknown content type: {path.suffix or 'a name without an ending'}.",
            where=shown,
            mend="Add it to TYPES in pipeline/website.py, or move the file out of website/.",
        )
    content_type, cache_control = TYPES[path.suffix]
    data = path.read_bytes()
    if path.suffix == ".html" or name == CONFIG:
        data = _filled_in(data, shown, outputs)
    return Page(name, data, content_type, cache_control)


def _filled_in(data: bytes, shown: str, outputs: Mapping[str, str]) -> bytes:
    try:
        lines = data.decode().split("\n")
    except UnicodeDecodeError as error:
        raise UserError(
            f"byte {error.start} is not UTF-8.", where=shown, mend="Save the file as UTF-8."
        ) from None
    return "\n".join(
        _line(line, f"{shown}:{number}", outputs) for number, line in enumerate(lines, 1)
    ).encode()


def _line(line: str, where: str, outputs: Mapping[str, str]) -> str:
    return _PLACEHOLDER.sub(lambda match: _output(match[1], where, outputs), line)


def _output(key: str, where: str, outputs: Mapping[str, str]) -> str:
    if key not in outputs:
        raise UserError(
            f"the stack has no output {brief(repr(key))}.",
            where=where,
            mend=f"Outputs: {', '.join(sorted(outputs))}.",
        )
    if not _PLAIN.fullmatch(outputs[key]):
        raise UserError(
            f"the output {key} holds a character with a special meaning in a page.",
            where=where,
            mend="Addresses and names can be published, free text can't.",
        )
    return outputs[key]
