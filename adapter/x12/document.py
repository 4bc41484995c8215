"""An 837P file as the engine sees it: views of its claims and envelopes, and the patches on it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import IO, Literal

from adapter.changes import SetTrailer
from adapter.findings import Field, Location, Rewritten, Verdict
from adapter.model import Claim, Envelope, EnvelopeLevel, Procedure
from adapter.sinks import Writable
from adapter.source import Patch, PatchLog, Source, Span, apply
from adapter.x12.claim837 import ClaimText, read_context
from adapter.x12.interchange import RawClaim, RawEnvelope, Scan

TRAILERS = {
    EnvelopeLevel.TRANSACTION_SET: "SE",
    EnvelopeLevel.GROUP: "GE",
    EnvelopeLevel.INTERCHANGE: "IEA",
}


class EnvelopeText:
    """An envelope at its trailer, as it is once the corrections within it are made."""

    kind: Literal["envelope"] = "envelope"

    def __init__(self, raw: RawEnvelope, trailer: bytes, added: int, patches: PatchLog) -> None:
        self._raw, self._trailer, self._patches = raw, trailer, patches
        self.envelope: Envelope = raw.envelope
        if added:
            declared = raw.envelope.declared
            if declared.isdecimal() and declared.isascii():
                # the difference is added to what was declared: the sender's error stays to be seen
                declared = str(int(declared) + added)
            self.envelope = replace(
                raw.envelope, declared=declared, counted=raw.envelope.counted + added
            )

    def locate(self, field: Field | None) -> Location:
        position = 2 if field == "control_number" else 1
        name = TRAILERS[self.envelope.level]
        return Location(
            segment=self._raw.segment,
            offset=self._span(position).start,
            element=f"{name}{position:02}",
            loop=f"{self.envelope.level} {self.envelope.position}",
        )

    def lower(self, change: SetTrailer | None) -> list[Patch]:
        """What has to be written into the trailer; without a change, what the corrections imply."""
        declared, closing = self.envelope.declared, self.envelope.closing_number
        if change is not None:
            declared, closing = str(change.count), change.control_number
        element = self._raw.separators.element
        elements = self._trailer.split(element)
        if len(elements) < 3 and change is not None:  # one with a missing element is written whole
            start = Span(self._span(0).end, self._raw.trailer.end)
            written = (value.encode("latin-1") for value in ("", declared, closing))
            return [Patch(start, element.join(written))]
        patches = []
        for position, now, value in (
            (1, self._raw.envelope.declared, declared),
            (2, self._raw.envelope.closing_number, closing),
        ):
            if value != now:
                patches.append(Patch(self._span(position), value.encode("latin-1")))
        return patches

    def accept(self, patches: Sequence[Patch]) -> None:
        """Takes patches of the trailer into the output, in the order of the input."""
        for patch in patches:
            self._patches.add(patch)

    def held(self, span: Span) -> bytes:
        """Bytes of the trailer by offsets of the input."""
        start = self._raw.trailer.start
        return self._trailer[span.start - start : span.end - start]

    def rewritten(self, patches: Sequence[Patch]) -> Rewritten:
        """The trailer before and after patches on it."""
        start, end = self._raw.trailer.start, self._raw.separators.terminator
        moved = [
            Patch(Span(patch.span.start - start, patch.span.end - start), patch.data)
            for patch in patches
        ]
        return Rewritten(
            f"{self.envelope.level} {self.envelope.position}",
            (self._trailer + end,),
            (apply(self._trailer, moved) + end,),
        )

    def _span(self, position: int) -> Span:
        parts = self._trailer.split(self._raw.separators.element)
        if position >= len(parts):
            return Span(self._raw.trailer.end, self._raw.trailer.end)
        start = self._raw.trailer.start + sum(map(len, parts[:position])) + position
        return Span(start, start + len(parts[position]))


class X12Document:
    """One 837P file. Its views are for one pass from front to back."""

    format = "x12"

    def __init__(self, source: Source) -> None:
        self.source = source
        self.patches = PatchLog()
        self.claims = 0
        self.notes: Sequence[str] = ()
        self._added = 0  # segments that corrections have added to the open transaction set

    def views(
        self, codes: frozenset[str], *, every: bool = False
    ) -> Iterator[ClaimText | EnvelopeText]:
        """Claims with one of the codes on a line (or every claim), and envelopes at their ends.

        Raises: Unreadable.
        """
        scan = Scan(self.source, codes, every)
        data = self.source.data
        for raw in scan:
            if isinstance(raw, RawClaim):
                yield self._claim(raw)
            else:
                added = 0
                if raw.envelope.level is EnvelopeLevel.TRANSACTION_SET:
                    added, self._added = self._added, 0
                trailer = data[raw.trailer.start : raw.trailer.end]
                yield EnvelopeText(raw, trailer, added, self.patches)
        self.claims, self.notes = scan.claims, tuple(scan.notes)

    def read(self, codes: frozenset[str] = frozenset()) -> Iterator[Claim]:
        """The neutral model of every claim, whatever `codes` are. Raises: Unreadable."""
        for view in self.views(codes, every=True):
            if isinstance(view, ClaimText):
                yield view.claim

    def conclude(self, view: ClaimText, verdict: Verdict) -> None:
        """Takes what was decided of a claim, and the segments that its corrections have added."""
        if verdict.changes:
            self.patches.add(view.splice())
            self._added += view.added

    def procedures(self, told: object = None) -> Iterator[Procedure]:
        """A claim as X12 has it comes without what documents it: none."""
        return iter(())

    def write(self, out: IO[bytes]) -> None:
        """The file with all that was accepted; the very same bytes where that is nothing."""
        self.source.write(self.patches, out)

    def write_outcomes(self, out: Writable) -> None:
        """Nothing: an 837P has no resources."""

    def _claim(self, raw: RawClaim) -> ClaimText:
        billing, subscriber, patient = (
            self.source.data[span.start : span.end] if span is not None else b""
            for span in (raw.billing, raw.subscriber, raw.patient)
        )
        return ClaimText(
            self.source.data[raw.span.start : raw.span.end],
            raw.separators,
            read_context(raw.separators, billing, subscriber, patient),
            raw.span.start,
            raw.segment,
        )
