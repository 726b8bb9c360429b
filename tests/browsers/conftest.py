"""The application on this machine, and browsers of each engine that are lent to the tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.browsers.engines import ENGINES, Browser, Engine, Missing
from tests.browsers.people import Desktop, Phone, connect
from tests.e2e.running import Application, serving

Lender = Callable[..., AbstractContextManager[Any]]


@pytest.fixture(scope="session")
def application() -> Iterator[Application]:
    with serving() as application:
        yield application


@pytest.fixture(scope="session", params=ENGINES, ids=lambda engine: engine.name.lower())
def engine(request: pytest.FixtureRequest) -> Engine:
    engine: Engine = request.param
    try:
        engine.check()
    except Missing as error:
        pytest.fail(str(error))
    return engine


@pytest.fixture(scope="session")
def lend(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lender]:
    """A browser as one of the two people; it starts once and forgets between two tests."""
    idle: list[Browser] = []
    with ExitStack() as running:

        @contextmanager
        def lend(kind: type[Desktop | Phone]) -> Iterator[Any]:
            home = tmp_path_factory.mktemp(engine.name) / "home"
            browser = idle.pop() if idle else running.enter_context(engine.opened(home, True))
            person = kind(browser)
            yield person
            person.forgets()
            idle.append(browser)

        yield lend


@pytest.fixture
def desktop(application: Application, lend: Lender) -> Iterator[Desktop]:
    with lend(Desktop) as desktop:
        desktop.opens(application.url)
        yield desktop


@pytest.fixture
def phone(lend: Lender) -> Iterator[Phone]:
    with lend(Phone) as phone:
        yield phone


@pytest.fixture
def another_phone(lend: Lender) -> Iterator[Phone]:
    with lend(Phone) as phone:
        yield phone


@pytest.fixture
def phone_that_stores_nothing(engine: Engine, tmp_path: Path) -> Iterator[Phone]:
    """A phone whose browser was told to keep nothing."""
    with engine.opened(tmp_path / "home", False) as browser:
        yield Phone(browser)


@pytest.fixture
def pair(desktop: Desktop, phone: Phone) -> tuple[Desktop, Phone]:
    """A desktop, and the phone that has scanned its screen."""
    connect(desktop, phone)
    return desktop, phone
