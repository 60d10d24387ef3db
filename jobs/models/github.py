"""What an account wants done when its repositories release or push something, and what was done already."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from .account import Account
from .identifiers import uuid7
from .job import Job


class GitHubRule(models.Model):
    """Assets of a published release become jobs with `preset`; job files that a push changes are submitted as they are.

    Patterns are shell globs (`*` also spans slashes); an empty one switches its half off. `repository` is
    `owner/name` in lower case, since GitHub's names ignore case.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="github_rules")
    repository = models.CharField(max_length=200, help_text="owner/name")
    asset_pattern = models.CharField(
        max_length=200,
        default="*",
        blank=True,
        help_text="Which video assets of a release become jobs, such as *.mp4; empty: none.",
    )
    preset = models.CharField(
        max_length=64, default="", blank=True, help_text="For release assets: a stored ladder's name."
    )
    destination = models.CharField(
        max_length=2048,
        default="",
        blank=True,
        help_text="For release assets; empty: the account's own folder.",
    )
    job_files = models.CharField(
        max_length=200,
        default=".reelchord/*.json",
        blank=True,
        help_text="Which files of a push are submitted as jobs; empty: none.",
    )
    branch = models.CharField(
        max_length=200, default="", blank=True, help_text="Pushes to it count; empty: the default branch."
    )
    enabled = models.BooleanField(default=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name = "GitHub rule"
        indexes = [
            models.Index(fields=["repository"], condition=Q(enabled=True), name="rules_of_a_repository")
        ]

    def __str__(self) -> str:
        return f"{self.repository} for {self.account_id}"


class GitHubSubmission(models.Model):
    """One release asset, or one job file at one commit, that a rule has made a job of: never twice."""

    rule = models.ForeignKey(GitHubRule, on_delete=models.CASCADE, related_name="submissions")
    key = models.CharField(max_length=600)
    job = models.ForeignKey(Job, null=True, on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["rule", "key"], name="one_job_for_each_github_key")]

    def __str__(self) -> str:
        return self.key
