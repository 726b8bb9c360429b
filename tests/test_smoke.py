"""What the smoke test says; tests/proofs/test_broken_stacks.py sees it fail on real faults."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.smoke import __main__ as command
from tests.smoke import steps
from tests.smoke.site import Answer, Failed
from tests.smoke.steps import Step


class Account:
    """Whose sessions can't be deleted if their id says so."""

    def __init__(self) -> None:
        self.deleted: list[str] = []

    def delete(self, session: str) -> None:
        if session == "kept":
            raise Failed("nothing to be left behind", "the item kept")
        self.deleted.append(session)


class Visit:
    """No application: only what the report needs."""

    def __init__(self, *made: str) -> None:
        self.made = made
        self.account = Account()


def step(error: Exception | None = None, said: str = "") -> Step:
    async def act(_: Any) -> str:
        if error:
            raise error
        return said

    return Step(f"a step that says {said or error}", steps.TRANSFER, act)


def went(monkeypatch: pytest.MonkeyPatch, *taken: Step) -> bool:
    monkeypatch.setattr(command, "STEPS", taken)
    return asyncio.run(command._go(Visit()))  # type: ignore[arg-type]  # no application


def test_each_step_is_printed_and_the_first_that_fails_ends_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    failed = went(monkeypatch, step(said="more"), step(Failed("a 200", "a 403")), step(said="late"))

    told = capsys.readouterr()
    assert failed
    assert told.out == "  ok      a step that says more (more)\n"
    assert told.err.splitlines()[1:] == [
        "          awaited  a 200",
        "          got      a 403",
        f'          read     docs/operations.md, "{steps.TRANSFER}"',
    ]


@pytest.mark.parametrize(
    ("error", "got"),
    [(TimeoutError(), "TimeoutError"), (KeyError("url"), "KeyError 'url'")],
    ids=["without a text", "a form that nobody awaits"],
)
def test_an_answer_of_another_kind_fails_its_step_and_is_named(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error: Exception,
    got: str,
) -> None:
    assert went(monkeypatch, step(error))
    assert f"got      {got}\n" in capsys.readouterr().err


def test_a_right_that_the_caller_lacks_is_not_blamed_on_the_stack(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    refusal: Any = {"Error": {"Code": "AccessDeniedException", "Message": "not you"}}

    assert went(monkeypatch, step(ClientError(refusal, "GetItem")))
    assert steps.OWN_RIGHTS in capsys.readouterr().err


def test_what_can_be_deleted_is_deleted_although_something_else_can_not(
    capsys: pytest.CaptureFixture[str],
) -> None:
    visit: Any = Visit("kept", "second")

    failed = asyncio.run(command._clean_up(visit))

    assert failed
    assert visit.account.deleted == ["second"]
    assert "the item kept" in capsys.readouterr().err


def test_a_refusal_of_s3_is_shown_by_its_code_and_message_alone() -> None:
    body = (
        b"<Error><Code>SignatureDoesNotMatch</Code><Message>It does not.</Message>"
        b"<CanonicalRequest>PUT /key X-Amz-Security-Token=secret</CanonicalRequest></Error>"
    )

    with pytest.raises(Failed) as failed:
        Answer(403, {}, body).expect("sending", 200)

    assert failed.value.got == "403 SignatureDoesNotMatch: It does not."
