"""logs: what the functions of a stack say, read together."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from pipeline.__main__ import main
from pipeline.connecting import clients
from pipeline.deploying import log_lines
from pipeline.errors import UsageError
from pipeline.stations import logs
from tests.pipeline import scripted_aws
from tests.pipeline.scripted_aws import ACCOUNT, ROOT, Aws, Refusal

TEMPLATE = """\
Resources:
  Lines: {Type: AWS::Logs::LogGroup}
  Named:
    Type: AWS::Lambda::Function
    Properties: {LoggingConfig: {LogGroup: !Ref Lines}}
  Plain: {Type: AWS::Lambda::Function}
"""
NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.fixture
def aws(scripted: Aws, monkeypatch: pytest.MonkeyPatch) -> Aws:
    """A stack of two functions, one with a log group of its own."""
    me = {"Account": ACCOUNT, "Arn": f"arn:aws:iam::{ACCOUNT}:user/me"}
    scripted.says("GetCallerIdentity", me)
    scripted.says("DescribeStacks", scripted_aws.stack("UPDATE_COMPLETE"))
    scripted.says("GetTemplate", {"TemplateBody": TEMPLATE})
    names = {"Lines": "AWS::Logs::LogGroup", "Named": "f", "Plain": "f"}
    summaries = [
        {
            "LogicalResourceId": name,
            "PhysicalResourceId": f"the-{name}",
            "ResourceType": kind,
            "ResourceStatus": "CREATE_COMPLETE",
            "LastUpdatedTimestamp": NOW,
        }
        for name, kind in names.items()
    ]
    scripted.says("ListStackResources", {"StackResourceSummaries": summaries})
    monkeypatch.setattr(clients, "connect", lambda _: scripted.clients)
    return scripted


def events(*lines: tuple[float, Any]) -> dict[str, Any]:
    """An answer of FilterLogEvents: seconds after noon, and what is said."""
    return {
        "events": [
            {
                "eventId": f"{seconds}",
                "timestamp": round((NOW.timestamp() + seconds) * 1000),
                "message": said if isinstance(said, str) else json.dumps(said),
            }
            for seconds, said in lines
        ]
    }


def by_group(**answers: dict[str, Any]) -> Any:
    """What each log group answers; `Lines` is the one with a name, `Plain` is Lambda's own."""

    def answer(sent: dict[str, Any]) -> dict[str, Any]:
        return answers[sent["logGroupName"].rpartition("-")[2]]

    return answer


def said(capsys: pytest.CaptureFixture[str], *options: str) -> list[str]:
    assert main(["logs", "dev", *options], ROOT) == 0
    return capsys.readouterr().out.splitlines()


def test_both_functions_lines_come_in_the_order_of_time(
    aws: Aws, capsys: pytest.CaptureFixture[str]
) -> None:
    aws.says(
        "FilterLogEvents",
        by_group(
            Lines=events((1, {"level": "INFO", "what": "one"}), (3, {"what": "three"})),
            Plain=events((2, "two\n  in plain words\n")),
        ),
    )

    lines = said(capsys)

    assert [line.split("  ", 1)[1] for line in lines] == [
        "Named  INFO  one",
        "Plain  two in plain words",
        "Named  three",
    ]


def test_the_other_fields_follow_with_their_names(
    aws: Aws, capsys: pytest.CaptureFixture[str]
) -> None:
    line = {"level": "INFO", "what": "asked", "route": "POST /sessions", "status": 201, "at": ["a"]}
    aws.says("FilterLogEvents", by_group(Lines=events((1, line)), Plain=events()))

    assert said(capsys)[0].endswith('asked route=POST /sessions status=201 at=["a"]')


REPORT = {"type": "platform.report", "record": {"status": "success", "requestId": "r"}}
BAD = [
    {"level": "ERROR", "what": "x"},
    {"timestamp": "t", "errorType": "ValueError", "errorMessage": "no"},
    {"type": "platform.report", "record": {"status": "timeout"}},
    "2026-01-01 r Task timed out after 3.00 seconds",
]


@pytest.mark.parametrize("bad", BAD)
def test_errors_shows_what_went_wrong_and_nothing_else(
    aws: Aws, capsys: pytest.CaptureFixture[str], bad: Any
) -> None:
    good = {"level": "INFO", "what": "fine"}
    aws.says("FilterLogEvents", by_group(Lines=events((1, good), (2, bad), (3, REPORT)), Plain={}))

    assert len(said(capsys, "--errors")) == 1


