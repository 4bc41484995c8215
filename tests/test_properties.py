"""What holds of every file: looked for with claims, separators and junk at random."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

import adapter
from adapter.changes import (
    CONTROL_NUMBER_LENGTH,
    applied,
    derived_control_number,
    halves,
    in_order,
    merged_pointers,
    shares,
)
from adapter.findings import Applicability, Finding
from adapter.model import Claim as ModelClaim
from adapter.model import ServiceLine
from adapter.rules import all_rules
from adapter.source import (
    Patch,
    PatchLog,
    PatchOverlap,
    Span,
    apply,
    ordered,
    origin,
)
from tests.build837 import (
    Billing,
    Claim,
    Separators,
    Subscriber,
    group,
    interchange,
    rewrite,
    transaction_set,
    write,
)
from tests.conserving import assert_conserved
from tests.runs import check, fix, read, refusal, twice
from tests.splitting import split
from tests.strategies import PAYERS, claims, files, junk, plain_lines, spellings

pytestmark = pytest.mark.no_cover


def spoken(findings: Sequence[Finding]) -> list[tuple[object, ...]]:
    """Of findings all that does not depend on how a file is written."""
    return [
        (f.rule, f.severity, f.claim, f.line, f.others, f.message, f.notes, f.fix, f.applicability)
        for f in findings
    ]


# --- files --------------------------------------------------------------------------------------


@given(files(), st.booleans())
def test_no_claim_breaks_anything(file: tuple[bytes, str | None], suggested: bool) -> None:
    data, payer = file
    ran = fix(data, payer, suggested=suggested)
    assert_conserved(data, ran)
    assert spoken(ran.findings) == spoken(check(ran.data, payer).findings)


@given(files(), st.booleans())
def test_twice_is_once(file: tuple[bytes, str | None], suggested: bool) -> None:
    data, payer = file
    once = fix(data, payer, suggested=suggested)
    twice = fix(once.data, payer, suggested=suggested)
    assert twice.data == once.data
    assert not twice.corrected


@given(files(plain_lines))
def test_a_safe_correction_keeps_what_is_billed(file: tuple[bytes, str | None]) -> None:
    """Codes, sides, units and charges: counted here from the lines alone."""
    data, payer = file
    ran = fix(data, payer)
    assert all(each.applicability is Applicability.SAFE for each in ran.corrected)
    for before, after in zip(read(data), read(ran.data), strict=True):
        assert billed(before, payer) == billed(after, payer)
        assert before.charge == after.charge
        assert charged(before.lines) == charged(after.lines)


def billed(claim: ModelClaim, payer: str | None) -> dict[tuple[str, str], Decimal]:
    halved = twice(claim, payer)
    counted: dict[tuple[str, str], Decimal] = {}
    for line in claim.lines:
        both = "50" in line.modifiers or line.number in halved
        units = (line.units or Decimal(0)) / (2 if line.number in halved else 1)
        for side in [m for m in ("RT", "LT") if both or m in line.modifiers] or [""]:
            key = line.code, side
            counted[key] = counted.get(key, Decimal(0)) + units
    return counted


def charged(found: Sequence[ServiceLine]) -> Decimal:
    return sum((line.charge for line in found if line.charge is not None), Decimal(0))


@given(files(plain_lines), st.booleans())
def test_the_output_reads_as_the_changes_say(
    file: tuple[bytes, str | None], suggested: bool
) -> None:
    data, payer = file
    ran = fix(data, payer, suggested=suggested)
    by_claim = [verdict for verdict in ran.verdicts if verdict.claim is not None]
    assume(len({claim.id for claim in read(data)}) == len(read(data)))
    for before, after in zip(read(data), read(ran.data), strict=True):
        expected = before
        for verdict in by_claim:
            if verdict.claim == before.id:
                for finding in verdict.corrected:
                    assert finding.fix is not None
                    expected = applied(expected, finding.fix.changes)
        assert in_order(after) == in_order(expected)


@given(files(), spellings(), st.booleans(), st.sampled_from(["", "A1", "A2"]))
def test_the_same_claims_written_otherwise(
    file: tuple[bytes, str | None],
    spelling: tuple[Separators, bytes],
    bom: bool,
    version: str,
) -> None:
    """The same findings; and to correct the rewritten file is to rewrite the corrected one."""
    data, payer = file
    separators, line_end = spelling

    def rewritten(plain: bytes) -> bytes:
        return rewrite(plain, separators, line_end, bom=bom, version=f"005010X222{version}")

    other = rewritten(data)
    assert read(other) == read(data)
    before, after = check(data, payer), check(other, payer)
    assert spoken(after.findings) == spoken(before.findings)
    assert after.not_evaluated == before.not_evaluated
    for suggested in (False, True):
        assert fix(other, payer, suggested=suggested).data == rewritten(
            fix(data, payer, suggested=suggested).data
        )


@settings(max_examples=60)
@given(st.lists(st.tuples(files(), spellings()), min_size=2, max_size=3), st.data())
def test_joined_interchanges(
    parts: list[tuple[tuple[bytes, str | None], tuple[Separators, bytes]]], data: st.DataObject
) -> None:
    """Interchanges and junk between them: what each gives alone, all together give."""
    payer = parts[0][0][1]
    pieces = []
    for number, ((plain, _), (separators, line_end)) in enumerate(parts):
        plain = plain.replace(b"000000001", b"%09d" % number).replace(b"*C", b"*C%d" % number)
        pieces.append(rewrite(plain, separators, line_end))
    between = [data.draw(junk) for _ in pieces]
    joined = b"".join(map(bytes.__add__, pieces, between))
    alone = [fix(piece, payer, suggested=True) for piece in pieces]
    together = fix(joined, payer, suggested=True)
    assert together.data == b"".join(a.data + b for a, b in zip(alone, between, strict=True))
    assert spoken(together.findings) == spoken([f for each in alone for f in each.findings])
    assert together.done.claims == sum(each.done.claims for each in alone)


@given(files())
def test_places_are_where_a_naive_split_finds_them(file: tuple[bytes, str | None]) -> None:
    data, payer = file
    pieces = list(split(data))
    for finding in check(data, payer).findings:
        place = finding.location
        assert place.segment is not None
        assert place.element is not None
        piece = pieces[place.segment - 1]
        assert place.element.startswith(piece.id)
        assert piece.place(place.element)[0] == place.offset


@given(files(), st.booleans())
def test_order_of_findings(file: tuple[bytes, str | None], suggested: bool) -> None:
    """By claim; in a claim those of the whole first, then by line, then by rule."""
    data, payer = file
    for ran in (check(data, payer), fix(data, payer, suggested=suggested)):
        for verdict in ran.verdicts:
            keys = [(f.line is not None, f.line or 0, f.rule) for f in verdict.findings]
            assert keys == sorted(keys)


@given(files())
def test_rules_are_selected_after_precedence(file: tuple[bytes, str | None]) -> None:
    """A rule that another one silences is silent too where it alone is selected."""
    data, payer = file
    everything = check(data, payer).findings
    for code in {finding.rule for finding in everything}:
        said = check(data, payer, select=frozenset((code,))).findings
        assert spoken(said) == spoken([f for f in everything if f.rule == code])


@given(files(), st.data())
def test_damage_is_refused_or_read_never_worse(
    file: tuple[bytes, str | None], data: st.DataObject
) -> None:
    """Bytes changed, removed and added at random: no other exception than Unreadable."""
    content, payer = file
    damaged = bytearray(content)
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(damaged)))
        end = min(len(damaged), start + data.draw(st.sampled_from([0, 1, 1, 2, 30])))
        damaged[start:end] = data.draw(
            st.one_of(st.binary(max_size=3), st.sampled_from([b"~", b"*", b":", b"~~", b"~LX*1~"]))
        )
    why = refusal(lambda whole: fix(whole, payer, suggested=True), bytes(damaged))
    if why is not None:
        assert why.what
        return
    ran = fix(bytes(damaged), payer, suggested=True)
    again = fix(ran.data, payer, suggested=True)
    assert again.data == ran.data
    assert spoken(again.findings) == spoken(ran.findings)


CANARY = "CANARY"


@given(claims(), st.sampled_from(PAYERS))
def test_no_message_holds_what_identifies_a_patient(one: Claim, payer: str) -> None:
    subscriber = Subscriber(claims=(one,), payer=f"{CANARY}PAYER", member=f"{CANARY}MEMBER")
    billing = Billing(subscribers=(subscriber,), name=f"{CANARY}NAME")
    text = interchange(group(transaction_set(billing)))
    for value in ("PATIENT*PAT", "DOCTOR", "BLOCK", "INJECTION", "AUTH", "FREE"):
        text = text.replace(value, f"{value}{CANARY}")
    ran = fix(write(text), payer)
    for finding in (*ran.findings, *ran.corrected, *(w.finding for w in ran.withheld)):
        description = finding.fix.description if finding.fix is not None else ""
        for said in (finding.message, finding.label, *finding.notes, description):
            assert CANARY not in said


# --- the pieces ---------------------------------------------------------------------------------


@st.composite
def patched(draw: st.DrawFn, data: bytes) -> list[Patch]:
    """Patches that do not overlap, in any order of making."""
    points = sorted(draw(st.lists(st.integers(0, len(data)), max_size=8)))
    patches = [
        Patch(Span(start, end), draw(st.binary(max_size=4)))
        for start, end in zip(points[::2], points[1::2], strict=False)
    ]
    kept: list[Patch] = []
    for patch in patches:
        if not kept or patch.span.start >= kept[-1].span.end:
            kept.append(patch)
    return kept


@given(st.binary(max_size=40), st.data())
def test_apply_touches_only_the_spans(data: bytes, draw: st.DataObject) -> None:
    patches = draw.draw(patched(data))
    expected, position = b"", 0
    for patch in patches:
        expected += data[position : patch.span.start] + patch.data
        position = patch.span.end
    expected += data[position:]
    shuffled = draw.draw(st.permutations(patches))
    starts = [patch.span for patch in patches]
    if len(set(starts)) == len(starts):
        assert apply(data, shuffled) == expected
    assert apply(data, patches) == expected
    log = PatchLog()
    for patch in patches:
        log.add(patch)
    assert list(log) == patches
    assert log.count == len(patches)


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), min_size=2, max_size=5))
def test_an_overlap_is_an_error(spans: list[tuple[int, int]]) -> None:
    patches = [Patch(Span(min(span), max(span)), b"x") for span in spans]
    owner: dict[int, int] = {}
    overlaps = False
    for number, patch in enumerate(patches):
        for offset in range(*patch.span):
            overlaps |= owner.setdefault(offset, number) != number
    inside = any(
        other.span.start < patch.span.start < other.span.end
        for patch in patches
        for other in patches
        if patch.span.start == patch.span.end
    )
    if overlaps or inside:
        with pytest.raises(PatchOverlap):
            ordered(patches)
    else:
        assert len(ordered(patches)) == len(patches)


@given(st.binary(min_size=1, max_size=30), st.data())
def test_origin_follows_bytes_through_several_passes(data: bytes, draw: st.DataObject) -> None:
    """Each byte carries its offset along; a byte that a patch wrote carries its span's start."""
    text, homes, passes = data, list(range(len(data))), []
    for _ in range(draw.draw(st.integers(1, 3))):
        patches = draw.draw(patched(text))
        after: list[int] = []
        position = 0
        for patch in patches:
            after += homes[position : patch.span.start]
            start = patch.span.start
            home = homes[start] if start < len(homes) else len(data)
            after += [home] * len(patch.data)
            position = patch.span.end
        homes = after + homes[position:]
        text = apply(text, patches)
        passes.append(patches)
    assert [origin(offset, passes) for offset in range(len(text))] == homes


