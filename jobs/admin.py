"""Where Django looks for the operator's pages; they live in `jobs.console`."""

from jobs.console import (  # noqa: F401 - importing them registers them
    access,
    attempts,
    deliveries,
    endpoints,
    evidence,
    github_rules,
    inbound,
    inherited,
    job_list,
    presets,
    workers,
)
