from .account import Account, ApiKey
from .attempt import Attempt
from .idempotency import IdempotencyKey
from .job import Job, Source
from .output import Output
from .preset import Preset
from .rendition import Rendition
from .step import Step
from .worker import Worker

__all__ = [
    "Account",
    "ApiKey",
    "Attempt",
    "IdempotencyKey",
    "Job",
    "Output",
    "Preset",
    "Rendition",
    "Source",
    "Step",
    "Worker",
]
