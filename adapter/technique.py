"""What the words of a documented procedure say of how it was done. Reads text, knows no format.

A title ("Right L4-5 medial branch block, fluoroscopic") names acts, what they were done to, by what
means and under which imaging. Phrases are looked up in tables, a word may then take others away
("prior", "without", "planned"), and each act goes to the structures of its own part of the text.
What could be meant in two ways is not read: `unclear` says so, since a guess would put a code on a
claim.

A free note tells much that is not of this procedure. Little is read of it, and nothing that its
sentence places on another occasion.

Sources: coders' names and abbreviations; CPT Assistant, August 2005 (pulsed radiofrequency is no
destruction); LCDs L38773 and L38841 (thermal means 80 degrees Celsius or more).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum, auto
from itertools import pairwise
from typing import Generic, TypeVar

from adapter.model import Element, Family, Guidance, Technique


@dataclass(frozen=True, slots=True)
class Said:
    """What a title says. `unclear` is empty, or one clause why not all of it could be read."""

    techniques: frozenset[Technique] = frozenset()
    families: frozenset[Family] = frozenset()
    guidance: frozenset[Guidance] = frozenset()
    unclear: str = ""


@dataclass(frozen=True, slots=True)
class Noted:
    """What a free note says of the procedure that it belongs to.

    `temperatures` are those, in degrees Celsius, at which tissue was treated. Pain is from 0 to 10,
    or to 100 in both. `unclear` is empty, or one clause why the means of an ablation is in doubt.
    """

    guidance: frozenset[Guidance] = frozenset()
    techniques: frozenset[Technique] = frozenset()
    elements: frozenset[Element] = frozenset()
    pain_before: Decimal | None = None
    pain_after: Decimal | None = None
    stopped: bool = False
    temperatures: frozenset[Decimal] = frozenset()
    unclear: str = ""


THERMAL_FROM = Decimal(80)
"""Degrees Celsius. Source: the LCDs' limitation on non-thermal denervation."""

ELSEWHERE = "a technique is named only as not done, as intended, or as of another occasion"
MEANS_UNSAID = "a destruction of nerves is named, but not by what means"
MEANS_UNKNOWN = "a destruction of nerves is named whose means has no code of its own here"
NOT_HOT = "radiofrequency below 80 degrees Celsius is called neither pulsed nor cooled"
HOT_PULSES = "pulsed radiofrequency is named with 80 degrees Celsius or more"
NOT_THERMAL = "radiofrequency is called not thermal, but not pulsed"
ABBREVIATED = "an abbreviation stands for more than one kind of radiofrequency"
OF_WHAT = "an act is named, but not what it was done to"
NOT_WHAT = "a facet joint or its nerve is named, but not what was done there"
WHICH = "an act is named beside several structures, and not to which it was done"
EITHER = "alternatives are named, and not which of them was done"
CYST_INJECTED = "an injection of a facet cyst is named, but neither its rupture nor its aspiration"
TWO_ACTS = "an injection and a destruction are named as if they were one act"
QUESTIONED = "a question mark stands behind what was done"


# --- words --------------------------------------------------------------------------------------


class _Sign(Enum):
    """What a phrase of the tables tells. A word that is in no table is `UNKNOWN`."""

    # what was treated
    JOINT = auto()
    NERVE = auto()
    RAMUS = auto()  # of L5 a facet nerve; treated with lateral branches too, for another joint
    CYST = auto()
    ANY_CYST = auto()  # of a facet only beside one
    SUPPLY = auto()  # "nerves to the …": what it supplies decides
    # what was done
    INJECT = auto()
    RF = auto()
    DESTROY = auto()
    CUT = auto()
    DRAIN = auto()
    # how
    INTRA_ARTICULAR = auto()
    IA = auto()  # of a joint that is named; alone it may be an artery
    PULSED = auto()
    COOLED = auto()
    THERMAL = auto()
    CHEMICAL = auto()
    CRYO = auto()
    LASER = auto()
    ENDOSCOPIC = auto()
    OTHER_MEANS = auto()
    LOW = auto()
    SHORT = auto()  # "RF" is radiofluoroscopy too
    ANY_RF = auto()  # an abbreviation of more than one kind
    # imaging that is named without saying which, or that need not be guidance
    IMAGING = auto()
    CT = auto()
    MRI = auto()
    BLIND = auto()
    # what takes other words away
    NOT = auto()
    NON = auto()
    LISTED_ELSEWHERE = auto()  # prior, planned: what is listed behind it may be so too
    AFTER = auto()
    FOR = auto()
    POSTPONED = auto()  # behind what it speaks of, or before it
    NOT_DONE = auto()
    NOT_USED = auto()
    RELIEVED = auto()  # what brought it was done before
    QUESTION = auto()
    NOW = auto()
    # what stands between
    AND = auto()
    WITH = auto()
    OR = auto()
    COMMA = auto()
    OPEN = auto()
    CLOSE = auto()
    STOP = auto()
    PAIN = auto()  # makes a diagnosis of the structure before it
    PLAIN = auto()
    IGNORED = auto()  # of another matter, yet of no other structure
    UNKNOWN = auto()


_Meaning = _Sign | Family | Guidance

_JOINT_WORDS = (
    "facet|facets|facet joint|facet jt|facet jnt|facetal joint|zygapophyseal|zygapophysial|"
    "zygapophyseal joint|zygapophysial joint|zygoapophyseal joint|zygoapophysial joint|"
    "zygoapophyseal|zygoapophysial|zygopophyseal joint|apophyseal joint|apophysial joint|z joint|"
    "zjoint|z jt|facet zygapophyseal joint|facet zygapophysial joint"
)
_RF_WORDS = "rfa|rfl|rfn|rfd|rftc|rftn|radiofrequency|radio frequency|radiofrequent"
_DESTROY_WORDS = (
    "ablation|ablate|ablated|ablating|ablative|denervation|denervate|denervated|neurotomy|"
    "neurotomies|rhizotomy|rhizotomies|rhizolysis|neurolysis|neurolytic|neuroablation|"
    "neuroablative|destruction|lesioning|lesion|lesioned|coagulation|neurodestruction|"
    "neurodestructive|neurolytic block|neurolytic injection|neurolytic agent"
)


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _each(phrases: str, pattern: str) -> str:
    return "|".join(pattern.format(phrase) for phrase in phrases.split("|"))


