"""What a clinician's words name: joints, medial branches, sides. Reads text, knows no format.

Words become tokens, tokens items (levels, nouns, sides), and a small grammar binds nouns and sides
to levels. All or nothing: a word outside the lexicon, or a phrase that can be meant in two ways,
leaves the whole text unread and says why, because a wrong level is a false claim. Only sacral
nerves may stand beside what was read; they add nothing to a joint.

Conventions: two vertebrae joined (`L4-5`, `L4/L5`, `L4 to L5`) are one joint beside a joint's noun.
Beside a nerve's they may be that joint or two nerves, which is not decided, except in the neck:
there both come to the same joint. A longer run is the joints, or the nerves, from one to the other.
Levels that are listed (`L3, L4`) are nerves, never joints.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum, StrEnum, auto
from itertools import pairwise
from types import MappingProxyType
from typing import NamedTuple

from adapter.model import BOTH, NO_SIDE, Side, Target
from adapter.spine import (
    BRANCHES,
    JOINTS,
    TON,
    Joint,
    MedialBranch,
    Region,
    joint,
    joints_between,
    joints_of,
    nerves_of,
)


class Unread(StrEnum):
    """Why something in a text was not read: each a clause that can follow "because"."""

    SACRAL = "it names sacral nerves, which add nothing to a facet joint"
    NO_LEVEL = "it names no level"
    NO_SUCH_LEVEL = "it names a level that does not exist, or has no facet joint to code"
    OUT_OF_ORDER = "its levels do not follow each other down the spine"
    OTHER_STRUCTURE = "it names another structure than a facet joint and its nerves"
    LANDMARK = "it names a bony landmark, which can be of another level than the nerve"
    AMBIGUOUS = "it can be meant in more than one way"
    SIDE_UNCLEAR = "it is not clear which side belongs to which level"
    CONTRADICTORY = "it does not agree with itself"
    QUALIFIED = "it may say what was not done, or not on this occasion"
    CUT_OFF = "it seems to be cut off"
    UNKNOWN_WORDS = "it holds words that are not understood"
    UNKNOWN_CODE = "its code is not in the table"


@dataclass(frozen=True, slots=True)
class Reading:
    """What a text names.

    `targets`: one for each set of sides, in order of appearance; empty where `unread` holds
    anything but SACRAL. Which joints their nerves complete says `spine.joints_of`. `sides`: said
    without any level.
    """

    targets: tuple[Target, ...] = ()
    unread: frozenset[Unread] = frozenset()
    sides: frozenset[Side] = NO_SIDE


def read_targets(text: str, *, nerves: bool | None = None) -> Reading:
    """The joints, nerves and sides that a text names.

    Args: nerves, what levels without a noun are: nerves (of a medial branch block or an ablation),
    joints (of an injection into the joint), or not to be known.
    Returns: see `Reading`. Time grows with the length of the text, and no faster.
    Raises: nothing.
    """
    tokens, unread = _tokens(text)
    items, further, regions = _Parser(tokens).items()
    if unread or further:
        return Reading(unread=unread | further)
    return _understood(items, regions, nerves)


# ---- Words -------------------------------------------------------------------------------------


class _Noun(StrEnum):
    FACET = auto()  # "facet" alone may go on: "facet nerves"
    JOINT = auto()
    NERVE = auto()
    FACET_NERVES = auto()  # "L3-L5 facet nerves": from joint to joint, or from nerve to nerve?
    JOINT_NERVES = auto()  # "L4-5 facet joint medial branch": the joint of that name
    RAMUS = auto()
    LATERAL = auto()  # branches of sacral nerves, and those that only communicate


class _Word(StrEnum):
    """Words that the grammar itself needs."""

    FILLER = auto()
    AND = auto()
    TO = auto()
    BETWEEN = auto()
    AT = auto()
    LEVEL = auto()
    BOTH = auto()
    LETTER = auto()  # L: left, lumbar, or the letter of a level


_Meaning = _Noun | _Word | Unread | MedialBranch | frozenset[Side] | str
"""Of a word or phrase; a plain string is a region, as the letters of its vertebrae."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _all(meaning: _Meaning, phrases: str) -> dict[str, _Meaning]:
    return {phrase.strip(): meaning for phrase in phrases.split(",")}


def _each(heads: str, tails: str) -> str:
    return ",".join(f"{head} {tail}" for head in heads.split(",") for tail in tails.split(","))


_JOINT_WORD = "joint,joints,jt,jts,jnt,jnts"
_ZYGAPOPHYSEAL = "zygapophyseal,zygapophysial,zygoapophyseal,zygoapophysial,apophyseal,apophysial,z"
_BRANCH_WORD = "branch,branches,br,brs"
_NERVE_WORD = "nerve,nerves"
_MEDIAL = _each("medial,med", _BRANCH_WORD)

