"""Commands at POST /api/v1/jobs: what is accepted, and the whole document that refuses the rest."""

import json
import re
from pathlib import Path
from typing import get_args

import pytest

from adapters.ffmpeg.commandline import Program
from adapters.ffmpeg.commandline.errors import Code
from adapters.ffmpeg.commandline.filters import FILTERS
from jobs.models import Job, Source
from jobs.states import StepKind

FILM = "https://a.example/film.mp4"


def problem(*errors: tuple[str, str, str]) -> dict[str, object]:
    """The document for a request with these errors: pointer, code, sentence."""
    return {
        "type": "urn:reelchord:problem:invalid",
        "title": "The request has errors.",
        "status": 400,
        "code": "invalid",
        "detail": "See `errors`: each names its place in the body.",
        "instance": "/api/v1/jobs",
        "errors": [{"pointer": pointer, "code": code, "detail": detail} for pointer, code, detail in errors],
    }


def labels(job: Job) -> list[str | None]:
    return [one.label for command in Program.from_json(job.command).commands for one in command.outputs]


@pytest.mark.parametrize(
    ("body", "sources", "outputs"),
    [
        ({"command": f"ffmpeg -i {FILM} -c copy out.mp4"}, [FILM], ["out.mp4"]),
        ({"command": f"-i {FILM} -c copy out.mp4"}, [FILM], ["out.mp4"]),
        ({"arguments": ["-i", FILM, "-c", "copy", "out.mp4"]}, [FILM], ["out.mp4"]),
        ({"arguments": ["ffmpeg", "-i", FILM, "out put.mp4".replace(" ", "-")]}, [FILM], ["out-put.mp4"]),
        (
            {
                "inputs": {"in_1": FILM},
                "outputs": {"out_1": "a.mp4"},
                "arguments": ["-i", "{{in_1}}", "{{out_1}}"],
            },
            [FILM],
            ["a.mp4"],
        ),
        (
            {"inputs": [FILM], "outputs": ["a.mp4"], "command": "ffmpeg -i {{in_1}} {{out_1}}"},
            [FILM],
            ["a.mp4"],
        ),
        ({"inputs": {"film": FILM}, "command": "ffmpeg -i film a.mp4"}, [FILM], ["a.mp4"]),
        ({"inputs": [FILM], "command": "ffmpeg -i film.mp4 a.mp4"}, [FILM], ["a.mp4"]),
        (
            {"inputs": [FILM, "https://b.example/b.mp4"], "command": "-f concat -i list.txt -c copy a.mp4"},
            [FILM, "https://b.example/b.mp4"],
            ["a.mp4"],
        ),
        ({"command": f"ffmpeg -i {FILM} a.mp4 b.webm"}, [FILM], ["a.mp4", "b.webm"]),
    ],
    ids=[
        "text", "text without the word", "list", "list with the word", "named, as a list", "listed, as text",
        "by its name", "by the last part of its URL", "concatenated", "several outputs",
    ],
)  # fmt: skip
def test_a_command_is_accepted_in_every_spelling(acme, body, sources, outputs):
    response = acme.post("jobs", body)
    assert response.status_code == 202, response.content
    job = Job.objects.get(id=response.json()["id"])
    assert [source.url for source in Source.objects.filter(job=job).order_by("position")] == sources
    assert labels(job) == outputs
    assert (job.ladder, job.interface) == (None, "")
    assert set(job.steps.values_list("kind", flat=True)) == {StepKind.INGEST, StepKind.PLAN}
    assert acme.get(f"jobs/{job.id}").json()["command"] == body.get("command", body.get("arguments"))


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        (
            {"command": f"ffmpeg -i {FILM} a.mp4", "preset": "hls-720p"},
            [("/preset", "conflict", "Not beside a command: give one of them.")],
        ),
        (
            {"command": f"ffmpeg -i {FILM} a.mp4", "ladder": {"packaging": "hls", "rungs": [{"name": "a"}]}},
            [("/ladder/rungs/0/height", "required", "{any}")],
        ),
        (
            {"command": f"ffmpeg -i {FILM} a.mp4", "source": {"url": FILM}},
            [("/source", "conflict", "Not beside a command: give one of them.")],
        ),
        (
            {"command": f"ffmpeg -i {FILM} a.mp4", "arguments": ["-i", FILM, "a.mp4"]},
            [("/command", "conflict", "Not beside a command: give one of them.")],
        ),
        (
            {"source": {"url": FILM}, "preset": "hls-720p", "inputs": [FILM]},
            [("/inputs", "conflict", "It belongs to a command; a ladder has a source.")],
        ),
        (
            {"inputs": [FILM]},
            [("/preset", "conflict", "Give a preset's name, a ladder or a command, one of them.")],
        ),
        ({"command": ""}, [("/command", "blank", "This field may not be blank.")]),
        ({"command": 7}, [("/command", "type", "This must be a string.")]),
        ({"command": "a\x00b"}, [("/command", "invalid", "Not a valid string.")]),
        (
            {"command": "x" * 40_000},
            [("/command", "max_length", "Ensure this field has no more than 32768 characters.")],
        ),
        ({"arguments": []}, [("/arguments", "incomplete", "The command is empty.")]),
        ({"arguments": ["-i", 7]}, [("/arguments/1", "type", "This must be a string.")]),
        (
            {"command": "-i {{in_1}} a.mp4", "inputs": "film"},
            [("/inputs", "shape", 'Give an object of names, {"in_1": "..."}, or a list.')],
        ),
        (
            {"command": "-i {{in_1}} a.mp4", "inputs": [7]},
            [("/inputs", "text", "Give text of at most 4096 characters.")],
        ),
        (
            {"command": "-i {{in_1}} a.mp4", "inputs": [FILM] * 21},
            [("/inputs", "too_many", "At most 20 entries.")],
        ),
        (
            {"command": f"ffmpeg -i {FILM} -frobnicate 7 a.mp4"},
            [("/command", "unknown_option", "The option -frobnicate is not known.")],
        ),
        (
            {"arguments": ["-i", FILM, "-frobnicate", "7", "a.mp4"]},
            [("/arguments/2", "unknown_option", "The option -frobnicate is not known.")],
        ),
        (
            {"command": f"ffmpeg -i {FILM} -vf movie=/etc/passwd a.mp4"},
            [
                (
                    "/command",
                    "refused_filter",
                    "The filter movie opens a file by itself; give the file as a further input.",
                )
            ],
        ),
        (
            {"command": "ffmpeg -i concat:/etc/passwd a.mp4"},
            [
                (
                    "/command",
                    "refused_input",
                    "The protocol concat: is not allowed."
                    " Use the concat filter, or -f concat with the job's inputs.",
                )
            ],
        ),
        (
            {"command": "ffmpeg -i gopher://a.example/ a.mp4"},
            [
                (
                    "/command",
                    "refused_input",
                    "'gopher://a.example/': the protocol gopher is not allowed."
                    " Give a URL (https, http, s3, file) or the name of one of the job's inputs.",
                )
            ],
        ),
        (
            {"command": f"ffmpeg -i {FILM} a.mp4; rm -rf /"},
            [("/command", "syntax", "{any}")],
        ),
        (
            {"command": f"ffmpeg -i {FILM} ../../a.mp4"},
            [
                (
                    "/command",
                    "invalid_name",
                    "'../../a.mp4' is a path. Give a name without folders: the service makes its own.",
                )
            ],
        ),
        (
            {"command": "-i {{in_2}} {{out_1}}", "inputs": [FILM], "outputs": ["a.mp4"]},
            [("/command", "unknown_input", "There is no input 'in_2'. The job's inputs are: in_1.")],
        ),
        (
            {"command": "-i {{in_1}} a.mp4", "inputs": {"in_1": "s3://sources/rival/a.mp4"}},
            [
                (
                    "/inputs/in_1",
                    "url_refused",
                    "The URL is outside the places that account '{slug}' may read.",
                )
            ],
        ),
        (
            {"command": "-i {{in_1}} -i {{in_2}} a.mp4", "inputs": [FILM, "s3://sources/rival/a.mp4"]},
            [("/inputs/1", "url_refused", "The URL is outside the places that account '{slug}' may read.")],
        ),
        (
            {"arguments": ["-i", "s3://sources/rival/a.mp4", "a.mp4"]},
            [("/arguments", "url_refused", "The URL is outside the places that account '{slug}' may read.")],
        ),
        (
            {"command": "-i {{in_1}} {{out_1}}", "inputs": [FILM], "outputs": ["https://h.example/a.mp4"]},
            [
                (
                    "/outputs/0",
                    "url_refused",
                    "A destination is a place that can be written to: s3:// or file://.",
                )
            ],
        ),
        (
            {"command": f"ffmpeg -i {FILM} a.mp4", "destination": "s3://outputs/rival/"},
            [("/destination", "url_refused", "{any}")],
        ),
    ],
)
def test_what_is_refused_is_told_as_a_whole_document_and_nothing_is_made(acme, body, errors):
    response = acme.post("jobs", body)
    assert response.status_code == 400
    assert response["Content-Type"] == "application/problem+json"
    document = response.json()
    told = [
        (pointer, code, found["detail"] if detail == "{any}" else detail.replace("{slug}", acme.account.slug))
        for (pointer, code, detail), found in zip(errors, document["errors"], strict=True)
    ]
    assert document == problem(*told)
    assert all(error["detail"].endswith((".", "?", "list.")) for error in document["errors"])
    assert not Job.objects.exists()