_PHRASES: Sequence[tuple[tuple[_Meaning, ...], str]] = (
    # --- facet joints and their nerves
    ((_Sign.JOINT,), _JOINT_WORDS),
    (
        (_Sign.NERVE,),
        "medial branch|medial branch nerve|med branch|medial br|med br|medial nerve branch|mbn|"
        "third occipital nerve|third occipital|3 rd occipital nerve|3 rd occipital|ton|ton nerve|"
        + _each(_JOINT_WORDS, "{} nerve"),
    ),
    (
        (_Sign.RAMUS,),
        "dorsal ramus|dorsal rami|dorsal primary ramus|dorsal primary rami|primary dorsal ramus|"
        "primary dorsal rami|posterior ramus|posterior rami|posterior primary ramus|"
        "posterior primary rami",
    ),
    (
        (_Sign.CYST,),
        "juxtafacet cyst|juxta facet cyst|juxta articular cyst|lumbar synovial cyst|"
        "spinal synovial cyst|lumbar facet cyst|"
        + _each(_JOINT_WORDS, "{} cyst")
        + "|"
        + _each(_JOINT_WORDS, "{} synovial cyst")
        + "|"
        + _each(_JOINT_WORDS, "synovial cyst of {0}|synovial cyst of the {0}"),
    ),
    ((_Sign.ANY_CYST,), "cyst|synovial cyst|ganglion cyst"),
    (
        (_Sign.SUPPLY,),
        "nerve innervating|nerve supplying|nerve serving|nerve to|nerve of|nerve for|"
        "innervation of|nerve supply of|nerve supply to",
    ),
    # --- acts
    (
        (_Sign.INJECT,),
        "injection|injected|injecting|inject|inj|infiltration|block|blk|blockade|blocked|"
        "nerve block|nerve blk|nerve injection",
    ),
    ((_Sign.RF,), _RF_WORDS),
    ((_Sign.RF, _Sign.SHORT), "rf"),
    ((_Sign.DESTROY,), _DESTROY_WORDS),
    ((_Sign.CUT,), "transection|transected|transecting|neurectomy|neurectomies"),
    ((_Sign.DRAIN,), "rupture|ruptured|rupturing|aspiration|aspirated|fenestration|drainage"),
    # --- means
    (
        (_Sign.INTRA_ARTICULAR,),
        "intra articular|intraarticular|intra articularly|intraarticularly|intracapsular",
    ),
    ((_Sign.IA,), "ia"),
    ((_Sign.PULSED,), "pulsed"),
    ((_Sign.PULSED, _Sign.RF), "prf|prfa|" + _each(f"rf|{_RF_WORDS}", "pulse {}")),
    (
        (_Sign.COOLED,),
        "cooled|water cooled|watercooled|internally cooled|coolief|cooled tip",
    ),
    ((_Sign.COOLED, _Sign.RF), "wcrf|wcrfa|" + _each(f"rf|{_RF_WORDS}", "cool {}")),
    ((_Sign.THERMAL,), "thermal|thermally|high temperature"),
    ((_Sign.THERMAL, _Sign.DESTROY), "thermocoagulation|thermoablation|thermolesion"),
    (
        (_Sign.THERMAL, _Sign.RF),
        _each(
            f"rf|{_RF_WORDS}", "conventional {0}|continuous {0}|standard {0}|{0} thermocoagulation"
        ),
    ),
    (
        (_Sign.THERMAL, _Sign.PULSED),
        "conventional and pulsed|continuous and pulsed|standard and pulsed|pulsed and conventional|"
        "pulsed and continuous|pulsed and standard|conventional plus pulsed|pulsed plus continuous",
    ),
    ((_Sign.THERMAL, _Sign.COOLED), "conventional and cooled|cooled and conventional"),
    ((_Sign.CHEMICAL,), "phenol|alcohol|ethanol|glycerol|chemical|chemically"),
    ((_Sign.CHEMICAL, _Sign.DESTROY), "chemoneurolysis|chemorhizotomy"),
    ((_Sign.CRYO,), "cryo|cryogenic|cryoprobe"),
    (
        (_Sign.CRYO, _Sign.DESTROY),
        "cryoneurolysis|cryoablation|cryoneuroablation|cryodenervation|cryorhizotomy|"
        "cryoanalgesia|cryolesion|cryoneurotomy",
    ),
    ((_Sign.LASER,), "laser"),
    ((_Sign.ENDOSCOPIC,), "endoscopic|endoscopically|endoscope|endoscopy"),
    (
        (_Sign.ENDOSCOPIC, _Sign.DESTROY),
        "open rhizotomy|open denervation|open neurotomy|open neurolysis|open facet denervation|"
        "open facet rhizotomy|surgical rhizotomy|surgical denervation|surgical neurotomy|"
        "surgical facet denervation|open surgical denervation",
    ),
    (
        (_Sign.OTHER_MEANS,),
        "microwave|focused ultrasound|focussed ultrasound|hifu|mrgfus|electrocautery|cautery|"
        "coblation|botulinum|botox|prolotherapy",
    ),
    ((_Sign.OTHER_MEANS, _Sign.DESTROY), "chemodenervation|electrocoagulation"),
    ((_Sign.ANY_RF, _Sign.RF), "crf|crfa"),
    ((_Sign.LOW,), "low temperature|nonthermal|athermal|nonablative|non ablative|subablative"),
    # --- both in one word
    (
        (_Sign.NERVE, _Sign.INJECT),
        "mbb|mbnb|lmbb|cmbb|tmbb|lmbnb|cmbnb|mb block|mb blk|mb nerve block|tonb",
    ),
    (
        (_Sign.NERVE, _Sign.RF),
        "mbrfa|mbrf|lmbrfa|cmbrfa|tmbrfa|mb rfa|mb rf|mb rfn|mb rftc|mb radiofrequency",
    ),
    ((_Sign.JOINT, _Sign.INJECT), "fji|lfji|cfji|fjb"),
    # --- what is no facet joint
    (
        (Family.SACROILIAC,),
        "sacroiliac|sacroiliac joint|sacro iliac|sacro iliac joint|si joint|s i joint|sij|si jt|"
        "lateral branch|lateral branch nerve|sacral lateral branch|si rfa|si injection|"
        "sacral neurotomy",
    ),
    ((Family.SACROILIAC, _Sign.INJECT), "siji|si inj"),
    ((Family.GENICULAR,), "genicular|genicular nerve|geniculate nerve"),
    (
        (Family.BASIVERTEBRAL,),
        "basivertebral|basivertebral nerve|basi vertebral nerve|bvn|bvna|intracept|"
        "intraosseous nerve|intraosseous basivertebral",
    ),
    (
        (Family.EPIDURAL,),
        "epidural|epidurals|peridural|transforaminal|trans foraminal|interlaminar|inter laminar|"
        "translaminar|epidural steroid|caudal epidural|blood patch|adhesiolysis|epiduroscopy|"
        "epidurolysis",
    ),
    (
        (Family.EPIDURAL, _Sign.INJECT),
        "esi|lesi|cesi|tesi|tfesi|ilesi|cilesi|lilesi|clesi|tlesi|caudal injection|"
        "caudal block|caudal steroid injection|caudal esi|interlaminar esi|transforaminal esi",
    ),
    (
        (Family.NERVE_ROOT,),
        "nerve root|spinal nerve root|selective nerve root|selective nerve|dorsal root ganglion|"
        "dorsal root ganglia|drg",
    ),
    ((Family.NERVE_ROOT, _Sign.INJECT), "snrb|snrbs|tfsnrb"),
    (
        (Family.SYMPATHETIC,),
        "sympathetic|sympathetic chain|paravertebral sympathetic|stellate|stellate ganglion|celiac|"
        "coeliac|celiac plexus|coeliac plexus|hypogastric|hypogastric plexus|"
        "superior hypogastric plexus|ganglion impar|ganglion of impar|splanchnic|splanchnic nerve|"
        "sympathectomy|sphenopalatine|sphenopalatine ganglion",
    ),
    ((Family.SYMPATHETIC, _Sign.INJECT), "sgb|lspb|spg block"),
    (
        (Family.OCCIPITAL,),
        "occipital nerve|greater occipital|greater occipital nerve|lesser occipital|"
        "lesser occipital nerve|greater and lesser occipital|greater and lesser occipital nerve|"
        "gon|lon|occipital injection|occipital rfa|occipital radiofrequency|occipital neurotomy",
    ),
    ((Family.OCCIPITAL, _Sign.INJECT), "gonb|lonb|onb|occipital block|suboccipital block"),
    (
        (Family.OCCIPITAL, _Sign.NERVE),
        "greater and third occipital|greater and third occipital nerve|"
        "lesser and third occipital nerve|greater lesser and third occipital nerve|"
        "third and greater occipital nerve",
    ),
    (
        (Family.TRIGGER_POINT,),
        "trigger point|myofascial|intramuscular|piriformis|psoas|muscle|tendon|tendon sheath|"
        "ligament",
    ),
    ((Family.TRIGGER_POINT, _Sign.INJECT), "tpi|tpis"),
    (
        (Family.FASCIAL_PLANE,),
        "erector spinae|erector spinae plane|esp block|esp plane|tap block|transversus abdominis|"
        "transversus abdominis plane|transverse abdominis plane|quadratus lumborum|ql block|"
        "pecs|pecs 1|pecs 2|pectoral nerve|serratus|serratus anterior|fascia iliaca|rectus sheath|"
        "fascial plane|interfascial|interfascial plane|tlip|thoracolumbar interfascial|retrolaminar"
        "|plane block",
    ),
    ((Family.FASCIAL_PLANE, _Sign.INJECT), "espb|tapb|qlb|ficb"),
    ((Family.INTERCOSTAL,), "intercostal|intercostal nerve"),
    ((Family.INTERCOSTAL, _Sign.INJECT), "icnb"),
    (
        (Family.PERIPHERAL_NERVE,),
        "peripheral nerve|pudendal|pudendal nerve|ilioinguinal|iliohypogastric|genitofemoral|"
        "lateral femoral cutaneous|lfcn|suprascapular|suprascapular nerve|saphenous|"
        "saphenous nerve|"
        "sciatic|sciatic nerve|femoral nerve|obturator|obturator nerve|median nerve|ulnar|"
        "ulnar nerve|radial nerve|trigeminal|trigeminal nerve|gasserian|cluneal|cluneal nerve|"
        "superior cluneal nerve|middle cluneal nerve|phrenic|vagus|peroneal|tibial nerve|sural|"
        "axillary nerve|brachial plexus|interscalene|supraclavicular|infraclavicular|"
        "cervical plexus|lumbar plexus|adductor canal|ipack|supraorbital|infraorbital|"
        "digital nerve|"
        "spinal accessory nerve|plantar nerve|morton neuroma|neuroma|stump|paravertebral block|"
        "paravertebral nerve|paravertebral nerve block|articular branch|maxillary nerve|"
        "mandibular nerve|glossopharyngeal|dorsal scapular|long thoracic|musculocutaneous|"
        "facial nerve|auriculotemporal|great auricular",
    ),
    ((Family.PERIPHERAL_NERVE, _Sign.INJECT), "pvb|pnb"),
    (
        (Family.OTHER_JOINT,),
        "knee|knee joint|hip|hip joint|shoulder|shoulder joint|glenohumeral|glenohumeral joint|"
        "acromioclavicular|acromioclavicular joint|ac joint|elbow|elbow joint|wrist|wrist joint|"
        "ankle|ankle joint|subacromial|subacromial bursa|bursa|trochanteric|"
        "greater trochanteric bursa|trochanter|temporomandibular|temporomandibular joint|tmj|thumb|"
        "carpometacarpal|cmc joint|costovertebral|costovertebral joint|costotransverse|"
        "costotransverse joint|sternoclavicular|sternoclavicular joint|atlantoaxial|"
        "atlantoaxial joint|atlanto axial|atlanto axial joint|atlantooccipital|"
        "atlantooccipital joint|atlanto occipital|atlanto occipital joint|pubic symphysis|"
        "symphysis pubis|subtalar|finger|toe|sacrococcygeal|sacrococcygeal joint|coccyx|"
        "patellar facet|patella facet|talar facet|calcaneal facet|metatarsophalangeal|"
        "metacarpophalangeal|interphalangeal",
    ),
    (
        (Family.DISC,),
        "discogram|discography|diskogram|diskography|intradiscal|intradiskal|disc injection|"
        "disk injection|disc decompression|disk decompression|disc biopsy|disc aspiration|"
        "nucleoplasty|annuloplasty|idet|chemonucleolysis|intervertebral disc injection",
    ),
    (
        (Family.VERTEBRAL_AUGMENTATION,),
        "vertebroplasty|kyphoplasty|sacroplasty|vertebral augmentation|spinejack",
    ),
    (
        (Family.NEUROSTIMULATION,),
        "spinal cord stimulator|spinal cord stimulation|scs|drg stimulation|drg stimulator|"
        "dorsal root ganglion stimulation|dorsal root ganglion stimulator|"
        "peripheral nerve stimulation|peripheral nerve stimulator|pns|neurostimulator|"
        "neurostimulation|neuromodulation|dorsal column stimulator|stimulator|stimulation lead|"
        "nerve stimulator|nerve stimulation|field stimulation",
    ),
    (
        (Family.SPINE_SURGERY,),
        "laminectomy|laminotomy|hemilaminectomy|laminoplasty|foraminotomy|spinal fusion|"
        "lumbar fusion|cervical fusion|thoracic fusion|interbody fusion|posterolateral fusion|"
        "facet fusion|facet joint fusion|sacroiliac fusion|fusion|arthrodesis|discectomy|"
        "diskectomy|microdiscectomy|lumbar decompression|cervical decompression|"
        "spinal decompression|corpectomy|facetectomy|interspinous spacer|pedicle screw|"
        "facet screw|facet implant|facet joint implant|facet allograft|facet dowel|acdf|tlif|plif|"
        "alif|xlif|olif|selective dorsal rhizotomy|rhizotomy for spasticity",
    ),
    # --- imaging
    (
        (Guidance.FLUOROSCOPY,),
        "fluoroscopy|fluoroscopic|fluoroscopically|fluoro|fluoroscope|fluoroscopic guidance|"
        "fluoroscopy guidance|fluoroscopic guided|fluoroscopically guided|fluoroscopy guided|"
        "fluoro guidance|fluoro guided|c arm|c arm fluoroscopy|c arm guidance|x ray guidance|"
        "x ray guided|x ray control|xray guidance|xray guided|under x ray|under xray|"
        "rf guidance|rf guided|radiofluoroscopy|radiofluoroscopic|radiofluoroscopic guidance|"
        "xr guidance|xr guided|radiographic guidance|image intensifier|continuous fluoroscopy|"
        "continuous fluoroscopic|"
        "fluoroscopy time|fluoro time|fluoroscopic control|fluoroscopic view|fluoroscopic imaging|"
        "fluoroscopic visualization|"
        "fluoroscopic visualisation|fluoroscopic assistance",
    ),
    (
        (Guidance.CT,),
        "ct guidance|ct guided|ct control|ct assisted|ct assistance|ct fluoroscopy|ct fluoro|"
        "ct fluoroscopic|ct fluoroscopic guidance|ct fluoroscopy guidance|ct fluoroscopy guided|"
        "ct localization|ct localisation|under ct|under ct fluoroscopy|under ct scan|via ct|"
        "with ct guidance|using ct|by ct|computed tomography|computed tomography guidance|"
        "computed tomographic guidance|computerized tomography|computerised tomography|"
        "computed tomography guided|computed tomography fluoroscopy|ct scanner|ct imaging guidance|"
        "cone beam ct|cone beam computed tomography|cbct|cat scan guidance|ct image guidance|"
        "fluoroscopic ct|ct scan guidance|ct scan guided",
    ),
    (
        (Guidance.ULTRASOUND,),
        "ultrasound|ultrasound guidance|ultrasound guided|ultrasonography|ultrasonographic|"
        "ultrasonographic guidance|sonographic|sonographically|sonographic guidance|sonography|"
        "sonographically guided|us guidance|us guided|u s guidance|u s guided|usg guided|"
        "usg guidance|ultra sound|ultra sound guidance|ultra sound guided|sonogram|"
        "ultrasound machine|ultrasound probe|ultrasonic guidance",
    ),
    (
        (Guidance.MRI,),
        "mri guidance|mri guided|mr guidance|mr guided|under mri|mri control|"
        "magnetic resonance guidance|magnetic resonance guided|magnetic resonance imaging guidance|"
        "magnetic resonance imaging guided|interventional mri",
    ),
    (
        (_Sign.IMAGING,),
        "imaging|image|image guidance|image guided|imaging guidance|imaging guided|image control|"
        "radiologic guidance|radiological guidance|guidance|guided|image assistance",
    ),
    ((_Sign.CT,), "ct"),
    ((_Sign.MRI,), "mri|magnetic resonance imaging"),
    (
        (_Sign.BLIND,),
        "blind|blind technique|blind injection|blindly|unguided|landmark guided|landmark based|"
        "landmark guidance|landmark technique|by landmark|surface landmark|"
        "anatomic landmark guided|"
        "anatomical landmark guided|palpation guided|palpation guidance|by palpation",
    ),
    (
        (_Sign.UNKNOWN,),
        "ct myelogram|ct myelography|ct scan|fluoroscopy suite|fluoroscopy room|fluoroscopic table|"
        "fluoroscopy table|fluoroscopy unit|therapeutic ultrasound|"
        "double blind|single blind|double blinded|laser therapy|low level laser|alcohol prep|"
        "alcohol swab|alcohol pad|alcohol use|alcohol wipe|alcohol abuse|facet tropism",
    ),
    # --- what takes other words away
    (
        (_Sign.NOT,),
        "not|no|never|without|w / o|neither|nor|rather than|instead of|unlike|except|excluding|"
        "excludes|unable to|cannot|could not|did not|does not|do not|in lieu of|rule out|r / o|"
        "absence of|aside from",
    ),
    ((_Sign.NON,), "non"),
    (
        (_Sign.LISTED_ELSEWHERE,),
        "prior|previous|past|earlier|s / p|sp|status post|post|history|history of|hx|h / o|failed|"
        "had|last|recent|positive|successful|future|next|upcoming|will|may|might|possible|if|"
        "return for|education|counseling|counselling|instruction|instructions|"
        "follow up|referral|consult|consultation|evaluation|evaluation for|anesthesia for|"
        "anaesthesia for|sedation for|authorization for|preauthorization|eligible|response to|"
        "anticipated|anticipation of|consent for|consent|discussion of|screening|"
        "schedule|plan|planning|consider|considering|recommend|hold|cancel|defer|order|reschedule|"
        "versus prior",
    ),
    (
        (_Sign.AFTER,),
        "after|following|since|before|prior to|in preparation for|in anticipation of|pre|until|"
        "pending result of|based on|due to|because of|above|below|adjacent to|near|beneath|"
        "candidacy for|candidate for|to qualify for|prelude to|leading to|alternative to|"
        "in place of|precursor to|in advance of|ahead of|"
        "awaiting|in view of|given",
    ),
    ((_Sign.FOR,), "for"),
    (
        (_Sign.POSTPONED,),
        "planned|scheduled|pending|ordered|rescheduled|booked|authorized|authorised|approved|"
        "on hold|"
        "previously|proposed|recommended|requested|request|considered|"
        "candidate|candidacy|ago|last week|last month|last year|next week|next month|"
        "next visit|next time|next year|to follow|discussed|tentative|"
        "attempt in the past|to be done|to be scheduled|to be performed",
    ),
    (
        (_Sign.NOT_DONE,),
        "not performed|not done|not completed|not given|not carried out|not undertaken|was not|"
        "were not|deferred|cancelled|canceled|declined|refused|postponed|not indicated|denied|"
        "not attempted|withheld|omitted|could not be performed|could not be done|not possible",
    ),
    (
        (_Sign.RELIEVED,),
        "relief|pain relief|good response|improvement|relief from|relief with",
    ),
    (
        (_Sign.NOT_USED,),
        "not used|was not used|were not used|not utilized|not utilised|was not utilized|"
        "was not utilised|not employed|was not employed|unavailable|not available|"
        "was not available|was unavailable",
    ),
    ((_Sign.QUESTION,), "?"),
    ((_Sign.NOW,), "today|now|but|currently|only"),
    # --- what stands between
    (
        (_Sign.AND,),
        "and|&|+|plus|then|followed by|as well as|along with|combined with|together with|"
        "in addition to|in combination with|also",
    ),
    ((_Sign.WITH,), "with|w /|w"),
    ((_Sign.OR,), "or|/|and / or|versus|vs|either"),
    ((_Sign.COMMA,), ","),
    ((_Sign.OPEN,), "(|[|{|:|–|="),
    ((_Sign.CLOSE,), ")|]|}"),
    ((_Sign.STOP,), ".|;|\n|!"),
    (
        (_Sign.PAIN,),
        "pain|arthropathy|arthritis|arthrosis|syndrome|disease|hypertrophy|mediated|mediated pain|"
        "osteoarthritis|degeneration|dysfunction|sprain|spondylosis|effusion|oa|djd|related pain|"
        "neuralgia|neuropathy|degenerative disease|degenerative joint disease|tenderness|"
        "inflammation|arthralgia|osteoarthrosis|sacroiliitis|instability|stenosis|headache|"
        "radiculopathy|radiculitis|spasm|compression|irritation|impingement|fibrosis|abscess|"
        "lipomatosis|hematoma|haematoma|herniation|mediated back pain|strain|injury|tear",
    ),
    # --- no more than it says
    (
        (_Sign.IGNORED,),
        "without sedation|no sedation|without steroid|no steroid|without corticosteroid|"
        "no corticosteroid|without contrast|no contrast|with or without|with / without|"
        "without complication|no complication|without difficulty|without incident|"
        "without anesthesia|without anaesthesia|no anesthesia|no anaesthesia|"
        "not otherwise specified|not elsewhere classified|following procedure|non steroid|"
        "non steroidal|non surgical|nonsurgical|without local anesthetic|without catheter|"
        "without epinephrine|preservative free|post procedure|post operative|post op|pre procedure|"
        "pre operative|pre op|after care|no charge|if applicable|if needed|for pain|for chronic|"
        "for pain relief|for relief|for low back pain|for back pain|for neck pain|no level|"
        "without image storage|"
        "no additional|prior authorization|prior auth|without monitored anesthesia care",
    ),
    (
        (_Sign.PLAIN,),
        "a|an|the|of|to|at|on|in|by|into|from|under|via|using|per|left|right|bilateral|unilateral|"
        "bilat|lt|rt|l|r|b|bl|b / l|lumbar|cervical|thoracic|lumbosacral|thoracolumbar|"
        "cervicothoracic|spine|spinal|level|region|side|sided|paravertebral|percutaneous|"
        "diagnostic|"
        "therapeutic|dx|tx|repeat|initial|first|second|third|fourth|single|multiple|additional|"
        "each|one|"
        "two|three|four|x|#|procedure|operation|treatment|therapy|performed|done|completed|"
        "direct|live|intermittent|use|use of|the use of|any|steroid|corticosteroid|local|"
        "anesthetic|anaesthetic|agent|medication|needle|probe|electrode|cannula|monopolar|bipolar|"
        "gauge|mm|cm|ml|mg|cc|s|sec|second|minute|min|c|degree|deg|celsius|°|temperature|mode|"
        "session|management|low|back|neck|was|were|is|be|has|been|this|that|it|%|-|'|\"|*|~|both|"
        "interventional|outpatient|used|utilized|utilised|employed|performed under|rd|nd|st|th|"
        "current|energy|dose|technique|tip|active|volt|v|hz|cycle|time|set|for chronic pain",
    ),
)

