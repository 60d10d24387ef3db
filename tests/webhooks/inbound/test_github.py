"""GitHub's releases and pushes become jobs, by the rules of accounts, and each of them once."""

import json
from typing import Any
from uuid import uuid4

import pytest

from jobs.models import GitHubRule, GitHubSubmission, Job
from tests.factories import make_account
from tests.webhooks.inbound.github_stand_in import GitHubStandIn
from tests.webhooks.inbound.senders import from_github
from webhooks.inbound import transitions
from webhooks.inbound.models import InboundEvent

pytestmark = pytest.mark.django_db

REPOSITORY = "Codertocat/Hello-World"
COMMIT = "6113728f27ae82c7b1a177c8d03f9e96e0adf246"
DOWNLOADS = f"https://github.com/{REPOSITORY}/releases/download/v1.0"


def rule_of(account, **changes) -> GitHubRule:
    wish = {"repository": REPOSITORY.lower(), "asset_pattern": "*.mp4", "preset": "hls-720p"} | changes
    return GitHubRule.objects.create(account=account, **wish)


def asset(number: int, name: str, content_type: str = "video/mp4") -> dict[str, Any]:
    return {
        "id": number,
        "name": name,
        "content_type": content_type,
        "state": "uploaded",
        "size": 1000,
        "browser_download_url": f"{DOWNLOADS}/{name}",
    }


def release(*assets, number: int = 17372790, repository: str = REPOSITORY, **changes) -> dict[str, Any]:
    return {
        "action": "published",
        "release": {"id": number, "tag_name": "v1.0", "draft": False, "assets": list(assets)},
        "repository": {"id": 186853002, "full_name": repository, "default_branch": "main"},
        "sender": {"login": "Codertocat"},
    } | changes


def push(*commits, ref: str = "refs/heads/main", after: str = COMMIT, **changes) -> dict[str, Any]:
    return {
        "ref": ref,
        "before": "0" * 40,
        "after": after,
        "created": False,
        "deleted": False,
        "forced": False,
        "commits": list(commits),
        "repository": {"id": 186853002, "full_name": REPOSITORY, "default_branch": "main"},
    } | changes


def commit(added=(), modified=(), removed=()) -> dict[str, Any]:
    return {"id": uuid4().hex, "added": list(added), "modified": list(modified), "removed": list(removed)}


def last() -> InboundEvent:
    return InboundEvent.objects.latest("id")


def jobs() -> list[tuple[str, str]]:
    """Each job's source and reference."""
    rows = Job.objects.order_by("id").prefetch_related("sources")
    return [(job.sources.all()[0].url, job.reference) for job in rows]


@pytest.fixture
def happen(work_off):
    def send(event, document, **how):
        assert from_github(event, document, **how).status_code == 200
        return work_off()

    return send


def test_a_ping_is_answered_and_shows_that_the_hook_works(happen):
    assert happen("ping", {"zen": "Speak like a human.", "hook_id": 1, "hook": {"type": "Repository"}}) == [
        "handled"
    ]
    assert last().note == "The hook works. Speak like a human."


# --- releases ---------------------------------------------------------------------------------------------
def test_the_video_assets_of_a_release_that_a_rule_names_become_jobs(acme, happen):
    rule_of(acme)
    assets = (
        asset(1, "film.mp4"),
        asset(2, "trailer.mp4", "application/octet-stream"),
        asset(3, "film.mkv"),
        asset(4, "notes.mp4.txt", "text/plain"),
        asset(5, "source.zip", "application/zip"),
        asset(6, "half.mp4") | {"state": "starter"},
    )
    assert happen("release", release(*assets)) == ["handled"]
    assert jobs() == [
        (f"{DOWNLOADS}/film.mp4", "github:codertocat/hello-world@v1.0:film.mp4"),
        (f"{DOWNLOADS}/trailer.mp4", "github:codertocat/hello-world@v1.0:trailer.mp4"),
    ]
    job = Job.objects.earliest("id")
    assert (job.account, str(job.preset)[:8]) == (acme, "hls-720p")
    assert job.metadata == {
        "github": {"repository": "codertocat/hello-world", "release": "v1.0", "asset": "film.mp4"}
    }
    assert last().account_id == acme.id
    assert str(job.id) in last().note


