"""The committed OpenAPI file is what the API says of itself, and its answers keep to it."""

from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from tests.factories import drive, make_job, upload

DOCUMENT = yaml.safe_load((Path(__file__).resolve().parents[2] / "docs" / "openapi.yaml").read_text())


def keeps_to(schema: str, body: object) -> None:
    """Assert that a body is valid by a component of the document."""
    whole = {"$ref": f"#/components/schemas/{schema}", "components": DOCUMENT["components"]}
    errors = [
        f"{error.json_path}: {error.message}" for error in Draft202012Validator(whole).iter_errors(body)
    ]
    assert not errors


def test_the_served_document_is_the_committed_one(acme):
    from rest_framework.test import APIClient

    served = APIClient().get("/api/v1/openapi.yaml")
    assert served.status_code == 200
    assert yaml.safe_load(served.content) == DOCUMENT
    assert DOCUMENT["openapi"].startswith("3.1")


@pytest.mark.parametrize("state", ["queued", "finished"])
def test_answers_keep_to_the_document(state, s3, valkey, short_clip, transactional_db):
    from tests.api.conftest import _client

    acme = _client("acme")
    job = make_job(acme.account, upload(acme.account, short_clip))
    if state == "finished":
        drive(job)
    keeps_to("JobResponse", acme.get(f"jobs/{job.id}").json())
    keeps_to("PaginatedJobSummaryList", acme.get("jobs").json())
    keeps_to("PaginatedRenditionResponseList", acme.get(f"jobs/{job.id}/renditions").json())
    keeps_to("PaginatedAttemptResponseList", acme.get(f"jobs/{job.id}/attempts").json())
    keeps_to("PaginatedOutputResponseList", acme.get(f"jobs/{job.id}/outputs").json())
    keeps_to("PaginatedAuditEventResponseList", acme.get(f"jobs/{job.id}/audit?page_size=200").json())
