"""The types of event, each with the sentence that the documentation and the mails go by. Pure."""

from collections.abc import Mapping

TYPES: Mapping[str, str] = {
    "job.queued": "A job was accepted.",
    "job.started": "A worker began with the job's source.",
    "job.progress": "The job goes on. Only for endpoints that ask for it, at most every few seconds.",
    "rendition.succeeded": "One rendition is stored.",
    "rendition.failed": "One rendition failed, and is not tried again.",
    "job.succeeded": "Every rendition is stored, and the manifest is published.",
    "job.partial": "The manifest is published; a rendition that the job may do without is missing.",
    "job.failed": "The job failed: its source or its request needs mending.",
    "job.dead_lettered": "The job ran out of attempts, and is kept for an operator.",
    "job.cancelled": "The job was cancelled.",
    "batch.finished": "Every job of a batch has ended.",
    "endpoint.disabled": "An endpoint of the account was disabled, and hears of nothing any more.",
    "endpoint.ping": "A test of one endpoint, asked for by its owner.",
}
# Sent only to endpoints that name them: too many, or of no use to others.
OPT_IN = frozenset({"job.progress"})
# What an endpoint may ask for by name.
SUBSCRIBABLE = tuple(type_ for type_ in TYPES if type_ != "endpoint.ping")
