"""What stops a step. ``is_retryable`` tells the orchestrator whether the same step may succeed later by itself.

Errors of any layer with ``is_of_what_landed`` say that what was fetched is at fault: it is to be fetched anew.
"""

from __future__ import annotations


class PipelineError(Exception):
    """A step cannot go on; the message says what happened and what to do next."""

    is_retryable = False


class IncompleteWindowError(PipelineError):
    """The API announced another number of records than it gave, each time it was asked."""

    is_retryable = True


class JudgementError(PipelineError):
    """What landed must not replace what is in raw."""

    is_of_what_landed = True


class BuildError(PipelineError):
    """dbt failed; what is published stays as it is."""


class PublishError(PipelineError):
    """The marts may not be, or could not be, published; what was published stays as it is."""


class SeedError(PipelineError):
    """A user's seed file cannot be used."""


class TeamsFailedError(PipelineError):
    """At least one team failed; the others are published."""