_LEXICON: Mapping[str, _Meaning] = MappingProxyType(
    _all(_Noun.FACET, f"facet,facets,{_ZYGAPOPHYSEAL.removesuffix(',z')}")
    | _all(_Noun.FACET, "paravertebral facet,paravertebral facets")
    | _all(_Noun.JOINT, _each("facet,facets", _JOINT_WORD))
    | _all(_Noun.JOINT, _each(_ZYGAPOPHYSEAL, _JOINT_WORD))
    | _all(_Noun.JOINT, _each(_each("zygapophyseal,zygapophysial", "facet"), _JOINT_WORD))
    | _all(_Noun.JOINT, f"zjoint,zjoints,fj,fjs,fji,fjis,{_JOINT_WORD}")
    | _all(_Noun.NERVE, f"mb,mbs,mbn,mbns,mbb,mbbs,mbnb,mbnbs,mbrfa,mbrf,{_MEDIAL}")
    | _all(_Noun.NERVE, _each(_MEDIAL, _NERVE_WORD))
    | _all(_Noun.FACET_NERVES, _each("facet", _NERVE_WORD))
    | _all(_Noun.FACET_NERVES, _each(_each(f"facet,{_ZYGAPOPHYSEAL}", _JOINT_WORD), _NERVE_WORD))
    | _all(_Noun.RAMUS, _each("dorsal,posterior", "ramus,rami,primary ramus,primary rami"))
    | _all(_Noun.RAMUS, _each("primary dorsal,primary posterior", "ramus,rami"))
    | _all(_Noun.RAMUS, "dr,dpr")
    | _all(_Noun.LATERAL, _each("lateral,communicating", _BRANCH_WORD))
    | _all(_Noun.LATERAL, _each(_each("lateral,communicating", _BRANCH_WORD), _NERVE_WORD))
    | _all(TON, "ton,tons,third occipital,3rd occipital")
    | _all(TON, _each("third occipital,3rd occipital", _NERVE_WORD))
    | _all(TON, _each("third occipital nerve,3rd occipital nerve", "ton"))
    | _all(frozenset({Side.LEFT}), "left,lt,left side,left sided,lt side,lt sided,l side,l sided")
    | _all(
        frozenset({Side.RIGHT}),
        "right,rt,right side,right sided,rt side,rt sided,r,r side,r sided",
    )
    | _all(BOTH, "bilateral,bilaterally,bilat,bil,bi lateral,both side,both sides")
    | _all("C", "cervical,cerv,c spine,neck")
    | _all("T", "thoracic,thor,t spine")
    | _all("L", "lumbar,lumb,lumbosacral,l spine,lumbo sacral")
    | _all("CT", "cervicothoracic,cervico thoracic")
    | _all("TL", "thoracolumbar,thoraco lumbar")
    | _all(
        _Word.FILLER,
        "the,of,in,on,for,from,under,with,w,using,via,nerve,nerves,spine,spinal,structure,"
        "side,sides,sided,laterality,entire,body structure,body site,site,sites,region,target,"
        "targets,targeting,procedure,"
        "supplying,innervating,serving,"
        "block,blocks,injection,injections,inj,injs,injected,"
        "radiofrequency,radio frequency,rf,rfa,rfas,rfn,ablation,ablations,neurotomy,"
        "neurotomies,denervation,denervations,rhizotomy,rhizotomies,neurolysis,thermal,cooled,"
        "conventional,pulsed,endoscopic,imaging,without imaging,no imaging,ultrasound,"
        "image,steroid,steroids,intra articular,intraarticular,ia,diagnostic,therapeutic,"
        "percutaneous,fluoroscopy,fluoroscopic,fluoroscopically,fluoro,guided,guidance,ct",
    )
    | _all(_Word.AND, "and,plus,as well as")
    | _all(_Word.TO, "to,through,thru")
    | _all(_Word.BETWEEN, "between")
    | _all(_Word.AT, "at")
    | _all(_Word.LEVEL, "level,levels")
    | _all(_Word.BOTH, "both")
    | _all(_Word.LETTER, "l")
    | _all(
        Unread.QUALIFIED,
        "not,no,non,none,never,without,neither,nor,or,vs,versus,rather,instead,unlike,except,"
        "excluding,avoid,avoided,avoiding,spare,spared,sparing,skip,skipped,skipping,omit,"
        "omitted,deferred,declined,cancelled,canceled,aborted,abandoned,attempted,unsuccessful,"
        "failed,prior,previous,previously,earlier,past,last,after,following,since,had,history,"
        "hx,status post,next,future,plan,planned,planning,scheduled,schedule,before,pending,if,"
        "consider,considered,possible,possibly,probable,maybe,likely,suspected,rule out,but,"
        "contralateral,untreated,denies,refused,intended,proposed,recommend,recommended",
    )
    | _all(
        Unread.OTHER_STRUCTURE,
        "si,sij,sijs,sacroiliac,sacro iliac,sacrum,coccyx,sacrococcygeal,vertebral,vertebra,"
        "vertebrae,body,bodies,basivertebral,disc,discs,disk,disks,intervertebral,"
        "intradiscal,epidural,esi,lesi,tfesi,transforaminal,interlaminar,caudal,foramen,foramina,"
        "foraminal,root,roots,nerve root,nerve roots,snrb,selective,ganglion,ganglia,sympathetic,"
        "stellate,genicular,knee,hip,shoulder,rib,costovertebral,costotransverse,intercostal,"
        "trigger,muscle,paraspinal,multifidus,ligament,interspinous,cord,dura,thecal,"
        "greater occipital,lesser occipital,occipital,suprascapular,pudendal,femoral,obturator,"
        "cluneal,sciatic,cyst,synovial,ventral,atlantoaxial,atlanto axial,atlantooccipital,"
        "atlanto occipital,facial,celiac,plexus,uncovertebral,interbody,sacral",
    )
    | _all(
        Unread.LANDMARK,
        "transverse process,transverse processes,tp,tps,superior articular process,"
        "superior articular processes,sap,saps,articular process,articular processes,pillar,"
        "pillars,articular pillar,pedicle,pedicles,lamina,laminae,ala,spinous process,junction,"
        "groove,waist,process,processes,mamillary,mammillary,endplate",
    )
    | _all(Unread.SIDE_UNCLEAR, "unilateral,ipsilateral,opposite,other side,one side")
)
_LONGEST = max(len(phrase.split()) for phrase in _LEXICON)
_COUNTED = frozenset(("level", "levels", "injection", "injections", "block", "blocks"))
"""What a number before it may count: "L3-4, 2 injections"."""
_ABBREVIATED = _words("l r lt rt bilat bil jt jts jnt jnts med br brs inj injs lumb cerv thor")

# ---- Tokens ------------------------------------------------------------------------------------


class _Kind(StrEnum):
    WORD = auto()
    LEVEL = auto()
    NUMBER = auto()
    MARK = auto()


class _Token(NamedTuple):
    kind: _Kind
    text: str
    spaced: bool  # after a space


_COUNTS = {"C": 8, "T": 12, "L": 5, "S": 5}
_ORDER = {
    f"{letter}{n}": place
    for place, (letter, n) in enumerate(
        (letter, n) for letter, most in _COUNTS.items() for n in range(1, most + 1)
    )
}
"""Every level, from C1 down; C8 is a nerve only."""
_LEVELS = frozenset(_ORDER)
_DASHES = (
    "\u058a\u05be\u1806\u2010\u2011\u2012\u2013\u2014\u2015\u2043\u2212\u2e3a\u2e3b\u2e40\u301c"
    "\u3030\u30a0\ufe31\ufe32\ufe58\ufe63"
)
_SPACES = (
    "\t\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f"
    "\u3000"
)
_ASCII = {
    **dict.fromkeys(_DASHES, "-"),
    **dict.fromkeys(_SPACES, " "),
    **dict.fromkeys("\r\x0b\x0c\x85\u2028\u2029", "\n"),
    **dict.fromkeys("\u2022\u00b7\u2023*|", ";"),  # bullets
    **dict.fromkeys("\u2044\u2215", "/"),
    **dict.fromkeys("[{", "("),
    **dict.fromkeys("]}", ")"),
}
_FULL_WIDTH = {chr(code + 0xFEE0): chr(code) for code in range(0x21, 0x7F)}
_PLAIN = _ASCII | {wide: _ASCII.get(plain, plain) for wide, plain in _FULL_WIDTH.items()}
_TO_PLAIN = str.maketrans(_PLAIN)
"""One character for one: a footnote's raised 2 must not become the 2 of a level."""
_PIECE = re.compile(r"[A-Za-z0-9]+| +|.", re.DOTALL)
_LEVEL = re.compile(r"(th|[clts])([0-9]{1,2})")
_RUN_OF_LEVELS = re.compile(r"(?:(?:th|[clts])[0-9]{1,2}){1,3}")
_MARKS = frozenset("-/,;:.()&+\n")