def test_every_refusal_of_a_command_is_told_at_once(acme):
    command = f"ffmpeg -i {FILM} -frobnicate 7 -vf movie=x,scale=99999999:2 -crf 900 -c:v libx264 ../a.mp4"
    errors = acme.post("jobs", {"command": command}).json()["errors"]
    assert [error["code"] for error in errors] == [
        "unknown_option", "refused_filter", "out_of_range", "invalid_name",
    ]  # fmt: skip
    assert {error["pointer"] for error in errors} == {"/command"}


def test_no_more_than_twenty_reasons_are_told(acme):
    command = f"ffmpeg -i {FILM} {' '.join(f'-x{n} 1' for n in range(40))} a.mp4"
    assert len(acme.post("jobs", {"command": command}).json()["errors"]) == 20


def test_the_text_of_a_command_is_never_taken_for_a_pattern_of_the_answer(acme):
    """What a customer wrote comes back as text, however it looks."""
    for odd in ("%s%n", "{0.__class__}", "<script>alert(1)</script>", "\x1b[31mred", "‮gpj.mp4"):
        response = acme.post("jobs", {"arguments": ["-i", FILM, f"-{odd}", "1", "a.mp4"]})
        assert response.status_code == 400, odd
        assert response["Content-Type"] == "application/problem+json"


