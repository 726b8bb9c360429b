"""Zips: what is inside, that the bytes are the same everywhere, and that they run."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import boto3
import pytest

from pipeline.environment import settings
from pipeline.errors import UserError
from pipeline.packaging import zips as packaging
from pipeline.packaging.zips import Artifact, package

REPOSITORY = Path(__file__).parents[2]
ENTRY = "handlers/hello/lambda_function.py"


def tree(root: Path, files: dict[str, str]) -> Path:
    """A repository that holds these handlers."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
    return root


def names(artifact: Artifact) -> list[str]:
    return zipfile.ZipFile(io.BytesIO(artifact.data)).namelist()


def packed(root: Path, files: dict[str, str]) -> list[str]:
    """What lies in the only function's zip."""
    [artifact] = package(tree(root, files))
    return names(artifact)


@pytest.mark.parametrize(
    ("statement", "reached"),
    [
        ("import shared.store", ["shared/__init__.py", "shared/store.py"]),
        ("import shared.store as s", ["shared/__init__.py", "shared/store.py"]),
        ("from shared import store", ["shared/__init__.py", "shared/store.py"]),
        ("from shared import VERSION", ["shared/__init__.py"]),
        ("from shared.store import put", ["shared/__init__.py", "shared/store.py"]),
        ("import shared", ["shared/__init__.py"]),
        ("from shared.store import *", ["shared/__init__.py", "shared/store.py"]),
        ("def f():\n    import shared.store", ["shared/__init__.py", "shared/store.py"]),
        (
            "from shared import push",
            ["shared/__init__.py", "shared/push.py", "shared/store.py"],
        ),
        (
            "import shared.deep.leaf",
            [
                "shared/__init__.py",
                "shared/deep/__init__.py",
                "shared/deep/leaf.py",
                "shared/store.py",
            ],
        ),
        ("import loose.one", ["loose/one.py"]),
        ("import routes", ["routes.py"]),
        ("import json, boto3, botocore.config, xml.dom", []),
        ("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import shared, mypy_boto3", []),
        ("if typing.TYPE_CHECKING:\n    import pydantic\nelse:\n    import routes", ["routes.py"]),
        ("if not TYPE_CHECKING:\n    import routes\nelse:\n    import pydantic", ["routes.py"]),
    ],
)  # fmt: skip
def test_a_zip_holds_the_entry_and_what_it_reaches(
    tmp_path: Path, statement: str, reached: list[str]
) -> None:
    found = packed(
        tmp_path,
        {
            ENTRY: statement + "\n",
            "handlers/hello/routes.py": "",
            "handlers/hello/unused.py": "",
            "handlers/loose/one.py": "",
            "handlers/shared/__init__.py": "VERSION = 1\n",
            "handlers/shared/store.py": "import json\n",
            "handlers/shared/push.py": "from . import store\nfrom .store import put\n",
            "handlers/shared/unused.py": "import no_such_thing\n",
            "handlers/shared/deep/__init__.py": "",
            "handlers/shared/deep/leaf.py": "from ..store import put\n",
        },
    )

    assert found == sorted(["lambda_function.py", *reached])


def test_every_folder_with_an_entry_becomes_a_zip_of_its_name(tmp_path: Path) -> None:
    root = tree(
        tmp_path,
        {
            "handlers/b/lambda_function.py": "import shared\n",
            "handlers/a/lambda_function.py": "",
            "handlers/shared/__init__.py": "",
        },
    )

    artifacts = package(root)

    assert [artifact.name for artifact in artifacts] == ["a.zip", "b.zip"]


def test_the_key_holds_the_hash_and_changes_with_the_code(tmp_path: Path) -> None:
    [before] = package(tree(tmp_path, {ENTRY: "A = 1\n"}))
    [after] = package(tree(tmp_path, {ENTRY: "A = 2\n"}))

    assert before.key == f"hello.{before.content[:16]}.zip"
    assert before.key != after.key


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("import json\nimport requests\n", 2, "imports requests"),
        ("from pydantic import BaseModel\n", 1, "imports pydantic"),
        ("import shared.nope\n", 1, "imports shared.nope"),
        ("from shared.nope import x\n", 1, "imports shared.nope"),
        ("from loose import nope\n", 1, "imports loose.nope"),
        ("from shared.plain import nope\n", 1, "imports shared.plain.nope"),
        ("from . import shared\n", 1, "relative import"),
        ("\nimport importlib\nimportlib.import_module('x')\n", 3, "at run time"),
        ("__import__('x')\n", 1, "at run time"),
        ("def f(:\n", 1, "isn't Python"),
        ("try:\n    import tomli\nexcept ImportError:\n    pass\n", 2, "imports tomli"),
    ],
)
def test_an_import_that_lambda_can_not_satisfy_is_named_with_its_line(
    tmp_path: Path, text: str, line: int, says: str
) -> None:
    root = tree(
        tmp_path, {ENTRY: text, "handlers/shared/__init__.py": "", "handlers/loose/one.py": ""}
    )
    tree(tmp_path, {"handlers/shared/plain/one.py": ""})

    with pytest.raises(UserError, match=says) as caught:
        package(root)

    assert caught.value.where == f"{ENTRY}:{line}"


def test_a_null_byte_is_an_error_of_the_file(tmp_path: Path) -> None:
    root = tree(tmp_path, {ENTRY: "A = 1\0\n"})

    with pytest.raises(UserError, match="isn't Python"):
        package(root)


