"""What the schemas of resource types say, read as the policy asks."""

from __future__ import annotations

from pipeline import schemas

BUCKET = "AWS::S3::Bucket"


def test_the_properties_below_a_path_are_those_that_a_template_may_set() -> None:
    top = schemas.children(BUCKET)
    rule = schemas.children(BUCKET, ("CorsConfiguration", "CorsRules", "*"))

    assert "BucketName" in top
    assert "Arn" not in top
    assert {"AllowedOrigins", "MaxAge"} <= rule.keys()


def test_a_scalar_has_nothing_below_it() -> None:
    assert schemas.children(BUCKET, ("BucketName",)) == {}


def test_a_list_is_told_from_one_value() -> None:
    assert schemas.is_list(BUCKET, ("CorsConfiguration", "CorsRules"))
    assert not schemas.is_list(BUCKET, ("CorsConfiguration",))


def test_a_property_is_described_in_whole_sentences_without_markup() -> None:
    said = schemas.described(BUCKET, ("ReplicationConfiguration", "Role"))

    assert said.endswith(".")
    assert "(ARN) of the IAM role" in said
    assert not set("[]`*") & set(said)
    assert "For more information" not in said


def test_a_property_without_a_description_of_its_own_has_that_of_its_kind() -> None:
    config = ("DistributionConfig", "DefaultCacheBehavior")

    assert schemas.described("AWS::CloudFront::Distribution", config)