# --- docs/commands.md ------------------------------------------------------------------------------------------
PAGE = (Path(__file__).resolve().parents[2] / "docs" / "commands.md").read_text()


def test_every_filter_that_the_documentation_names_is_allowed():
    table = PAGE.partition("<!-- filters -->")[2].partition("<!-- /filters -->")[0]
    named = set(re.findall(r"`([a-z0-9]+)`", table))
    assert len(named) > 200
    assert named <= FILTERS.names()


def test_every_request_of_the_documentation_is_accepted(acme):
    text = PAGE.partition("## Inputs")[0].replace("s3://sources/acme/", f"s3://sources/{acme.account.slug}/")
    requests = re.findall(r"POST /api/v1/jobs\n((?:    .*\n)+)", text)
    assert len(requests) == 3
    for request in requests:
        assert acme.post("jobs", json.loads(request)).status_code == 202


def test_the_documentations_two_passes_are_accepted(acme):
    [command] = re.findall(r"^    (ffmpeg -y .*)$", PAGE, re.MULTILINE)
    body = {"inputs": [FILM], "outputs": ["a.mp4"], "command": command}
    assert acme.post("jobs", body).status_code == 202


def test_every_code_of_a_refusal_is_in_the_documentation():
    assert {code for code in get_args(Code) if f"`{code}`" not in PAGE} == set()