def _named(letters: str, number: str) -> str:
    return f"{letters[0].upper()}{number}"


def _tokens(text: str) -> tuple[list[_Token], frozenset[Unread]]:
    """The tokens, and what in the text is none. Only ASCII letters are letters of a word."""
    found: list[_Token] = []
    unread = set()
    spaced = True
    for match in _PIECE.finditer(text.translate(_TO_PLAIN)):
        piece = match[0]
        if piece[0] == " ":
            spaced = True
            continue
        lower = piece.lower()
        if piece in _MARKS:
            found.append(_Token(_Kind.MARK, piece, spaced))
        elif (piece.isascii() and piece.isalpha()) or lower == "3rd":
            found.append(_Token(_Kind.WORD, lower, spaced))
        elif piece.isascii() and piece.isdigit():
            found.append(_Token(_Kind.NUMBER, piece, spaced))
        elif _RUN_OF_LEVELS.fullmatch(lower):  # L5S1 is L5-S1
            for order, level in enumerate(_LEVEL.finditer(lower)):
                if order:
                    found.append(_Token(_Kind.MARK, "-", False))
                found.append(_Token(_Kind.LEVEL, _named(level[1], level[2]), spaced and not order))
        else:
            unread.add(Unread.QUALIFIED if piece == "?" else Unread.UNKNOWN_WORDS)
            found.append(_Token(_Kind.MARK, "?", spaced))
        spaced = False
    joined = _without_hyphens(found)
    return _with_spaced_levels(joined), frozenset(unread)


def _without_hyphens(tokens: list[_Token]) -> list[_Token]:
    """Marks inside words and names taken out: "left-sided", "z-joint", "med. branch"."""
    kept: list[_Token] = []
    for position, token in enumerate(tokens):
        before = kept[-1] if kept else None
        after = tokens[position + 1] if position + 1 < len(tokens) else None
        within = (
            before is not None
            and after is not None
            and before.kind is after.kind is _Kind.WORD
            and not token.spaced
            and (
                (token.text == "-" and not after.spaced)
                or (token.text == "." and before.text == "med")
            )
        )
        if not within:
            kept.append(token)
    return kept


def _with_spaced_levels(tokens: list[_Token]) -> list[_Token]:
    """ "C 2-3" as "C2-3"; "L 4-5" where L cannot be meant as left."""
    others = {token.text for token in tokens}
    lettered = not ("r" in others or any(text[0] in "CT" for text in others))
    kept: list[_Token] = []
    for token in tokens:
        before = kept[-1] if kept else None
        letters = ("c", "t", "th", "s", "l") if lettered else ("c", "t", "th", "s")
        if (
            token.kind is _Kind.NUMBER
            and before is not None
            and before.kind is _Kind.WORD
            and before.text in letters
        ):
            kept[-1] = _Token(_Kind.LEVEL, _named(before.text, token.text), before.spaced)
        else:
            kept.append(token)
    return kept


# ---- Items -------------------------------------------------------------------------------------


class _Gap(IntEnum):
    NONE = 0
    DOT = 1  # after an abbreviation, so perhaps no break
    COMMA = 2  # or "and"
    BREAK = 3


@dataclass(frozen=True, slots=True)
class _Lead:
    """What stands between an item and the one before."""

    gap: _Gap = _Gap.NONE
    joined: bool = False  # by and, &, +, /
    bracket: bool = False  # opened right before it
    at: bool = False


@dataclass(frozen=True, slots=True)
class _Levels:
    """One level, or several that are linked: each of `links` is one of
    "-", "/", "~" (to), "=" (between) and " " (side by side)."""

    lead: _Lead
    chain: tuple[str, ...]
    links: str
    leveled: bool = False  # "L4 level"


@dataclass(frozen=True, slots=True)
class _Ton:
    lead: _Lead


@dataclass(frozen=True, slots=True)
class _Named:
    lead: _Lead
    noun: _Noun


@dataclass(frozen=True, slots=True)
class _Sided:
    lead: _Lead
    sides: frozenset[Side]
    heads: bool = False  # what follows: before a colon, or alone on a line
    merged: bool = False  # of two that were joined


_Item = _Levels | _Ton | _Named | _Sided

_COMPOUNDS = {
    (_Noun.FACET, _Noun.JOINT): _Noun.JOINT,
    (_Noun.JOINT, _Noun.FACET): _Noun.JOINT,
    (_Noun.FACET, _Noun.NERVE): _Noun.FACET_NERVES,
    (_Noun.FACET_NERVES, _Noun.NERVE): _Noun.FACET_NERVES,
    (_Noun.NERVE, _Noun.FACET): _Noun.NERVE,
    (_Noun.NERVE, _Noun.JOINT): _Noun.NERVE,
    (_Noun.JOINT, _Noun.NERVE): _Noun.JOINT_NERVES,
    (_Noun.JOINT_NERVES, _Noun.NERVE): _Noun.JOINT_NERVES,
    (_Noun.RAMUS, _Noun.NERVE): _Noun.NERVE,
    (_Noun.NERVE, _Noun.RAMUS): _Noun.NERVE,
} | {(noun, noun): noun for noun in _Noun}