def test_a_release_becomes_jobs_once_whatever_is_sent_again(acme, happen, work_off):
    rule_of(acme)
    document = release(asset(1, "film.mp4"))
    happen("release", document, delivery="d-1")
    from_github("release", document, delivery="d-1")  # GitHub's own redelivery: the same id
    happen("release", document, delivery="d-2")  # a replay of the signed body under another id
    transitions.replay(InboundEvent.objects.get(event_id="d-1").id, actor="operator:olga")
    assert work_off() == ["handled"]
    assert len(jobs()) == 1
    assert GitHubSubmission.objects.get().job == Job.objects.get()


def test_each_account_and_each_rule_gets_its_own_job(acme, happen):
    globex = make_account("globex")
    rule_of(acme)
    rule_of(acme, asset_pattern="film*")
    rule_of(globex)
    rule_of(globex, enabled=False)
    rule_of(globex, repository="codertocat/other")
    happen("release", release(asset(1, "film.mp4")))
    assert list(Job.objects.order_by("id").values_list("account__name", flat=True)) == [
        "Acme",
        "Acme",
        "Globex",
    ]


def test_a_repository_without_a_rule_is_ignored_with_a_note(acme, happen):
    rule_of(acme)
    assert happen("release", release(asset(1, "film.mp4"), repository="stranger/films")) == ["ignored"]
    assert last().note == "No account has a rule for releases of stranger/films."


def test_a_job_that_the_api_would_refuse_is_kept_for_a_person_and_leaves_no_other(acme, happen):
    rule = rule_of(acme)
    bad = asset(2, "second.mp4") | {"browser_download_url": "file:///etc/passwd"}
    assert happen("release", release(asset(1, "first.mp4"), bad)) == ["dead_letter"]
    assert (last().fault_code, jobs()) == ("job_refused", [])
    assert last().fault_message.startswith("second.mp4: /source/url: ")
    GitHubRule.objects.filter(id=rule.id).update(preset="no-such-preset")
    assert happen("release", release(asset(1, "first.mp4"))) == ["dead_letter"]
    assert "first.mp4: /preset: Unknown" in last().fault_message


def test_a_suspended_accounts_release_waits_as_a_dead_letter_until_it_has_paid(acme, happen, work_off):
    rule_of(acme)
    acme.suspended_at, acme.suspension_reason = "2026-01-01T00:00Z", "a payment has failed"
    acme.save()
    assert happen("release", release(asset(1, "film.mp4"))) == ["dead_letter"]
    assert last().fault_code == "account_suspended"
    acme.suspended_at = None
    acme.save()
    transitions.replay(last().id, actor="operator:olga")
    assert work_off() == ["handled"]
    assert len(jobs()) == 1


def test_a_quota_that_ends_in_the_middle_takes_the_whole_release_back(acme, happen):
    rule_of(acme)
    acme.quota_jobs = 1
    acme.save()
    assert happen("release", release(asset(1, "a.mp4"), asset(2, "b.mp4"))) == ["dead_letter"]
    assert (last().fault_code, jobs(), GitHubSubmission.objects.count()) == ("quota_exceeded", [], 0)


@pytest.mark.parametrize(
    "changes",
    [
        {"release": None},
        {"release": {"id": "x", "tag_name": "v1", "assets": []}},
        {"release": {"id": 1, "tag_name": "v\n1", "assets": []}},
        {"release": {"id": 1, "tag_name": "v1", "assets": [{"name": "a.mp4", "id": 1}]}},
        {
            "release": {
                "id": 1,
                "tag_name": "v1",
                "assets": [{"name": "a.mp4", "browser_download_url": "http://x"}],
            }
        },
        {"repository": None},
        {"repository": {"full_name": "../../etc"}},
        {"repository": {"full_name": "a/b/c"}},
        {"repository": {"full_name": 7}},
    ],
)
def test_a_document_of_another_shape_is_kept_for_a_person_and_is_no_bug(acme, happen, changes):
    rule_of(acme)
    assert happen("release", release(**changes)) == ["dead_letter"]
    assert last().fault_code == "document_unexpected"
    assert jobs() == []


