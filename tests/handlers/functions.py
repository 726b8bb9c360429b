"""Loads a function as Lambda does: from its folder, with an environment, in a fresh module."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.handlers.aws import ENVIRONMENT

HANDLERS = Path(__file__).parents[2] / "handlers"
FUNCTIONS = ("http_api_handler", "websocket_event_handler")


def load(name: str, variables: Mapping[str, str | None] | None = None) -> Any:
    """The module of a function, started with these variables instead of the usual ones."""
    file = HANDLERS / name / "lambda_function.py"
    spec = importlib.util.spec_from_file_location(f"{name}_under_test", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        for variable, value in (ENVIRONMENT | dict(variables or {})).items():
            if value is None:
                patch.delenv(variable, raising=False)
            else:
                patch.setenv(variable, value)
        spec.loader.exec_module(module)
    return module
