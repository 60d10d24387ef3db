"""The real services: private, durable, and never two on one folder."""

import os
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlparse

import boto3
import dj_database_url
import psycopg
import pytest
import redis
import requests

from config.embedded import services as services_module
from config.embedded.credentials import credentials
from config.embedded.services import FolderInUse, Services

ROOT = Path(__file__).resolve().parents[2]


def s3_client(endpoint_url: str, access_key: str, secret_key: str):
    return boto3.client(
        "s3",
        endpoint_url=endpoint_url,
        region_name="us-east-1",
        aws_access_key_id=access_key,
        aws_secret_access_key=secret_key,
    )


def test_postgres_listens_on_no_tcp_port(postgres: str) -> None:
    with psycopg.connect(postgres) as connection:
        (addresses,) = connection.execute("SHOW listen_addresses").fetchone() or ("?",)
    assert addresses == ""


def test_django_reads_the_database_url(postgres: str) -> None:
    parsed = dj_database_url.parse(postgres)
    with psycopg.connect(dbname=parsed["NAME"], user=parsed["USER"], host=parsed["HOST"]) as connection:
        assert connection.execute("SELECT current_database()").fetchone() == ("reelchord",)


def test_valkey_refuses_to_evict_messages(valkey: str) -> None:
    with redis.Redis.from_url(valkey) as client:
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
        assert client.config_get("port") == {"port": "0"}


def test_each_test_process_has_a_broker_of_its_own(valkey: str) -> None:
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw-1").removeprefix("gw")
    assert valkey.endswith(f"?db={int(worker) + 1}")


def test_a_player_without_a_key_reads_outputs_and_nothing_else(s3) -> None:
    client = s3_client(s3.endpoint_url, s3.access_key, s3.secret_key)
    for bucket in ("outputs", "sources"):
        client.put_object(Bucket=bucket, Key="anonymous/file.txt", Body=b"text")
    base = s3.endpoint_url
    assert requests.get(f"{base}/outputs/anonymous/file.txt", timeout=10).text == "text"
    assert requests.get(f"{base}/sources/anonymous/file.txt", timeout=10).status_code == 403
    assert requests.get(f"{base}/outputs/", timeout=10).status_code == 403
    assert requests.put(f"{base}/outputs/anonymous/mine.txt", data=b"x", timeout=10).status_code == 403
    assert requests.delete(f"{base}/outputs/anonymous/file.txt", timeout=10).status_code == 403


def test_what_was_stored_is_there_after_a_restart_on_other_ports(tmp_path: Path) -> None:
    before = Services(tmp_path)
    try:
        before.start()
        with psycopg.connect(before.postgres.url()) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
        with redis.Redis.from_url(before.valkey.url()) as client:
            client.set("kept", "42")
        before.seaweed.client().put_object(Bucket="sources", Key="kept", Body=b"42" * 100_000)
    finally:
        before.stop()
    old_port = urlparse(before.seaweed.endpoint_url).port
    with socket.create_server(("127.0.0.1", old_port or 0)):
        after = Services(tmp_path)
        try:
            assert after.seaweed.endpoint_url != before.seaweed.endpoint_url
            after.start()
            with psycopg.connect(after.postgres.url()) as connection:
                assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)
            with redis.Redis.from_url(after.valkey.url()) as client:
                assert client.get("kept") == b"42"
            body = after.seaweed.client().get_object(Bucket="sources", Key="kept")["Body"]
            assert body.read() == b"42" * 100_000
        finally:
            after.stop()


def test_services_die_with_a_killed_launcher_and_their_folder_is_free_again(tmp_path: Path) -> None:
    launcher = f"""
import time
from pathlib import Path
from config.embedded.services import Services
services = Services(Path({str(tmp_path)!r}))
services.start()
print(*(child.pid for child in services.children), flush=True)
time.sleep(60)
"""
    with subprocess.Popen(
        [sys.executable, "-c", launcher], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        pids = [int(word) for word in process.stdout.readline().split()]
        assert len(pids) == 3
        process.kill()
    again = Services(tmp_path)  # waits for the lock, which the last of them gives up
    try:
        assert not [pid for pid in pids if Path(f"/proc/{pid}").exists() and not is_zombie(pid)]
    finally:
        again.stop()


def is_zombie(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def test_a_folder_takes_one_launcher_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services_module, "LOCK_SECONDS", 0.1)
    first = Services(tmp_path)
    began = time.monotonic()
    with pytest.raises(FolderInUse, match=f"another stack runs on {tmp_path}"):
        Services(tmp_path)
    assert time.monotonic() - began < 5
    first.stop()
    Services(tmp_path).stop()


def test_a_folder_with_a_long_path_keeps_its_sockets_elsewhere(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 60) / ("e" * 60)
    services = Services(deep)
    try:
        folder = dj_database_url.parse(services.postgres.url())["HOST"]
        assert len(f"{folder}/.s.PGSQL.5432.lock") <= 107
        assert stat.S_IMODE(Path(folder).stat().st_mode) == 0o700
        Path(folder).rmdir()
    finally:
        services.stop()


def test_credentials_are_kept_and_readable_by_the_owner_alone(tmp_path: Path) -> None:
    made = credentials(tmp_path)
    assert credentials(tmp_path) == made
    (file,) = tmp_path.iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "" not in (made.api_key, made.secret_key, made.admin_password)
