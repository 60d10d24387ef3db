"""Sources by http: fetched through the egress guard, or not at all."""

import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

from jobs import stores
from jobs.states import JobState
from tests.factories import REMUX, drive, make_job

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def origin(clip):
    """A web server on loopback with the clip, and what it was asked for."""
    asked: list[str] = []

    class Handler(SimpleHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            status, body = (200, clip.read_bytes()) if self.path == "/clip.mp4" else (404, b"no")
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()
        thread.join()


@pytest.fixture
def allowed(settings, origin):
    """An operator who lets sources come from loopback."""
    settings.EGRESS_ALLOWED_NETWORKS = ["127.0.0.0/8"]
    settings.EGRESS_ALLOWED_PORTS = [int(origin[0].rpartition(":")[2])]
    stores.storages.cache_clear()
    yield
    stores.storages.cache_clear()


def test_a_source_by_http_is_fetched_once_and_encoded(acme, origin, allowed):
    url, asked = origin
    job = drive(make_job(acme, f"{url}/clip.mp4", REMUX))
    assert job.state == JobState.SUCCEEDED, job.fault_detail
    assert asked == ["/clip.mp4"]


def test_a_source_that_the_origin_does_not_have_is_not_found(acme, origin, allowed):
    job = drive(make_job(acme, f"{origin[0]}/none.mp4", REMUX))
    assert (job.state, job.fault_code) == (JobState.FAILED, "object_not_found")


def test_an_address_of_our_own_network_is_refused_and_never_contacted(acme, origin):
    url, asked = origin
    job = drive(make_job(acme, f"{url}/clip.mp4", REMUX))
    assert (job.state, job.fault_code, job.fault_bucket) == (JobState.FAILED, "url_refused", "configuration")
    assert asked == []