amounts = st.one_of(
    st.decimals(0, 10**6, places=0),
    st.decimals(0, 10**6, places=1),
    st.decimals(0, 10**6, places=2),
)


@given(amounts, st.tuples(st.integers(1, 9), st.integers(1, 9)))
@example(Decimal("0.01"), (1, 1))
@example(Decimal("800."), (1, 1))
def test_shares_add_up_to_the_cent(amount: Decimal, weights: tuple[int, int]) -> None:
    first, second = shares(amount, weights)
    assert first + second == amount
    exact = amount * weights[0] / sum(weights)
    assert Decimal(0) <= first - exact < Decimal("0.01")
    assert second >= 0
    for part in (first, second):
        exponent = part.as_tuple().exponent
        assert isinstance(exponent, int)
        assert -2 <= exponent <= 0


@given(amounts)
def test_halves_have_the_odd_cent_on_the_first(amount: Decimal) -> None:
    first, second = halves(amount)
    assert first - second in (Decimal(0), Decimal("0.01"))
    assert first + second == amount


@given(st.text("ABCS0123456789-", min_size=1, max_size=30), st.integers(1, 60))
def test_derived_control_numbers_tell_lines_apart(base: str, count: int) -> None:
    taken = {base}
    for _ in range(count):
        made = derived_control_number(base, taken)
        assert made is not None
        assert made not in taken
        assert len(made) <= CONTROL_NUMBER_LENGTH
        taken.add(made)


