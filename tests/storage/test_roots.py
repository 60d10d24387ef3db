"""Which URLs an account may name, and which spellings are no URLs at all."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.storage.base import Refused
from adapters.storage.location import parse_location
from adapters.storage.registry import StorageConfig, Storages
from adapters.storage.roots import Roots

ROOTS = Roots(
    (
        "s3://sources/{account}/",
        "s3://shared/public/",
        "file:///srv/in/{account}/",
        "https://media.example.com/",
    )
)


@pytest.mark.parametrize(
    "url",
    [
        "s3://sources/acme/clip.mp4",
        "s3://sources/acme/2026/My film (1) 100%.mp4",
        "s3://sources/acme/",
        "s3://sources/acme/deep/",
        "S3://sources/acme/clip.mp4",
        "s3://shared/public/clip.mp4",
        "file:///srv/in/acme/clip.mp4",
        "file:///srv/in/acme/My%20film.mp4",
        "https://media.example.com/any/where.mp4?token=1",
        "https://MEDIA.example.com/clip.mp4",
    ],
)
def test_an_account_reaches_what_lies_beneath_its_roots(url):
    assert ROOTS.allows(url, "acme")


@pytest.mark.parametrize(
    "url",
    [
        "s3://sources/acme",
        "s3://sources/acme-2/clip.mp4",
        "s3://sources/other/clip.mp4",
        "s3://sources/",
        "s3://sources",
        "s3://sources/clip.mp4",
        "s3://outputs/acme/clip.mp4",
        "s3://sources/acme/../other/clip.mp4",
        "s3://sources/acme/..",
        "s3://sources/acme/./clip.mp4",
        "s3://sources/acme//clip.mp4",
        "s3://sources//acme/clip.mp4",
        "s3://sources/acme/%2e%2e/other/clip.mp4",
        "s3://sources/acme/%2E./other/clip.mp4",
        "s3://sources/acme%2fclip.mp4",
        "s3://sources/acme/..\\other\\clip.mp4",
        "s3://sources/acme/clip.mp4?versionId=1",
        "s3://sources/acme/clip.mp4#t=1",
        "s3://sources/acme/clip\n.mp4",
        "s3://key:secret@sources/acme/clip.mp4",
        "s3://sources:80/acme/clip.mp4",
        "s3://Sources/acme/clip.mp4",
        "s3:/sources/acme/clip.mp4",
        "s3://sources/{account}/clip.mp4",
        "file:///srv/in/acme/../other/clip.mp4",
        "file:///srv/in/acme/%2e%2e/other/clip.mp4",
        "file:///srv/in/acme%2f..%2fother/clip.mp4",
        "file:///srv/in/acme/%ff.mp4",
        "file://localhost/srv/in/acme/clip.mp4",
        "file://srv/in/acme/clip.mp4",
        "file:/srv/in/acme/clip.mp4",
        "/srv/in/acme/clip.mp4",
        "http://media.example.com/clip.mp4",
        "https://media.example.com:8443/clip.mp4",
        "https://media.example.com.evil.example/clip.mp4",
        "https://media.example.com@evil.example/clip.mp4",
        "https://evil.example/media.example.com/clip.mp4",
        "https://[::1/clip.mp4",
        "ftp://media.example.com/clip.mp4",
        "",
        " s3://sources/acme/clip.mp4",
    ],
)
def test_an_account_reaches_nothing_else(url):
    assert not ROOTS.allows(url, "acme")


@pytest.mark.parametrize("account", ["", "..", "acme/../other", "acme/", "*", "{account}", "a" * 64, "acmé"])
def test_an_odd_account_name_reaches_nothing(account):
    assert not ROOTS.allows("s3://shared/public/clip.mp4", account)
    assert not ROOTS.allows(f"s3://sources/{account}/clip.mp4", account)


def test_without_templates_everything_is_denied():
    assert not Roots(()).allows("s3://sources/acme/clip.mp4", "acme")
    assert not Roots(()).allows("https://example.com/clip.mp4", "acme")


def test_a_whole_scheme_can_be_a_root():
    assert Roots(("https://",)).allows("https://anywhere.example/clip.mp4", "acme")
    assert not Roots(("https://",)).allows("http://anywhere.example/clip.mp4", "acme")


@pytest.mark.parametrize(
    "template",
    [
        "s3://sources/{account}",
        "s3://sources/{user}/",
        "s3://sources/../",
        "s3:///{account}/",
        "sources/",
        "ftp://example.com/",
        "https://example.com/{account}/",
        "",
    ],
)
def test_a_template_that_cannot_be_right_is_refused_at_start(template):
    with pytest.raises(ValueError, match="Root"):
        Roots((template,))


@given(st.text(alphabet="acme/.%2eEfF\\otherst é\x00?#", max_size=30))
def test_whatever_is_allowed_lies_beneath_the_root_however_it_is_normalised(tail):
    for url in (f"s3://sources/acme/{tail}", f"file:///srv/in/acme/{tail}"):
        if ROOTS.allows(url, "acme"):
            location = parse_location(url)
            assert (
                Path("/", *location.parts)
                .resolve()
                .is_relative_to("/acme" if location.scheme == "s3" else "/srv/in/acme")
            )
            assert parse_location(location.url) == location


def test_an_unknown_scheme_is_refused_by_name_of_the_known_ones():
    storages = Storages(StorageConfig())
    for url in ("ftp://example.com/a.mp4", "clip.mp4", "", "s3:bucket/key", "C:\\clip.mp4"):
        with pytest.raises(Refused, match="file://, http://, https://, s3://"):
            storages.for_url(url)


def test_a_scheme_is_served_by_one_storage_for_each_process():
    storages = Storages(StorageConfig(s3_region="us-east-1", s3_access_key="key", s3_secret_key="secret"))
    assert storages.for_url("s3://a-bucket/1") is storages.for_url("S3://b-bucket/2")
    assert storages.for_url("file:///a") is not storages.for_url("https://example.com/")