class _Parser:
    """Tokens to items, from left to right, each token looked at a bounded number of times."""

    def __init__(self, tokens: Sequence[_Token]) -> None:
        self._tokens = tokens
        self._at = 0
        self._items: list[_Item] = []
        self._unread: set[Unread] = set()
        self._regions: set[str] = set()
        self._lead = _Lead()
        self._listed: str | None = None  # the last level, while a bare number may follow it

    def items(self) -> tuple[list[_Item], frozenset[Unread], frozenset[str]]:
        while self._at < len(self._tokens):
            token = self._tokens[self._at]
            if token.kind is _Kind.MARK:
                self._mark(token)
            elif token.kind is _Kind.WORD:
                self._word()
            elif token.kind is _Kind.LEVEL or self._listed is not None:
                self._levels(token)
            else:
                self._refuse(Unread.UNKNOWN_WORDS)
        self._check_ends()
        return self._items, frozenset(self._unread), frozenset(self._regions)

    def _check_ends(self) -> None:
        """No beginning, end or bracket may be missing: what was there is not known."""
        texts = [token.text for token in self._tokens]
        hanging = texts[-1:] and texts[-1] in ("-", ",", "to", "through", "thru")
        open_ended = hanging or self._lead.joined or (self._items and self._items[0].lead.joined)
        if (self._items and open_ended) or texts.count("(") != texts.count(")"):
            self._unread.add(Unread.CUT_OFF)

    def _peek(self, ahead: int = 0) -> _Token | None:
        position = self._at + ahead
        return self._tokens[position] if 0 <= position < len(self._tokens) else None

    def _is(self, ahead: int, *texts: str) -> bool:
        token = self._peek(ahead)
        return token is not None and token.text in texts

    def _refuse(self, why: Unread, tokens: int = 1) -> None:
        self._unread.add(why)
        self._listed = None
        self._at += tokens

    def _part(self, gap: _Gap, *, joined: bool = False) -> None:
        lead = self._lead
        self._lead = replace(lead, gap=max(lead.gap, gap), joined=lead.joined or joined)

    def _add(self, item: _Item) -> None:
        self._items.append(item)
        self._lead = _Lead()
        self._listed = item.chain[-1] if isinstance(item, _Levels) else None

    def _mark(self, token: _Token) -> None:
        self._at += 1
        last = self._items[-1] if self._items else None
        match token.text:
            case "," | "&" | "+":
                self._part(_Gap.COMMA, joined=token.text != ",")
                return  # a list goes on
            case ";" | "\n":
                opens = len(self._items) == 1 or (last and last.lead.gap is _Gap.BREAK)
                if isinstance(last, _Sided) and token.text == "\n" and opens:
                    self._head(last)  # alone on its line
                self._part(_Gap.BREAK)
            case ".":
                before = self._peek(-2)
                short = before is not None and before.text in _ABBREVIATED and not token.spaced
                self._part(_Gap.DOT if short else _Gap.BREAK)
            case ":":
                if isinstance(last, _Sided):
                    self._head(last)
            case "/":
                self._part(_Gap.NONE, joined=True)
            case "(":
                self._lead = replace(self._lead, bracket=True)
            case "-" if token.spaced and self._next_is_spaced():
                self._part(_Gap.COMMA)
        self._listed = None

    def _head(self, side: _Sided) -> None:
        if self._lead == _Lead():  # nothing between
            self._items[-1] = replace(side, heads=True)

    def _next_is_spaced(self) -> bool:
        following = self._peek()
        return following is not None and following.spaced

    # Levels

    def _levels(self, token: _Token) -> None:
        """A level, or several that are linked: L4-5, L4/L5, L3 to L5. A number takes the letter of
        the level before it."""
        listed = self._listed
        first = token.text if token.kind is _Kind.LEVEL else f"{str(listed)[0]}{token.text}"
        chain, links = [first], ""
        self._at += 1
        while (step := self._link(chain[-1], links)) is not None:
            link, level, width = step
            chain.append(level)
            links += link
            self._at += width
        if not _LEVELS.issuperset(chain):
            self._unread.add(Unread.NO_SUCH_LEVEL)
        elif token.kind is _Kind.NUMBER and listed is not None:
            self._check_number(listed, chain)
        self._add(_Levels(self._lead, tuple(chain), links))

    def _link(self, last: str, links: str) -> tuple[str, str, int] | None:
        """The link and level that come next, and how many tokens they are. Levels side by side
        are linked by a blank: "L3 L5" may have lost its dash, or its comma."""
        mark, following = self._peek(), self._peek(1)
        if mark is None:
            return None
        if mark.kind is _Kind.LEVEL and set(links) <= {" "}:
            linked = following is not None and following.text in ("-", "/")
            return None if linked else (" ", mark.text, 1)
        link = "~" if _LEXICON.get(mark.text) is _Word.TO else mark.text
        if following is None or link not in ("-", "/", "~"):
            return None
        if following.kind is _Kind.LEVEL:
            return link, following.text, 2
        if following.kind is _Kind.NUMBER:
            return link, f"{last[0]}{following.text}", 2
        return None

    def _check_number(self, listed: str, chain: list[str]) -> None:
        """A number in a list goes on down the spine, and counts nothing."""
        number, before = int(chain[0][1:]), int(listed[1:])
        if number < before or (number == before and len(chain) == 1):
            self._unread.add(Unread.OUT_OF_ORDER)
        if not self._lead.gap or (len(chain) == 1 and self._is(0, *_COUNTED)):
            self._unread.add(Unread.AMBIGUOUS)

    # Words

    def _word(self) -> None:
        meaning, width = self._phrase()
        match meaning:
            case None:
                self._refuse(Unread.UNKNOWN_WORDS)
            case Unread():
                self._refuse(meaning, width)
            case _Noun():
                self._noun(meaning, width)
            case MedialBranch():
                self._at += width
                self._add(_Ton(self._lead))
            case frozenset():
                self._side(meaning, width)
            case _Word():
                self._grammar(meaning, width)
            case _:
                self._regions.add(meaning)
                self._listed = None
                self._at += width

    def _phrase(self) -> tuple[_Meaning | None, int]:
        """The longest phrase of the lexicon that starts here, and its number of words."""
        if self._is(0, "b") and self._is(1, "/") and self._is(2, "l"):
            return BOTH, 3
        words: list[str] = []
        found: tuple[_Meaning | None, int] = (None, 1)
        for ahead in range(_LONGEST):
            token = self._peek(ahead)
            if token is None or token.kind is not _Kind.WORD:
                break
            words.append(token.text)
            meaning = _LEXICON.get(" ".join(words))
            if meaning is not None:
                found = meaning, len(words)
        return found

    def _noun(self, noun: _Noun, width: int) -> None:
        last = self._items[-1] if self._items else None
        joins = isinstance(last, _Named) and self._lead.joined  # MB/DR
        if self._is(0, "dr", "dpr") and not (isinstance(last, _Levels) or joins):  # a doctor
            self._refuse(Unread.UNKNOWN_WORDS)
            return
        self._at += width
        if isinstance(last, _Named) and self._lead == _Lead():
            compound = _COMPOUNDS.get((last.noun, noun))
            if compound is not None:
                self._items[-1] = replace(last, noun=compound)
                return
        self._add(_Named(self._lead, noun))

    def _side(self, sides: frozenset[Side], width: int) -> None:
        self._at += width
        last = self._items[-1] if self._items else None
        if isinstance(last, _Sided) and self._lead.gap < _Gap.BREAK:
            if last.sides == sides:  # right (R)
                self._lead = _Lead()
                return
            if self._lead.joined and not last.heads and len(last.sides) == len(sides) == 1:
                self._items[-1] = replace(last, sides=BOTH, merged=True)  # left and right
                self._lead = _Lead()
                return
        self._add(_Sided(self._lead, sides))

    def _grammar(self, word: _Word, width: int) -> None:
        last = self._items[-1] if self._items else None
        following = self._peek(width)
        if word is _Word.LETTER:
            self._letter(last, following)
            return
        self._at += width
        match word:
            case _Word.AND:
                self._part(_Gap.COMMA, joined=True)
                return  # a list goes on
            case _Word.AT:
                self._lead = replace(self._lead, at=True)
            case _Word.LEVEL if isinstance(last, _Levels):
                self._items[-1] = replace(last, leveled=True)
            case _Word.TO if isinstance(last, _Levels) and self._listed is not None:
                self._unread.add(Unread.CUT_OFF)  # from there to what?
            case _Word.BOTH if following is None or not isinstance(
                _LEXICON.get(following.text), frozenset
            ):
                self._unread.add(Unread.AMBIGUOUS)  # both sides, or both of the levels
            case _Word.BETWEEN:
                self._between()
                return
        self._listed = None

    def _between(self) -> None:
        """Between L4 and L5."""
        first, second = self._peek(), self._peek(2)
        if (
            first is not None
            and second is not None
            and self._is(1, "and", "&")
            and first.kind is _Kind.LEVEL
            and second.kind in (_Kind.LEVEL, _Kind.NUMBER)
        ):
            number = second.kind is _Kind.NUMBER
            last = f"{first.text[0]}{second.text}" if number else second.text
            if not _LEVELS.issuperset((first.text, last)):
                self._unread.add(Unread.NO_SUCH_LEVEL)
            self._at += 3
            self._add(_Levels(self._lead, (first.text, last), "="))
        else:
            self._unread.add(Unread.AMBIGUOUS)
            self._listed = None

    def _letter(self, last: _Item | None, following: _Token | None) -> None:
        """A bare L is left beside a level only: else it may be lumbar, or a level cut off."""
        before = self._peek(-1)
        ends = following is None or following.text in ",;.)\n&+" or following.text == "and"
        closes = ends and isinstance(last, _Levels | _Named | _Ton) and not self._cut_off(last)
        paired = (self._is(-1, "/", "and", "&") and self._is(-2, "r", "right", "rt")) or (
            self._is(1, "/", "and", "&") and self._is(2, "r", "right", "rt")
        )
        bracketed = self._is(1, ")") and before is not None and before.text == "("
        led = self._peek(2) if self._is(1, ".") else following  # L. L4-5
        leads = led is not None and (
            led.kind is _Kind.LEVEL or led.text in (":", "ton", "third", "3rd")
        )
        if closes or paired or bracketed or leads:
            self._side(frozenset({Side.LEFT}), 1)
        else:
            self._refuse(Unread.AMBIGUOUS)

    def _cut_off(self, last: _Item) -> bool:
        """L3, L4, L"""
        return (
            isinstance(last, _Levels)
            and len(last.chain) == 1
            and (self._lead.gap >= _Gap.COMMA or self._lead.joined)
        )