_LEVEL = re.compile(r"[ctlsx]\d{1,2}|\d+(?:\.\d+)?")
_TOKEN = re.compile(r"[a-z]+\d*|[^\W\d_]+|\d+(?:\.\d+)?|\n|[^\sa-z\d]")
_DASHES = str.maketrans(
    {
        **dict.fromkeys("‐‑‒–—―−﹘﹣-", "-"),
        **dict.fromkeys("’‘ʼ`´", "'"),
        **dict.fromkeys("º˚∘", "°"),
        **dict.fromkeys("\r\v\f\x85\u2028\u2029•|", "\n"),
        "℃": "°C",
    }
)
_DOTTED = re.compile(r"(?<![a-z.])(?:[a-z]\.){2,}(?![a-z])")  # "M.B.B."
_NOT_SHORT = re.compile(r"n't\b")


def _tokens(text: str) -> list[str]:
    """Words, numbers, levels and marks of a text, in small letters and without accents.

    A hyphen inside a word is no token; one between numbers is "-", one between spaces
    is a dash.
    """
    folded = unicodedata.normalize("NFKD", text.translate(_DASHES)).translate(_DASHES).casefold()
    plain = "".join(c for c in folded if unicodedata.category(c) not in ("Mn", "Cf"))
    plain = _NOT_SHORT.sub(" not", plain)
    plain = _DOTTED.sub(lambda letters: letters.group().replace(".", "") + " ", plain)
    found: list[str] = []
    for match in _TOKEN.finditer(plain):
        word = match.group()
        start, end = match.span()
        if word == "-":
            before, after = plain[start - 1 : start], plain[end : end + 1]
            if not (before.isalnum() and after.isalnum()):
                word = "–"
            elif not (before.isdigit() and after.isdigit()):
                continue
        elif word == "." and plain[end : end + 1].isalnum():
            continue
        elif found and _LEVEL.fullmatch(found[-1]):  # "L4 MB", "L5 DR", but not "L5 Dr. …"
            if word in ("mb", "mbs"):
                word = "mbn"
            elif word == "dr" and found[-1][0] in "ctl" and plain[end : end + 1] != ".":
                found.append("dorsal")
                word = "ramus"
        found.append(word)
    return found


M = TypeVar("M")


class _Node(Generic[M]):
    __slots__ = ("meaning", "next")

    def __init__(self) -> None:
        self.next: dict[str, _Node[M]] = {}
        self.meaning: M | None = None

    def after(self, word: str) -> _Node[M] | None:
        """The node behind a word, or behind its singular."""
        for form in (word, word.removesuffix("s"), word.removesuffix("es")):
            if form in self.next:
                return self.next[form]
        return None


class _Phrases(Generic[M]):
    """A table of phrases: the longest that starts at a word is found, in singular or plural."""

    def __init__(self, table: Iterable[tuple[M, str]]) -> None:
        self._root: _Node[M] = _Node()
        for meaning, phrases in table:
            for phrase in phrases.split("|"):
                node = self._root
                for word in phrase.split(" "):
                    node = node.next.setdefault(word, _Node())
                node.meaning = meaning

    def at(self, tokens: Sequence[str], start: int) -> tuple[M, int] | None:
        """What the longest phrase at `start` means, and where it ends."""
        found = None
        node = self._root
        for place in range(start, len(tokens)):
            following = node.after(tokens[place])
            if following is None:
                break
            node = following
            if node.meaning is not None:
                found = node.meaning, place + 1
        return found


_TITLE: _Phrases[tuple[_Meaning, ...]] = _Phrases(_PHRASES)

