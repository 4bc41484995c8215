"""The suite says the same today and tomorrow; `--hypothesis-profile=search` looks further.

Tests that run the same lines again and again are marked `no_cover`: to count lines in them would
take twice as long and find no others.
"""

from __future__ import annotations

from hypothesis import HealthCheck, settings

_SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]

settings.register_profile(
    "suite", derandomize=True, deadline=None, max_examples=100, suppress_health_check=_SLOW
)
settings.register_profile("search", deadline=None, max_examples=1500, suppress_health_check=_SLOW)
settings.load_profile("suite")