# ---- Grammar -----------------------------------------------------------------------------------


def _understood(items: Sequence[_Item], regions: Iterable[str], nerves: bool | None) -> Reading:
    levels = [item for item in items if isinstance(item, _Levels | _Ton)]
    sides = _sides(items)
    if isinstance(sides, Unread):
        return Reading(unread=frozenset((sides,)))
    if not levels:
        said = frozenset(side for item in items if isinstance(item, _Sided) for side in item.sides)
        named = bool(regions) or any(isinstance(item, _Named) for item in items)
        return Reading(sides=said, unread=frozenset((Unread.NO_LEVEL,)) if named else frozenset())
    groups = tuple(_groups(items))
    found = _all_found(items, groups, nerves)
    if isinstance(found, Unread):
        return Reading(unread=frozenset((found,)))
    if _disagrees(groups, found, regions):
        return Reading(unread=frozenset((Unread.CONTRADICTORY,)))
    if any(_is_more_than_joints(found, sides, side) for side in (None, *Side)):
        return Reading(unread=frozenset((Unread.AMBIGUOUS,)))
    sacral = any(not one.joints and not one.branches for one in found)
    if sacral and any(one.joints for one in found):  # "S1 communicating branch of L5-S1 facet"
        return Reading(unread=frozenset((Unread.AMBIGUOUS,)))
    return Reading(
        targets=_targets(found, sides),
        unread=frozenset((Unread.SACRAL,)) if sacral else frozenset(),
    )


def _targets(found: Iterable[_Found], sides: Mapping[int, frozenset[Side]]) -> tuple[Target, ...]:
    merged: dict[frozenset[Side], Target] = {}
    for one in found:
        if one.joints or one.branches:
            on = sides[one.place]
            before = merged.get(on, Target(on, frozenset(), frozenset()))
            merged[on] = Target(on, before.joints | one.joints, before.branches | one.branches)
    return tuple(merged.values())


# Sides

_Mark = tuple[int, _Levels | _Ton | _Sided, _Gap]
"""Levels or a side: the place among the items, and the widest gap since the one before."""


def _sides(items: Sequence[_Item]) -> Mapping[int, frozenset[Side]] | Unread:
    """Which sides each item of levels has, by its place.

    A side stands before its levels throughout a text, or behind them throughout; in a heading it
    holds until the next. Where both could be meant, or a level has none, it is unclear.
    """
    marks: list[_Mark] = []
    gap = _Gap.NONE
    for place, item in enumerate(items):
        gap = max(gap, item.lead.gap)
        if not isinstance(item, _Named):
            marks.append((place, item, gap))
            gap = _Gap.NONE
    said = [item.sides for _, item, _ in marks if isinstance(item, _Sided)]
    places = [place for place, item, _ in marks if not isinstance(item, _Sided)]
    if not said:
        return dict.fromkeys(places, NO_SIDE)
    if not places:
        return {} if len(set(said)) == 1 else Unread.SIDE_UNCLEAR
    if any(_is_split(*three) for three in zip(marks, marks[1:], marks[2:], strict=False)):
        return Unread.SIDE_UNCLEAR
    heads, tails = isinstance(marks[0][1], _Sided), isinstance(marks[-1][1], _Sided)
    if not heads and not (tails and _reaches_back(marks)):
        return Unread.SIDE_UNCLEAR
    if len(set(said)) == 1:
        return dict.fromkeys(places, said[0])
    if heads == tails or not (_heading(marks) if heads else _trailing(marks)):
        return Unread.SIDE_UNCLEAR
    return _carried(marks if heads else marks[::-1])


