"""What this application's diagrams have to show: who comes in where, and what knows which key."""

from __future__ import annotations

from pipeline import render
from pipeline.diagrams import drawings
from pipeline.diagrams.picture import CALLERS, Picture
from pipeline.environment import settings
from tests.conftest import ROOT


def drawn(name: str) -> Picture:
    return drawings.picture(render.render(settings.load(name, ROOT), ROOT))


def reached(picture: Picture, source: str) -> set[str]:
    return {one.target for one in picture.arrows if one.source == source and one.kind == "request"}


def test_production_is_entered_through_the_distribution_and_photos_go_to_their_bucket() -> None:
    picture = drawn("prod")

    assert reached(picture, CALLERS) == {"Distribution", "UploadBucket"}
    assert reached(picture, "Distribution") == {"WebsiteBucket", "HttpApi", "WebSocketApi"}


def test_development_is_entered_at_each_of_its_parts() -> None:
    assert reached(drawn("dev"), CALLERS) == {
        "WebsiteBucket", "HttpApi", "WebSocketApi", "UploadBucket",
    }  # fmt: skip


def test_the_key_is_shown_where_it_is_sent_and_where_it_is_known() -> None:
    picture = drawn("prod")

    sent = {
        one.target
        for one in picture.arrows
        if one.source == "Distribution" and "with OriginKey1" in one.label
    }
    known = {box.name for box in picture.boxes if "knows OriginKey1" in box.told}
    assert sent == {"HttpApi", "WebSocketApi"}
    assert known == {"HttpApiLambda", "WebSocketEventLambda"}
