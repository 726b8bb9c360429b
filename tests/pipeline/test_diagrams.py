"""A template as a picture: all of it is there, nothing lies on anything else, any stack has one."""

from __future__ import annotations

import re
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from pipeline import render
from pipeline.diagrams import drawings, layout, lettering, mermaid, reading, svg
from pipeline.diagrams.layout import Line, Placed, Size
from pipeline.diagrams.picture import CALLERS, DATA, ENTRANCE, Arrow, Picture
from pipeline.environment import settings
from pipeline.stations import diagram
from tests.pipeline.scripted_aws import ROOT

NAMES = settings.names(ROOT)
BUCKET = {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": {"Fn::Sub": "box-${Stage}"}}}
QUEUE = {"Type": "AWS::SQS::Queue"}


def rendered(name: str) -> render.Rendered:
    return render.render(settings.load(name, ROOT), ROOT)


def picture(**resources: Any) -> Picture:
    parameters = {"Stage": {"Type": "String", "Default": "live"}}
    template = {"Parameters": parameters, "Resources": resources}
    return reading.read("stack", "about", template)


def arrow(picture: Picture, source: str, target: str) -> Arrow:
    (only,) = [one for one in picture.arrows if (one.source, one.target) == (source, target)]
    return only


def column(picture: Picture, name: str) -> int:
    return next(box.column for box in picture.boxes if box.name == name)


def function(*statements: dict[str, Any], **variables: Any) -> dict[str, Any]:
    """A function with its role, as two resources."""
    policies = [{"PolicyDocument": {"Statement": list(statements)}}]
    own = {"Role": {"Fn::GetAtt": ["Role", "Arn"]}, "Environment": {"Variables": variables}}
    return {
        "Work": {"Type": "AWS::Lambda::Function", "Properties": own},
        "Role": {"Type": "AWS::IAM::Role", "Properties": {"Policies": policies}},
    }


def allow(action: str | list[str], resource: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource}


# What is in it


@pytest.mark.parametrize("name", NAMES)
def test_each_resource_has_a_box_or_belongs_to_one(name: str) -> None:
    template = rendered(name)

    drawn = drawings.picture(template)

    boxes = [box.name for box in drawn.boxes if box.name != CALLERS]
    topics = [watch.topic for watch in drawn.watches]
    assert sorted([*boxes, *topics, *drawn.beside]) == sorted(template.value["Resources"])
    assert [one for one, to in drawn.beside.items() if not to] == []


@pytest.mark.parametrize("name", NAMES)
def test_each_function_is_called_by_something_and_may_do_something(name: str) -> None:
    template = rendered(name)

    drawn = drawings.picture(template)

    for function, resource in template.value["Resources"].items():
        if resource["Type"] == "AWS::Lambda::Function":
            assert [one for one in drawn.arrows if one.source == function], function
            assert [one for one in drawn.arrows if one.target == function], function


def test_a_right_is_drawn_where_the_statement_spells_the_name_out() -> None:
    arn = {"Fn::Sub": "arn:aws:s3:::box-${Stage}/in/*"}

    drawn = picture(Box=BUCKET, **function(allow(["s3:GetObject", "s3:PutObject"], arn)))

    assert arrow(drawn, "Work", "Box") == Arrow("Work", "Box", "right", ("GetObject", "PutObject"))


def test_what_is_denied_or_on_everything_is_no_right_of_a_box() -> None:
    denied = {**allow("s3:*", {"Fn::GetAtt": ["Box", "Arn"]}), "Effect": "Deny"}

    drawn = picture(Box=BUCKET, **function(denied, allow("xray:PutTraceSegments", "*")))

    assert drawn.arrows == []


def test_callers_reach_a_private_bucket_only_where_a_function_may_sign_for_it() -> None:
    cors = {"CorsRules": [{"AllowedMethods": ["PUT"], "AllowedOrigins": ["*"]}]}
    box = {"Type": "AWS::S3::Bucket", "Properties": {"CorsConfiguration": cors}}
    signs = allow("s3:PutObject", {"Fn::Sub": "${Box.Arn}/*"})

    assert arrow(picture(Box=box, **function(signs)), CALLERS, "Box").label[0] == "PUT"
    assert picture(Box=box, **function()).arrows == []


def test_a_queue_that_the_stack_does_not_fill_is_an_entrance() -> None:
    mapping = {
        "Type": "AWS::Lambda::EventSourceMapping",
        "Properties": {
            "FunctionName": {"Ref": "Work"},
            "EventSourceArn": {"Fn::GetAtt": ["Jobs", "Arn"]},
        },
    }
    takes = allow(["sqs:ReceiveMessage", "sqs:DeleteMessage"], {"Fn::GetAtt": ["Jobs", "Arn"]})

    drawn = picture(Jobs=QUEUE, Mapping=mapping, **function(takes))

    assert column(drawn, "Jobs") == ENTRANCE
    assert arrow(drawn, CALLERS, "Jobs").kind == "request"
    assert arrow(drawn, "Jobs", "Work").kind == "event"
    assert not [one for one in drawn.arrows if one.kind == "right"]  # Lambda's own doing


def test_a_function_that_sends_to_a_queue_is_shown_to() -> None:
    sends = allow("sqs:SendMessage", {"Fn::GetAtt": ["Jobs", "Arn"]})

    drawn = picture(Jobs=QUEUE, **function(sends))

    assert arrow(drawn, "Work", "Jobs").label == ("SendMessage",)
    assert column(drawn, "Jobs") == DATA


def test_a_topic_that_fans_out_is_drawn_and_one_of_alarms_alone_is_told_below() -> None:
    topic = {"Type": "AWS::SNS::Topic"}
    subscription = {
        "Type": "AWS::SNS::Subscription",
        "Properties": {"TopicArn": {"Ref": "News"}, "Endpoint": {"Fn::GetAtt": ["Jobs", "Arn"]}},
    }
    alarm = {"Type": "AWS::CloudWatch::Alarm", "Properties": {"AlarmActions": [{"Ref": "Bell"}]}}

    drawn = picture(News=topic, Jobs=QUEUE, Reader=subscription, Bell=topic, Late=alarm)

    assert arrow(drawn, "News", "Jobs").kind == "event"
    assert [(one.topic, one.alarms) for one in drawn.watches] == [("Bell", ("Late",))]


def test_an_alarm_on_a_part_of_a_box_is_told_by_the_box() -> None:
    dimensions = [{"Name": "WebACL", "Value": {"Ref": "Wall"}}]
    alarm = {"Type": "AWS::CloudWatch::Alarm", "Properties": {"Dimensions": dimensions}}
    config = {"WebACLId": {"Fn::GetAtt": ["Wall", "Arn"]}}
    cdn = {"Type": "AWS::CloudFront::Distribution", "Properties": {"DistributionConfig": config}}

    drawn = picture(Cdn=cdn, Wall={"Type": "AWS::WAFv2::WebACL"}, Blocked=alarm)

    assert [box.alarms for box in drawn.boxes if box.name == "Cdn"] == [1]


def test_a_type_that_nobody_thought_of_has_a_box_and_its_rights() -> None:
    machine = {"Type": "AWS::StepFunctions::StateMachine"}
    starts = allow("states:StartExecution", {"Ref": "Machine"})

    drawn = picture(Machine=machine, **function(starts))

    (box,) = [one for one in drawn.boxes if one.name == "Machine"]
    assert box.service == "StepFunctions StateMachine"
    assert arrow(drawn, "Work", "Machine").label == ("StartExecution",)


def test_a_distribution_shows_which_paths_go_where_and_with_which_key() -> None:
    key = {"Fn::Sub": "{{resolve:secretsmanager:${Key}}}"}
    config = {
        "HttpVersion": "http2and3",
        "Aliases": ["photos.example.com"],
        "WebACLId": {"Fn::GetAtt": ["Wall", "Arn"]},
        "Origins": [
            {"Id": "a", "DomainName": {"Fn::GetAtt": ["Box", "RegionalDomainName"]},
             "OriginAccessControlId": "x"},
            {"Id": "b", "DomainName": {"Fn::Sub": "${Api}.execute-api.eu-west-1.amazonaws.com"},
             "OriginCustomHeaders": [{"HeaderName": "x-key", "HeaderValue": key}]},
        ],
        "CacheBehaviors": [{"PathPattern": {"Fn::Sub": "/${Stage}/*"}, "TargetOriginId": "b"}],
        "DefaultCacheBehavior": {
            "TargetOriginId": "a",
            "FunctionAssociations": [{"FunctionARN": {"Fn::GetAtt": ["Pages", "FunctionARN"]}}],
        },
    }  # fmt: skip

    drawn = picture(
        Cdn={"Type": "AWS::CloudFront::Distribution", "Properties": {"DistributionConfig": config}},
        Box=BUCKET,
        Api={"Type": "AWS::ApiGatewayV2::Api", "Properties": {"ProtocolType": "HTTP"}},
        Key={"Type": "AWS::SecretsManager::Secret"},
        Wall={"Type": "AWS::WAFv2::WebACL", "Properties": {"Rules": [{}, {}]}},
        Pages={"Type": "AWS::CloudFront::Function"},
        **function(KEYS=key),
    )

    told = {box.name: box.told for box in drawn.boxes}
    assert told["Cdn"] == ("photos.example.com", "firewall Wall", "2 rules", "runs Pages")
    assert "knows Key" in told["Work"]
    assert arrow(drawn, "Cdn", "Api").label == ("/live/*", "with Key")
    assert arrow(drawn, "Cdn", "Box").label == ("all else", "signed")
    assert [one.target for one in drawn.arrows if one.source == CALLERS] == ["Cdn"]
    assert drawn.beside["Key"] == ("Cdn", "Work")


def test_a_stack_without_anything_to_draw_has_a_drawing() -> None:
    text = svg.svg(picture(Jobs=QUEUE))

    assert "Jobs" in text


# Where it is


def segments(placed: Placed) -> list[tuple[int, tuple[float, float], tuple[float, float]]]:
    return [(n, a, b) for n, way in enumerate(placed.ways) for a, b in pairwise(way)]


def crosses(a: tuple[float, float], b: tuple[float, float], box: tuple[float, ...]) -> bool:
    """Does a line that runs along an axis go through the inside of a box?"""
    x, y, width, height = box
    (left, right), (top, bottom) = sorted((a[0], b[0])), sorted((a[1], b[1]))
    return left < x + width - 1 and right > x + 1 and top < y + height - 1 and bottom > y + 1


def assert_well_placed(placed: Placed, lines: list[Line]) -> None:
    for (_, one), (_, other) in combinations(placed.boxes.items(), 2):
        apart = (
            one[0] + one[2] <= other[0]
            or other[0] + other[2] <= one[0]
            or one[1] + one[3] <= other[1]
            or other[1] + other[3] <= one[1]
        )
        assert apart
    for line, way in zip(lines, placed.ways, strict=True):
        for name, (x, y) in ((line.source, way[0]), (line.target, way[-1])):
            left, top, width, height = placed.boxes[name]
            assert x in {left, left + width}
            assert top <= y <= top + height
    for _, a, b in segments(placed):
        assert a[0] == b[0] or a[1] == b[1] or abs(a[1] - b[1]) <= 1
        assert not [name for name, box in placed.boxes.items() if crosses(a, b, box)]


@st.composite
def graphs(draw: st.DrawFn) -> tuple[dict[str, Size], list[Line]]:
    names = [f"n{number}" for number in range(draw(st.integers(2, 9)))]
    boxes = {name: Size(draw(st.integers(0, 4)), 100, draw(st.integers(40, 120))) for name in names}
    pairs = draw(st.lists(st.tuples(st.sampled_from(names), st.sampled_from(names)), max_size=14))
    unlike = dict.fromkeys(pair for pair in pairs if pair[0] != pair[1])
    return boxes, [Line(*pair, width=40, height=13) for pair in unlike]


@given(graphs())
@examples(max_examples=40)
def test_no_box_lies_on_another_and_no_arrow_goes_through_one(
    graph: tuple[dict[str, Size], list[Line]],
) -> None:
    boxes, lines = graph

    placed = layout.place(boxes, lines)

    assert_well_placed(placed, lines)
    assert layout.place(boxes, lines) == placed


def test_two_arrows_that_need_not_cross_do_not() -> None:
    boxes = {name: Size(0 if name in "ab" else 1, 80, 40) for name in "abxy"}
    lines = [Line("a", "y", 10, 13), Line("b", "x", 10, 13)]

    placed = layout.place(boxes, lines)

    assert (placed.boxes["a"][1] < placed.boxes["b"][1]) == (
        placed.boxes["y"][1] < placed.boxes["x"][1]
    )


@pytest.mark.parametrize("name", NAMES)
def test_no_words_of_a_box_leave_it(name: str) -> None:
    tree = ET.fromstring(svg.svg(drawings.picture(rendered(name))))  # noqa: S314 - ours
    space = "{http://www.w3.org/2000/svg}"
    groups = list(tree.iter(f"{space}g"))

    for group in groups:
        box = group.find(f"{space}rect")
        assert box is not None
        right = float(box.attrib["x"]) + float(box.attrib["width"])
        bottom = float(box.attrib["y"]) + float(box.attrib["height"])
        for text in group.iter(f"{space}text"):
            size = float(text.attrib["font-size"])
            measure = lettering.monospaced if "mono" in text.attrib["class"] else lettering.width
            assert float(text.attrib["x"]) + measure(text.text or "", size) <= right
            assert float(text.attrib["y"]) < bottom

    assert groups


# How it is written


@pytest.mark.parametrize("name", NAMES)
def test_a_drawing_is_alone_and_reads_on_light_and_dark_screens(name: str) -> None:
    text = svg.svg(drawings.picture(rendered(name)))

    ET.fromstring(text)  # noqa: S314 - ours
    assert "prefers-color-scheme: dark" in text
    assert re.findall(r"https?://(?!www\.w3\.org/2000/svg)\S+|<script|<image|url\(", text) == []
    light, dark = text.split("@media", 1)
    colours = re.compile(r"\.([\w-]+) \{ (?:fill|stroke): #")
    assert set(colours.findall(light)) == set(colours.findall(dark))


def test_a_name_can_not_break_the_drawing_or_the_text() -> None:
    box = {"Type": 'Custom::"<b>&#'}

    drawn = picture(Odd=box, **function(allow("x:Go", {"Ref": "Odd"})))

    ET.fromstring(svg.svg(drawn))  # noqa: S314 - ours
    (line,) = [one for one in mermaid.mermaid(drawn).splitlines() if "boxOdd[" in one]
    assert line.count('"') == 2


def test_a_long_text_is_wrapped_at_words() -> None:
    assert lettering.wrapped("GetItem, PutItem, UpdateItem", 10, 90) == (
        "GetItem, PutItem,",
        "UpdateItem",
    )
    assert lettering.wrapped("Supercalifragilistic", 10, 30) == ("Supercalifragilistic",)


def test_each_arrow_is_in_the_text_too() -> None:
    drawn = drawings.picture(rendered(NAMES[0]))

    text = mermaid.mermaid(drawn)

    assert len(re.findall(r" (?:-->|-\.->|==>)\|", text)) == len(drawn.arrows)


def test_the_station_writes_what_is_asked_for(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from argparse import Namespace

    for _ in range(2):
        assert diagram.run(Namespace(environments=NAMES[:1]), project) == 0

    written = {path.name for path in (project / drawings.FOLDER).iterdir()}
    assert written == {f"{NAMES[0]}.svg", f"{NAMES[0]}.md"}
    assert f"{NAMES[0]}.svg is current" in capsys.readouterr().out