def test_no_control_number_is_derived_from_none() -> None:
    assert derived_control_number(None, {"A"}) is None


@given(
    st.lists(st.integers(1, 12), max_size=4, unique=True).map(tuple),
    st.lists(st.integers(1, 12), max_size=4, unique=True).map(tuple),
)
def test_merged_pointers_keep_the_first_line_s_order(
    kept: tuple[int, ...], dropped: tuple[int, ...]
) -> None:
    merged = merged_pointers(kept, dropped)
    assert merged[: len(kept)] == kept
    assert set(merged) <= {*kept, *dropped}
    assert len(merged) == min(4, len({*kept, *dropped}))


def test_every_rule_speaks_of_claims_at_random() -> None:
    """The claims above are worth their name: all rules of claims are heard on them.

    Those of FHIR resources, and of what is documented, have nothing to say of 837P:
    `test_fhir_safety.py` and `test_procedure.py` hear them.
    """
    heard: set[str] = set()

    @settings(max_examples=500)
    @given(files())
    def listen(file: tuple[bytes, str | None]) -> None:
        heard.update(finding.rule for finding in check(*file).findings)

    listen()
    of_claims = {r.code for r in all_rules().values() if r.scope not in ("envelope", "resource")}
    documented = {code for code in of_claims if code.startswith("DC")} | {"BN05"}
    silent = of_claims - documented - heard
    # of few payers and places, or of a coverage that 837P has not
    rare = {code for code in of_claims if code.startswith(("CO", "PA"))} | {"DX01"}
    assert silent <= {"CV03", "ED03", "LV06", "LV03"} | rare, silent


def test_the_verbs_are_what_the_package_exports() -> None:
    assert set(adapter.__all__) == {"__version__", "check", "fix", "read"}
    assert all(callable(getattr(adapter, name)) for name in ("check", "fix", "read"))
    with pytest.raises(AttributeError):
        adapter.convert_all  # noqa: B018
