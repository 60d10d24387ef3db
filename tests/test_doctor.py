"""`manage.py doctor`: what is there, what is not, and what that means to a worker."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from adapters.ffmpeg.sandbox import layers
from jobs import diagnosis, stores

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def parts(s3, valkey, clip):
    """Everything that a worker needs is there."""
    stores.storages.cache_clear()
    yield
    stores.storages.cache_clear()


@pytest.fixture
def quick(monkeypatch):
    """One encoder, and no measuring: where neither is what the test is about."""
    monkeypatch.setattr(diagnosis.inventory, "encoders", lambda: ("aac",))
    monkeypatch.setattr(diagnosis.layers, "cost_ms", lambda ffmpeg: 1.0)


def examine(*options: str) -> str:
    out = StringIO()
    call_command("doctor", *options, stdout=out, stderr=StringIO())
    return out.getvalue()


def levels(document) -> dict[str, str]:
    return {f"{one['area']}/{one['name']}": one["level"] for one in document["findings"]}


def failing() -> tuple[dict[str, str], str]:
    """What there is, and what the command says at its end."""
    out = StringIO()
    with pytest.raises(CommandError) as error:
        call_command("doctor", "--json", stdout=out, stderr=StringIO())
    assert error.value.returncode == 1
    document = json.loads(out.getvalue())
    assert document["ok"] is False
    return levels(document), str(error.value)


def test_a_machine_that_has_everything_is_well():
    document = json.loads(examine("--json"))
    found = levels(document)
    assert document["ok"] is True
    assert {area for area, _, _ in (name.partition("/") for name in found)} == {
        "programs", "sandbox", "memory", "encoders", "gpu", "images", "fonts", "services", "storage", "disk",
    }  # fmt: skip
    for name in (
        "programs/ffmpeg", "programs/libvmaf", "programs/ffprobe", "sandbox/way out", "sandbox/cost",
        "encoders/libx264", "images/imager", "images/formats",
        "encoders/libsvtav1", "encoders/aac", "encoders/libopus", "services/database", "services/broker",
        "storage/s3://sources/", "storage/s3://outputs/",
    ):  # fmt: skip
        assert found[name] == "ok", name
    # There is no GPU where the tests run, or there is one: both are a note or well, and never a failure.
    assert found["gpu/h264_nvenc"] in ("ok", "note")
    details = {f"{one['area']}/{one['name']}": one for one in document["findings"]}
    assert details["programs/ffmpeg"]["detail"].startswith("ffmpeg-")
    assert details["services/database"]["milliseconds"] < 1000


def test_the_table_is_for_people(quick):
    text = examine()
    assert "way out" in text and "MISSING" not in text
    assert "landlock" in text and " ms" in text


def test_nothing_secret_is_shown(quick, settings):
    settings.AWS_SECRET_ACCESS_KEY = "hidden-storage-key"
    settings.REDIS_URL = "redis://:hidden-broker-key@127.0.0.1:1/0"
    out = StringIO()
    with pytest.raises(CommandError) as error:
        call_command("doctor", stdout=out, stderr=StringIO())
    assert "hidden" not in out.getvalue() + str(error.value)


def test_without_an_ffmpeg_nothing_can_be_made(quick, settings, tmp_path):
    settings.FFMPEG_BINARY = tmp_path / "ffmpeg"
    found, said = failing()
    assert found["programs/ffmpeg"] == found["encoders/aac"] == "missing"
    assert "programs/ffmpeg" in said


def test_a_program_that_is_no_ffmpeg_is_told_so(quick, settings, tmp_path):
    fake = tmp_path / "ffmpeg"
    fake.write_text("#!/bin/sh\necho hello\n")
    fake.chmod(0o755)
    settings.FFMPEG_BINARY = fake
    found, _ = failing()
    assert found["programs/ffmpeg"] == "missing"


def test_without_a_box_it_is_not_well(quick, settings):
    layers.wish("none")
    try:
        found, said = failing()
    finally:
        layers.wish(settings.SANDBOX)
    assert found["sandbox/way out"] == "missing"
    assert "sandbox/way out" in said


def test_a_box_that_can_be_left_is_not_well(quick, monkeypatch):
    trial = layers.Trial(("read a foreign file",), works=True)
    monkeypatch.setattr(diagnosis.layers, "try_out", lambda ffmpeg: trial)
    found, _ = failing()
    assert found["sandbox/way out"] == "missing"


def test_a_broker_that_is_away_is_missed(quick, settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    found, _ = failing()
    assert (found["services/broker"], found["services/database"]) == ("missing", "ok")


def test_a_storage_that_does_not_answer_is_missed(quick, settings):
    settings.DESTINATION_ROOTS = ["s3://there-is-no-such-bucket/{account}/"]
    found, _ = failing()
    assert found["storage/s3://there-is-no-such-bucket/"] == "missing"
    assert found["storage/s3://sources/"] == "ok"


def test_a_folder_that_is_not_there_is_missed(quick, settings, tmp_path):
    settings.FILE_ROOTS = [str(tmp_path), str(tmp_path / "none")]
    found, _ = failing()
    assert found[f"storage/file://{tmp_path}"] == "ok"
    assert found[f"storage/file://{tmp_path}/none"] == "missing"


def test_with_nowhere_to_store_to_nothing_can_be_made(quick, settings):
    settings.DESTINATION_ROOTS = []
    found, _ = failing()
    assert found["storage/destinations"] == "missing"
