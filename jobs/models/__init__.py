from .account import Account, ApiKey
from .attempt import Attempt
from .github import GitHubRule, GitHubSubmission
from .idempotency import IdempotencyKey
from .job import Job, Source
from .output import Output
from .preset import Preset
from .quality import Detection, QualityMeasurement
from .rendition import Rendition
from .step import Step
from .worker import Worker

__all__ = [
    "Account",
    "ApiKey",
    "Attempt",
    "Detection",
    "GitHubRule",
    "GitHubSubmission",
    "IdempotencyKey",
    "Job",
    "Output",
    "Preset",
    "QualityMeasurement",
    "Rendition",
    "Source",
    "Step",
    "Worker",
]
