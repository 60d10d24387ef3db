"""GitHub: a release's video assets, and job files that a push changes, become jobs by the rules that accounts stored.

    https://docs.github.com/en/webhooks/webhook-events-and-payloads#release
    https://docs.github.com/en/webhooks/webhook-events-and-payloads#push

The delivery's id and the event's name are not signed, so neither is relied upon: what makes a job unique is what
the signed body names (an asset's id, a file at a commit), and each handler checks that the body is what it expects.
"""

import json
import re
from fnmatch import fnmatchcase
from time import monotonic
from typing import Any

from django.db import connection

from jobs import submission
from jobs.allowance import NotAllowed
from jobs.api.problems import flatten as flatten
from jobs.api.requests import JobRequest
from jobs.inbound.documents import at, items, maybe_text, text, whole
from jobs.models import GitHubRule, GitHubSubmission
from webhooks.inbound import github_api
from webhooks.inbound.github_api import GitHubAway, GitHubRefused
from webhooks.inbound.registry import CannotHandle, Handled, Ignored, Outcome, Received, TryAgain, handles

RULES = 20
ASSETS = 100
JOB_FILES = 20
JOB_FILE_BYTES = 64 * 1024
# For all of them together: no request begins later. (Each ends within 20 s; the lease is above the sum.)
FETCH_SECONDS = 60.0
_PATH_LENGTH = 500
_URL_LENGTH = 4096
_REPOSITORY = re.compile(r"[a-z0-9._-]{1,100}/[a-z0-9._-]{1,100}")
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_BRANCH = "refs/heads/"
# What GitHub calls an asset's type is what its uploader said; a name will do as well.
_VIDEO_NAMES = (
    ".mp4",
    ".m4v",
    ".mov",
    ".mkv",
    ".webm",
    ".avi",
    ".mpg",
    ".mpeg",
    ".ts",
    ".mxf",
    ".flv",
    ".wmv",
)

_ONCE = """
INSERT INTO jobs_githubsubmission (rule_id, key) VALUES (%s, %s) ON CONFLICT (rule_id, key) DO NOTHING RETURNING id
"""


@handles("github", "ping")
def ping(event: Received, _: Any) -> Outcome:
    """Sent once, when a hook is made."""
    return Handled(f"The hook works. {maybe_text(event.document, '/zen', at_most=500)}".strip())


@handles("github", "release.published")
def release_published(event: Received, _: Any) -> Outcome:
    if at(event.document, "/action") != "published":
        raise CannotHandle("document_unexpected", "/action: this is not a published release.")
    repository = _repository(event.document)
    rules = [rule for rule in _rules(repository) if rule.asset_pattern]
    if not rules:
        return Ignored(f"No account has a rule for releases of {repository}.")
    release = whole(event.document, "/release/id")
    tag = text(event.document, "/release/tag_name", at_most=_PATH_LENGTH)
    assets = [asset for asset in items(event.document, "/release/assets") if _is_video(asset)]
    if len(assets) > ASSETS:
        raise CannotHandle("too_many_assets", f"/release/assets: more than {ASSETS} videos.")
    made: list[str] = []
    for rule in rules:
        for asset in assets:
            name = text(asset, "/name", at_most=_PATH_LENGTH)
            if not fnmatchcase(name, rule.asset_pattern):
                continue
            document = {
                "source": {"url": text(asset, "/browser_download_url", at_most=_URL_LENGTH)},
                "preset": rule.preset,
                "reference": f"github:{repository}@{tag}:{name}"[:200],
                "metadata": {"github": {"repository": repository, "release": tag, "asset": name}},
                **({"destination": rule.destination} if rule.destination else {}),
            }
            made += _submit(event, rule, f"release:{release}:{whole(asset, '/id')}", name, document)
    return _outcome(made, rules, "No video asset of this release fits a rule.")


def fetch_job_files(event: Received) -> dict[str, bytes | None]:
    """The job files that the push changed, as they are at its newest commit; None where one is gone again."""
    if not _is_push(event.document):
        return {}
    repository = _repository(event.document)
    commit, changed = _commit(event.document), _changed(event.document)
    wanted = sorted(
        {path for rule in _rules_for_push(event.document, repository) for path in _fits(rule, changed)}
    )
    if len(wanted) > JOB_FILES:
        raise CannotHandle("too_many_job_files", f"The push changes more than {JOB_FILES} job files.")
    api = github_api.client()
    deadline = monotonic() + FETCH_SECONDS
    files: dict[str, bytes | None] = {}
    try:
        for path in wanted:
            if monotonic() > deadline:
                raise TryAgain(
                    "github_away", f"GitHub is too slow: {len(files)} of {len(wanted)} files came."
                )
            files[path] = api.file_at(repository, path, commit, limit_bytes=JOB_FILE_BYTES)
    except GitHubAway as error:
        raise TryAgain("github_away", str(error), after_seconds=error.after_seconds) from error
    except GitHubRefused as error:
        raise CannotHandle("github_refused", f"{error} See GITHUB_TOKEN, and replay this.") from error
    return files