def test_the_unsigned_name_of_an_event_does_not_turn_a_push_into_a_release(acme, happen, github):
    rule_of(acme)
    document = push(commit(added=["film.mp4"]))
    assert happen("release.published", document) == ["dead_letter"]
    assert happen("push", release(asset(1, "film.mp4"))) == ["ignored"]
    assert jobs() == []


# --- pushes -----------------------------------------------------------------------------------------------
JOB = {"source": {"url": "https://example.com/film.mp4"}, "preset": "hls-720p"}


def place(github, path: str, content: object, ref: str = COMMIT) -> None:
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    github.files[REPOSITORY.lower(), path, ref] = body


def test_a_push_that_changes_job_files_submits_them_as_they_are_at_its_commit(acme, happen, github):
    rule_of(acme)
    place(github, ".reelchord/film.json", JOB)
    place(github, ".reelchord/own.json", JOB | {"reference": "Episode 17", "metadata": {"season": 2}})
    place(github, ".reelchord/film.json", JOB | {"preset": "an old one"}, ref="0" * 40)
    document = push(
        commit(added=[".reelchord/film.json", "README.md"]),
        commit(modified=[".reelchord/own.json", ".reelchord/film.json", "src/.reelchord/x.json"]),
    )
    assert happen("push", document) == ["handled"]
    assert jobs() == [
        ("https://example.com/film.mp4", f"github:codertocat/hello-world@{COMMIT[:12]}:.reelchord/film.json"),
        ("https://example.com/film.mp4", "Episode 17"),
    ]
    own = Job.objects.latest("id")
    assert own.metadata == {
        "season": 2,
        "github": {
            "repository": "codertocat/hello-world", "commit": COMMIT, "path": ".reelchord/own.json",
        },
    }  # fmt: skip
    assert len(github.asked) == 2, "each file is fetched once"


def test_a_push_is_submitted_once_and_a_later_commit_again(acme, happen, github):
    rule_of(acme)
    later = "a" * 40
    place(github, ".reelchord/film.json", JOB)
    place(github, ".reelchord/film.json", JOB, ref=later)
    document = push(commit(modified=[".reelchord/film.json"]))
    happen("push", document, delivery="d-1")
    happen("push", document, delivery="d-2")
    assert len(jobs()) == 1
    happen("push", push(commit(modified=[".reelchord/film.json"]), after=later))
    assert len(jobs()) == 2


@pytest.mark.parametrize(
    ("document", "note"),
    [
        (push(commit(added=[".reelchord/a.json"]), ref="refs/tags/v1"), "not a push of commits"),
        (push(ref="refs/heads/main", deleted=True, after="0" * 40), "not a push of commits"),
        (push(commit(added=[".reelchord/a.json"]), ref="refs/heads/topic"), "No account has a rule"),
    ],
)
def test_tags_deletions_and_other_branches_are_ignored(acme, happen, github, document, note):
    rule_of(acme)
    assert happen("push", document) == ["ignored"]
    assert note in last().note
    assert github.asked == []


def test_a_rule_may_name_another_branch_and_another_place(acme, happen, github):
    rule_of(acme, branch="release/2026", job_files="jobs/*.json")
    place(github, "jobs/a b.json", JOB)
    document = push(commit(added=["jobs/a b.json", ".reelchord/film.json"]), ref="refs/heads/release/2026")
    assert happen("push", document) == ["handled"]
    assert len(jobs()) == 1


def test_a_push_without_job_files_asks_github_nothing(acme, happen, github):
    rule_of(acme)
    assert happen("push", push(commit(added=["README.md"]))) == ["handled"]
    assert github.asked == []


