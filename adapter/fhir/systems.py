"""Code systems and identifier systems: the URIs that are read, and those that are written.

Those read are what published claims use for the same thing; a URI that is not here says nothing.
Sources: the FHIR R4 terminology pages, CARIN Blue Button, Da Vinci PAS and PCT, and published
examples of others.
"""

from __future__ import annotations

from functools import lru_cache

CPT = "http://www.ama-assn.org/go/cpt"
HCPCS = "https://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets"

ICD_10_CM = "http://hl7.org/fhir/sid/icd-10-cm"
ICD_9_CM = "http://hl7.org/fhir/sid/icd-9-cm"
NPI = "http://hl7.org/fhir/sid/us-npi"
CLAIM_TYPE = "http://terminology.hl7.org/CodeSystem/claim-type"

_CPT = (CPT, "urn:oid:2.16.840.1.113883.6.12")
_HCPCS = (
    HCPCS,
    "http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets/Alpha-Numeric-HCPCS.html",
    "http://terminology.hl7.org/CodeSystem/HCPCS",
    "http://terminology.hl7.org/CodeSystem/hcpcs-Level-II",
    "urn:oid:2.16.840.1.113883.6.285",
)
_ICD_10_CM = (
    ICD_10_CM,
    "http://hl7.org/fhir/sid/icd-10",  # the official examples write it for ICD-10-CM
    "urn:oid:2.16.840.1.113883.6.90",
)
_ICD_9_CM = (
    ICD_9_CM,
    "http://hl7.org/fhir/sid/icd-9-cm/diagnosis",
    "urn:oid:2.16.840.1.113883.6.103",
)
_PLACE = (
    "https://www.cms.gov/Medicare/Coding/place-of-service-codes/Place_of_Service_Code_Set",
    "https://www.cms.gov/Medicare/Coding/place-of-service-codes/place_of_service_code_set.html",
    "https://www.cms.gov/Medicare/Coding/place-of-service-codes",
    "http://terminology.hl7.org/CodeSystem/CMSPlaceofServiceCodes",
)
_NPI = (NPI, "urn:oid:2.16.840.1.113883.4.6")
_TAXONOMY = ("http://nucc.org/provider-taxonomy", "urn:oid:2.16.840.1.113883.6.101")
_FILING = ("https://codesystem.x12.org/005010/1032",)
_PAYER = (
    "https://www.cms.gov/payer-id",
    "urn:oid:2.16.840.1.113883.6.300",  # NAIC
    "http://hl7.org/fhir/us/carin-bb/CodeSystem/C4BBIdentifierType|payerid",
)


@lru_cache(maxsize=1024)
def plain(uri: str) -> str:
    """A URI so that its usual variants are equal: scheme, case, a closing slash and the version of
    a canonical are not told."""
    uri = uri.partition("|")[0] if "|payerid" not in uri else uri
    for scheme in ("https://", "http://"):
        if uri.lower().startswith(scheme):
            return uri[len(scheme) :].rstrip("/").lower()
    return uri.strip().rstrip("/").lower()


def _all(uris: tuple[str, ...]) -> frozenset[str]:
    return frozenset(map(plain, uris))


IS_CPT = _all(_CPT)
IS_HCPCS = _all(_HCPCS)
IS_BILLING = IS_CPT | IS_HCPCS
IS_ICD_10_CM = _all(_ICD_10_CM)
IS_ICD_9_CM = _all(_ICD_9_CM)
IS_PLACE = _all(_PLACE)
IS_NPI = _all(_NPI)
IS_EMPLOYER = _all(("http://hl7.org/fhir/sid/us-ein", "urn:oid:2.16.840.1.113883.4.4"))
IS_SOCIAL_SECURITY = _all(("http://hl7.org/fhir/sid/us-ssn", "urn:oid:2.16.840.1.113883.4.1"))
IS_TAXONOMY = _all(_TAXONOMY)
IS_FILING = _all(_FILING)
IS_PAYER = _all(_PAYER)
IS_CLAIM_TYPE = _all((CLAIM_TYPE,))
IS_SNOMED = _all(("http://snomed.info/sct", "urn:oid:2.16.840.1.113883.6.96"))
IS_LOINC = _all(("http://loinc.org", "urn:oid:2.16.840.1.113883.6.1"))
IS_DICOM = _all(("http://dicom.nema.org/resources/ontology/DCM", "urn:oid:1.2.840.10008.2.16.4"))
IS_NO_MODIFIER = _all(("http://terminology.hl7.org/CodeSystem/modifiers",))
"""An example set of FHIR: its codes are not billed."""


def system_of_modifier(modifier: str) -> str:
    """The system that a new modifier is written under: CPT's are numbers, HCPCS's have letters."""
    return CPT if modifier.isdigit() else HCPCS
