"""Which format an input has, told by its content and never by its name alone."""

from __future__ import annotations

import re

from adapter.source import Source, Unreadable
from adapter.x12.document import X12Document

Document = X12Document

ACCEPTED = "facet reads X12 837P (005010X222, X222A1, X222A2), also packed with gzip"
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
    """What the beginning of an input is: `x12`, or in words something that is not accepted."""
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
    if text[:1] in b"{[":
        return "JSON"
    if text.startswith(LOOSE) and len(text) > 3 and not text[2:4].isalnum():
        return "X12 without its interchange: it does not begin with ISA"
    return "no X12: it does not begin with ISA"


def open_document(source: Source) -> Document:
    """The document in a source.

    Raises: Unreadable, saying what the input is instead.
    """
    start = _NOT_BLANK.search(source.data)
    kind = "empty" if start is None else recognise(source.data[:HEAD])
    if kind == "empty" and start is not None:  # a long blank lead
        kind = recognise(source.data[start.start() : start.start() + HEAD])
    if kind == "x12":
        return X12Document(source)
    what = "it is empty" if kind == "empty" else f"it is {kind}"
    raise Unreadable(what, hint=ACCEPTED)
