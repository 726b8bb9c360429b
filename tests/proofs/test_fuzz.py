"""Environment files, rules, templates and other people's templates in any state.

Each run tries the same; FUZZ_TIMES says how many, FUZZ_AT_RANDOM=1 tries others.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from pipeline import render, website
from pipeline.documents import parse_outside
from pipeline.environment import settings as environments
from pipeline.errors import UserError
from pipeline.iam.least_privilege import least_privilege
from pipeline.policy import crosschecks, judging
from pipeline.render import Rendered
from pipeline.rendering import parameters
from tests.conftest import ROOT, copy_of_the_project
from tests.pipeline import fuzzing
from tests.pipeline.fuzzing import holds, mutated, written

pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")  # whole templates
TIMES = int(os.environ.get("FUZZ_TIMES", "8"))
ENVIRONMENT = Path("environments/dev.yaml")
DEV = (ROOT / ENVIRONMENT).read_text()
OUTSIDE = "outside.yaml"
DAY = date(2026, 1, 1)
PARTS = sorted(path.relative_to(ROOT) for path in (ROOT / "templates").rglob("*.j2"))
RULES = sorted(path.relative_to(ROOT) for path in (ROOT / "rules").rglob("*.*") if path.is_file())
GOLDEN = (ROOT / "tests/golden/prod.template.yaml").read_text()
PRODUCTION = parse_outside(GOLDEN, "golden").value


def tried(examples: int) -> Callable[[Any], Any]:
    """So many examples, times FUZZ_TIMES."""
    return settings(
        max_examples=examples * TIMES,
        derandomize=not os.environ.get("FUZZ_AT_RANDOM"),
        phases=(Phase.explicit, Phase.generate),  # shrinking a whole template takes minutes
        suppress_health_check=list(HealthCheck),
    )


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project that was rendered once; each test puts back what it broke."""
    project = copy_of_the_project(tmp_path_factory.mktemp("fuzz"))
    assert holds(project, "render", "dev") == 0
    return project


@pytest.fixture(scope="module")
def unjudged() -> Any:
    """The engine is asked by a test of its own: each time is a process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(judging, "judge", lambda *_: judging.Judgement((), ()))
        yield


@pytest.fixture(scope="module")
def production() -> Rendered:
    return render.render(environments.load("prod", ROOT), ROOT)


@contextmanager
def instead(project: Path, path: Path, content: str | bytes) -> Iterator[None]:
    """This content in the place of a file's own, which is put back."""
    written(project / path, content)
    try:
        yield
    finally:
        written(project / path, (ROOT / path).read_bytes())


def some_of(paths: list[Path]) -> st.SearchStrategy[tuple[Path, str]]:
    def slip(path: Path) -> st.SearchStrategy[tuple[Path, str]]:
        return st.tuples(st.just(path), mutated((ROOT / path).read_text()))

    return st.sampled_from(paths).flatmap(slip)


@tried(40)
@given(st.one_of(mutated(DEV), st.text(max_size=40)))
def test_an_environment_file_in_any_state(broken: Path, text: str) -> None:
    with instead(broken, ENVIRONMENT, text):
        holds(broken, "render", "dev")


@tried(40)
@given(st.binary(max_size=60))
def test_bytes_are_no_environment(broken: Path, data: bytes) -> None:
    with instead(broken, ENVIRONMENT, data):
        assert holds(broken, "render", "dev") == 1


@tried(30)
@given(some_of(PARTS))
def test_a_template_in_any_state(broken: Path, slip: tuple[Path, str]) -> None:
    path, text = slip
    with instead(broken, path, text):
        holds(broken, "render", "dev")


@tried(4)
@given(some_of(RULES))
def test_a_file_of_rules_in_any_state(broken: Path, slip: tuple[Path, str]) -> None:
    path, text = slip
    with instead(broken, path, text):
        holds(broken, "guard", "dev")


@pytest.mark.usefixtures("unjudged")
@tried(40)
@given(st.one_of(mutated(GOLDEN), st.text(max_size=30)))
def test_somebody_elses_file_in_any_state(broken: Path, text: str) -> None:
    written(broken / OUTSIDE, text)

    holds(broken, "guard", "--template", OUTSIDE)


@pytest.mark.usefixtures("unjudged")
@tried(40)
@given(st.data())
def test_somebody_elses_template_of_any_shape(broken: Path, data: st.DataObject) -> None:
    written(broken / OUTSIDE, fuzzing.as_json(data.draw(fuzzing.grafted(PRODUCTION))))

    holds(broken, "guard", "--template", OUTSIDE)


@tried(40)
@given(fuzzing.grafted(PRODUCTION))
def test_a_template_of_ours_of_any_shape(production: Rendered, document: dict[str, Any]) -> None:
    """What reads a rendered template: its parameters, its website, its roles, the checks."""
    read = replace(production.document, value=document, texts=fuzzing.texts(document))
    changed = replace(production, document=read)
    with suppress(UserError):
        parameters.defaults(changed.document, "a-bucket")
        website.described(changed.document)

    list(crosschecks.judge("prod", document, DAY))
    found = least_privilege([changed], ROOT)

    assert all(0 < len(finding.message) < fuzzing.READABLE for finding in found)


@tried(2)
@given(st.data())
def test_the_engine_with_a_template_of_any_shape(broken: Path, data: st.DataObject) -> None:
    written(broken / OUTSIDE, fuzzing.as_json(data.draw(fuzzing.grafted(PRODUCTION))))

    holds(broken, "guard", "--template", OUTSIDE)
