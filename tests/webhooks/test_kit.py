"""A consumer's kit: the code in the documentation verifies for real, and `webhook_listen` shows what it says."""

import json
import os
import re
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.webhooks.casts import make_due, tell, the_delivery, tries
from webhooks import endpoints, signing
from webhooks.events import TYPES
from webhooks.schedule import STATUS

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "webhooks.md").read_text()
BODY = '{"type":"job.succeeded","data":{"job":{"reference":"Film \N{EN DASH} 42"}}}'.encode()
SECRET = signing.new_secret()

GO_MAIN = """
package main

import ("encoding/json"; "net/http"; "os"; "reelchord")

func main() {
	var cases []struct{ Secret, Body string; Headers map[string]string }
	json.NewDecoder(os.Stdin).Decode(&cases)
	found := []bool{}
	for _, one := range cases {
		headers := http.Header{}
		for name, value := range one.Headers { headers.Set(name, value) }
		found = append(found, reelchord.Verify(one.Secret, headers, []byte(one.Body)))
	}
	json.NewEncoder(os.Stdout).Encode(found)
}
"""
NODE_MAIN = """
const cases = JSON.parse(require("node:fs").readFileSync(0));
console.log(JSON.stringify(cases.map((one) => verify(one.secret, one.headers, Buffer.from(one.body)))));
"""


def block(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    assert found
    return found[1]


def signed(*keys: str, at: datetime | None = None, body: bytes = BODY) -> dict[str, str]:
    return signing.headers("msg-1", body, keys, at or datetime.now(UTC))


def cases() -> list[tuple[str, dict[str, str], str, bool]]:
    """(secret, headers, body, whether it is ours)."""
    other, old = signing.new_secret(), datetime.now(UTC) - timedelta(minutes=6)
    text = BODY.decode()
    return [
        (SECRET, signed(SECRET), text, True),
        (SECRET, signed(other, SECRET), text, True),
        (SECRET, signed(other), text, False),
        (SECRET, signed(SECRET), text.replace("42", "43"), False),
        (SECRET, {**signed(SECRET), "webhook-id": "msg-2"}, text, False),
        (SECRET, signed(SECRET, at=old), text, False),
        (SECRET, signed(SECRET, at=datetime.now(UTC) + timedelta(minutes=6)), text, False),
        (SECRET, {**signed(SECRET), "webhook-timestamp": "soon"}, text, False),
        (SECRET, {**signed(SECRET), "webhook-signature": ""}, text, False),
        (SECRET, {**signed(SECRET), "webhook-signature": "v1,\u00e4"}, text, False),
        (SECRET, {}, text, False),
    ]


def as_json() -> str:
    return json.dumps([{"secret": a, "headers": b, "body": c} for a, b, c, _ in cases()])


EXPECTED = [ours for *_, ours in cases()]


def test_the_python_of_the_documentation_verifies():
    names: dict = {}
    exec(block("python"), names)  # noqa: S102 - our own page
    assert [
        names["verify"](secret, headers, body.encode()) for secret, headers, body, _ in cases()
    ] == EXPECTED


@pytest.mark.skipif(shutil.which("node") is None, reason="there is no Node here")
def test_the_javascript_of_the_documentation_verifies(tmp_path):
    file = tmp_path / "verify.cjs"
    file.write_text(block("javascript") + NODE_MAIN)
    done = subprocess.run(["node", file], input=as_json(), capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == EXPECTED


@pytest.mark.skipif(shutil.which("go") is None, reason="there is no Go here")
def test_the_go_of_the_documentation_verifies(tmp_path):
    (tmp_path / "reelchord").mkdir()
    (tmp_path / "reelchord" / "verify.go").write_text(block("go"))
    (tmp_path / "reelchord" / "go.mod").write_text("module reelchord\n\ngo 1.21\n")
    (tmp_path / "main.go").write_text(GO_MAIN)
    (tmp_path / "go.mod").write_text(
        "module try\n\ngo 1.21\n\nrequire reelchord v0.0.0\n\nreplace reelchord => ./reelchord\n"
    )
    environment = {**os.environ, "GOFLAGS": "-mod=mod", "GOPROXY": "off", "GOCACHE": str(tmp_path / "cache")}
    done = subprocess.run(
        ["go", "run", "."], cwd=tmp_path, env=environment, input=as_json(), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == EXPECTED


def test_the_documentation_names_every_event():
    for type_ in TYPES:
        assert f"`{type_}`" in PAGE


@pytest.mark.django_db
def test_webhook_listen_prints_what_it_verifies_and_fails_as_often_as_it_is_told(
    receivers, account, pump, settings
):
    made = endpoints.make(account, receivers().url(), actor="test")
    command = [
        sys.executable,
        str(ROOT / "manage.py"),
        "webhook_listen",
        "--port",
        "0",
        "--fail",
        "1",
        "--count",
        "1",
    ]
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings", "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        [*command, "--secret", made.secret], stdout=subprocess.PIPE, text=True, env=environment
    ) as listening:
        first = listening.stdout.readline()
        port = int(re.search(r":(\d+)/", first)[1])
        settings.EGRESS_ALLOWED_PORTS = [*settings.EGRESS_ALLOWED_PORTS, port]
        type(made.endpoint).objects.update(url=f"http://127.0.0.1:{port}/")
        job = tell(account)
        pump()
        assert tries() == [(500, STATUS)]
        make_due()
        pump()
        assert tries() == [(500, STATUS), (204, "")]
        shown = listening.communicate(timeout=30)[0]
    assert listening.returncode == 0
    assert "failing on purpose" in shown
    assert f"verified {the_delivery().event.id}" in shown
    assert str(job) in shown


@pytest.mark.django_db
def test_webhook_listen_refuses_what_somebody_else_signed(receivers, account, pump, settings):
    made = endpoints.make(account, receivers().url(), actor="test")
    command = [sys.executable, str(ROOT / "manage.py"), "webhook_listen", "--port", "0", "--secret", SECRET]
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings", "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as listening:
        port = int(re.search(r":(\d+)/", listening.stdout.readline())[1])
        settings.EGRESS_ALLOWED_PORTS = [*settings.EGRESS_ALLOWED_PORTS, port]
        type(made.endpoint).objects.update(url=f"http://127.0.0.1:{port}/")
        tell(account)
        pump()
        listening.terminate()
    assert tries() == [(401, STATUS)]