def test_lambdas_own_lines_about_what_went_well_are_shown_on_demand(
    aws: Aws, capsys: pytest.CaptureFixture[str]
) -> None:
    aws.says("FilterLogEvents", by_group(Lines=events((1, REPORT)), Plain={}))

    assert said(capsys) == []
    assert len(said(capsys, "--all")) == 1


def test_a_session_is_found_by_its_id_and_by_its_hash(
    aws: Aws, capsys: pytest.CaptureFixture[str]
) -> None:
    id_ = "7c0e3f8e-4d5f-4e6a-9b7c-1d2e3f405162"
    hidden = {"what": "by hash", "session": log_lines.digest(id_)}
    other = {"what": "another", "session": log_lines.digest("another")}
    aws.says(
        "FilterLogEvents",
        by_group(Lines=events((1, hidden), (2, other)), Plain=events((3, f"by id {id_}"))),
    )

    lines = said(capsys, "--session", id_)

    assert [line.split()[3:5] for line in lines] == [["by", "hash"], ["by", "id"]]
    patterns = {sent.get("filterPattern") for name, sent in aws.calls if name == "FilterLogEvents"}
    assert patterns == {f'"{id_}"', f'"{log_lines.digest(id_)}"'}


def test_every_page_is_read(aws: Aws, capsys: pytest.CaptureFixture[str]) -> None:
    pages = iter([{**events((1, "one")), "nextToken": "2"}, events((2, "two")), {}])
    aws.says("FilterLogEvents", lambda _: next(pages))

    assert len(said(capsys)) == 2


def test_a_group_that_is_not_there_is_named_and_the_others_are_read(
    aws: Aws, capsys: pytest.CaptureFixture[str]
) -> None:
    aws.says("FilterLogEvents", Refusal("ResourceNotFoundException"), events((1, "one")))

    assert main(["logs", "dev"], ROOT) == 0

    out, err = capsys.readouterr()
    assert "Named has no log group the-Lines." in err
    assert out.endswith("Plain  one\n")


def test_a_line_can_not_write_to_the_terminal(aws: Aws, capsys: pytest.CaptureFixture[str]) -> None:
    aws.says("FilterLogEvents", by_group(Lines=events((1, {"what": "a\x1b[2Jb\rc"})), Plain={}))

    (line,) = said(capsys)

    assert line.endswith("a [2Jb c")


def test_json_is_an_object_a_line(aws: Aws, capsys: pytest.CaptureFixture[str]) -> None:
    aws.says("FilterLogEvents", by_group(Lines=events((1, {"what": "x"})), Plain=events((2, "y"))))

    first, second = map(json.loads, said(capsys, "--format", "json"))

    assert first == {
        "time": "2026-01-01T12:00:01+00:00",
        "function": "Named",
        "error": False,
        "message": {"what": "x"},
    }
    assert second["message"] == "y"


def test_following_shows_each_line_once_also_one_that_comes_late(
    aws: Aws, capsys: pytest.CaptureFixture[str]
) -> None:
    looks = [
        events((10, "ten")),
        events((10, "ten"), (9, "nine, late")),
        events((10, "ten"), (9, "nine, late"), (30, "thirty")),
    ]
    turn = iter(looks)
    sleeps: list[float] = []

    def answer(sent: dict[str, Any]) -> dict[str, Any]:
        if sent["logGroupName"] == "the-Lines":
            return next(turn)
        return {}

    def sleep(seconds: float) -> None:
        if len(sleeps) == 2:
            raise KeyboardInterrupt
        sleeps.append(seconds)

    aws.says("FilterLogEvents", answer)
    target = scripted_aws.target(aws)
    target = type(target)(target.settings, target.aws, target.identity, sleep=sleep)
    following = log_lines.Following(log_lines.sources(target, target.existing_stack()), NOW)

    logs.show(target, following, lambda _: True, as_json=False)
    logs.follow(target, following, lambda _: True, as_json=False)

    told = [line.rpartition("  ")[2] for line in capsys.readouterr().out.splitlines()]
    assert told == ["ten", "nine, late", "thirty"]


@pytest.mark.parametrize(
    ("text", "length"),
    [("30s", timedelta(seconds=30)), ("2h", timedelta(hours=2)), ("7d", timedelta(days=7))],
)
def test_an_age_is_a_number_and_a_unit(text: str, length: timedelta) -> None:
    assert logs.age(text) == length


@pytest.mark.parametrize("text", ["", "10", "m", "0m", "-5m", "1w", "10 m", "9999999d"])
def test_any_other_age_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="isn't a length of time"):
        logs.age(text)