_FACET = frozenset(
    (_Sign.JOINT, _Sign.NERVE, _Sign.RAMUS, _Sign.CYST, _Sign.ANY_CYST, _Sign.SUPPLY)
)
_ACTS = frozenset((_Sign.INJECT, _Sign.RF, _Sign.DESTROY, _Sign.CUT, _Sign.DRAIN))
_DESTROYING = frozenset((_Sign.RF, _Sign.DESTROY, _Sign.CUT))
_MEANS = {
    _Sign.PULSED: Technique.PULSED,
    _Sign.COOLED: Technique.COOLED,
    _Sign.THERMAL: Technique.THERMAL,
    _Sign.CHEMICAL: Technique.CHEMICAL,
    _Sign.CRYO: Technique.CRYO,
    _Sign.LASER: Technique.LASER,
}
_HOW = frozenset(_MEANS) | {
    _Sign.INTRA_ARTICULAR,
    _Sign.IA,
    _Sign.ENDOSCOPIC,
    _Sign.OTHER_MEANS,
    _Sign.ANY_RF,
    _Sign.LOW,
    _Sign.SHORT,
}
_BETWEEN = (  # of several in a row, the first here counts
    _Sign.OR,
    _Sign.AND,
    _Sign.WITH,
    _Sign.OPEN,
    _Sign.COMMA,
    _Sign.CLOSE,
    _Sign.STOP,
)
_WALLS = frozenset((_Sign.COMMA, _Sign.OPEN, _Sign.CLOSE, _Sign.STOP))
_MODALITIES = {_Sign.CT: Guidance.CT, _Sign.MRI: Guidance.MRI}
_INJECTIONS = frozenset((Technique.INTRA_ARTICULAR, Technique.BRANCH_BLOCK, Technique.INJECTION))
_OTHER_WORK = frozenset(  # done at facet joints too, yet no act of the tables
    (Family.NEUROSTIMULATION, Family.SPINE_SURGERY, Family.VERTEBRAL_AUGMENTATION)
)


@dataclass(slots=True)
class _Spot:
    """A phrase where it stands. `away`: what takes it from this procedure."""

    meanings: tuple[_Meaning, ...]
    start: int
    end: int
    away: _Meaning | None = None

    @property
    def one(self) -> _Meaning:
        return self.meanings[0]

    @property
    def tells(self) -> bool:
        """Whether it says something of a procedure."""
        return any(
            isinstance(m, Family | Guidance) or m in _FACET or m in _ACTS or m in _HOW
            for m in self.meanings
        )

    def drop(self) -> None:
        self.meanings = (_Sign.IGNORED,)


def _spots(tokens: Sequence[str]) -> list[_Spot]:
    found: list[_Spot] = []
    place = 0
    while place < len(tokens):
        known = _TITLE.at(tokens, place)
        if known is None:
            level = _LEVEL.fullmatch(tokens[place])
            known = ((_Sign.PLAIN if level else _Sign.UNKNOWN,), place + 1)
        spot = _Spot(known[0], place, known[1])
        if tokens[place] == "/" and _between_levels(tokens, place):
            spot.meanings = (_Sign.PLAIN,)
        elif tokens[place] == "no" and found and found[-1].tells and _counts(tokens, place + 1):
            spot.meanings = (_Sign.PLAIN,)  # "block no 2"
        elif spot.one is _Sign.PAIN:
            if found and all(m in _FACET or isinstance(m, Family) for m in found[-1].meanings):
                found[-1].drop()
            spot.drop()
        found.append(spot)
        place = spot.end
    return found


def _counts(tokens: Sequence[str], place: int) -> bool:
    return place < len(tokens) and tokens[place].isdecimal()


def _between_levels(tokens: Sequence[str], place: int) -> bool:
    around = (*tokens[max(0, place - 1) : place], *tokens[place + 1 : place + 2])
    return len(around) == 2 and all(map(_LEVEL.fullmatch, around))


# --- what a word takes from this procedure ------------------------------------------------------


def _take_away(spots: Sequence[_Spot]) -> bool:
    """Mark what was not done here and now. True: a list may go on that was not done either."""
    leading = _take_what_stands_before(spots)
    scope: _Meaning | None = None
    reached = listed = doubtful = False
    purpose = begun = False
    for position, spot in enumerate(spots):
        sign = spot.one
        if spot.tells:
            previous = spots[position - 1].one if position else None
            if spot.away is None and previous is _Sign.NON:
                spot.away = _Sign.NON
            elif spot.away is None and scope is not None:
                spot.away = scope
                reached = reached or any(
                    isinstance(m, Family) or m in _FACET | _ACTS for m in spot.meanings
                )
            elif spot.away is None and listed:
                spot.away = _Sign.LISTED_ELSEWHERE
                doubtful = doubtful or not _ACTS.isdisjoint(spot.meanings)
            elif purpose and not _ACTS.isdisjoint(spot.meanings) and sign is not _Sign.DRAIN:
                spot.away = spot.away or _Sign.FOR
            begun = begun or (spot.away is None and not _ACTS.isdisjoint(spot.meanings))
        elif sign in _WALLS:
            # "After a block, RFA" goes on with what was done; "RFA after a block, …" may not
            lists = scope in (_Sign.LISTED_ELSEWHERE, _Sign.NOT) or (scope is _Sign.AFTER and begun)
            listed = sign is _Sign.COMMA and (listed or (lists and reached))
            if sign is not _Sign.OPEN:
                scope = None
            purpose = False
        elif sign is _Sign.NOW:
            scope, listed = None, False
        elif sign in (_Sign.AND, _Sign.OR, _Sign.WITH):
            if scope is _Sign.NOT and not reached and sign is not _Sign.OR:
                scope = None
            purpose = False
        elif sign in (_Sign.AFTER, _Sign.LISTED_ELSEWHERE) or (sign is _Sign.NOT and not scope):
            scope, reached = sign, False
        elif position in leading:
            scope, reached = _Sign.LISTED_ELSEWHERE, False
        elif sign is _Sign.FOR:
            purpose = not any(
                isinstance(s.one, Guidance) or s.one is _Sign.IMAGING
                for s in spots[max(0, position - 1) : position]
            )
    return doubtful


_LEADING = frozenset((_Sign.AFTER, _Sign.LISTED_ELSEWHERE, _Sign.FOR))
_STRENGTH: Sequence[_Meaning] = (  # of words that take what stands before them: how far they reach
    _Sign.LISTED_ELSEWHERE,
    _Sign.RELIEVED,
    _Sign.NOT_USED,
    _Sign.POSTPONED,
    _Sign.NOT_DONE,
    _Sign.QUESTION,
)
_BEHIND = frozenset(_STRENGTH[1:])


def _take_what_stands_before(spots: Sequence[_Spot]) -> set[int]:
    """Mark what the words behind it take away; the places of those that speak of what follows."""
    leading = set()
    taken: _Meaning | None = None
    # something behind: in this part, in this clause, in it or in brackets; and before the word
    follows = further = beyond = seen = False
    for position in range(len(spots) - 1, -1, -1):
        spot = spots[position]
        sign = spot.one
        if spot.tells or sign is _Sign.IMAGING:
            spot.away = taken
            follows = further = beyond = seen = True
        elif sign in _BETWEEN:
            wall = sign in _WALLS
            near = taken is _Sign.LISTED_ELSEWHERE or seen
            reached = (wall and near) or (
                sign is _Sign.WITH and near and taken not in (_Sign.NOT_DONE, _Sign.QUESTION)
            )
            far = sign is _Sign.STOP and taken not in (_Sign.NOT_DONE, _Sign.QUESTION)
            taken = None if reached or far else taken
            follows = follows and sign is _Sign.OPEN
            seen = seen and not wall
            further = further and not wall
            beyond = beyond and (not wall or sign is _Sign.OPEN)
        elif sign in _LEADING:
            if taken is _Sign.RELIEVED or (taken is _Sign.LISTED_ELSEWHERE and sign is _Sign.FOR):
                taken = None  # "block for RFA planning"
            if sign is _Sign.LISTED_ELSEWHERE and not further:
                taken = taken or sign
        elif sign in _BEHIND:
            if beyond and sign in (_Sign.POSTPONED, _Sign.NOT_DONE):
                leading.add(position)
            if follows and sign is _Sign.POSTPONED:  # "RFA planned, L4": of which it is, is unsure
                sign = _Sign.LISTED_ELSEWHERE
            if taken is None or _STRENGTH.index(sign) > _STRENGTH.index(taken):
                taken, seen = sign, False
    return leading


# --- imaging ------------------------------------------------------------------------------------


def _guidance(
    tokens: Sequence[str], spots: Sequence[_Spot], *, note: bool = False
) -> frozenset[Guidance]:
    """Which imaging is said to have guided; `NONE` only where no other is."""
    none = any(
        spot.away is _Sign.NOT_USED and spot.one in (Guidance.FLUOROSCOPY, _Sign.IMAGING)
        for spot in spots
    ) or any(
        spot.one is _Sign.BLIND and spot.away is None and not (note and spot.end - spot.start < 2)
        for spot in spots
    )
    position = 0
    while position < len(spots):
        if spots[position].one in (_Sign.NOT, _Sign.NON):
            position, without = _without(tokens, spots, position, note=note)
            none = none or without
        position += 1
    found: list[Guidance] = []
    last: int | None = None  # the place of the last modality, while nothing else was named
    either = False
    for position, spot in enumerate(spots):
        modality = spot.one if isinstance(spot.one, Guidance) else None
        if spot.one in _MODALITIES and _is_guidance(tokens, spots, position, note=note):
            modality = _MODALITIES[spot.one]
        if note and modality not in (None, Guidance.FLUOROSCOPY) and not _guided(tokens, spot):
            modality = None  # "ultrasound of the kidneys"
        if modality is not None and spot.away is None:
            if last is not None and either and found and found[-1] is not modality:
                found.pop()
            else:
                found.append(modality)
            last, either = position, False
        elif spot.one is _Sign.OR:
            either = True
        elif spot.one not in (_Sign.PLAIN, _Sign.IMAGING, _Sign.OPEN, _Sign.CLOSE):
            last, either = None, False
    if found:
        return frozenset(found)
    return frozenset((Guidance.NONE,)) if none else frozenset()


_USED = frozenset(("was", "were", "used", "utilized", "utilised", "employed"))


def _without(
    tokens: Sequence[str], spots: Sequence[_Spot], start: int, *, note: bool
) -> tuple[int, bool]:
    """Read "without … imaging": where it ends, and whether it says that there was none.

    "No fluoroscopy images saved" denies no guidance, nor does "no ultrasound". In a note, "no
    imaging" alone may tell of a patient who has no pictures.
    """
    place = start + 1
    while place < len(spots) and spots[place].one is _Sign.PLAIN:
        place += 1
    denied: list[_Spot] = []
    while place < len(spots):
        spot = spots[place]
        if isinstance(spot.one, Guidance) or spot.one in (_Sign.IMAGING, _Sign.CT, _Sign.MRI):
            denied.append(spot)
        elif not (denied and spot.one in (_Sign.OR, _Sign.AND) and _names(spots, place + 1)):
            break
        place += 1
    if not denied:
        return start, False
    used = False
    while place < len(spots) and spots[place].one is _Sign.PLAIN:
        words = tokens[spots[place].start : spots[place].end]
        used = used or not _USED.isdisjoint(words)
        if note and _USED.isdisjoint(words):
            break
        place += 1
    ended = place == len(spots) or spots[place].one not in (_Sign.UNKNOWN, _Sign.PLAIN)
    certain = (
        not note
        or used
        or tokens[spots[start].start] in ("without", "w")
        or any(s.one is Guidance.FLUOROSCOPY or s.end - s.start > 1 for s in denied)
        or len(denied) > 1
    )
    for spot in denied:
        spot.away = _Sign.NOT
    spots[start].drop()
    none = any(spot.one in (Guidance.FLUOROSCOPY, _Sign.IMAGING) for spot in denied)
    return place - 1, none and ended and certain


