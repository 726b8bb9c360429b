"""The forms of the stations' answers -> their JSON Schemas in docs/answers/.

`python -m tests.answer_forms` writes them; a test says whether they are current.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pipeline import answers, files

ROOT = Path(__file__).resolve().parents[1]
FOLDER = "docs/answers"


def name(form: type[answers.Answer]) -> str:
    """The station that answers so."""
    station: str = form.model_fields["station"].default
    return station


def schemas() -> dict[str, dict[str, Any]]:
    """File in docs/answers/ -> the schema that it holds."""
    return {
        f"{name(form)}.schema.json": {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            **form.model_json_schema(mode="serialization"),
        }
        for form in answers.FORMS
    }


def main() -> None:
    for file, schema in schemas().items():
        files.write(ROOT / FOLDER / file, files.as_json(schema))


if __name__ == "__main__":
    main()