def test_a_byte_that_python_would_refuse_in_lambda_is_refused_here(tmp_path: Path) -> None:
    path = tree(tmp_path, {ENTRY: ""}) / ENTRY
    path.write_bytes(b"#\n#\n# caf\xe9\n")

    with pytest.raises(UserError, match=r"lambda_function\.py: .*byte 9 is not utf-8"):
        package(tmp_path)


def test_a_folder_with_an_entrys_name_is_no_entry(tmp_path: Path) -> None:
    tree(tmp_path, {f"{ENTRY}/x.py": "", "handlers/real/lambda_function.py": ""})

    assert [one.name for one in package(tmp_path)] == ["real.zip"]


def test_a_stack_without_functions_has_no_zips(tmp_path: Path) -> None:
    assert package(tree(tmp_path, {"handlers/shared/__init__.py": ""})) == []


def test_a_function_whose_folder_has_no_entry_is_told_where_its_parameter_is(
    project: Path,
) -> None:
    for entry in (project / "handlers").glob("*/lambda_function.py"):
        entry.unlink()

    with pytest.raises(UserError, match=r"handlers/ makes none\.") as raised:
        packaging.write(settings.load("dev", project), project)

    assert raised.value.where.startswith("templates/")
    assert "lambda_function.py with lambda_handler" in raised.value.mend


def test_modules_that_import_each_other_end(tmp_path: Path) -> None:
    files = {
        ENTRY: "import one\n",
        "handlers/one.py": "import two\n",
        "handlers/two.py": "import one\n",
    }

    assert packed(tmp_path, files) == ["lambda_function.py", "one.py", "two.py"]


def test_time_permissions_umask_order_and_path_change_no_byte(tmp_path: Path) -> None:
    files = {ENTRY: "import shared.b, shared.a\n", "handlers/shared/a.py": "A = 1\r\n"}
    files |= {"handlers/shared/b.py": "B = 2\n"}
    first = package(tree(tmp_path / "one", files))
    mask = os.umask(0o077)
    try:
        other = tree(tmp_path / "elsewhere" / "two", dict(reversed(files.items())))
    finally:
        os.umask(mask)
    for path in other.rglob("*.py"):
        path.chmod(0o700)
        os.utime(path, (1, 1))

    second = package(other)

    assert [one.data for one in first] == [one.data for one in second]


def test_line_ends_travel_as_they_are(tmp_path: Path) -> None:
    [artifact] = package(tree(tmp_path, {ENTRY: "A = 1\r\n"}))

    content = zipfile.ZipFile(io.BytesIO(artifact.data)).read("lambda_function.py")

    assert content == b"A = 1\r\n"


def test_the_zip_says_the_same_of_every_file(tmp_path: Path) -> None:
    [artifact] = package(tree(tmp_path, {ENTRY: "import shared\n", "handlers/shared.py": ""}))

    for entry in zipfile.ZipFile(io.BytesIO(artifact.data)).infolist():
        assert entry.date_time == (1980, 1, 1, 0, 0, 0)
        assert entry.external_attr >> 16 == 0o100644
        assert entry.create_system == 3
        assert entry.compress_type == zipfile.ZIP_DEFLATED


FOLDERS = sorted(one.parent.name for one in (REPOSITORY / "handlers").glob("*/lambda_function.py"))


VARIABLES = {
    "AWS_REGION": "eu-central-1",
    "AWS_DEFAULT_REGION": "eu-central-1",
    "SESSIONS_TABLE_NAME": "sessions",
    "CONNECTION_INDEX_NAME": "by-connection",
    "UPLOAD_BUCKET_NAME": "uploads",
    "WS_API_ENDPOINT": "https://socket.test/dev",
    "ALLOWED_ORIGINS": "https://pages.test",
    "MAX_UPLOAD_BYTES": "1000",
    "MAX_UPLOADS_PER_SESSION": "2",
}


@pytest.fixture(scope="module")
def artifacts() -> dict[str, Artifact]:
    return {artifact.name: artifact for artifact in packaging.package(REPOSITORY)}


@pytest.mark.parametrize("folder", FOLDERS)
def test_an_unpacked_zip_needs_nothing_but_boto3(
    artifacts: dict[str, Artifact], tmp_path: Path, folder: str
) -> None:
    zipfile.ZipFile(io.BytesIO(artifacts[f"{folder}.zip"].data)).extractall(tmp_path)
    site_packages = Path(boto3.__file__).parents[1]
    program = (
        f"import sys; sys.path.append({str(site_packages)!r})\n"
        "import lambda_function\n"
        "assert callable(lambda_function.lambda_handler)\n"
        f"foreign = [m.__file__ for m in sys.modules.values() if {str(REPOSITORY / 'handlers')!r}"
        " in (getattr(m, '__file__', None) or '')]\n"
        "assert not foreign, foreign\n"
    )

    done = subprocess.run(
        [sys.executable, "-S", "-B", "-c", program],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], **VARIABLES},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr


def test_what_editors_and_systems_leave_is_in_no_zip(tmp_path: Path) -> None:
    root = tree(tmp_path, {ENTRY: "import shared\n", "handlers/shared/__init__.py": ""})
    before = package(root)

    for folder in ("handlers", "handlers/hello", "handlers/shared"):
        for name in (".#lambda_function.py", "._lambda_function.py", ".DS_Store", "shared.py~"):
            (root / folder / name).symlink_to("me@host.1")
    tree(root, {f"handlers/{name}/lambda_function.py": "!" for name in (".git", "__MACOSX")})

    assert package(root) == before
