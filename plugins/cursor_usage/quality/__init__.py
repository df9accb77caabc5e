"""Data quality of what landed. Great Expectations is imported inside functions: it takes seconds."""

from cursor_usage.quality.judge import judge
from cursor_usage.quality.judgement import Finding, Judgement, QualityError, UnreadableRecordsError, WindowToJudge

__all__ = ["Finding", "Judgement", "QualityError", "UnreadableRecordsError", "WindowToJudge", "judge"]