def _carried(marks: Iterable[_Mark]) -> Mapping[int, frozenset[Side]]:
    sides = {}
    current = NO_SIDE
    for place, item, _ in marks:
        if isinstance(item, _Sided):
            current = item.sides
        else:
            sides[place] = current
    return sides


def _is_split(before: _Mark, mark: _Mark, after: _Mark) -> bool:
    """ "L3-4 (R) / left L4-5": not both sides, but one for each."""
    item = mark[1]
    between = not isinstance(before[1], _Sided) and not isinstance(after[1], _Sided)
    tight = mark[2] is after[2] is _Gap.NONE
    return isinstance(item, _Sided) and item.merged and between and tight


def _reaches_back(marks: Sequence[_Mark]) -> bool:
    """Whether no side that stands behind its levels would have to reach over the end of a sentence
    or line: one on its own does, one at the end of "L3-4. L4-5 left" does not."""
    broken = False
    for (_, above, _), (_, item, gap) in pairwise(marks):
        if isinstance(item, _Sided):
            if broken and gap is not _Gap.BREAK:
                return False
            broken = False
        elif not isinstance(above, _Sided):
            broken = broken or gap is _Gap.BREAK
    return True


def _heading(marks: Sequence[_Mark]) -> bool:
    """Whether each further side stands nearer to the levels after it than to those before."""
    in_turn = _alternates(marks)
    for (_, item, gap), (_, after, next_gap) in pairwise(marks[1:]):
        if isinstance(item, _Sided):
            apart = item.heads or (gap >= _Gap.COMMA and next_gap < gap)
            plain = in_turn and gap is next_gap is _Gap.NONE  # "left L3-4 right L4-5"
            if isinstance(after, _Sided) or not (apart or plain):
                return False
    return not isinstance(marks[1][1], _Sided)


def _trailing(marks: Sequence[_Mark]) -> bool:
    """Whether each side but the last is set off from the levels after it, and not from its own."""
    in_turn = _alternates(marks)
    for (_, before, _), (_, item, gap), (_, after, next_gap) in zip(
        marks, marks[1:], marks[2:], strict=False
    ):
        if isinstance(item, _Sided):
            apart = _Gap.COMMA if next_gap is _Gap.DOT else next_gap
            plain = in_turn and gap is next_gap is _Gap.NONE  # "L3-4 left L4-5 right"
            if isinstance(before, _Sided) or isinstance(after, _Sided) or item.heads:
                return False
            if gap > apart or not (apart >= _Gap.COMMA or item.lead.bracket or plain):
                return False
    return not isinstance(marks[-2][1], _Sided)


def _alternates(marks: Sequence[_Mark]) -> bool:
    return all(
        isinstance(one, _Sided) != isinstance(other, _Sided)
        for (_, one, _), (_, other, _) in pairwise(marks)
    )


# Nouns


@dataclass(frozen=True, slots=True)
class _Group:
    """Levels in a row with no noun between them; the third occipital nerve is one of its own.

    `after` is the noun right behind them, `before` the last one that was said ahead of them; both
    by place. `apposed`: in brackets, right behind other levels, so another name for those.
    """

    levels: tuple[tuple[int, _Levels | _Ton], ...]
    after: int | None
    before: int | None
    apposed: bool

    @property
    def ends_at_l5(self) -> bool:
        last = self.levels[-1][1]
        return isinstance(last, _Levels) and last.chain[-1] == "L5"

    @property
    def is_located(self) -> bool:
        """Whether the levels say where, not which: "at L4", "L4 level"."""
        return any(
            isinstance(one, _Levels) and (one.leveled or (one.lead.at and self.after is None))
            for _, one in self.levels
        )


@dataclass(frozen=True, slots=True)
class _Found:
    """What one item of levels names, and its place among the items. Sacral nerves are nothing."""

    place: int
    joints: frozenset[Joint] = frozenset()
    branches: frozenset[MedialBranch] = frozenset()
    as_joints: frozenset[Joint] = frozenset()  # what the same words are if they name joints


def _groups(items: Sequence[_Item]) -> Iterator[_Group]:
    row: list[tuple[int, _Levels | _Ton]] = []
    before: int | None = None
    apposed = False
    last: _Item | None = None  # that is no noun
    for place, item in enumerate(items):
        parted = isinstance(item, _Ton | _Named) or item.lead.bracket
        parted = parted or item.lead.gap is _Gap.BREAK or (bool(row) and isinstance(last, _Ton))
        if row and parted and not isinstance(item, _Sided):
            close = isinstance(item, _Named) and item.lead.gap < _Gap.COMMA
            yield _Group(tuple(row), place if close else None, before, apposed)
            row = []
        if isinstance(item, _Named):
            before = place
            continue
        if isinstance(item, _Levels | _Ton):
            if not row:
                apposed = (
                    item.lead.bracket
                    and item.lead.gap < _Gap.COMMA
                    and not item.lead.joined
                    and isinstance(last, _Levels | _Ton)
                )
            row.append((place, item))
        last = item
    if row:
        yield _Group(tuple(row), None, before, apposed)


_NERVE_NOUNS = frozenset((_Noun.NERVE, _Noun.FACET_NERVES, _Noun.JOINT_NERVES))


def _nouns(items: Sequence[_Item]) -> dict[int, _Noun]:
    """The nouns by place; "facet" stands for the joint unless it went on."""
    return {
        place: _Noun.JOINT if item.noun is _Noun.FACET else item.noun
        for place, item in enumerate(items)
        if isinstance(item, _Named)
    }


def _kind(group: _Group, nouns: Mapping[int, _Noun], otherwise: _Noun | None) -> _Noun | None:
    """What the levels of a group are, by the nouns beside it, or `otherwise`."""
    ahead = None if group.before is None else nouns[group.before]
    if group.after is not None:
        kind = nouns[group.after]
        if kind is _Noun.RAMUS and group.ends_at_l5:  # "MBB L3, L4, L5 dorsal ramus"
            nerves = ahead if ahead in _NERVE_NOUNS else otherwise
            return nerves if nerves in _NERVE_NOUNS else kind
        return kind
    if group.apposed and all(isinstance(one, _Levels) and one.links for _, one in group.levels):
        return _Noun.JOINT  # "(L4-5)"; whether it agrees is seen to
    return ahead or otherwise


