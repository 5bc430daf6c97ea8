"""P-256 as the chain's precompile, the library's own arithmetic and our contracts answer it, against public vectors:
Project Wycheproof's edge cases and NIST's FIPS 186-3 (data/p256_vectors.json names source and licence).

├── a vector calls it valid, s is low → good, all three ways
├── a vector calls it valid, s is high → refused, all three ways: the one place where we differ from the vectors, on purpose
├── a vector calls it invalid → refused, all three ways
└── a vector calls a key invalid → it cannot be enrolled
"""

import hashlib
import json
from pathlib import Path

import pytest

from anxin.core.signing import DEVICE, P256_ORDER, SignerKey, is_usable

VECTORS = json.loads((Path(__file__).parent / "data" / "p256_vectors.json").read_text())
SIGNATURES, KEYS = VECTORS["signatures"], VECTORS["keys"]


def has_high_s(vector):
    return int(vector["s"], 16) > P256_ORDER // 2


GOOD = [vector for vector in SIGNATURES if vector["valid"] and not has_high_s(vector)]
MALLEABLE = [vector for vector in SIGNATURES if vector["valid"] and has_high_s(vector)]
BAD = [vector for vector in SIGNATURES if not vector["valid"]]


@pytest.fixture(scope="module")
def probe(module_isolation, SignatureProbe, admin):
    return admin.deploy(SignatureProbe)


@pytest.fixture(scope="module")
def answers(probe):
    """Each vector's three answers: by precompile, by arithmetic, as our contracts ask."""

    def of(vector, **changed):
        seen = {**vector, **changed}
        hashed = hashlib.sha256(bytes.fromhex(vector["message"][2:])).digest()
        return probe.p256(hashed, seen["r"], seen["s"], seen["x"], seen["y"])

    return of


def test_all_vectors_are_here():
    assert (105, 71, 80, 8) == (len(GOOD), len(MALLEABLE), len(BAD), len(KEYS))


def test_a_signature_that_the_vectors_call_valid_is_good_all_three_ways(answers):
    assert [] == [vector["name"] for vector in GOOD if answers(vector) != (True, True, True)]


def test_a_signature_that_the_vectors_call_invalid_is_refused_all_three_ways(answers):
    assert [] == [vector["name"] for vector in BAD if answers(vector) != (False, False, False)]


def test_a_high_s_is_refused_although_the_vectors_call_it_valid(answers):
    """ECDSA accepts s and n - s alike; here a signature has one form, so that it cannot be varied. Phones normalise."""
    assert [] == [vector["name"] for vector in MALLEABLE if answers(vector) != (False, False, False)]


def test_the_low_form_of_a_valid_high_s_is_good_all_three_ways(answers):
    """Refused for its form alone, then: the signature itself is one."""

    def low(vector):
        return f"0x{P256_ORDER - int(vector['s'], 16):064x}"

    assert [] == [vector["name"] for vector in MALLEABLE if answers(vector, s=low(vector)) != (True, True, True)]


def test_a_bad_signature_is_not_bad_for_its_high_s_alone(answers):
    """The invalid vectors whose s is high are refused in their low form too."""
    high = [vector for vector in BAD if P256_ORDER // 2 < int(vector["s"], 16) < P256_ORDER]
    low = {vector["name"]: f"0x{P256_ORDER - int(vector['s'], 16):064x}" for vector in high}

    assert high
    assert [] == [vector["name"] for vector in high if answers(vector, s=low[vector["name"]]) != (False, False, False)]


@pytest.mark.parametrize("field", ["r", "s", "x", "y"])
@pytest.mark.parametrize("number", [0, P256_ORDER, 2**256 - 1], ids=["zero", "the group's order", "the largest word"])
def test_a_word_outside_its_group_is_refused_all_three_ways(answers, field, number):
    """x and y are checked as a point, so each of these numbers leaves the curve."""
    assert (False, False, False) == answers(GOOD[0], **{field: f"0x{number:064x}"})


@pytest.mark.parametrize(("one", "other"), [("r", "s"), ("x", "y"), ("r", "x")])
def test_swapped_words_are_refused_all_three_ways(answers, one, other):
    assert (False, False, False) == answers(GOOD[0], **{one: GOOD[0][other], other: GOOD[0][one]})


@pytest.mark.parametrize("vector", KEYS, ids=lambda vector: vector["name"])
def test_a_key_can_be_enrolled_if_the_vectors_call_it_a_point(probe, vector):
    """Server and contract agree with the vectors."""
    key = SignerKey(DEVICE, vector["x"], vector["y"])

    assert vector["valid"] == is_usable(key) == probe.isUsable((DEVICE, vector["x"], vector["y"]))
