"""What a correction may touch, told from the bytes before and after, split the naive way."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from tests.runs import Ran
from tests.splitting import Piece, split

NUMBER = re.compile(rb"-?(\d+\.?\d*|\.\d+)")
SV1_TOUCHED = {1, 2, 4, 7}  # procedure, charge, units, pointers


@dataclass(slots=True)
class Loop:
    """A 2300 or 2400 loop: its segments up to the next such loop, level or trailer."""

    pieces: list[Piece] = field(default_factory=list)
    lines: list[Loop] = field(default_factory=list)

    def first(self, id_: str, qualifier: bytes | None = None) -> Piece | None:
        for piece in self.pieces:
            if piece.id == id_ and (qualifier is None or [qualifier] == piece.elements[1:2]):
                return piece
        return None


@dataclass(slots=True)
class Parts:
    """A file in parts: claims, and what stands between them (the first part before all)."""

    between: list[list[Piece]]
    claims: list[Loop]


def parts_of(data: bytes) -> Parts:
    parts = Parts([[]], [])
    claim: Loop | None = None
    for piece in split(data):
        if piece.id == "CLM":
            claim = Loop([piece])
            parts.claims.append(claim)
            parts.between.append([])
        elif piece.id in ("HL", "SE"):
            claim = None
            parts.between[-1].append(piece)
        elif claim is None:
            parts.between[-1].append(piece)
        elif piece.id == "LX":
            claim.lines.append(Loop([piece]))
        else:
            (claim.lines[-1] if claim.lines else claim).pieces.append(piece)
    return parts


def assert_conserved(before: bytes, ran: Ran) -> None:
    """Only what a correction has to touch was touched, and all that it did is in the change list.

    Raises: AssertionError, with the place.
    """
    if before == ran.data:
        assert not ran.changes, "changes, and the same bytes"
        return
    old, new = parts_of(before), parts_of(ran.data)
    assert len(old.claims) == len(new.claims)
    for was, now in zip(old.between, new.between, strict=True):
        _same_between(was, now)
    for was_claim, now_claim in zip(old.claims, new.claims, strict=True):
        _same_head(was_claim, now_claim)
        _same_lines(was_claim, now_claim)
        _kept_in_order(was_claim, now_claim)
    _counted(old, new)
    _accounted(before, ran)


def _same_between(was: Sequence[Piece], now: Sequence[Piece]) -> None:
    assert [piece.id for piece in was] == [piece.id for piece in now]
    for before, after in zip(was, now, strict=True):
        if before.id == "SE":
            assert before.elements[2:] == after.elements[2:]
            assert before.tail == after.tail
        else:
            assert before.raw == after.raw, f"segment {before.number} {before.id}"


def _same_head(was: Loop, now: Loop) -> None:
    """Of the claim's own segments CLM02 may change, and codes in HI lose their points."""
    assert [piece.id for piece in was.pieces] == [piece.id for piece in now.pieces]
    for before, after in zip(was.pieces, now.pieces, strict=True):
        assert before.tail == after.tail
        if before.id == "CLM":
            assert _but(before.elements, {2}) == _but(after.elements, {2})
        elif before.id == "HI":
            assert before.body.replace(b".", b"") == after.body.replace(b".", b"")
        else:
            assert before.raw == after.raw, f"segment {before.number} {before.id}"


def _same_lines(was: Loop, now: Loop) -> None:
    """Every line that is there now was there before, but for what corrections set."""
    for line in now.lines:
        assert any(_is_of(line, other) for other in was.lines), line.pieces[0].number


def _is_of(line: Loop, other: Loop) -> bool:
    if [piece.id for piece in line.pieces] != [piece.id for piece in other.pieces]:
        return False
    for now, was in zip(line.pieces, other.pieces, strict=True):
        if now.tail != was.tail:
            return False
        mine, theirs = now.elements, was.elements
        if now.id == "LX":
            same = len(mine) in (len(theirs), 2)  # one without a number may get one
        elif now.id == "REF" and mine[1:2] == [b"6R"] == theirs[1:2]:
            same = len(mine) == len(theirs)
        elif now.id == "SV1":
            mark = now.separators.component
            first, second = (b"".join(each[1:2]).split(mark) for each in (mine, theirs))
            same = (
                _padded(_but(mine, SV1_TOUCHED)) == _padded(_but(theirs, SV1_TOUCHED))
                and (first[0], first[6:]) == (second[0], second[6:])
                and len(mine) >= len(theirs)
            )
        else:
            same = mine == theirs
        if not same:
            return False
    return True


def _kept_in_order(was: Loop, now: Loop) -> None:
    """LX counts 1, 2, 3, … and REF*6R tells lines apart, where they did before; so the balance."""
    for tell in (_counts_up, _tells_apart, _in_balance):
        assert not tell(was) or tell(now), tell.__name__


def _counts_up(claim: Loop) -> bool:
    numbers = [line.pieces[0].elements[1:] for line in claim.lines]
    return numbers == [[b"%d" % number] for number in range(1, len(numbers) + 1)]


def _tells_apart(claim: Loop) -> bool:
    controls = [each for line in claim.lines if (each := line.first("REF", b"6R")) is not None]
    written = [value for each in controls if (value := b"".join(each.elements[2:3]))]
    return len(set(written)) == len(written) and all(len(value) <= 30 for value in written)


def _in_balance(claim: Loop) -> bool:
    total = number(b"".join(claim.pieces[0].elements[2:3]))
    charges = [charge_of(line) for line in claim.lines]
    return total is not None and None not in charges and sum(filter(None, charges)) == total


def charge_of(line: Loop) -> Decimal | None:
    piece = line.first("SV1")
    return number(piece.elements[2]) if piece is not None and len(piece.elements) > 2 else None


def number(written: bytes) -> Decimal | None:
    return Decimal(written.decode("ascii")) if NUMBER.fullmatch(written) else None


def _counted(old: Parts, new: Parts) -> None:
    """SE01 changes by what was added to its set, and by nothing else."""
    before, after = list(_sets(old)), list(_sets(new))
    for (declared, counted), (now_declared, now_counted) in zip(before, after, strict=True):
        if declared.isdigit():
            assert int(now_declared) - int(declared) == now_counted - counted
        else:
            assert declared == now_declared


def _sets(parts: Parts) -> Iterator[tuple[bytes, int]]:
    """What SE01 declares and the segments that are there, set by set."""
    counted = 0
    for between, claim in zip(parts.between, [None, *parts.claims], strict=True):
        if claim is not None:
            counted += sum(
                bool(piece.body) for part in (claim, *claim.lines) for piece in part.pieces
            )
        for piece in between:
            counted = 1 if piece.id == "ST" else counted + bool(piece.body)
            if piece.id == "SE":
                yield b"".join(piece.elements[1:2]), counted


def _accounted(before: bytes, ran: Ran) -> None:
    """The change list alone makes the output of the input: nothing else was touched, or left out.

    So every segment of the input is in the output, changed, or in the list.
    """
    made, position = b"", 0
    for change in sorted(ran.changes, key=lambda change: change.offset):
        assert change.offset >= position, "two changes overlap"
        made += before[position : change.offset]
        position = change.offset + len(change.before)
        assert before[change.offset : position] == change.before
        made += change.after
    assert made + before[position:] == ran.data


def _but(elements: Sequence[bytes], positions: set[int]) -> list[bytes]:
    return [each for position, each in enumerate(elements) if position not in positions]


def _padded(elements: Sequence[bytes]) -> list[bytes]:
    """Without the empty elements that a longer segment has at its end."""
    kept = list(elements)
    while kept and not kept[-1]:
        kept.pop()
    return kept