@handles("github", "push", prepare=fetch_job_files)
def push(event: Received, files: dict[str, bytes | None]) -> Outcome:
    if not _is_push(event.document):
        return Ignored("It is not a push of commits to a branch.")
    repository = _repository(event.document)
    rules = _rules_for_push(event.document, repository)
    if not rules:
        return Ignored(f"No account has a rule for pushes to this branch of {repository}.")
    commit = _commit(event.document)
    made: list[str] = []
    for rule in rules:
        for path in _fits(rule, set(files)):
            content = files[path]
            if content is None:
                continue
            document = _job(path, content)
            document.setdefault("reference", f"github:{repository}@{commit[:12]}:{path}"[:200])
            metadata = document.setdefault("metadata", {})
            if isinstance(metadata, dict):  # else the validation says what is wrong
                metadata["github"] = {"repository": repository, "commit": commit, "path": path}
            made += _submit(event, rule, f"push:{commit}:{path}", path, document)
    return _outcome(made, rules, "The push changes no job file that a rule names.")


# --- jobs -------------------------------------------------------------------------------------------------
def _submit(event: Received, rule: GitHubRule, key: str, name: str, document: dict[str, Any]) -> list[str]:
    """Submit what the API would accept, once for each rule and key; the new job's id, if one was made.

    Another event with the same key waits here until this transaction has ended, and then finds it taken.
    """
    with connection.cursor() as cursor:
        cursor.execute(_ONCE, [rule.id, key])
        row = cursor.fetchone()
    if row is None:
        return []
    checked = JobRequest(data=document, context={"account": rule.account})
    if not checked.is_valid():
        sentences = "; ".join(f"{place or '/'}: {problem}" for place, problem in flatten(checked.errors, ""))
        raise CannotHandle("job_refused", f"{name}: {sentences}"[:2000])
    try:
        job = submission.submit(rule.account, checked.validated_data, actor=f"github:{event.event_id}")
    except NotAllowed as error:
        raise CannotHandle(error.code, f"{rule.account.slug}: {error.message}") from error
    GitHubSubmission.objects.filter(id=row[0]).update(job_id=job.id)
    return [str(job.id)]


def _outcome(made: list[str], rules: list[GitHubRule], nothing: str) -> Outcome:
    accounts = {rule.account_id for rule in rules}
    account_id = accounts.pop() if len(accounts) == 1 else None
    if made:
        shown = ", ".join(made[:10]) + (f" and {len(made) - 10} more" if len(made) > 10 else "")
        return Handled(f"Jobs: {shown}.", account_id)
    return Handled(f"{nothing} Or their jobs were made before.", account_id)


def _job(path: str, content: bytes) -> dict[str, Any]:
    try:
        document = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise CannotHandle("job_refused", f"{path}: it is not JSON: {error}.") from error
    if not isinstance(document, dict):
        raise CannotHandle("job_refused", f"{path}: it is JSON, but no object, as POST /api/v1/jobs takes.")
    return document


# --- rules ------------------------------------------------------------------------------------------------
def _rules(repository: str) -> list[GitHubRule]:
    rules = GitHubRule.objects.filter(repository=repository, enabled=True).select_related("account")
    found = list(rules.order_by("id")[: RULES + 1])
    if len(found) > RULES:
        raise CannotHandle("too_many_rules", f"{repository} has more than {RULES} rules.")
    return found


def _rules_for_push(document: Any, repository: str) -> list[GitHubRule]:
    branch = text(document, "/ref", at_most=_PATH_LENGTH).removeprefix(_BRANCH)
    default = maybe_text(document, "/repository/default_branch", at_most=_PATH_LENGTH)
    return [rule for rule in _rules(repository) if rule.job_files and branch == (rule.branch or default)]


def _fits(rule: GitHubRule, paths: set[str]) -> list[str]:
    return sorted(path for path in paths if fnmatchcase(path, rule.job_files))


# --- GitHub's documents -----------------------------------------------------------------------------------
def _repository(document: Any) -> str:
    name = text(document, "/repository/full_name").lower()
    if not _REPOSITORY.fullmatch(name) or ".." in name:
        raise CannotHandle("document_unexpected", "/repository/full_name: this is no owner/name.")
    return name


def _is_video(asset: Any) -> bool:
    if at(asset, "/state") not in (None, "uploaded"):
        return False
    name = maybe_text(asset, "/name", at_most=_PATH_LENGTH).lower()
    return maybe_text(asset, "/content_type").startswith("video/") or name.endswith(_VIDEO_NAMES)


def _is_push(document: Any) -> bool:
    """A push that leaves commits on a branch: no tag, no deletion."""
    ref = maybe_text(document, "/ref", at_most=_PATH_LENGTH)
    return ref.startswith(_BRANCH) and at(document, "/deleted") is not True


def _commit(document: Any) -> str:
    commit = text(document, "/after")
    if not _COMMIT.fullmatch(commit):
        raise CannotHandle("document_unexpected", "/after: this is no commit's hash.")
    return commit


def _changed(document: Any) -> set[str]:
    """The paths that any commit of the push added or modified. One that goes up in the tree is no path of a file."""
    found: set[str] = set()
    for commit in items(document, "/commits"):
        for kind in ("/added", "/modified"):
            for path in items(commit, kind):
                if isinstance(path, str) and len(path) <= _PATH_LENGTH and path.isprintable():
                    found.add(path)
    return {path for path in found if {".", "..", ""}.isdisjoint(path.split("/"))}