def _guided(tokens: Sequence[str], spot: _Spot) -> bool:
    around = tokens[max(0, spot.start - 2) : spot.end]
    return not _GUIDING.isdisjoint(around)


_GUIDING = _words("guidance guided control assistance assisted fluoroscopy fluoroscopic under")


def _names(spots: Sequence[_Spot], place: int) -> bool:
    return place < len(spots) and (
        isinstance(spots[place].one, Guidance)
        or spots[place].one in (_Sign.IMAGING, _Sign.CT, _Sign.MRI)
    )


_FEW = 8  # words that name an instrument and no more


def _is_guidance(tokens: Sequence[str], spots: Sequence[_Spot], place: int, *, note: bool) -> bool:
    """Whether a bare "CT" or "MRI" guided, and was no picture, and no region of the spine."""
    before = spots[place - 1] if place else None
    behind = spots[place + 1] if place + 1 < len(spots) else None
    if behind is not None and behind.one is _Sign.UNKNOWN:
        return False
    if note:
        return before is not None and tokens[before.start] == "under"
    if len(spots) <= _FEW and all(
        s.one is _Sign.PLAIN for s in (*spots[:place], *spots[place + 1 :])
    ):
        return True
    if before is not None and tokens[before.start] in ("under", "with", "via", "by", "using", "w"):
        return True
    joined = (_Sign.OR, _Sign.AND)
    return (
        before is not None
        and before.one in joined
        and place > 1
        and isinstance(spots[place - 2].one, Guidance)
    ) or (behind is not None and behind.one in joined and _names(spots, place + 2))


# --- parts of a title ---------------------------------------------------------------------------


@dataclass(slots=True)
class _Part:
    """Words between two separators, of which only those are kept that tell something.

    `items` pair a meaning with the number of its spot. `joined` is the separator before. `mixed`:
    means were joined to it that stood apart ("pulsed and thermal"); `either`: by "or".
    """

    joined: _Sign
    items: list[tuple[_Meaning, int]] = field(default_factory=list)
    mixed: bool = False
    either: bool = False

    @property
    def treated(self) -> list[tuple[_Meaning, int]]:
        return [i for i in self.items if isinstance(i[0], Family) or i[0] in _FACET]

    @property
    def acts(self) -> frozenset[_Meaning]:
        return frozenset(m for m, _ in self.items if m in _ACTS)

    @property
    def how(self) -> frozenset[_Meaning]:
        return frozenset(m for m, _ in self.items if m in _HOW)

    def order(self) -> tuple[bool, bool]:
        """Whether what is treated may stand before it too, and whether behind it too."""
        treated = [p for p, (m, _) in enumerate(self.items) if isinstance(m, Family) or m in _FACET]
        acts = [p for p, (m, _) in enumerate(self.items) if m in _ACTS]
        if not treated:
            return True, True
        return treated[0] < acts[0], acts[-1] < treated[-1]


def _parts(spots: Sequence[_Spot]) -> list[_Part]:
    parts: list[_Part] = []
    current = _Part(_Sign.STOP)
    between: set[_Meaning] = set()
    for number, spot in enumerate(spots):
        if spot.one in _BETWEEN:
            between.add(spot.one)
        told = [m for m in spot.meanings if isinstance(m, Family) or m in _FACET | _ACTS | _HOW]
        if told and spot.away is None:
            if between and current.items:
                parts.append(current)
                current = _Part(next(sign for sign in _BETWEEN if sign in between))
            between = set()
            current.items += [(m, number) for m in told]
    if current.items:
        parts.append(current)
    return _with_their_means([half for part in parts for half in _split(part)])


def _split(part: _Part) -> list[_Part]:
    """Two acts that stand side by side, each behind what it was done to, are two parts."""
    last_act = max((p for p, (m, _) in enumerate(part.items) if m in _ACTS), default=-1)
    halves = [_Part(part.joined)]
    started = named = acted = False  # what is treated stands first; an act stands behind it
    spot = -1
    for position, (meaning, number) in enumerate(part.items):
        treated = isinstance(meaning, Family) or meaning in _FACET
        if treated and acted and position < last_act and number != spot:
            halves.append(_Part(_Sign.COMMA))
            started = named = acted = False
        named = named or (treated and not started)
        started = started or treated or meaning in _ACTS
        acted = meaning in _ACTS and named
        spot = number
        halves[-1].items.append((meaning, number))
    return halves


def _with_their_means(parts: list[_Part]) -> list[_Part]:
    """Means that stand alone ("pulsed and …", "…, intra-articular") go to the act beside them."""
    done: list[_Part] = []
    waiting: list[_Part] = []
    for position, part in enumerate(parts):
        alone = not part.treated and not part.acts
        follows = parts[position + 1] if position + 1 < len(parts) else None
        if (
            alone
            and done
            and (part.joined not in (_Sign.AND, _Sign.OR) or follows is None or not follows.acts)
        ):
            done[-1].items += part.items
            done[-1].mixed = True
            done[-1].either = done[-1].either or part.joined is _Sign.OR
        elif alone and follows is not None:
            waiting.append(part)
        else:
            if waiting:
                part.items[:0] = [item for other in waiting for item in other.items]
                part.mixed = True
                part.either = part.joined is _Sign.OR
            waiting = []
            done.append(part)
    return done + waiting


# --- what was done to what ----------------------------------------------------------------------


@dataclass(slots=True)
class _Act:
    """A part with an act, and all that it was done to. `either`: joined by "or" within itself."""

    part: _Part
    treated: frozenset[_Meaning]
    certain: bool = True
    either: bool = False
    found: frozenset[Technique] = frozenset()

    @property
    def families(self) -> bool:
        return any(isinstance(m, Family) for m in self.treated)


def _acts(parts: Sequence[_Part]) -> tuple[list[_Act], list[frozenset[_Meaning]]]:
    """Each act with what it was done to; and what is named without any act of its own.

    "RFA of X, Y and Z", "X and Y block", "X, RFA": what has no act in its own part goes to the act
    before it or behind it, by the order in which that act's part names its own.
    """
    owners = [number for number, part in enumerate(parts) if part.acts]
    acts = {number: _own(parts[number]) for number in owners}
    loose: list[frozenset[_Meaning]] = []
    edges = [-1, *owners, len(parts)]
    for before, behind in pairwise(edges):
        run = parts[before + 1 : behind]
        named = frozenset(meaning for part in run for meaning, _ in part.treated)
        claims: list[tuple[_Act, list[_Sign]]] = []  # with the separators within what is claimed
        if before >= 0 and parts[before].order()[1]:
            claims.append((acts[before], [part.joined for part in run]))
        if behind < len(parts) and parts[behind].order()[0]:
            joined = [part.joined for part in parts[before + 2 : behind + 1]]
            claims.append((acts[behind], joined))
        bare = [claim for claim in claims if not claim[0].part.treated]
        claims = bare if len(bare) == 1 else claims
        if named and not claims:
            loose.append(named)
        for act, joined in claims if named else ():
            act.treated |= named
            act.certain = act.certain and (len(claims) == 1 or act.treated <= _FACET)
            act.either = act.either or _Sign.OR in joined
    return [acts[number] for number in owners], loose


def _own(part: _Part) -> _Act:
    """The act of a part. Of a facet and another structure side by side, it is certain where it is
    of one word with the facet's ("MBB"), or where one phrase names both."""
    own = frozenset(meaning for meaning, _ in part.treated)
    facets = {number for meaning, number in part.treated if meaning in _FACET}
    others = {number for meaning, number in part.items if meaning in _ACTS}
    others |= {number for meaning, number in part.treated if isinstance(meaning, Family)}
    certain = own <= _FACET or own.isdisjoint(_FACET) or facets <= others
    return _Act(part, own, certain, part.either)