@pytest.mark.parametrize(
    "path", ["../.reelchord/a.json", ".reelchord/../../x.json", ".reelchord//a.json", ".reelchord/./a.json",
             ".reelchord/a\n.json", ".reelchord/" + "a" * 500 + ".json", 7, None]
)  # fmt: skip
def test_a_path_that_is_no_files_is_not_asked_for(acme, happen, github, path):
    rule_of(acme)
    assert happen("push", push(commit(added=[path]))) == ["handled"]
    assert github.asked == []


def test_a_file_that_is_gone_again_is_no_job(acme, happen, github):
    rule_of(acme)
    assert happen(
        "push", push(commit(added=[".reelchord/gone.json"]), commit(removed=[".reelchord/gone.json"]))
    ) == ["handled"]
    assert jobs() == []


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"not json", "it is not JSON"),
        (b"[]", "but no object"),
        (b"\xff\xfe", "it is not JSON"),
        (b"[" * 50_000, "it is not JSON"),
        (b'{"preset": "hls-720p"}', "/source: "),
        (json.dumps(JOB | {"surprise": 1}).encode(), "/surprise: "),
        (json.dumps(JOB | {"metadata": []}).encode(), "/metadata: "),
        (json.dumps(JOB | {"source": {"url": "file:///etc/passwd"}}).encode(), "/source/url: "),
    ],
)
def test_a_job_file_that_the_api_would_refuse_says_where_and_why(acme, happen, github, content, sentence):
    rule_of(acme)
    place(github, ".reelchord/film.json", content)
    assert happen("push", push(commit(added=[".reelchord/film.json"]))) == ["dead_letter"]
    assert last().fault_code == "job_refused"
    assert last().fault_message.startswith(".reelchord/film.json: ")
    assert sentence in last().fault_message


@pytest.mark.parametrize(
    ("answer", "state", "code"),
    [
        ((502, {}, b""), "received", "github_away"),
        ((429, {"Retry-After": "60"}, b""), "received", "github_away"),
        ((403, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1"}, b""), "received", "github_away"),
        ((401, {}, b""), "dead_letter", "github_refused"),
        ((403, {}, b""), "dead_letter", "github_refused"),
        ((302, {"Location": "http://169.254.169.254/"}, b""), "dead_letter", "github_refused"),
        ((200, {}, b" " * 70_000), "dead_letter", "github_refused"),
    ],
)
def test_what_github_answers_decides_whether_it_is_asked_again(acme, happen, github, answer, state, code):
    rule_of(acme)
    github.answer = answer
    assert happen("push", push(commit(added=[".reelchord/film.json"]))) == [state]
    assert last().fault_code == code
    assert github.token not in last().fault_message


def test_a_redirect_is_not_followed_so_the_token_goes_to_one_host(acme, happen, github, settings):
    rule_of(acme)
    with GitHubStandIn() as other:
        settings.EGRESS_ALLOWED_PORTS = [github.port, other.port]
        github.answer = (302, {"Location": f"{other.url}/anywhere"}, b"")
        assert happen("push", push(commit(added=[".reelchord/film.json"]))) == ["dead_letter"]
        assert other.asked == []


def test_a_github_that_is_not_public_is_asked_only_where_the_operator_allows_it(
    acme, happen, github, settings
):
    settings.EGRESS_ALLOWED_NETWORKS = []
    rule_of(acme)
    assert happen("push", push(commit(added=[".reelchord/film.json"]))) == ["dead_letter"]
    assert github.asked == []


def test_too_many_job_files_at_once_are_refused_before_any_is_fetched(acme, happen, github):
    rule_of(acme)
    paths = [f".reelchord/{number}.json" for number in range(21)]
    assert happen("push", push(commit(added=paths))) == ["dead_letter"]
    assert (last().fault_code, github.asked) == ("too_many_job_files", [])


def test_a_github_that_takes_too_long_is_asked_again_later(acme, happen, github, monkeypatch):
    monkeypatch.setattr("jobs.inbound.github.FETCH_SECONDS", -1.0)
    rule_of(acme)
    assert happen("push", push(commit(added=[".reelchord/film.json"]))) == ["received"]
    assert last().fault_message == "GitHub is too slow: 0 of 1 files came."
    assert github.asked == []
