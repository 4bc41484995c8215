"""Which format an input has, told by its content and never by its name alone."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeAlias

from adapter.findings import Notes
from adapter.model import Oddity, Trouble
from adapter.source import Source, Unreadable

if TYPE_CHECKING:  # each is imported when the first input of its format is opened
    from adapter.conformance import Problem
    from adapter.fhir.document import FhirDocument
    from adapter.x12.document import X12Document

    Document: TypeAlias = X12Document | FhirDocument

ACCEPTED = (
    "facet reads X12 837P (005010X222, X222A1, X222A2) and FHIR R4 JSON (Claim, Procedure, Bundle,"
    " NDJSON), also packed with gzip"
)
NO_NOTES = Notes()
HEAD = 512  # bytes that are looked at
BLANKS = b" \t\r\n\x00"
_NOT_BLANK = re.compile(rb"[^ \t\r\n\x00]")

MAGIC = (
    (b"PK\x03\x04", "a zip archive"),
    (b"PK\x05\x06", "a zip archive"),
    (b"%PDF", "a PDF"),
    (b"BZh", "packed with bzip2"),
    (b"\xfd7zXZ", "packed with xz"),
    (b"\x28\xb5\x2f\xfd", "packed with zstd"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"\x1f\x8b", "packed with gzip twice"),
    (b"\xff\xfe", "UTF-16 text"),
    (b"\xfe\xff", "UTF-16 text"),
    (b"UNA", "EDIFACT"),
    (b"UNB", "EDIFACT"),
    (b"MSH|", "HL7 version 2"),
    (b"<", "XML or HTML"),
)
LOOSE = (b"GS", b"ST", b"BHT", b"IEA", b"GE", b"SE", b"HL", b"CLM")


def recognise(head: bytes) -> str:
    """What the beginning of an input is: `x12`, `json`, or in words what is not accepted."""
    for magic, name in MAGIC[:-1]:
        if head.startswith(magic):
            return name
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip(BLANKS)
    if not text:
        return "empty"
    if text.startswith(b"ISA"):
        return "x12"
    if text.startswith(b"<"):
        return "XML or HTML"
    if head[1:2] == b"\x00" or (head[:1] == b"\x00" and len(head) > 1 and head[1:2] != b"\x00"):
        return "UTF-16 text"
    if text.startswith(b"{"):
        return "json"
    if text.startswith(b"["):
        return "a JSON list; a FHIR resource is an object"
    if text.startswith((b"//", b"/*")):
        return "JSON with comments, which JSON has not"
    if text.startswith(LOOSE) and len(text) > 3 and not text[2:4].isalnum():
        return "X12 without its interchange: it does not begin with ISA"
    return "neither X12, which begins with ISA, nor a JSON object"


def open_document(source: Source, notes: Notes = NO_NOTES, *, validate: bool = False) -> Document:
    """The document in a source.

    Args: notes, what is written into or beside FHIR besides corrections; validate, whether FHIR is
    held against the structure definitions of R4.
    Raises: Unreadable, saying what the input is instead.
    """
    start = _NOT_BLANK.search(source.data)
    kind = "empty" if start is None else recognise(source.data[:HEAD])
    if kind == "empty" and start is not None:  # a long blank lead
        kind = recognise(source.data[start.start() : start.start() + HEAD])
    if kind == "x12":
        from adapter.x12.document import X12Document

        return X12Document(source)
    if kind == "json":
        from adapter.fhir.document import FhirDocument

        return FhirDocument(
            source, source.data.find(b"{"), notes, _Validator() if validate else None
        )
    what = "it is empty" if kind == "empty" else f"it is {kind}"
    raise Unreadable(what, hint=ACCEPTED)


class _Validator:
    """What the structure definitions of R4 find odd. The validator is imported when it is used."""

    def resource(self, text: bytes) -> Sequence[Oddity]:
        from adapter.conformance import problems

        return self._odd(problems(text))

    def bundle(self, text: bytes) -> Sequence[Oddity]:
        from adapter.conformance import bundle_problems

        try:
            head = json.loads(text)
        except ValueError:  # a number of thousands of digits
            return [Oddity(Trouble.STRUCTURE, "", "holds a number that is not read")]
        return self._odd(bundle_problems(head))

    def _odd(self, found: Sequence[Problem]) -> Sequence[Oddity]:
        return [Oddity(Trouble.STRUCTURE, each.path, each.what) for each in found]