def _all_found(
    items: Sequence[_Item], groups: Sequence[_Group], nerves: bool | None
) -> list[_Found] | Unread:
    """What every item of levels names. Each kind of noun must belong to some."""
    nouns = _nouns(items)
    kinds = frozenset(nouns.values())
    otherwise = {True: _Noun.NERVE, False: _Noun.JOINT, None: None}[nerves]
    if nerves is None and any(isinstance(item, _Ton) for item in items):
        otherwise = _Noun.NERVE  # "TON, C3, C4"
    found = []
    bound: set[int] = set()
    for group in groups:
        own = _bound(items, group)
        bound |= own
        kind = _kind(group, nouns, otherwise)
        if kinds and group.after is None and group.before is None and not group.apposed:
            kind = next(iter(kinds)) if len(kinds) == 1 else None
        located = group.is_located
        for place, item in group.levels:
            meant = _meant(place, item, kind, group, beside_ton=_beside_ton(items, place))
            if isinstance(meant, Unread):
                return meant
            if located and meant.branches - {TON}:
                return Unread.AMBIGUOUS  # the branch that crosses there, or the one of that name?
            if len(meant.joints) > 1 and any(nouns[noun] in _NERVE_NOUNS for noun in own):
                return Unread.AMBIGUOUS  # "MBB L3-L5 facets": from nerve to nerve?
            found.append(meant)
    if len(kinds) > 1 and {nouns[place] for place in bound} != kinds:
        return Unread.AMBIGUOUS
    return found


def _bound(items: Sequence[_Item], group: _Group) -> set[int]:
    """The places of the nouns that speak of a group."""
    if group.after is None:
        return set() if group.before is None else {group.before}
    places = {group.after}
    first = group.levels[0][1].lead
    if group.before is not None and first.gap < _Gap.COMMA and not first.joined:
        places.add(group.before)  # "medial branch of the L4-5 facet joint"
    following = items[group.after + 1 : group.after + 2]
    for item in following:  # "L4, L5 medial branch and dorsal ramus"
        if isinstance(item, _Named) and item.noun is _Noun.RAMUS and group.ends_at_l5:
            places.add(group.after + 1)
    return places


def _meant(
    place: int, item: _Levels | _Ton, kind: _Noun | None, group: _Group, *, beside_ton: bool
) -> _Found | Unread:
    if isinstance(item, _Ton):
        return _Found(place, branches=frozenset((TON,)))
    if beside_ton and item.chain != ("C2", "C3"):
        return Unread.AMBIGUOUS  # the third occipital nerve is itself of C3
    if kind is _Noun.LATERAL and not _SACRAL.issuperset(item.chain):
        return Unread.OTHER_STRUCTURE
    if kind is _Noun.RAMUS and not _RAMI.issuperset(item.chain):
        return Unread.AMBIGUOUS
    of_joint = kind is _Noun.JOINT_NERVES and group.after is not None and len(item.chain) > 1
    if kind is None or kind is _Noun.JOINT or of_joint or beside_ton:
        joints = _joints(item)
        if isinstance(joints, Unread):
            return joints
        unsaid = kind is None and not beside_ton
        return (
            Unread.AMBIGUOUS if unsaid or (of_joint and len(joints) > 1) else _Found(place, joints)
        )
    if kind in (_Noun.JOINT_NERVES, _Noun.FACET_NERVES) and len(item.chain) > 1:
        return Unread.AMBIGUOUS
    branches = _branches(item)
    if isinstance(branches, Unread):
        return branches
    if len(item.chain) == 1 or not _NECK.issuperset(item.chain):
        return _Found(place, branches=branches)
    either = joints_of(branches).joints
    if len(either) == 1:  # the joint: so that C3-4 and, elsewhere, C5-6 are not three
        return _Found(place, either, as_joints=either)
    return _Found(place, branches=branches, as_joints=either)


def _beside_ton(items: Sequence[_Item], place: int) -> bool:
    """Whether nothing but nouns stands between the levels and the third occipital nerve."""
    for step in (-1, 1):
        at = place
        while 0 <= at + step < len(items):
            nearer = items[max(at, at + step)].lead
            if nearer.gap is not _Gap.NONE or nearer.joined:
                break
            at += step
            if not isinstance(items[at], _Named):
                if isinstance(items[at], _Ton):
                    return True
                break
    return False


# Levels

_SACRAL = frozenset(level for level in _LEVELS if level[0] == "S")
_RAMI = _SACRAL | {"L5"}
_VERTEBRAE = {
    name: place for place, name in enumerate([*(str(one).split("-")[0] for one in JOINTS), "S1"])
}
"""C2 to S1: the k-th is the upper one of the k-th joint."""
_NERVES = {str(one): one for one in BRANCHES[1:]}
_NECK = frozenset(("C3", "C4", "C5", "C6", "C7"))
_MOST = 6  # joints, or nerves after the first: a longer run is a slip of the pen


def _joints(levels: _Levels) -> frozenset[Joint] | Unread:
    """The joints that vertebrae name: one for each two neighbours, or all from one to the other."""
    chain, links = levels.chain, levels.links
    if len(chain) == 1:
        return Unread.AMBIGUOUS
    if not _VERTEBRAE.keys() >= set(chain):
        return Unread.NO_SUCH_LEVEL
    places = [_VERTEBRAE[level] for level in chain]
    if len(chain) % 2 == 0 and len(set(links[::2])) == len(set(links[1::2])) == 1 != len(
        set(links)
    ):
        return _pairs(places, links[1])
    if len(set(links)) > 1 or " " in links:
        return Unread.AMBIGUOUS
    if len(chain) == 2 and links in "-~":
        first, last = places
        if not first < last <= first + _MOST:
            return Unread.OUT_OF_ORDER
        return frozenset(joints_between(JOINTS[first], JOINTS[last - 1]))
    if any(lower <= upper for upper, lower in pairwise(places)):
        return Unread.OUT_OF_ORDER
    if any(lower != upper + 1 for upper, lower in pairwise(places)):
        return Unread.AMBIGUOUS
    return frozenset(JOINTS[place] for place in places[:-1])


def _pairs(places: Sequence[int], between: str) -> frozenset[Joint] | Unread:
    """L3-4/L5-S1, L3-4 to L5-S1."""
    uppers, lowers = places[::2], places[1::2]
    if any(lower != upper + 1 for upper, lower in zip(uppers, lowers, strict=True)):
        return Unread.OUT_OF_ORDER
    if any(lower <= upper for upper, lower in pairwise(uppers)):
        return Unread.OUT_OF_ORDER
    if between == "~" and len(uppers) == 2:
        if uppers[1] >= uppers[0] + _MOST:
            return Unread.OUT_OF_ORDER
        return frozenset(joints_between(JOINTS[uppers[0]], JOINTS[uppers[1]]))
    if between == "/":
        return frozenset(JOINTS[place] for place in uppers)
    return Unread.AMBIGUOUS


