"""The website after a deployment: what is put, in which order, and what goes."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from pipeline.deploying import publishing
from pipeline.deploying.consent import Consent
from pipeline.errors import UserError
from pipeline.stations import deploy
from pipeline.website import Site, described, published
from tests.pipeline import scripted_aws
from tests.pipeline.scripted_aws import ACCOUNT, Aws, Refusal, deployment

pytestmark = pytest.mark.usefixtures("unjudged")

TEMPLATE = """\
Metadata:
  Website: {Bucket: PagesName}
Resources:
  Pages:
    Type: AWS::S3::Bucket
    Properties: {BucketName: pages-box}
Outputs:
  PagesName: {Value: !Ref Pages}
  Address: {Value: 'https://example.test/a'}
"""
SITE = Site("PagesName", "CdnId")
BY_CDN = {"PagesName": "pages-box", "CdnId": "EDFDVBD6EXAMPLE"}


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A repository with a page, its script and its configuration."""
    shutil.copytree(scripted_aws.ROOT / "rules", tmp_path / "rules")
    folder = tmp_path / "website"
    folder.mkdir()
    (folder / "index.html").write_text('<a href="${Address}">there</a>')
    (folder / "config.json").write_text('{"address": "${Address}"}')
    (folder / "page.js").write_text("export {};")
    return tmp_path


@pytest.fixture
def aws(account: Aws, site: Path) -> Aws:
    """A deployed stack with its website."""
    deploy.bring_up_to_date(deployment(account, text=TEMPLATE, root=site), Consent())
    return account


@pytest.fixture
def bucket(scripted: Aws) -> Aws:
    scripted.says("ListObjectsV2", {"Contents": [{"Key": "old.js"}, {"Key": "page.js"}]})
    scripted.says("PutObject", {})
    scripted.says("DeleteObjects", {})
    scripted.says("CreateInvalidation", {})
    return scripted


def publish(aws: Aws, site: Path) -> None:
    outputs = {**BY_CDN, "Address": "https://x.test"}
    publishing.publish(deployment(aws).target, site, SITE, outputs)


def test_a_deployment_publishes_the_website_with_its_outputs(aws: Aws) -> None:
    page = aws.clients.s3.get_object(Bucket="pages-box", Key="index.html")
    config = aws.clients.s3.get_object(Bucket="pages-box", Key="config.json")

    assert page["Body"].read() == b'<a href="https://example.test/a">there</a>'
    assert config["Body"].read() == b'{"address": "https://example.test/a"}'


def test_each_file_has_its_type_and_says_how_long_it_may_be_kept(aws: Aws) -> None:
    heads = {
        key: aws.clients.s3.head_object(Bucket="pages-box", Key=key)
        for key in ("index.html", "page.js")
    }

    assert heads["index.html"]["ContentType"] == "text/html; charset=utf-8"
    assert heads["index.html"]["CacheControl"] == "no-cache"
    assert heads["page.js"]["ContentType"] == "text/javascript; charset=utf-8"


def test_a_page_comes_after_all_that_it_needs(bucket: Aws, site: Path) -> None:
    publish(bucket, site)

    put = [sent["Key"] for name, sent in bucket.calls if name == "PutObject"]
    assert put == ["page.js", "config.json", "index.html"]
    assert bucket.operations[-2:] == ["DeleteObjects", "CreateInvalidation"]


def test_a_website_is_published_even_where_the_stack_has_nothing_to_change(
    aws: Aws, site: Path
) -> None:
    (site / "website" / "page.js").write_text("export const news = 1;")

    deploy.bring_up_to_date(deployment(aws, text=TEMPLATE, root=site), Consent())

    found = aws.clients.s3.get_object(Bucket="pages-box", Key="page.js")
    assert found["Body"].read() == b"export const news = 1;"


def test_what_is_no_longer_there_goes_from_the_bucket(bucket: Aws, site: Path) -> None:
    publish(bucket, site)

    assert bucket.sent("DeleteObjects")["Delete"]["Objects"] == [{"Key": "old.js"}]


def test_an_old_file_that_stays_is_told(bucket: Aws, site: Path) -> None:
    denied = {"Key": "old.js", "Code": "AccessDenied", "Message": "Access Denied"}
    bucket.says("DeleteObjects", {"Errors": [denied]})

    with pytest.raises(UserError, match=r"old\.js: Access Denied"):
        publish(bucket, site)


def test_the_cdn_forgets_all_of_it(bucket: Aws, site: Path) -> None:
    publish(bucket, site)

    sent = bucket.sent("CreateInvalidation")
    assert sent["DistributionId"] == "EDFDVBD6EXAMPLE"
    assert sent["InvalidationBatch"]["Paths"] == {"Quantity": 1, "Items": ["/*"]}


def test_every_call_says_whose_bucket_it_must_be(bucket: Aws, site: Path) -> None:
    publish(bucket, site)

    calls = [sent for _, sent in bucket.calls if "Bucket" in sent]
    assert all(sent["ExpectedBucketOwner"] == ACCOUNT for sent in calls)


def test_a_page_that_names_no_output_is_found_before_aws_is_asked(site: Path) -> None:
    (site / "website" / "index.html").write_text("${Missing}")
    rendered = scripted_aws.rendered(scripted_aws.loaded(), TEMPLATE)

    with pytest.raises(UserError, match="no output 'Missing'"):
        publishing.check(rendered, site)


@pytest.mark.parametrize(
    ("website", "says"),
    [
        ("{Bucket: Missing}", "no output 'Missing'"),
        ("{Bucket: PagesName, Distribution: Missing}", "no output 'Missing'"),
        ("{Distribution: PagesName}", "doesn't say where the website is"),
        ("PagesName", "doesn't say where the website is"),
        ("{Bucket: PagesName, Folder: site}", "doesn't say where the website is"),
    ],
)
def test_a_website_that_is_described_wrongly_is_an_error_at_its_line(
    website: str, says: str
) -> None:
    text = TEMPLATE.replace("{Bucket: PagesName}", website)
    rendered = scripted_aws.rendered(scripted_aws.loaded(), text)

    with pytest.raises(UserError, match=says) as caught:
        described(rendered.document)

    assert caught.value.where.endswith(":2")


def test_a_template_that_says_nothing_of_a_website_has_none() -> None:
    text = "Resources:" + TEMPLATE.partition("Resources:")[2]
    rendered = scripted_aws.rendered(scripted_aws.loaded(), text)

    assert described(rendered.document) is None


def test_a_stack_without_a_website_publishes_nothing(bucket: Aws, site: Path) -> None:
    publishing.publish(deployment(bucket).target, site, None, {"PagesName": "pages-box"})

    assert bucket.operations == []


def test_a_refused_upload_leaves_the_old_files(bucket: Aws, site: Path) -> None:
    bucket.says("PutObject", Refusal("AccessDenied", status=403))

    with pytest.raises(bucket.clients.s3.exceptions.ClientError):
        publish(bucket, site)

    assert "DeleteObjects" not in bucket.operations


def test_what_editors_and_systems_leave_is_not_published(site: Path) -> None:
    before = published(site, {"Address": "x"})

    for name in (".#index.html", "._index.html", ".DS_Store", "index.html~", "Thumbs.db"):
        (site / "website" / name).symlink_to("me@host.1")
    (site / "website/__MACOSX").mkdir()
    (site / "website/__MACOSX/index.html").write_text("")

    assert published(site, {"Address": "x"}) == before