class _Reading:
    """What a title's parts come to: `techniques`, and the first reason why one is in doubt."""

    def __init__(self, spots: Sequence[_Spot], temperatures: Sequence[Decimal]) -> None:
        parts = _parts(spots)
        meanings = {meaning for part in parts for meaning, _ in part.items}
        self.families = frozenset(m for m in meanings if isinstance(m, Family))
        self._facets = _FACET & meanings
        if _Sign.JOINT not in self._facets:
            self._facets -= {_Sign.ANY_CYST, _Sign.SUPPLY}
        if Family.SACROILIAC in self.families and self._facets == {_Sign.RAMUS}:
            self._facets = frozenset()  # L5 is treated with the lateral branches for that joint
        self._known = not any(spot.one is _Sign.UNKNOWN for spot in spots)
        self._not_thermal = any(
            spot.one is _Sign.THERMAL and spot.away in (_Sign.NOT, _Sign.NON) for spot in spots
        )
        self._temperatures = temperatures
        self._drained = _Sign.DRAIN in meanings
        self._destroyed = _Sign.DESTROY in meanings
        self._thermal_said = _Sign.THERMAL in meanings
        self.unclear = ""
        self.techniques: frozenset[Technique] = frozenset()
        acts, loose = _acts(parts)
        self._acts = acts
        for position, act in enumerate(acts):
            act.found = self._of(act, position)
            if act.part.joined is _Sign.OR and position:
                self._settle(acts[position - 1], act)
            elif act.part.joined is _Sign.OPEN and position:
                _say_once(acts[position - 1], act)
        self.techniques = frozenset(found for act in acts for found in act.found)
        self._judge_heat()
        self._judge_loose(acts, loose)

    def _doubt(self, why: str) -> frozenset[Technique]:
        self.unclear = self.unclear or why
        return frozenset()

    def _of(self, act: _Act, position: int) -> frozenset[Technique]:
        facets = self._facets & act.treated
        if facets and act.families and act.either:
            return self._doubt(EITHER)
        if facets and not act.certain:
            return self._doubt(WHICH)
        if act.part.either:
            return self._doubt(EITHER)
        if facets:
            return self._at(act, position, facets)
        if act.families:
            return frozenset()
        return self._borrowed(act, position)

    def _at(self, act: _Act, position: int, facets: frozenset[_Meaning]) -> frozenset[Technique]:
        """What an act on facet joints or their nerves is."""
        done = act.part.acts
        if _Sign.DRAIN in done:
            drained = facets & {_Sign.CYST, _Sign.ANY_CYST}
            found = frozenset((Technique.CYST,)) if drained else self._doubt(NOT_WHAT)
            others = done - {_Sign.DRAIN}
            if others and facets != drained:
                found |= self._by(act, position, facets - drained, others)
            return found
        return self._by(act, position, facets, done)

    def _by(
        self, act: _Act, position: int, facets: frozenset[_Meaning], done: frozenset[_Meaning]
    ) -> frozenset[Technique]:
        how = act.part.how
        destroying = bool(done & _DESTROYING) or _Sign.CHEMICAL in how
        if destroying:
            if facets <= {_Sign.CYST, _Sign.ANY_CYST}:
                return self._doubt(NOT_WHAT)
            return self._destruction(act, position)
        nerve = facets & {_Sign.NERVE, _Sign.RAMUS, _Sign.SUPPLY}
        joint = _Sign.JOINT in facets
        within = bool(how & {_Sign.INTRA_ARTICULAR, _Sign.IA})
        if nerve and within:
            return self._doubt(WHICH)
        if joint and within:
            return frozenset((Technique.INTRA_ARTICULAR,))
        if joint and (not nerve or act.either):
            return frozenset((Technique.INJECTION,))
        if nerve:
            return frozenset((Technique.BRANCH_BLOCK,))
        return frozenset() if self._drained else self._doubt(CYST_INJECTED)

    def _destruction(self, act: _Act, position: int) -> frozenset[Technique]:
        """By what means nerves were destroyed; of "neurotomy, by radiofrequency" the act beside."""
        done, how = act.part.acts, act.part.how
        if _Sign.INJECT in done and done & _DESTROYING and _Sign.CHEMICAL not in how:
            return self._doubt(TWO_ACTS)
        if _Sign.ENDOSCOPIC in how:
            return frozenset((Technique.ENDOSCOPIC,))
        if _Sign.OTHER_MEANS in how:
            return self._doubt(MEANS_UNKNOWN)
        means = how & frozenset(_MEANS)
        if _Sign.COOLED in means and not act.part.mixed and not self._apart(act.part):
            means -= {_Sign.THERMAL}  # "cooled thermal": cooled
        if means:
            return frozenset(_MEANS[sign] for sign in means if isinstance(sign, _Sign))
        if _Sign.ANY_RF in how:
            return self._doubt(ABBREVIATED)
        if _Sign.RF in done:
            if self._not_thermal or _Sign.LOW in how:
                return self._doubt(NOT_THERMAL)
            return frozenset((Technique.THERMAL,))
        if _Sign.CUT in done:
            return frozenset((Technique.ENDOSCOPIC,))
        for other, following in ((position - 1, position), (position + 1, position + 1)):
            if not 0 <= other < len(self._acts) or self._acts[other].families:
                continue
            beside = self._acts[other].part
            apart = self._acts[following].part.joined in (_Sign.AND, _Sign.OR)
            if not apart and (_Sign.RF in beside.acts or beside.how & frozenset(_MEANS)):
                return self._destruction(self._acts[other], other)
        return self._doubt(MEANS_UNSAID)

    @staticmethod
    def _apart(part: _Part) -> bool:
        """Whether one phrase names both means ("conventional and cooled")."""
        thermal = {number for meaning, number in part.items if meaning is _Sign.THERMAL}
        return any(m is _Sign.COOLED and number in thermal for m, number in part.items)

    def _borrowed(self, act: _Act, position: int) -> frozenset[Technique]:
        """What an act is that names nothing that it was done to."""
        done, how = act.part.acts, act.part.how
        destroying = bool(done & _DESTROYING) or _Sign.CHEMICAL in how
        if self.families:
            return self._doubt(WHICH) if self._facets else frozenset()
        if self._facets:
            if _Sign.DRAIN in done and self._facets & {_Sign.CYST, _Sign.ANY_CYST}:
                return frozenset((Technique.CYST,))
            if destroying:
                return self._destruction(act, position)
            repeated = _repeats(act, self._acts, position)
            return frozenset() if repeated else self._doubt(OF_WHAT)
        if destroying or (_Sign.INTRA_ARTICULAR in how and _Sign.INJECT in done):
            short = _Sign.SHORT in how and not how & frozenset(_MEANS) and not self._destroyed
            if short or not self._known:
                return self._doubt(OF_WHAT)
            if destroying:
                return self._destruction(act, position)
            return frozenset((Technique.INTRA_ARTICULAR,))
        if _Sign.INJECT in done and self._known:
            return self._doubt(OF_WHAT)
        return frozenset()

    def _settle(self, before: _Act, act: _Act) -> None:
        """Two acts joined by "or": of two injections the common word, else neither."""
        if act.found == before.found or not (act.found or act.families or before.families):
            return
        if before.found and act.found and before.found | act.found <= _INJECTIONS:
            before.found = act.found = frozenset((Technique.INJECTION,))
        else:
            before.found = act.found = self._doubt(EITHER)

    def _judge_heat(self) -> None:
        """Thermal means 80 degrees or more; what a title says of them must fit its words."""
        low = [degrees for degrees in self._temperatures if degrees < THERMAL_FROM]
        high = [degrees for degrees in self._temperatures if degrees >= THERMAL_FROM]
        others = self.techniques & {Technique.PULSED, Technique.COOLED}
        if low and Technique.THERMAL in self.techniques and not (others and self._thermal_said):
            self.techniques -= {Technique.THERMAL}
            self._doubt(NOT_HOT)
        if high and others == {Technique.PULSED} and Technique.THERMAL not in self.techniques:
            self.techniques -= others
            self._doubt(HOT_PULSES)

    def _judge_loose(self, acts: Sequence[_Act], loose: Sequence[frozenset[_Meaning]]) -> None:
        """What is named without an act: more of the same, or something that was not read."""
        left = [named for named in loose if named & self._facets]
        if not left or (any(act.found for act in acts) and not self.families):
            return
        if not self.families:
            self._doubt(NOT_WHAT)
        elif not self.families <= _OTHER_WORK:
            self._doubt(WHICH)


def _say_once(before: _Act, act: _Act) -> None:
    """Of "facet injection (medial branch block)" keep what says which it was."""
    general = frozenset((Technique.INJECTION,))
    if before.found == general and act.found and act.found <= _INJECTIONS:
        before.found = act.found
    elif act.found == general and before.found and before.found <= _INJECTIONS:
        act.found = before.found


def _repeats(act: _Act, acts: Sequence[_Act], position: int) -> bool:
    """Whether an injection of nothing is another word for the one beside it ("…, facet block")."""
    if act.part.joined not in (_Sign.AND, _Sign.WITH) and position:
        return _Sign.INJECT in acts[position - 1].part.acts
    following = acts[position + 1 : position + 2]
    return any(
        _Sign.INJECT in other.part.acts and other.part.joined not in (_Sign.AND, _Sign.WITH)
        for other in following
    )


# --- temperatures -------------------------------------------------------------------------------

_LIVING = Decimal(38)  # below it, what is measured is a patient or a room
_BOILING = Decimal(100)
_TILTED = _words(
    "oblique obliquely tilt tilted caudal cephalad cranial angle angled rotated rotation lateral "
    "ipsilateral f fahrenheit"
)


def _temperatures(tokens: Sequence[str], *, celsius_only: bool = False) -> list[Decimal]:
    """Degrees Celsius that tissue may be treated at, in their order."""
    tilted = celsius_only or not _TILTED.isdisjoint(tokens)
    found: list[Decimal] = []
    for place, token in enumerate(tokens):
        if not token[0].isdecimal() or len(token) > 5:
            continue
        unit = list(tokens[place + 1 : place + 4])
        degrees = bool(unit) and unit[0] in ("°", "deg", "degree", "degrees")
        celsius = bool(unit[degrees:]) and unit[degrees] in ("c", "celsius", "centigrade")
        if celsius and unit[degrees + 1 : degrees + 2] == ["arm"]:
            celsius = False
        if not celsius and (not degrees or tilted):
            continue
        values = [Decimal(token)]
        if place > 1 and tokens[place - 1] in ("-", "to") and tokens[place - 2][0].isdecimal():
            values.append(Decimal(tokens[place - 2]))
        found += [value for value in values if _LIVING <= value <= _BOILING]
    return found


# --- titles -------------------------------------------------------------------------------------


def read_title(text: str) -> Said:
    """What the words of a title, a code's display or an instrument's name say of a procedure.

    Args: text, of any length; "" says nothing.
    Returns: sets of all that is said of this procedure. Something else than a facet joint is in
        `families`; both may be filled. `guidance` is empty where a modality is not named, and
        `NONE` alone where it is said that there was none.
    Raises: nothing.
    """
    return _read(_tokens(text))


def _read(tokens: Sequence[str]) -> Said:
    spots = _spots(tokens)
    doubtful = _take_away(spots)
    guidance = _guidance(tokens, spots)
    reading = _Reading(spots, _temperatures(tokens))
    techniques, unclear = reading.techniques, reading.unclear
    away = [spot for spot in spots if spot.away and not _FACET_WORDS.isdisjoint(spot.meanings)]
    if any(spot.away is _Sign.QUESTION for spot in away):
        return Said(frozenset(), reading.families, guidance, QUESTIONED)
    if doubtful or (away and not techniques and not reading.families):
        unclear = unclear or ELSEWHERE
    return Said(techniques, reading.families, guidance, unclear)


_FACET_WORDS = _FACET | _ACTS | frozenset(_MEANS)


# --- notes --------------------------------------------------------------------------------------


class _Word(Enum):
    """What a phrase of a free note tells."""

    ELSEWHERE = auto()  # another occasion, a plan, a condition: the sentence says nothing
    TALK = auto()  # what was talked about: its clause says nothing
    NO = auto()
    DRUG = auto()
    NOT_GIVEN = auto()  # an allergy, a drug of every day
    TOLERATED = auto()
    TOLERATE = auto()  # the procedure where no other object follows
    RELIEF = auto()
    EASED = auto()
    PAIN = auto()
    REPORTED = auto()
    OTHER_RELIEF = auto()  # of a medicine, of rest, of an earlier block
    COMPLICATION = auto()
    UNCOMPLICATED = auto()
    OF_COMPLICATION = auto()
    IMAGE = auto()
    SAVED = auto()
    CONSENT = auto()
    OBTAINED = auto()
    INDICATION = auto()
    SIGNED = auto()
    WORK = auto()  # the procedure as a whole
    ACT = auto()  # a part of it, which may end as it should
    ENDED = auto()
    ABORTED = auto()
    INCOMPLETE = auto()
    WAS = auto()
    DONE = auto()
    HEADING = auto()
    COLON = auto()
    COMMA = auto()
    BUT = auto()
    NUMBER = auto()
    SOON = auto()  # what may follow "stopped" where the procedure is meant
    OTHER = auto()