def _branches(levels: _Levels) -> frozenset[MedialBranch] | Unread:
    """The nerves that levels name; none where all are sacral.

    Two neighbours joined may also be a joint, which has other nerves outside the neck.
    """
    chain, links = levels.chain, levels.links
    if _SACRAL.issuperset(chain):
        ordered = all(upper < lower for upper, lower in pairwise(chain))
        return frozenset() if ordered else Unread.OUT_OF_ORDER
    if len(chain) == 1:
        return frozenset((_NERVES[chain[0]],)) if chain[0] in _NERVES else Unread.NO_SUCH_LEVEL
    order = [_ORDER[level] for level in chain]
    if any(lower <= upper for upper, lower in pairwise(order)):
        return Unread.OUT_OF_ORDER
    if not _NERVES.keys() >= set(chain) or len(set(links)) > 1 or "=" in links:
        return Unread.AMBIGUOUS
    first, last = _NERVES[chain[0]].position, _NERVES[chain[-1]].position
    run = frozenset(BRANCHES[first : last + 1])
    if len(run) == len(chain):  # each said, or two neighbours
        named = len(chain) > 2 or _NECK.issuperset(chain) or "C8" in chain
        return run if named else Unread.AMBIGUOUS
    if len(chain) > 2 or links in "/ " or (chain[0][0] == "C") != (chain[1][0] == "C"):
        return Unread.AMBIGUOUS
    return run if last - first <= _MOST else Unread.OUT_OF_ORDER


# Agreement

_REGIONS_OF = {"T11": "TL", "T12": "TL", "C8": "CT", "TON": "C"}
"""The regions of nerves that serve a joint of another than their own letter."""


def _disagrees(groups: Sequence[_Group], found: Sequence[_Found], regions: Iterable[str]) -> bool:
    """Whether a region, or joints beside their nerves, contradict what was found."""
    said = frozenset(letter for letters in regions for letter in letters)
    for one in found:
        names = [str(joint) for joint in one.joints]
        names += [_REGIONS_OF.get(str(nerve), str(nerve)) for nerve in one.branches]
        if said and any(said.isdisjoint(name) for name in names):
            return True
    by_place = {one.place: one for one in found}
    for above, group in pairwise(groups):
        if group.apposed:
            joints = _treated(by_place[place] for place, _ in group.levels)
            if joints is None or joints != _treated(by_place[place] for place, _ in above.levels):
                return True
    return _conflicts(found)


def _conflicts(found: Iterable[_Found]) -> bool:
    """Whether joints and nerves of one region are both named, and do not come to the same."""
    found = tuple(found)
    joints = frozenset(joint for one in found for joint in one.joints)
    completed = joints_of(nerve for one in found for nerve in one.branches)
    if not joints or not (completed.joints or completed.lone):
        return False
    apart = {one.region for one in joints}.isdisjoint(one.region for one in completed.joints)
    return bool(completed.lone) or not (apart or joints == completed.joints)


def _is_more_than_joints(
    found: Iterable[_Found], sides: Mapping[int, frozenset[Side]], side: Side | None
) -> bool:
    """Whether on one side the nerves of joints in the neck complete others too: "C3-4 and C5-6
    medial branches" are two joints, or four nerves and so three."""
    ours = [
        one for one in found if side in sides[one.place] or (side is None and not sides[one.place])
    ]
    as_joints = frozenset(joint for one in ours for joint in one.as_joints)
    nerves = nerves_of(as_joints).union(*(one.branches for one in ours))
    completed = joints_of(nerves).joints
    return bool(as_joints) and any(
        one.region is Region.CT for one in completed.difference(as_joints)
    )


def _treated(found: Iterable[_Found]) -> frozenset[Joint] | None:
    """All joints of what was found; None where a nerve belongs to none."""
    found = tuple(found)
    completed = joints_of(nerve for one in found for nerve in one.branches)
    named = frozenset(joint for one in found for joint in one.joints)
    return None if completed.lone else named | completed.joints


# ---- Codes -------------------------------------------------------------------------------------

_SIDE_CODES = {
    "7771000": frozenset({Side.LEFT}),
    "24028007": frozenset({Side.RIGHT}),
    "51440002": BOTH,
}
_LEVEL_CODES = {
    "243902007": "C2-3",
    "243903002": "C3-4",
    "243904008": "C4-5",
    "243905009": "C5-6",
    "243906005": "C6-7",
    "243925008": "C7-T1",
    "243908006": "T1-2",
    "243909003": "T2-3",
    "243910008": "T3-4",
    "243911007": "T4-5",
    "243912000": "T5-6",
    "243913005": "T6-7",
    "243914004": "T7-8",
    "243915003": "T8-9",
    "243916002": "T9-10",
    "243917006": "T10-11",
    "243918001": "T11-12",
    "243926009": "T12-L1",
    "243920003": "L1-2",
    "243921004": "L2-3",
    "243922006": "L3-4",
    "243923001": "L4-5",
    "243927000": "L5-S1",
    "181879009": "T12-L1",
}
"""The level of a disc is that of the joint behind it; the last is a facet joint itself."""
_REGION_CODES = _words(
    "122494005 122495006 122496007 297171002 297172009 297173004 297174005 421060004 "
    "1145014005 8454000 1141981001"
)
_VERTEBRA_CODES = _words(
    "14806007 39976000 113205007 5329002 36978003 36054005 87391001 64864005 53733008 1626008 "
    "73071006 56401006 45296009 62487009 11068009 82687006 7610001 12989004 23215003 66794005 "
    "14293000 36470004 11994002 49668003"
)
_UNREAD_CODES = MappingProxyType(
    dict.fromkeys(_REGION_CODES, Unread.NO_LEVEL)
    | dict.fromkeys(_VERTEBRA_CODES, Unread.AMBIGUOUS)
    | dict.fromkeys(("317665004", "73400003"), Unread.LANDMARK)
    | {"66459002": Unread.SIDE_UNCLEAR}  # one side
)


def read_code(code: str) -> Reading:
    """What a SNOMED CT code of a body site or a laterality names.

    A vertebra is never read: the nerve of its name, the one that crosses it, or one of two joints
    may be meant, whatever was done. A region names no level.
    Source: SNOMED CT subset of DICOM PS3.16 (as in pydicom 3.0.2); 181879009 and the joint groups
    from the SNOMED CT Editorial Guide. Raises: nothing.
    """
    if code in _SIDE_CODES:
        return Reading(sides=_SIDE_CODES[code])
    if code in _LEVEL_CODES:
        found = frozenset((joint(_LEVEL_CODES[code]),))
        return Reading(targets=(Target(NO_SIDE, found, frozenset()),))
    return Reading(unread=frozenset((_UNREAD_CODES.get(code, Unread.UNKNOWN_CODE),)))
