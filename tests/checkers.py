"""Independent checkers of the FHIR that we write. None of them shares code with us.

Each gives what it finds wrong in words, a resource that is right gives nothing:

    fhirkit(data)          fhirkit-rs: R4, strict about types, empty elements and duplicate keys
    r4b(data)              fhir.resources: R4B, strict about dates and ids
    medplum([data, ...])   Medplum on Node: R4 with its invariants; the test is skipped where Node
                           or the packages cannot be had
    nodes(resource, path)  what a FHIRPath expression selects, by fhirpathpy with the R4 model
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from copy import deepcopy
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import fhirkit as fhirkit_rs
import pytest
from fhir.resources.R4B import get_fhir_model_class
from fhirpathpy import evaluate
from fhirpathpy.models import models
from pydantic import ValidationError

MEDPLUM = Path(__file__).parent / "medplum"
UNAVAILABLE = 69  # the status of check.mjs where Medplum cannot be loaded
NPM_OPTIONS = (
    "--ignore-scripts",
    "--no-audit",
    "--no-fund",
    "--no-package-lock",
    "--loglevel=error",
    "--fetch-retries=1",
    "--fetch-retry-mintimeout=1000",
)
INSTALL_SECONDS = 120
CHECK_SECONDS = 120


def fhirkit(data: bytes) -> list[str]:
    """What fhirkit-rs finds wrong in a resource: `error at Claim.item[0]: …`."""
    try:
        return [str(issue) for issue in fhirkit_rs.validate(data)]
    except fhirkit_rs.ParseError as error:
        return [f"error: {error}"]


def r4b(data: bytes) -> list[str]:
    """What fhir.resources (R4B) finds wrong in a resource: `entry.0.resource: …`."""
    raw = json.loads(data, parse_float=Decimal)
    try:
        get_fhir_model_class(raw["resourceType"]).model_validate(raw)
    except ValidationError as error:
        return [f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors()]
    except (KeyError, ValueError) as error:  # a resource type that it does not know
        return [f"{type(error).__name__}: {error}"]
    return []


def medplum(resources: Sequence[bytes]) -> list[str]:
    """What Medplum finds wrong in resources, each told by its number from 0: `0: error at …`.

    One process for all: to load the definitions takes most of its time. Skips the test, with the
    reason, where there is no Node or no package.
    """
    node, folder = _medplum()
    ran = subprocess.run(
        [node, str(MEDPLUM / "check.mjs"), str(folder)],
        input=json.dumps([data.decode("utf-8") for data in resources]),
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=CHECK_SECONDS,
        check=False,
    )
    if ran.returncode == UNAVAILABLE:
        pytest.skip(f"Medplum cannot be loaded: {ran.stderr[-500:].strip()}")
    assert ran.returncode == 0, ran.stderr[-2000:]
    found = json.loads(ran.stdout)
    assert len(found) == len(resources)
    return [f"{number}: {text}" for number, problems in enumerate(found) for text in problems]


def nodes(resource: Mapping[str, Any], expression: str) -> list[Any]:
    """What an expression selects in a resource, choice elements by their name without a type."""
    selected: list[Any] = evaluate(deepcopy(dict(resource)), expression, model=models["r4"])
    return selected


def _medplum() -> tuple[str, Path]:
    """Node, and the folder in which Medplum is. Skips the test where one is not to be had."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("no Node on this machine: Medplum was not asked")
    folder = _installed()
    if isinstance(folder, str):
        pytest.skip(f"Medplum was not asked: {folder}")
    return node, folder


@cache
def _installed() -> Path | str:
    """The folder with Medplum in it, filled on first use; or in words why there is none.

    It is in the user's cache, under a name of its own for each set of pinned versions.
    """
    package = (MEDPLUM / "package.json").read_bytes()
    cache_home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache_home / "facet-adapter" / f"medplum-{hashlib.sha256(package).hexdigest()[:16]}"
    if (folder / "node_modules").is_dir():
        return folder
    npm = shutil.which("npm")
    if npm is None:
        return "no npm on this machine"
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        making = Path(tempfile.mkdtemp(prefix="medplum-", dir=folder.parent))
    except OSError as error:
        return f"no folder for it: {error.strerror}"
    try:
        (making / "package.json").write_bytes(package)
        ran = subprocess.run(
            [npm, "install", *NPM_OPTIONS],
            cwd=making,
            capture_output=True,
            text=True,
            timeout=INSTALL_SECONDS,
            check=False,
        )
        if ran.returncode != 0:
            return f"npm could not install it: {ran.stderr[:300].strip()}"
        making.rename(folder)
    except subprocess.TimeoutExpired:
        return f"npm did not install it in {INSTALL_SECONDS} seconds"
    except OSError as error:
        if not folder.is_dir():  # else another run was faster
            return f"it could not be put into the cache: {error.strerror}"
    finally:
        shutil.rmtree(making, ignore_errors=True)
    return folder
