"""Words for what the engine says: for people, for programs, for code hosts."""

from __future__ import annotations

from typing import Literal, get_args

Format = Literal["text", "json", "ndjson", "sarif", "github"]
FORMATS: tuple[Format, ...] = get_args(Format)
"""What the report of a check may look like."""
