"""handlers/ -> one zip per function: the modules it reaches, the same bytes wherever it is built.

A zip's key in the deployment bucket holds a hash of what is in it, so that new code is a new key
and CloudFormation sees the change.
"""

from __future__ import annotations

import hashlib
import io
import json
import stat
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pipeline import files
from pipeline.environment.settings import Loaded
from pipeline.errors import UserError, brief
from pipeline.packaging.imports import ENTRY, Closure
from pipeline.render import BUILD, Rendered, render
from pipeline.rendering import parameters

FOLDER = "handlers"
EPOCH = (1980, 1, 1, 0, 0, 0)  # the oldest time that a zip can hold
UNIX = 3


@dataclass(frozen=True)
class Artifact:
    """One function's zip; `name` is what the template's parameter has as its default.

    `content` is the SHA-256 of the modules themselves, which no compressor can change.
    """

    name: str
    data: bytes = field(repr=False)
    content: str

    @property
    def key(self) -> str:
        """Where it lies in the deployment bucket: another content is another key."""
        stem, dot, suffix = self.name.rpartition(".")
        return f"{stem}.{self.content[:16]}{dot}{suffix}"

    @property
    def sha256(self) -> str:
        """The zip's own SHA-256, which S3 checks at the upload."""
        return hashlib.sha256(self.data).hexdigest()


def package(root: Path) -> list[Artifact]:
    """A zip for each folder of handlers/ that has a lambda_function.py, sorted by name.

    None is none: `bound` refuses where the template wants one.
    """
    entries = [
        path
        for path in files.ours((root / FOLDER).glob(f"*/{ENTRY}.py"), root / FOLDER)
        if path.is_file()
    ]
    return [_artifact(entry.parent) for entry in entries]


def bound(rendered: Rendered, artifacts: Sequence[Artifact], bucket: str) -> dict[str, str]:
    """Every template parameter's value, with the code's real bucket and keys."""
    bindings = parameters.bindings(rendered.value)
    keys = {artifact.name: artifact.key for artifact in artifacts}
    for name, zipped in bindings.code.items():
        if zipped not in keys:
            place, _ = rendered.places(("Parameters", name, "Default"))
            raise UserError(
                f"the template wants {brief(zipped)}, and {FOLDER}/ makes"
                f" {', '.join(keys) or 'none'}.",
                where=str(place or "Parameters"),
                mend="A code parameter's default is a folder's name in handlers/ and .zip; the"
                f" folder holds {ENTRY}.py with lambda_handler(event, context).",
            )
    code = {parameter: keys[name] for parameter, name in bindings.code.items()}
    return {**rendered.parameters, **dict.fromkeys(bindings.bucket, bucket), **code}


def write(loaded: Loaded, root: Path) -> list[str]:
    """Put one environment's zips and parameters into build/<env>/; a line on each zip."""
    rendered, artifacts = render(loaded, root), package(root)
    settings = loaded.settings
    bucket = settings.deployment_bucket_name(settings.aws.account)
    write_artifacts(rendered, artifacts, bucket, root)
    return [
        f"{loaded.name}: {BUILD}/{loaded.name}/{artifact.name} for {artifact.key},"
        f" {len(artifact.data):,} bytes"
        for artifact in artifacts
    ]


def write_artifacts(
    rendered: Rendered, artifacts: Sequence[Artifact], bucket: str, root: Path
) -> None:
    """The zips, and parameters.json with their real keys."""
    folder = root / BUILD / rendered.name
    values = bound(rendered, artifacts, bucket)
    for artifact in artifacts:
        files.write(folder / artifact.name, artifact.data)
    files.write(folder / "parameters.json", files.as_json(parameters.as_file(values)))


def _artifact(folder: Path) -> Artifact:
    contents = {one.zip_name: one.path.read_bytes() for one in Closure(folder).modules()}
    return Artifact(f"{folder.name}.zip", _zip(contents), _digest(contents))


def _digest(contents: dict[str, bytes]) -> str:
    hashes = {name: hashlib.sha256(data).hexdigest() for name, data in contents.items()}
    return hashlib.sha256(json.dumps(hashes, sort_keys=True).encode()).hexdigest()


def _zip(contents: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, data in contents.items():
            archive.writestr(_header(name), data, zipfile.ZIP_DEFLATED)
    return stream.getvalue()


def _header(name: str) -> zipfile.ZipInfo:
    header = zipfile.ZipInfo(name, date_time=EPOCH)
    header.create_system = UNIX
    header.external_attr = (stat.S_IFREG | 0o644) << 16
    return header