_NOTED: _Phrases[_Word] = _Phrases(
    (
        (
            _Word.ELSEWHERE,
            "prior|previous|previously|past|history|hx|h / o|s / p|status post|ago|last|earlier|"
            "will|would|should|shall|plan|planned|planning|schedule|scheduled|consider|considered|"
            "candidate|if|may|might|could consider|failed|next|future|follow up|followup|return|"
            "recommend|recommended|expect|expected|anticipate|anticipated|undergone|underwent|"
            "has had|have had|has received|criteria|until|before this|in the event|possible|"
            "possibly|potential|pending|hold|to be|going to|once|whether|family history|unless|"
            "outside|elsewhere|repeat procedure|subsequent|subsequently plan",
        ),
        (
            _Word.TALK,
            "risk|benefit|discussed|explained|including|include|included|alternative|"
            "counseled|counselled|educated|education|question|understand|understands|understood|"
            "instructed|instruction|advised|monitor|monitored for|watch for|warned|such as|"
            "reviewed",
        ),
        (_Word.NO, "no|not|without|w / o|never|none of|nil|denies|denied|unable|non|neither|nor"),
        (
            _Word.DRUG,
            "bupivacaine|lidocaine|lignocaine|ropivacaine|levobupivacaine|mepivacaine|"
            "chloroprocaine|procaine|tetracaine|marcaine|sensorcaine|naropin|xylocaine|carbocaine|"
            "triamcinolone|kenalog|methylprednisolone|depo medrol|depomedrol|solu medrol|"
            "solumedrol|dexamethasone|decadron|betamethasone|celestone|hydrocortisone|"
            "prednisolone|phenol|hyaluronic acid|bupi|lido",
        ),
        (
            _Word.NOT_GIVEN,
            "allergy|allergic|allergies|intolerance|lidocaine patch|lidocaine cream|lidoderm|"
            "lidocaine gel|dose pack|dosepak|home|takes|taking|daily|bid|prescribed|prescription|"
            "prescribe|held|withheld|not given|wasted|oral|orally|by mouth|po|patch|refill|tablet|"
            "tab|sensitivity",
        ),
        (
            _Word.TOLERATED,
            "tolerated well|well tolerated|tolerated very well|tolerated it well|tolerated all|"
            "tolerated this well|tolerated poorly|poorly tolerated|tolerated everything",
        ),
        (_Word.TOLERATE, "tolerated|tolerate"),
        (_Word.RELIEF, "relief|improvement"),
        (_Word.EASED, "improved|decreased|reduced|resolved|reduction|decrease|better|free"),
        (_Word.PAIN, "pain|%|percent|pct|per cent"),
        (_Word.REPORTED, "reported|reports|endorsed|endorses"),
        (
            _Word.OTHER_RELIEF,
            "rest|nsaid|ibuprofen|naproxen|therapy|physical therapy|pt|exercise|lying|sitting|"
            "standing|heat|ice|opioid|opiate|gabapentin|first|second|initial|two|both|"
            "diagnostic block|medication|month|week|walking|activity|flexion|extension|"
            "for pain relief|for relief|goal|purpose|provide|produce|produced|provides|lasting|"
            "long term|blood pressure|swelling",
        ),
        (
            _Word.COMPLICATION,
            "complication|adverse event|adverse effect|adverse reaction|adverse outcome|"
            "untoward event|untoward effect",
        ),
        (_Word.UNCOMPLICATED, "uncomplicated|uneventful|uneventfully"),
        (
            _Word.OF_COMPLICATION,
            "immediate|apparent|known|acute|obvious|significant|major|minor|intraoperative|"
            "intra operative|perioperative|peri operative|procedural|post procedure|"
            "postprocedural|periprocedural|intraprocedural|evident|of|any|further|observed|or",
        ),
        (
            _Word.IMAGE,
            "image|imaging|film|spot film|picture|view|radiograph|x ray|xray|fluorograph|"
            "fluoroscopic image|fluoroscopy image|hard copy|permanent image",
        ),
        (
            _Word.SAVED,
            "saved|archived|stored|recorded|captured|printed|retained|pacs|permanently stored|"
            "permanent record",
        ),
        (_Word.CONSENT, "consent|informed consent|written consent|consent form|consented"),
        (
            _Word.OBTAINED,
            "obtained|signed|given|verified|confirmed|on file|on chart|on the chart|in chart|"
            "in the chart|in the record|provided|witnessed|documented|written|yes|completed",
        ),
        (
            _Word.INDICATION,
            "indication|indication for procedure|indication for the procedure|"
            "indication for injection|preoperative diagnosis|pre operative diagnosis|"
            "pre op diagnosis|preop diagnosis|pre procedure diagnosis|preprocedure diagnosis|"
            "preprocedural diagnosis|diagnosis|diagnoses|reason for procedure|"
            "reason for the procedure|reason for exam",
        ),
        (_Word.SIGNED, "electronically signed|digitally signed|signed electronically|e signed"),
        (
            _Word.WORK,
            "procedure|case|operation|intervention|session|surgery",
        ),
        (
            _Word.ACT,
            "injection|block|ablation|rfa|neurotomy|denervation|rhizotomy|mbb|attempt|lesioning|"
            "radiofrequency ablation",
        ),
        (_Word.ENDED, "stopped|terminated|discontinued|halted|interrupted|ended early|curtailed"),
        (
            _Word.ABORTED,
            "aborted|abandoned|terminated early|stopped early|discontinued early|"
            "terminated prematurely|stopped prematurely|discontinued prematurely|not completed|"
            "could not be completed|was not completed|cut short",
        ),
        (
            _Word.INCOMPLETE,
            "unable to complete|could not complete|incomplete procedure|did not complete|"
            "procedure incomplete",
        ),
        (
            _Word.WAS,
            "was|were|had to be|is|then|therefore|subsequently|immediately|thus|so|itself",
        ),
        (
            _Word.DONE,
            "performed|applied|carried out|delivered|undertaken|done|created|lesioned|ablated|"
            "accomplished|executed|completed",
        ),
        (
            _Word.HEADING,
            "procedure performed|procedure done|name of procedure|title of procedure|"
            "operation performed|operative procedure|treatment performed",
        ),
        (_Word.COLON, ":|–|="),
        (_Word.COMMA, ","),
        (_Word.BUT, "but|however|although|today|now"),
        (
            _Word.SOON,
            "after|because|due|at|early|when|as|by|for|secondary|prematurely|owing|since|per|"
            "midway",
        ),
    )
)

_BREAKS = frozenset((".", ";", "\n", "!"))
_MONTHS = _words(
    "january february march april june july august september october november december "
    "jan feb mar apr jun jul aug sep sept oct nov dec"
)
_YEAR = re.compile(r"(?:19|20)\d\d")


def _sentences(tokens: Sequence[str]) -> list[list[str]]:
    """The sentences and lines of a note. A heading that ends its line goes with the next line."""
    found: list[list[str]] = [[]]
    for token in tokens:
        if token not in _BREAKS:
            found[-1].append(token)
        elif found[-1] and (token, found[-1][-1]) != ("\n", ":"):
            found.append([])
    return [sentence for sentence in found if sentence]


@dataclass(slots=True)
class _Sentence:
    """A sentence of a note. `signs` are its phrases, each with its place."""

    tokens: list[str]
    signs: list[tuple[_Word, int]]
    words: frozenset[_Word]

    @property
    def elsewhere(self) -> bool:
        """Whether it may be of another occasion, of none, or conditional."""
        return (
            self.has(_Word.ELSEWHERE)
            or not _MONTHS.isdisjoint(self.tokens)
            or any(_YEAR.fullmatch(token) for token in self.tokens)
        )

    def has(self, word: _Word) -> bool:
        return word in self.words

    def clauses(self) -> list[list[_Word]]:
        """Its signs between commas; those of clauses about risks left out."""
        found: list[list[_Word]] = [[]]
        for word, _ in self.signs:
            if word in (_Word.COMMA, _Word.BUT):
                found.append([])
            else:
                found[-1].append(word)
        return [clause for clause in found if clause and _Word.TALK not in clause]


def _parse(tokens: list[str]) -> _Sentence:
    signs: list[tuple[_Word, int]] = []
    place = 0
    while place < len(tokens):
        known = _NOTED.at(tokens, place)
        if known is None:
            kind = _Word.NUMBER if tokens[place][0].isdecimal() else _Word.OTHER
            known = kind, place + 1
        signs.append((known[0], place))
        place = known[1]
    return _Sentence(tokens, signs, frozenset(word for word, _ in signs))


def read_note(text: str) -> Noted:
    """What a free note tells of the procedure that it belongs to.

    Args: text, of any length; "" tells nothing.
    Returns: only what is plain. A sentence that speaks of another occasion, a plan or a condition
        tells nothing, so that a set without a member says nothing of its absence. Techniques are
        read from a heading, from a sentence that says that it was done, or from one of nothing but
        words of a title.
    Raises: nothing.
    """
    tokens = _tokens(text)
    sentences = [_parse(words) for words in _sentences(tokens)]
    guidance: set[Guidance] = set()
    techniques: set[Technique] = set()
    elements: set[Element] = set()
    degrees: set[Decimal] = set()
    implied = stopped = False
    for sentence in sentences:
        elements |= _headed(sentence)
        if sentence.elsewhere:
            continue
        elements |= _told(sentence)
        stopped = stopped or _is_stopped(sentence.signs, sentence.tokens)
        spots = _spots(sentence.tokens)
        _take_away(spots)
        if not sentence.has(_Word.TALK):
            guidance |= _guidance(sentence.tokens, spots, note=True)
            degrees |= (heat := _heat(sentence.tokens, spots))
            means, default = _means_done(sentence, spots, heat)
            techniques |= means | _titled(sentence, spots, alone=len(sentences) == 1)
            implied = implied or default
    means_told = techniques - _INJECTIONS
    if implied and not means_told:
        techniques.add(Technique.THERMAL)
    unclear = ""
    if any(d < THERMAL_FROM for d in degrees) and not means_told & _BELOW:
        techniques -= {Technique.THERMAL} if max(degrees) < THERMAL_FROM else set()
        unclear = NOT_HOT
    if guidance - {Guidance.NONE}:
        guidance.discard(Guidance.NONE)
        elements.add(Element.GUIDANCE)
    before, after = _pain(tokens)
    elements |= {Element.PAIN_BEFORE} if before is not None else set()
    elements |= {Element.PAIN_AFTER} if after is not None else set()
    return Noted(
        frozenset(guidance),
        frozenset(techniques),
        frozenset(elements),
        before,
        after,
        stopped,
        frozenset(degrees),
        unclear,
    )


_BELOW = frozenset((Technique.PULSED, Technique.COOLED))
_CERTAINLY_HEAT = Decimal(60)  # no patient, no room and no warmed fluid


def _heat(tokens: Sequence[str], spots: Sequence[_Spot]) -> set[Decimal]:
    """The temperatures of a sentence: all beside words of an ablation, else only what must be."""
    if any(not _HEATING.isdisjoint(spot.meanings) for spot in spots):
        return set(_temperatures(tokens))
    return {d for d in _temperatures(tokens, celsius_only=True) if d >= _CERTAINLY_HEAT}


_HEATING = _DESTROYING | {_Sign.PULSED, _Sign.COOLED, _Sign.THERMAL}


def _means_done(
    sentence: _Sentence, spots: Sequence[_Spot], heat: set[Decimal]
) -> tuple[frozenset[Technique], bool]:
    """By what means a sentence says that nerves were destroyed; or that it says radiofrequency and
    no more. An injection in such a note is mostly the local anaesthetic: it is not read.
    """
    signs = frozenset(m for spot in spots if spot.away is None for m in spot.meanings)
    hot = any(d >= THERMAL_FROM for d in heat)
    if (
        any(isinstance(m, Family) for m in signs)
        or not (signs & _DESTROYING or (_Sign.PULSED in signs and heat))
        or not (sentence.has(_Word.DONE) or heat)
        or _Sign.QUESTION in signs
        or (_Sign.OR in signs and signs & frozenset(_MEANS))
        or signs & {_Sign.OTHER_MEANS, _Sign.ANY_RF}
        or any(spot.away for spot in spots if not _HEATING.isdisjoint(spot.meanings))
    ):
        return frozenset(), False
    if _Sign.ENDOSCOPIC in signs:
        return frozenset((Technique.ENDOSCOPIC,)), False
    means = frozenset(_MEANS[sign] for sign in signs if isinstance(sign, _Sign) and sign in _MEANS)
    if Technique.COOLED in means:
        means -= {Technique.THERMAL}
    if means:
        return means, False
    return frozenset((Technique.THERMAL,) if hot else ()), _Sign.RF in signs and not heat


