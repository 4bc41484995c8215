"""What the words of a title and of a note say of how a procedure was done, and what they do not."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter import technique
from adapter.model import Element, Family, Guidance, Technique
from adapter.technique import Noted, Said, read_note, read_title

NONE: frozenset[Technique] = frozenset()

# By technique: titles of that and of nothing else.
TITLES: dict[Technique, list[str]] = {
    Technique.BRANCH_BLOCK: [
        "Medial branch block",
        "MEDIAL BRANCH BLOCKS",
        "MBB L3-5, left",
        "Bilateral MBBs L3, L4, L5 DR",
        "M.B.B.",
        "LMBB",
        "MBNB C4-C6",
        "Diagnostic medial branch nerve block #2 of 2, C4-C6, right",
        "Third occipital nerve block",
        "3rd occipital nerve injection",
        "TON block",
        "Occipital neuralgia: TON block",
        "Facet joint nerve block",
        "Local anaesthetic facet nerve block",
        "Nerves to the facet joint, block",
        "Facet medial branch block",
        "Medial branch (facet) block",
        "Facet joint injection (medial branch block)",
        "Diagnostic block: medial branch block L3-5",
        "Injection of local anesthetic to medial branches of dorsal rami",
        "L5 dorsal ramus block",
        "Block of the L3 and L4 medial branches and the L5 dorsal ramus",
        "Medial branch block for facet joint pain",
        "Medial branch block for lumbar spondylosis without myelopathy",
        "Medial branch block under MAC, anesthesia by CRNA",
        "Medial branch block without sedation",
        "MBB, not facet joint injection",
        "MBB no 2, L4-5",
        "MBB rather than facet joint injection",
        "No RFA; medial branch block",
        "MBB without RFA",
        "MBB, RFA planned",
        "MBB today, RFA next month",
        "MBB with radiofrequency ablation to follow",
        "MBB prior to RFA",
        "MBB as prelude to RFA",
        "MBB for RFA planning",
        "MBB to determine candidacy for RFA",
        "Medial branch blocks in preparation for radiofrequency ablation",
        "Lumbar MBB, possible RFA",
        "Second diagnostic MBB (first positive)",
        "MBB L4-5 (s/p TFESI)",
        "Lumbar medial branch block, third occipital not done",
    ],
    Technique.INTRA_ARTICULAR: [
        "Intra-articular facet joint injection",
        "Intraarticular facet injection",
        "IA facet injection",
        "Facet joint injection, intra-articular",
        "Facet Joint Intra-Articular Injection L4/5 and L5/S1",
        "Intra‑articular zygapophyseal joint block",
        "Intra-articular injection, L4-5, right",
        "Intra-articular facet joint injection, not MBB",
    ],
    Technique.INJECTION: [
        "Facet joint injection",
        "facet block",
        "L4-5 Facet Inj. Bilat.",
        "L4–5 facet injection",
        "Facets: injection",
        "Injection of facet joint (procedure)",
        "Steroid injection into the L5-S1 facet joint",
        "no steroid facet injection",
        "no fluoroscopy, facet joint injection",
        "Facet injection without contrast",
        "Zygapophysial joint injection",
        "Zygapophyseal (facet) joint injection",
        "Z-joint block",
        "z joints, injection",
        "L4-5 FJI",
        "Facet/zygapophyseal joint injection",
        "facet block/injection",
        "C/T facet injection",
        "Facet joint injection or medial branch block",
        "Facet joint or medial branch block",
        "Facet joint injection above fusion",
        "Facet joint injection after laminectomy",
        "Facet injection for SI joint pain",
        "Facet injection for facet cyst",
        "Facet joint injection with PRP",
        "Facet joint injection except L5-S1",
        "Facet joint injection excluding epidural",
        "Facet joint injection, consent obtained",
    ],
    Technique.CYST: [
        "Facet cyst rupture",
        "Aspiration of lumbar facet synovial cyst",
        "Rupture of facet joint cyst",
        "Synovial cyst rupture L4-5 facet",
        "Cyst rupture via facet joint",
        "Injection of facet joint cyst with rupture",
    ],
    Technique.THERMAL: [
        "Thermal radiofrequency ablation of facet joint nerves",
        "Thermal radiofrequency ablation",
        "Radiofrequency ablation, L4-5, right",
        "RF ablation L4-5",
        "Repeat RFA",
        "Lumbosacral radiofrequency neurotomy",
        "Rhizotomy, RF, L4-L5",
        "RF L4-5 medial branch",
        "R.F.A. of medial branch",
        "RFTC L3 MB, L4 MB, L5 DR",
        "Radio-frequency ablation of zygapophysial joints",
        "RADIOFREQUENCY ABLATION LUMBAR FACETS",
        "Conventional radiofrequency ablation",
        "Continuous RF of medial branches",
        "Radiofrequency thermocoagulation of medial branches",
        "Destruction of lumbar medial branch by thermal radiofrequency",
        "Facet medial branch radiofrequency rhizotomy",
        "Facet thermal ablation",
        "Facet rhizotomy (RFA)",
        "Medial branch neurotomy with radiofrequency",
        "Medial branch RFA, facet denervation",
        "Third occipital neurotomy, radiofrequency",
        "TON RFA",
        "Radiofrequency of TON and C3 MB",
        "Dorsal ramus RFA",
        "RFA medial branches 80°C x 90 s",
        "RFA medial branches, 80-90 degrees Celsius",
        "80 degree RFA L4 medial branch",
        "Cervical facet RFA C4-5 (80 C, 90 s)",
        "Radiofrequency ablation (not pulsed) of medial branches",
        "Medial branch radiofrequency, non-pulsed",
        "Thermal RFA of facet nerves after two diagnostic blocks",
        "RFA of L4 medial branches after two successful medial branch blocks",
        "RFA following MBB x2 with 80% relief",
        "s/p MBB x2; RFA today",
        "RFA instead of MBB",
        "Repeat medial branch RFA, last RFA 2024",
        "RFA for lumbar facet pain",
    ],
    Technique.COOLED: [
        "Cooled radiofrequency ablation of medial branch nerves",
        "Water-cooled RFA of medial branch",
        "Cooled RFA 60C",
        "Cooled thermal RFA medial branch",
        "Lumbar facet radiofrequency using cooled probe",
    ],
    Technique.PULSED: [
        "Pulsed radiofrequency of medial branch nerves",
        "Pulsed radiofrequency of medial branch nerves, 44 C",
        "Pulsed radiofrequency",
        "Pulsed radiofrequency ablation of the L4 medial branch",
        "RFA of medial branch, pulsed",
        "PRF 42C x 240s medial branches L3,4,5",
        "Nonthermal pulsed radiofrequency medial branch",
        "Non-thermal (pulsed) radiofrequency of the facet joint",
    ],
    Technique.CHEMICAL: [
        "Chemical neurolysis of lumbar facet nerves",
        "Phenol neurolysis of medial branch",
        "Phenol medial branch block",
        "Alcohol injection of L4 medial branch",
        "Medial branch block with phenol",
        "Neurotomy of medial branch using phenol",
    ],
    Technique.CRYO: [
        "Cryoneurolysis of medial branches",
        "Cryoablation L3, L4 medial branches",
        "Facet joint denervation (cryo)",
        "Facet joint cryodenervation",
        "Cryoneurolysis, L4-5",
    ],
    Technique.LASER: ["Laser ablation of dorsal ramus medial branch", "Laser facet denervation"],
    Technique.ENDOSCOPIC: [
        "Endoscopic rhizotomy of lumbar medial branches",
        "Endoscopic radiofrequency ablation of medial branch",
        "Open rhizotomy of the facet joints",
        "Transection of the L4 dorsal ramus",
        "Medial branch neurectomy",
    ],
}

# By family: titles of no facet technique at all.
LOOKALIKES: dict[Family, list[str]] = {
    Family.SACROILIAC: [
        "SI joint injection",
        "Radiofrequency ablation of nerves to the sacroiliac joint",
        "SIJ RFA",
        "RFA lateral branches S1-3",
        "L5 dorsal ramus and S1-S3 lateral branch RFA",
        "Cooled radiofrequency, sacral lateral branches",
        "SI joint injection and RFA",
        "Lumbar RFA and SI joint RFA",
        "Sacroiliac joint injection after failed facet injections",
        "Left SI joint block; facet RFA deferred",
        "Intra-articular sacroiliac joint injection",
    ],
    Family.GENICULAR: ["genicular nerve RFA", "Cooled RFA of the genicular nerves"],
    Family.BASIVERTEBRAL: [
        "Intraosseous radiofrequency ablation of basivertebral nerve",
        "Intracept L4-S1",
    ],
    Family.EPIDURAL: [
        "TFESI L4-5",
        "ILESI",
        "Caudal epidural steroid injection",
        "Transforaminal injection",
        "Epidural steroid injection for facet arthropathy",
        "Epidural steroid injection; facet joint injection deferred",
    ],
    Family.NERVE_ROOT: [
        "SNRB L5",
        "Selective nerve root block",
        "Pulsed radiofrequency of dorsal root ganglion",
    ],
    Family.SYMPATHETIC: [
        "Lumbar sympathetic block",
        "Stellate ganglion block",
        "Alcohol ablation of celiac plexus",
        "Coeliac plexus block",
    ],
    Family.OCCIPITAL: ["Greater occipital nerve block", "GONB", "Occipital nerve RFA"],
    Family.TRIGGER_POINT: ["Trigger point injections", "TPI"],
    Family.FASCIAL_PLANE: ["ESP block", "Erector spinae plane block", "TAP block"],
    Family.INTERCOSTAL: ["Intercostal nerve block", "Cryoablation of intercostal nerves"],
    Family.PERIPHERAL_NERVE: [
        "Radiofrequency ablation of saphenous nerve",
        "Peripheral nerve block",
        "Pudendal block",
    ],
    Family.OTHER_JOINT: [
        "Knee injection",
        "Hip intra-articular injection",
        "Intra-articular injection, right shoulder",
        "Patellar facet injection",
        "Synovial cyst aspiration, wrist",
    ],
    Family.DISC: ["Discography L4-5", "Intradiscal injection"],
    Family.VERTEBRAL_AUGMENTATION: ["Vertebroplasty", "Kyphoplasty L1"],
    Family.NEUROSTIMULATION: [
        "Spinal cord stimulator trial",
        "Medial branch peripheral nerve stimulation",
    ],
    Family.SPINE_SURGERY: [
        "L4-5 laminectomy and fusion",
        "Facet fusion",
        "Removal of facet screws",
        "Selective dorsal rhizotomy",
    ],
}

SEVERAL = [
    ("No moderate level of care and MBB", "BRANCH_BLOCK", ""),
    ("Thermal and pulsed RFA of medial branches", "THERMAL PULSED", ""),
    ("Pulsed RF 42 degrees and thermal RFA 80 degrees, medial branch", "THERMAL PULSED", ""),
    ("Cooled and conventional RFA of medial branches", "THERMAL COOLED", ""),
    ("Medial branch cryoneurolysis and pulsed RF", "CRYO PULSED", ""),
    ("Medial branch block and radiofrequency ablation", "BRANCH_BLOCK THERMAL", ""),
    ("RFA - right L3-5 medial branches; MBB - left", "BRANCH_BLOCK THERMAL", ""),
    ("RFA and facet joint injection", "INJECTION THERMAL", ""),
    ("Facet joint injection and medial branch block", "INJECTION BRANCH_BLOCK", ""),
    ("Intra-articular facet injection and MBB", "INTRA_ARTICULAR BRANCH_BLOCK", ""),
    ("Facet joint injection with rupture of synovial cyst", "INJECTION CYST", ""),
    ("facet injection and epidural steroid injection", "INJECTION", "EPIDURAL"),
    ("Facet joint injection epidural steroid injection", "INJECTION", "EPIDURAL"),
    ("Facet and sacroiliac joint injections", "INJECTION", "SACROILIAC"),
    ("Injection of SI joint and facet joint", "INJECTION", "SACROILIAC"),
    ("SI joint RFA and medial branch block", "BRANCH_BLOCK", "SACROILIAC"),
    ("SI joint radiofrequency ablation and facet joint injection", "INJECTION", "SACROILIAC"),
    ("L4 medial branch, L5 dorsal ramus, S1-3 lateral branch RFA", "THERMAL", "SACROILIAC"),
    ("RFA of medial branches and genicular nerves", "THERMAL", "GENICULAR"),
    ("RFA of genicular nerves and medial branch block", "BRANCH_BLOCK", "GENICULAR"),
    ("Medial branch block, genicular RFA", "BRANCH_BLOCK", "GENICULAR"),
    ("Right hip injection, L4-5 facet injection", "INJECTION", "OTHER_JOINT"),
    ("Facet injections and trigger points", "INJECTION", "TRIGGER_POINT"),
    ("Erector spinae plane block and MBB", "BRANCH_BLOCK", "FASCIAL_PLANE"),
    ("greater and third occipital nerve block", "BRANCH_BLOCK", "OCCIPITAL"),
    ("Greater occipital nerve RFA, C2-3 MBB", "BRANCH_BLOCK", "OCCIPITAL"),
    ("MBB, SI joint injection and genicular nerve block", "BRANCH_BLOCK", "SACROILIAC GENICULAR"),
    ("Endoscopic discectomy and facet joint injection", "INJECTION", "SPINE_SURGERY"),
]

# By the reason: titles of which no technique may be read.
UNCLEAR: dict[str, list[str]] = {
    technique.MEANS_UNSAID: [
        "medial branch rhizotomy",
        "facet denervation",
        "Lumbar rhizotomy",
        "Fluoroscopy guidance for facet joint denervation of spine",
        "Destruction by neurolytic agent, facet joint nerve",
        "Facet denervation, SI joint RFA",
    ],
    technique.MEANS_UNKNOWN: [
        "Microwave ablation of medial branch",
        "Focused ultrasound ablation of facet joint",
    ],
    technique.NOT_HOT: [
        "RFA at 44 C, medial branch",
        "Facet joint radiofrequency ablation, 75 C",
        "Thermal RFA at 60C, medial branches",
        "RFA lumbar medial branch 42 degrees",
        "RFA of medial branches, 42 C and 80 C",
    ],
    technique.HOT_PULSES: ["Pulsed RFA at 80 C"],
    technique.NOT_THERMAL: [
        "Non-thermal radiofrequency of medial branch",
        "Low-temperature radiofrequency of medial branch",
    ],
    technique.ABBREVIATED: ["CRFA medial branch"],
    technique.OF_WHAT: [
        "Lumbar injection",
        "Diagnostic block",
        "RF",
        "Radiofrequency ablation of varicose vein",
        "Intra-articular injection of the jaw",
        "Cryoablation of tumour",
    ],
    technique.NOT_WHAT: [
        "Facet MRI",
        "medial branch",
        "Facet joint steroid",
        "Facet joint aspiration",
        "RFA of facet cyst",
        "Prolotherapy facet joint",
    ],
    technique.EITHER: [
        "MBB/RFA",
        "RFA vs MBB",
        "Pulsed or thermal RFA of medial branch",
        "Facet/epidural injection",
        "Facet joint injection/aspiration of cyst",
    ],
    technique.WHICH: [
        "Atlantoaxial facet joint injection",
        "ESI/facet",
        "Intra-articular medial branch block",
        "SI joint RFA, medial branches",
        "Facet joint sacroiliac injection",
    ],
    technique.CYST_INJECTED: ["Facet cyst injection"],
    technique.TWO_ACTS: ["Neurolytic medial branch block", "RF nerve block, medial branch"],
    technique.QUESTIONED: ["MBB?", "RFA of medial branch (pulsed?)"],
    technique.ELSEWHERE: [
        "not a medial branch block",
        "Never had MBB",
        "prior MBB",
        "planned RFA",
        "RFA scheduled",
        "RFA planned L4 medial branch",
        "MBB and RFA planned",
        "s/p MBB, RFA",
        "MBB with 80% relief",
        "Dual MBB with >80% relief, now for RFA",
        "Medial branch block not performed",
        "MBB. Cancelled.",
        "Cancelled: medial branch block",
        "Declined MBB",
        "MBB (cancelled)",
        "Unable to perform medial branch block",
        "Medial branch block couldn't be done",
        "Order for MBB",
        "Hold MBB",
        "Evaluation for RFA",
        "Follow-up after medial branch block",
        "Informed consent for medial branch block",
        "Anesthesia for facet injection",
        "Right L4-5 facet arthropathy s/p RFA",
        "No MBB, RFA, or facet injection",
        "planned C/T facet injection",
        "Planned L3 and L4 medial branch RFA",
    ],
}


@pytest.mark.parametrize(
    ("found", "text"), [(found, text) for found, texts in TITLES.items() for text in texts]
)
def test_one_technique(found: Technique, text: str) -> None:
    said = read_title(text)
    assert said == Said(frozenset((found,)), guidance=said.guidance)


@pytest.mark.parametrize(
    ("found", "text"), [(found, text) for found, texts in LOOKALIKES.items() for text in texts]
)
def test_what_is_no_facet_intervention(found: Family, text: str) -> None:
    said = read_title(text)
    assert (said.techniques, said.unclear) == (NONE, "")
    assert found in said.families


@pytest.mark.parametrize(("text", "techniques", "families"), SEVERAL)
def test_several(text: str, techniques: str, families: str) -> None:
    assert read_title(text) == Said(
        frozenset(Technique[name] for name in techniques.split()),
        frozenset(Family[name] for name in families.split()),
    )


@pytest.mark.parametrize(
    ("why", "text"), [(why, text) for why, texts in UNCLEAR.items() for text in texts]
)
def test_nothing_is_read_where_it_is_unclear(why: str, text: str) -> None:
    said = read_title(text)
    assert (said.techniques, said.unclear) == (NONE, why)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Medial branch RFA with steroid injection", Technique.THERMAL),
        ("Facet joint RFA and injection", Technique.THERMAL),
        ("Facet cyst rupture and steroid injection", Technique.CYST),
    ],
)
def test_a_second_act_that_is_unclear_is_told_beside_the_first(text: str, found: Technique) -> None:
    said = read_title(text)
    assert (said.techniques, said.unclear) == (frozenset((found,)), technique.OF_WHAT)


def test_a_list_behind_another_occasion_is_in_doubt() -> None:
    said = read_title("RFA of medial branches after MBB, facet injection")
    assert said == Said(frozenset((Technique.THERMAL,)), unclear=technique.ELSEWHERE)
    assert read_title("After MBB, RFA of medial branches").unclear == ""


@pytest.mark.parametrize(
    "text",
    ["", " ", "Colonoscopy", "Influenza vaccine injection", "Needle, device", "multifaceted care"],
)
def test_other_matters_say_nothing(text: str) -> None:
    assert read_title(text) == Said()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Fluoroscopic guidance", "FLUOROSCOPY"),
        ("Fluoroscopy guidance for injection of spine facet joint", "FLUOROSCOPY"),
        ("RF Guidance for injection of Lumbar spine facet joint", "FLUOROSCOPY"),
        ("MBB under fluoro", "FLUOROSCOPY"),
        ("MBB, C-arm", "FLUOROSCOPY"),
        ("Facet joint injection under direct X-ray guidance", "FLUOROSCOPY"),
        ("Fluoroscopically guided RFA under continuous fluoroscopy", "FLUOROSCOPY"),
        ("CT", "CT"),
        ("CT guidance", "CT"),
        ("Facet injection under CT", "CT"),
        ("CT-guided facet injection", "CT"),
        ("Facet injection with CT", "CT"),
        ("Facet injection with CT myelogram", ""),
        ("CT and fluoroscopy", "CT FLUOROSCOPY"),
        ("CT-fluoroscopy guided facet injection", "CT"),
        ("Cone-beam CT facet injection", "CT"),
        ("Computed tomography guidance", "CT"),
        ("Ultrasound guidance", "ULTRASOUND"),
        ("US guided facet injection", "ULTRASOUND"),
        ("Facet joint injection, sonographic guidance", "ULTRASOUND"),
        ("MRI-guided facet injection", "MRI"),
        ("Fluoroscopy and ultrasound guidance", "FLUOROSCOPY ULTRASOUND"),
        ("Facet joint injection without imaging", "NONE"),
        ("Facet joint injection, no image guidance", "NONE"),
        ("Facet joint injection, no fluoroscopy", "NONE"),
        ("MBB w/o fluoroscopy", "NONE"),
        ("MBB without the use of fluoroscopy or CT", "NONE"),
        ("Facet joint injection, fluoroscopy not used", "NONE"),
        ("Non-image-guided facet injection", "NONE"),
        ("Facet injection, blind", "NONE"),
        ("Facet joint injection (landmark-guided)", "NONE"),
        ("Ultrasound-guided facet injection, no fluoroscopy", "ULTRASOUND"),
        ("MBB without ultrasound", ""),
        ("Without ultrasound, fluoroscopic MBB", "FLUOROSCOPY"),
        ("Facet joint injection; no fluoroscopy images saved", ""),
        ("Facet joint injection with or without imaging", ""),
        ("Facet joint injection with fluoroscopy or CT", ""),
        ("Facet joint injection (fluoroscopy or CT)", ""),
        ("CT facet injection", ""),
        ("Facet injection at the CT junction", ""),
        ("MBB after CT-guided biopsy", ""),
        ("Image-guided facet injection", ""),
        ("Focused ultrasound ablation of facet joint", ""),
        ("Facet injection in the fluoroscopy suite", ""),
    ],
)
def test_guidance_of_a_title(text: str, found: str) -> None:
    assert read_title(text).guidance == {Guidance[name] for name in found.split()}


def test_what_is_said_of_imaging_does_not_touch_the_technique() -> None:
    said = read_title("Facet joint injection without imaging")
    assert said == Said(frozenset((Technique.INJECTION,)), frozenset(), frozenset((Guidance.NONE,)))


# --- notes --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("L3 lesioned at 80 C for 90 s.", "THERMAL"),
        ("Impedance 250 ohm; lesion at 80 degrees for 90 sec", "THERMAL"),
        ("Conventional radiofrequency lesions were created at 85 C for 60 seconds.", "THERMAL"),
        ("Radiofrequency neurotomy was performed at L3, L4 and L5.", "THERMAL"),
        ("Pulsed radiofrequency was applied at 42 C for 120 s.", "PULSED"),
        ("Pulsed mode, 42 C, 120 s x 2", "PULSED"),
        ("RF needle in place. Radiofrequency was performed. Pulsed RF was applied.", "PULSED"),
        ("Cooled radiofrequency ablation was performed at 60 C.", "COOLED"),
        ("Cryoneurolysis was performed of L4 and L5 medial branches.", "CRYO"),
        ("Phenol neurolysis was performed.", "CHEMICAL"),
        ("Endoscopic neurotomy was performed.", "ENDOSCOPIC"),
        ("Laser or pulsed radiofrequency ablation was performed.", ""),
        ("DIAGNOSTIC MEDIAL BRANCH BLOCK 1 OF 2", "BRANCH_BLOCK"),
        ("THERAPEUTIC FACET JOINT INJECTION", "INJECTION"),
        ("Pre-op diagnosis:\n\nM47.816\n\nProcedure: Lumbar Radiofrequency Ablation", "THERMAL"),
        ("PROCEDURE PERFORMED: Lumbar medial branch RFA, pulsed", "PULSED"),
        (
            "Medial branches were anesthetized with lidocaine and radiofrequency ablation was"
            " performed at 80 degrees for 90 seconds.",
            "THERMAL",
        ),
        ("Radiofrequency lesioning was performed at 60 C.", ""),
        ("Plan: pulsed radiofrequency next visit.", ""),
        ("Pulsed radiofrequency was considered.", ""),
        ("Prior pulsed RF was performed in 2021.", ""),
        ("On 3/2/2021 RFA was performed.", ""),
        ("Will consider pulsed radiofrequency if no relief.", ""),
        ("Radiofrequency ablation of the medial branches was not performed.", ""),
        ("Radiofrequency ablation or pulsed radiofrequency was performed.", ""),
        ("Radiofrequency ablation of the genicular nerve was performed.", ""),
        ("Procedure: Epidural steroid injection", ""),
        ("Procedure: the patient had radiofrequency ablation", ""),
        ("Each medial branch was injected with lidocaine.", ""),
        ("Temp 36.8 C. Tolerated RFA well.", ""),
    ],
)
def test_techniques_of_a_note(text: str, found: str) -> None:
    assert read_note(text).techniques == {Technique[name] for name in found.split()}


@pytest.mark.parametrize(
    ("text", "degrees", "unclear"),
    [
        ("L3 lesioned at 80 C for 90 s.", ["80"], ""),
        ("Lesions at 80-85 °C.", ["80", "85"], ""),
        ("Pulsed radiofrequency was applied at 42 C.", ["42"], ""),
        ("Cooled RF lesions at 60 C were created.", ["60"], ""),
        ("Lesioned at 60 C.", ["60"], technique.NOT_HOT),
        ("Temperature 60 C. Lesion time 90 s.", ["60"], technique.NOT_HOT),
        ("L3 lesioned at 80 C, L4 lesioned at 44 C.", ["44", "80"], technique.NOT_HOT),
        ("Temp 36.8 C. Contrast warmed to 37 C.", [], ""),
        ("C-arm rotated 45 degrees oblique; radiofrequency lesioning was performed.", [], ""),
        ("Previous lesion at 60 C.", [], ""),
        ("Lesioned at level 80 C-arm view.", [], ""),
    ],
)
def test_temperatures_of_a_note(text: str, degrees: list[str], unclear: str) -> None:
    noted = read_note(text)
    assert noted.temperatures == {Decimal(value) for value in degrees}
    assert noted.unclear == unclear


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Under fluoroscopic guidance the needle was advanced.", "FLUOROSCOPY"),
        ("Fluoroscopy was used.", "FLUOROSCOPY"),
        ("Needle advanced under intermittent fluoroscopy.", "FLUOROSCOPY"),
        ("Fluoroscopy time: 32 seconds.", "FLUOROSCOPY"),
        ("Fluoroscopic images were saved to PACS.", "FLUOROSCOPY"),
        ("Under CT guidance, needles placed.", "CT"),
        ("Real-time ultrasound guidance was used.", "ULTRASOUND"),
        ("Fluoroscopy was not used.", "NONE"),
        ("No fluoroscopy was used.", "NONE"),
        ("No image guidance was used.", "NONE"),
        ("Without imaging.", "NONE"),
        ("Blind technique used.", "NONE"),
        ("By palpation first. Then under fluoroscopy.", "FLUOROSCOPY"),
        ("No imaging.", ""),
        ("No imaging of the spine since surgery.", ""),
        ("No fluoroscopy images saved.", ""),
        ("Patient was placed prone on the fluoroscopy table.", ""),
        ("CT scan of the spine reviewed.", ""),
        ("Ultrasound of the kidney normal.", ""),
        ("Patient is blind.", ""),
        ("Prior CT guided injection.", ""),
        ("Next time use fluoroscopic guidance.", ""),
        ("Risks of fluoroscopy explained.", ""),
    ],
)
def test_guidance_of_a_note(text: str, found: str) -> None:
    noted = read_note(text)
    assert noted.guidance == {Guidance[name] for name in found.split()}
    assert (Element.GUIDANCE in noted.elements) == bool(noted.guidance - {Guidance.NONE})


@pytest.mark.parametrize(
    ("element", "texts"),
    [
        (
            Element.MEDICATIONS,
            [
                "Bupivacaine 0.5% 0.5 mL per nerve",
                "Kenalog 40 mg",
                "Depo-Medrol 80 mg with 1% lidocaine",
                "No steroid was injected; 0.5 mL lidocaine at each site.",
            ],
        ),
        (
            Element.RESPONSE,
            [
                "Tolerated well.",
                "Patient tolerated the RFA well.",
                "The procedure was well tolerated.",
                "Relief of 80 % for three hours.",
                "Patient reported 80% relief in recovery.",
                "No relief.",
                "Pain decreased from 8/10 to 2/10 after the block.",
                "Stopped after local anaesthetic: patient could not tolerate.",
            ],
        ),
        (
            Element.COMPLICATIONS,
            [
                "No complications.",
                "Complications: none",
                "COMPLICATIONS:\nNone",
                "There were no immediate complications.",
                "Procedure completed without complication.",
                "Complications: vasovagal reaction, resolved.",
                "No adverse events.",
                "Uncomplicated medial branch block.",
            ],
        ),
        (
            Element.IMAGES,
            ["Spot films were archived.", "Saved images are in PACS.", "Images: stored"],
        ),
        (
            Element.CONSENT,
            [
                "Written informed consent was obtained.",
                "Informed consent was obtained after the risks and complications were explained.",
                "Consent: signed",
            ],
        ),
        (
            Element.INDICATION,
            [
                "Indication: failed conservative therapy",
                "INDICATIONS FOR PROCEDURE: chronic neck pain",
                "Pre-op diagnosis:\n\nM47.816",
            ],
        ),
        (Element.REPORT, ["Electronically signed by the physician"]),
    ],
)
def test_elements_of_a_note(element: Element, texts: list[str]) -> None:
    for text in texts:
        assert element in read_note(text).elements, text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "No bupivacaine used.",
        "Allergic to bupivacaine.",
        "Lidocaine patch daily.",
        "Kenalog was held.",
        "Pain improved with rest.",
        "80% relief from prior MBB.",
        "The patient has undergone two diagnostic blocks with 80% relief.",
        "If pain relief is more than 80%, will proceed with RFA.",
        "Could not tolerate NSAIDs.",
        "Possible complications were explained.",
        "Risks including bleeding and complications were discussed.",
        "Monitor for complications.",
        "No images saved.",
        "Images were not saved.",
        "MRI images reviewed.",
        "Consent will be obtained.",
        "Unable to obtain consent.",
        "No consent was signed.",
        "Indication:",
        "Preoperative diagnosis:\nPostoperative diagnosis: same",
        "Signed out to recovery.",
    ],
)
def test_what_documents_nothing(text: str) -> None:
    assert read_note(text) == Noted()


@pytest.mark.parametrize(
    ("text", "before", "after"),
    [
        ("Pain 8/10 before, 2/10 after.", "8", "2"),
        ("Pain before: 8/10, after: 2/10", "8", "2"),
        ("Pain before 8/10 after 2/10", "8", "2"),
        ("Pre-procedure pain 8/10; post-procedure pain 1/10", "8", "1"),
        ("Pain score before procedure: 7. Pain score after procedure: 0.", "7", "0"),
        ("VAS before 80/100, after 20/100", "80", "20"),
        ("VAS pre 8 post 2", "8", "2"),
        ("Baseline pain 6.5/10, post-block 1.5/10", "6.5", "1.5"),
        ("Pain 8 out of 10 before and 2 out of 10 30 minutes after the injection", "8", "2"),
        ("Pain went from 7/10 to 1/10 following the procedure", "7", "1"),
        ("Post-procedure pain 0/10", None, "0"),
        ("Pain 8/10", None, None),
        ("Pain 8/5 before", None, None),
        ("Pain decreased from 8/10 after the block", None, None),
        ("Pain decreased from the block, 8/10 to 2/10 after the block", None, None),
        ("Pain decreased from 8/10 to mild after the block", None, None),
        ("Pain decreased from 8/10 to 20/100 after the block", None, None),
        ("Pain before and after: 8/10 and 2/10", None, None),
        ("Pain 2-8/10 before, 1/10 after", None, None),
        ("Pain 7-8/10 before, 0/10 after", None, None),
        ("Pain decreased from 8/10 to 2/10 after physical therapy.", None, None),
        ("Pain was 8/10 before the last block and 2/10 after", None, None),
        ("Pain 8/10 after 3 months", None, None),
        ("Pain before 8/10, after 20/100", None, None),
        ("Pain before 80, after 20", None, None),
        ("Pain score 11/10 before", None, None),
        ("Pain 8/10 before walking, 2/10 after", None, None),
        ("BP 120/80 before, 130/85 after. Pain fine.", None, None),
        ("Strength 5/5 before and 5/5 after, pain none", None, None),
        ("Right pain 8/10 before; 2/10 after. Left pain 5/10 before; 1/10 after.", None, None),
        ("Before 8/10, after 2/10", None, None),
    ],
)
def test_pain(text: str, before: str | None, after: str | None) -> None:
    noted = read_note(text)
    assert noted.pain_before == (Decimal(before) if before else None)
    assert noted.pain_after == (Decimal(after) if after else None)
    assert (Element.PAIN_BEFORE in noted.elements) == (before is not None)
    assert (Element.PAIN_AFTER in noted.elements) == (after is not None)


@pytest.mark.parametrize(
    ("text", "stopped"),
    [
        ("Stopped after local anaesthetic: patient could not tolerate.", True),
        ("Aborted after the first level because of pain.", True),
        ("The procedure was aborted because of a vasovagal reaction.", True),
        ("The injection was aborted when blood was aspirated.", True),
        ("Case terminated early due to hypotension.", True),
        ("Unable to complete the procedure because of anatomy.", True),
        ("The procedure was not completed.", True),
        ("Stopped.", True),
        ("Procedure was not stopped.", False),
        ("Procedure completed without complications.", False),
        ("Procedure would be stopped if pain occurred.", False),
        ("The previous procedure was aborted.", False),
        ("The injection was stopped when resistance was met.", False),
        ("Lesioning was stopped after 90 seconds.", False),
        ("Stopped after 90 seconds at 80 C.", False),
        ("Bleeding stopped with pressure.", False),
        ("Aspirin was stopped 7 days before the procedure.", False),
        ("For the procedure warfarin was stopped.", False),
        ("Stopped smoking.", False),
        ("Questionnaire not completed.", False),
    ],
)
def test_stopped(text: str, stopped: bool) -> None:
    assert read_note(text).stopped is stopped


# --- any text -----------------------------------------------------------------------------------

KNOWN = [(text, found) for found, texts in TITLES.items() for text in texts]
UNRELATED = ["clinic", "Ward 7", "Oakland", "room", "operative report", "Dr Smith", "visit"]
PIECES = [
    *(text for text, _ in KNOWN),
    *(text for texts in UNCLEAR.values() for text in texts),
    *("planned", "not", "or", "and", ",", "?", "(", ")", ":", "–", "80 C", "8/10", "before", "²"),
    *("pain", "without", "fluoroscopy", "CT", "no", "was stopped", "complications", "for", "\n"),
]
BARE = {  # means alone: any other word may be of another structure
    "RF ablation L4-5",
    "Repeat RFA",
    "Lumbosacral radiofrequency neurotomy",
    "Rhizotomy, RF, L4-L5",
    "Conventional radiofrequency ablation",
    "Thermal radiofrequency ablation",
    "Radiofrequency ablation, L4-5, right",
    "RFA following MBB x2 with 80% relief",
    "s/p MBB x2; RFA today",
    "RFA instead of MBB",
    "RFA for lumbar facet pain",
    "Cooled RFA 60C",
    "Pulsed radiofrequency",
    "Cryoneurolysis, L4-5",
    "Intra-articular injection, L4-5, right",
}
NAMED = [case for case in KNOWN if case[0] not in BARE]


@given(st.text(max_size=200) | st.lists(st.sampled_from(PIECES), max_size=30).map(" ".join))
def test_any_text_is_read(text: str) -> None:
    said, noted = read_title(text), read_note(text)
    assert not (said.techniques & {Technique.THERMAL} and said.unclear == technique.NOT_HOT)
    assert Guidance.NONE not in said.guidance or len(said.guidance) == 1
    for score in (noted.pain_before, noted.pain_after):
        assert score is None or 0 <= score <= 100


@given(
    st.sampled_from(NAMED),
    st.lists(st.sampled_from(UNRELATED), max_size=3).map("; ".join),
    st.lists(st.sampled_from(UNRELATED), max_size=3).map("; ".join),
)
def test_unrelated_words_change_nothing(
    case: tuple[str, Technique], before: str, behind: str
) -> None:
    text, found = case
    said = read_title(f"{before}; {text}; {behind}")
    assert (said.techniques, said.unclear) == (frozenset((found,)), "")


@given(st.sampled_from(KNOWN), st.sampled_from([str.upper, str.lower, str.title, str.swapcase]))
def test_case_changes_nothing(case: tuple[str, Technique], turn: Callable[[str], str]) -> None:
    text, found = case
    assert read_title(turn(text)).techniques == {found}


@given(
    st.sampled_from(KNOWN), st.sampled_from(["planned {}", "prior {}", "no {}", "{} not performed"])
)
def test_words_take_every_title_away(case: tuple[str, Technique], words: str) -> None:
    """Up to the next comma or stop: what stands behind may be today's."""
    text = case[0]
    if any(mark in text for mark in ",;:()-–.") or " " not in text:
        return
    assert read_title(words.format(text)).techniques == NONE


@pytest.mark.parametrize("text", ["facet ", "rfa, planned ", "left ct or no imaging ", "(1-?", "é"])
def test_long_junk(text: str) -> None:
    junk = (text * 50_000)[:50_000]
    assert read_title(junk).techniques <= {Technique.THERMAL}
    assert read_note(junk).techniques <= {Technique.THERMAL}