def _titled(sentence: _Sentence, spots: Sequence[_Spot], *, alone: bool) -> frozenset[Technique]:
    """The techniques of a line that names the procedure, or of a note that is only a name."""
    tokens, signs = sentence.tokens, [word for word, _ in sentence.signs]
    if signs[:2] in _TITLED and _PROSE.isdisjoint(tokens):
        said = _read(tokens[sentence.signs[1][1] + 1 :])
    elif alone and not any(spot.one is _Sign.UNKNOWN for spot in spots):
        said = _read(tokens)
    else:
        return frozenset()
    return frozenset() if said.families or said.unclear else said.techniques


_TITLED = ([_Word.HEADING, _Word.COLON], [_Word.WORK, _Word.COLON])
_PROSE = frozenset(("patient", "was", "were", "then", "needle"))


def _headed(sentence: _Sentence) -> set[Element]:
    """What a heading, a signature or a consent tells, whatever else the sentence speaks of."""
    signs = [word for word, _ in sentence.signs]
    found: set[Element] = set()
    if (
        signs[0] is _Word.INDICATION
        and signs[1:2] in ([_Word.COLON], [_Word.WAS])
        and len(signs) > 2
        and _Word.COLON not in signs[2:6]
    ):
        found.add(Element.INDICATION)
    if _Word.SIGNED in signs:
        found.add(Element.REPORT)
    for place, word in enumerate(signs):
        if word is _Word.CONSENT:
            before, behind = signs[max(0, place - 3) : place], signs[place + 1 : place + 5]
            until = behind.index(_Word.OBTAINED) if _Word.OBTAINED in behind else None
            given = until is not None and {_Word.NO, _Word.ELSEWHERE}.isdisjoint(behind[:until])
            given = given or _Word.OBTAINED in before
            if given and {_Word.NO, _Word.ELSEWHERE}.isdisjoint(before):
                found.add(Element.CONSENT)
    return found


def _told(sentence: _Sentence) -> set[Element]:
    """The elements that a sentence about this procedure documents."""
    found: set[Element] = set()
    for clause in sentence.clauses():
        words = frozenset(clause)
        if _Word.DRUG in words and not sentence.has(_Word.NOT_GIVEN):
            place = clause.index(_Word.DRUG)
            if _Word.NO not in clause[max(0, place - 2) : place]:
                found.add(Element.MEDICATIONS)
        if not sentence.has(_Word.OTHER_RELIEF) and (
            _Word.TOLERATED in words
            or (_Word.TOLERATE in words and words & {_Word.WORK, _Word.ACT})
            or clause[-1] is _Word.TOLERATE
            or (_Word.RELIEF in words and words & {_Word.PAIN, _Word.REPORTED, _Word.NO})
            or {_Word.EASED, _Word.PAIN} <= words
        ):
            found.add(Element.RESPONSE)
        if _tells_complications(clause):
            found.add(Element.COMPLICATIONS)
        if {_Word.IMAGE, _Word.SAVED} <= words and _Word.NO not in words:
            found.add(Element.IMAGES)
    return found


def _tells_complications(clause: Sequence[_Word]) -> bool:
    """Whether a clause says of complications that there were none, or which."""
    for place, word in enumerate(clause):
        if word is _Word.UNCOMPLICATED:
            return True
        if word is _Word.COMPLICATION:
            lead = place
            while lead and clause[lead - 1] is _Word.OF_COMPLICATION:
                lead -= 1
            if lead and clause[lead - 1] is _Word.NO:
                return True
            if clause[place + 1 : place + 2] in ([_Word.COLON], [_Word.WAS]):
                return len(clause) > place + 2
    return False


_LAST = frozenset(("s", "sec", "secs", "second", "seconds", "min", "mins", "minute", "minutes"))


def _is_stopped(signs: Sequence[tuple[_Word, int]], tokens: Sequence[str]) -> bool:
    """Whether the procedure itself ended before its end; a lesion, a drug, a bleeding may stop."""
    ends = (_Word.ENDED, _Word.ABORTED)
    for place, (word, start) in enumerate(signs):
        behind = [sign for sign, _ in signs[place + 1 : place + 4]]
        if word is _Word.INCOMPLETE:
            if "procedure" in tokens[start : start + 3] or {_Word.WORK, _Word.ACT} & set(behind):
                return True
        elif word in ends:
            lead = place
            while lead and signs[lead - 1][0] is _Word.WAS:
                lead -= 1
            subject = signs[lead - 1][0] if lead else None
            if subject is _Word.WORK or (subject is _Word.ACT and word is _Word.ABORTED):
                return True
            if lead == 0 and (word is _Word.ABORTED or _begins_an_end(signs[place + 1 :], tokens)):
                return True
    return False


def _begins_an_end(behind: Sequence[tuple[_Word, int]], tokens: Sequence[str]) -> bool:
    """Whether "Stopped …" goes on as of a procedure: not "Stopped aspirin", "… after 90 s"."""
    if not behind or behind[0][0] is _Word.COMMA:
        return True
    timed = len(behind) > 1 and behind[1][0] is _Word.NUMBER
    return behind[0][0] is _Word.SOON and not (
        timed and not _LAST.isdisjoint(tokens[behind[1][1] : behind[1][1] + 2])
    )


# --- pain ---------------------------------------------------------------------------------------


class _Pain(Enum):
    """What a phrase of a sentence about pain scores tells."""

    BEFORE = auto()
    AFTER = auto()
    SCORE = auto()
    PLAIN = auto()
    APART = auto()
    OTHER = auto()


_WORK = "procedure|injection|block|intervention|ablation|rfa|treatment|mbb|neurotomy"
_SCORED: _Phrases[_Pain] = _Phrases(
    (
        (
            _Pain.BEFORE,
            "before|pre|prior to|baseline|preprocedure|preprocedural|preop|preoperative|"
            "preoperatively|preinjection|preblock|pre op|pre operative|pre operatively",
        ),
        (
            _Pain.AFTER,
            "after|post|following|postprocedure|postprocedural|postop|postoperative|"
            "postoperatively|postinjection|postblock|post op|post operative|post operatively|"
            "immediately after",
        ),
        (
            _Pain.PLAIN,
            f"{_WORK}|pain|score|scale|level|vas|nrs|nprs|vnrs|vrs|rating|rated|rate|was|is|of|the|"
            "a|an|at|:|–|=|(|)|immediately|minute|min|as|patient|'|s|her|his|their|reported|"
            "reports|verbal|numeric|numerical|analog|analogue|visual|intensity|severity|right|"
            "left|bilateral|lumbar|cervical|thoracic|low|back|neck|in|this|today|st|up|°|pts",
        ),
        (_Pain.APART, ",|;|and|but|then|with"),
    )
)
_PAIN_WORDS = frozenset(("pain", "vas", "nrs", "nprs", "vnrs", "vrs"))
_NOT_NOW = _words(
    "last previous previously first second initial ago history will if planned week weeks month "
    "months year years day days hour hours walking rest activity worst average best least usual "
    "without would expected goal target"
)
_FELL = _words("decreased reduced went improved dropped fell down decrease reduction")

_Score = tuple[Decimal, int | None]  # the value, and the end of its scale where that is told


def _pain(tokens: Sequence[str]) -> tuple[Decimal | None, Decimal | None]:
    """The scores before and after, where it is plain which is which and on what scale."""
    before: set[_Score] = set()
    after: set[_Score] = set()
    sentence: list[str] = []
    for token in (*tokens, "."):
        if token not in (".", "\n", "!"):
            sentence.append(token)
            continue
        if not _PAIN_WORDS.isdisjoint(sentence) and _NOT_NOW.isdisjoint(sentence):
            for moment, score in _fallen(sentence) or _scores(sentence):
                (before if moment is _Pain.BEFORE else after).add(score)
        sentence = []
    if len(before) > 1 or len(after) > 1:
        return None, None
    values = [next(iter(side), None) for side in (before, after)]
    scales = {end or 10 for value in values if value is not None for end in [value[1]]}
    if scales - {10} and (scales != {100} or None in values):
        return None, None
    first, second = (value[0] if value is not None else None for value in values)
    return first, second


def _score_at(tokens: Sequence[str], place: int) -> tuple[_Score | None, int]:
    """The score at a number, None where the number is none; and where it ends."""
    token = tokens[place]
    behind = list(tokens[place + 1 : place + 4])
    end = place + 1
    scale: int | None = None
    if behind[:1] == ["/"]:
        scale, end = _scale(behind[1:2]), place + 3
    elif behind[:2] == ["out", "of"]:
        scale, end = _scale(behind[2:3]), place + 4
    if end > place + 1 and scale is None:
        return None, end
    follows = tokens[end] if end < len(tokens) else ""
    if (
        len(token) > 5
        or (place and tokens[place - 1] in ("-", "/", "#", "x"))
        or follows in ("-", "%", "/", "°", "ml", "mg", "cc", "x", "percent", "to", "gauge", "g")
        or Decimal(token) > (scale or 10)
    ):
        return None, end
    return (Decimal(token), scale), end


def _scale(tokens: Sequence[str]) -> int | None:
    return {"10": 10, "100": 100}.get("".join(tokens))


def _scores(sentence: Sequence[str]) -> list[tuple[_Pain, _Score]]:
    """What the pieces of a sentence pair: each piece must be plain, or none is read."""
    found: list[tuple[_Pain, _Score]] = []
    moments: list[_Pain] = []
    scores: list[_Score] = []
    order: list[_Pain] = []
    place = 0
    while place <= len(sentence):
        known = _SCORED.at(sentence, place) if place < len(sentence) else (_Pain.APART, place + 1)
        if known is None and sentence[place][0].isdecimal():
            score, end = _score_at(sentence, place)
            if not _LAST.isdisjoint(sentence[place + 1 : place + 2]):
                known = _Pain.PLAIN, place + 2
            elif score is None:
                return []
            else:
                scores.append(score)
                known = _Pain.SCORE, end
        kind, place = known or (_Pain.OTHER, place + 1)
        if kind is _Pain.OTHER:
            return []
        if kind in (_Pain.BEFORE, _Pain.AFTER):
            moments.append(kind)
        if kind is not _Pain.PLAIN and kind is not _Pain.APART:
            order.append(_Pain.SCORE if kind is _Pain.SCORE else _Pain.BEFORE)
        if kind is _Pain.APART and order:
            if len(moments) != len(scores) or any(a is b for a, b in pairwise(order)):
                return []
            found += zip(moments, scores, strict=True)
            moments, scores, order = [], [], []
    return found


def _fallen(sentence: Sequence[str]) -> list[tuple[_Pain, _Score]]:
    """The scores of "pain decreased from 8/10 to 2/10 after the block"."""
    if _FELL.isdisjoint(sentence) or "from" not in sentence or not _after_work(sentence):
        return []
    place = list(sentence).index("from") + 1
    if place >= len(sentence) or not sentence[place][0].isdecimal():
        return []
    first, end = _score_at([*sentence[: place + 3], "."], place)  # "8/10", without what follows
    if first is None or first[1] is None or list(sentence[end : end + 1]) != ["to"]:
        return []
    if end + 1 >= len(sentence) or not sentence[end + 1][0].isdecimal():
        return []
    second, _ = _score_at(sentence, end + 1)
    if second is None or second[1] != first[1]:
        return []
    return [(_Pain.BEFORE, first), (_Pain.AFTER, second)]


def _after_work(sentence: Sequence[str]) -> bool:
    work = _WORK.split("|")
    for place, token in enumerate(sentence):
        if token in ("after", "following", "post"):
            rest = [word for word in sentence[place + 1 : place + 3] if word not in ("the", "this")]
            if rest and rest[0] in work:
                return True
    return False
