"""EvidenceAnchor: Merkle roots of records that stay off chain, countersigned by k of n witnesses.

anchor
├── the root is zero → refused
├── the topic has a root for that day → refused, for good
├── fewer witnesses than the threshold, or not one signature for each → refused
├── witnesses not ascending, or one twice → refused
├── one of them is no witness, or not without delay → refused
├── one of them did not sign these words, this anchor, this chain → refused
└── else, whoever submits → Anchored
rootOf, anchoredAt
├── a record of the root, with its proof → when it was anchored
└── any other record, topic, day or proof → 0
"""

import pytest
from brownie import reverts
from eth_utils.crypto import keccak

from anxin.core.signing import ANCHOR_DOMAIN_NAME, Domain, WalletSignature, digest, pack
from anxin.demo.keys import Wallet

from .building_site import next_block_at, now, on_other_chain, refusal, with_high_s, word
from .conftest import WITNESS_KEYS

TOPIC, DAY, ROOT = word("tower, attendance"), 20_779, word("root")
NO_ROOT = "0x" + "00" * 32


@pytest.fixture(scope="module")
def anchor(EvidenceAnchor, roles, admin):
    """Two of three witnesses suffice."""
    return admin.deploy(EvidenceAnchor, roles, 2)


@pytest.fixture
def signed(anchor, web3):
    """Return the arguments of `anchor`, signed by these witnesses; a field named otherwise is signed otherwise."""

    def words(*witnesses, root=ROOT, domain=None, **changed):
        values = {"topic": TOPIC, "day": DAY, "root": root, **changed}
        here = domain or Domain(ANCHOR_DOMAIN_NAME, web3.eth.chain_id, anchor.address)
        signatures = [key.sign_bytes(digest(here, "Evidence", values)) for key in witnesses]
        return TOPIC, DAY, root, [key.address for key in witnesses], signatures

    return words


def parent(one, other):
    """Pairs are hashed in ascending order, as OpenZeppelin's MerkleProof does."""
    return keccak(min(one, other) + max(one, other))


# ---------------------------------------------------------------- anchor


@pytest.mark.parametrize("count", [2, 3])
def test_enough_witnesses_anchor_a_root_whoever_submits(anchor, signed, stranger, web3, count):
    witnesses = WITNESS_KEYS[:count]

    told = anchor.anchor(*signed(*witnesses), {"from": stranger})

    assert "0x" + ROOT.hex() == str(anchor.rootOf(TOPIC, DAY))
    assert {
        "topic": "0x" + TOPIC.hex(), "day": DAY, "root": "0x" + ROOT.hex(),
        "witnesses": [web3.to_checksum_address(key.address) for key in witnesses],
    } == {**told.events["Anchored"], "witnesses": list(told.events["Anchored"]["witnesses"])}  # fmt: skip


def test_no_root_is_refused(anchor, signed, relayer):
    with reverts(refusal("Anchor_ZeroRoot")):
        anchor.anchor(*signed(*WITNESS_KEYS, root=bytes(32)), {"from": relayer})


def test_a_day_has_one_root_for_good(anchor, signed, relayer):
    """Also where all witnesses would sign another."""
    anchor.anchor(*signed(*WITNESS_KEYS[:2]), {"from": relayer})

    with reverts(refusal("Anchor_AlreadyAnchored", TOPIC, DAY, ROOT)):
        anchor.anchor(*signed(*WITNESS_KEYS, root=word("another root")), {"from": relayer})
    assert "0x" + ROOT.hex() == str(anchor.rootOf(TOPIC, DAY))


def test_the_same_words_do_nothing_twice(anchor, signed, relayer):
    words = signed(*WITNESS_KEYS[:2])
    anchor.anchor(*words, {"from": relayer})

    with reverts(refusal("Anchor_AlreadyAnchored", TOPIC, DAY, ROOT)):
        anchor.anchor(*words, {"from": relayer})


@pytest.mark.parametrize("count", [0, 1])
def test_too_few_witnesses_are_refused(anchor, signed, relayer, count):
    with reverts(refusal("Anchor_TooFew", count, 2)):
        anchor.anchor(*signed(*WITNESS_KEYS[:count]), {"from": relayer})


@pytest.mark.parametrize("given", [1, 3])
def test_not_one_signature_for_each_witness_is_refused(anchor, signed, relayer, given):
    topic, day, root, witnesses, _ = signed(*WITNESS_KEYS[:2])
    *_, signatures = signed(*WITNESS_KEYS[:given])

    with reverts(refusal("Anchor_LengthMismatch", 2, given)):
        anchor.anchor(topic, day, root, witnesses, signatures, {"from": relayer})


def test_one_witness_does_not_count_twice(anchor, signed, relayer):
    with reverts(refusal("Anchor_NotAscending", 1)):
        anchor.anchor(*signed(WITNESS_KEYS[0], WITNESS_KEYS[0]), {"from": relayer})


def test_witnesses_out_of_order_are_refused(anchor, signed, relayer):
    """However many: so that nobody is hidden twice in a long list."""
    first, second, third = WITNESS_KEYS

    with reverts(refusal("Anchor_NotAscending", 2)):
        anchor.anchor(*signed(first, third, second), {"from": relayer})


def test_who_is_no_witness_does_not_count(anchor, signed, relayer):
    impostors = sorted((Wallet.from_hex(f"{n:064x}") for n in (7, 8)), key=lambda key: key.address)

    with reverts(refusal("Anchor_NotWitness", impostors[0].address)):
        anchor.anchor(*signed(*impostors), {"from": relayer})


def test_one_who_is_no_witness_spoils_it_though_the_others_suffice(anchor, signed, relayer):
    """The event names everybody given as a witness."""
    impostor = Wallet.from_hex(f"{7:064x}")
    everybody = sorted([*WITNESS_KEYS, impostor], key=lambda key: key.address)

    with reverts(refusal("Anchor_NotWitness", impostor.address)):
        anchor.anchor(*signed(*everybody), {"from": relayer})


def test_a_dismissed_witness_does_not_count(anchor, signed, roles, admin, relayer):
    words = signed(*WITNESS_KEYS[:2])
    roles.revokeRole(6, WITNESS_KEYS[1].address, {"from": admin})

    with reverts(refusal("Anchor_NotWitness", WITNESS_KEYS[1].address)):
        anchor.anchor(*words, {"from": relayer})


def test_a_witness_with_a_delay_does_not_count(anchor, signed, roles, admin, relayer):
    late = Wallet.from_hex(f"{9:064x}")
    roles.grantRole(6, late.address, 1, {"from": admin})

    with reverts(refusal("Anchor_NotWitness", late.address)):
        anchor.anchor(*signed(*sorted([WITNESS_KEYS[0], late], key=lambda key: key.address)), {"from": relayer})


def test_naming_a_witness_is_not_their_signature(anchor, signed, relayer):
    topic, day, root, witnesses, signatures = signed(*WITNESS_KEYS[:2])

    with reverts(refusal("Anchor_BadSignature", witnesses[1])):
        anchor.anchor(topic, day, root, witnesses, [signatures[0], signatures[0]], {"from": relayer})


def test_exchanged_signatures_are_refused(anchor, signed, relayer):
    topic, day, root, witnesses, signatures = signed(*WITNESS_KEYS[:2])

    with reverts(refusal("Anchor_BadSignature", witnesses[0])):
        anchor.anchor(topic, day, root, witnesses, signatures[::-1], {"from": relayer})


@pytest.mark.parametrize("field", [{"topic": word("another")}, {"day": DAY + 1}], ids=lambda field: next(iter(field)))
def test_a_field_signed_otherwise_is_refused(anchor, signed, relayer, field):
    """What was seen on one day is not seen on another."""
    words = signed(*WITNESS_KEYS[:2], **field)

    with reverts(refusal("Anchor_BadSignature", WITNESS_KEYS[0].address)):
        anchor.anchor(*words, {"from": relayer})


def test_another_root_than_the_signed_one_is_refused(anchor, signed, relayer):
    topic, day, _, *rest = signed(*WITNESS_KEYS[:2])

    with reverts(refusal("Anchor_BadSignature", WITNESS_KEYS[0].address)):
        anchor.anchor(topic, day, word("another root"), *rest, {"from": relayer})


def test_a_high_s_is_refused(anchor, signed, relayer):
    topic, day, root, witnesses, signatures = signed(*WITNESS_KEYS[:2])
    high = pack(with_high_s(WalletSignature("0x" + signatures[1].hex())))

    with reverts(refusal("Anchor_BadSignature", witnesses[1])):
        anchor.anchor(topic, day, root, witnesses, [signatures[0], high], {"from": relayer})


def test_words_for_another_chain_are_refused(anchor, signed, web3, relayer):
    elsewhere = on_other_chain(Domain(ANCHOR_DOMAIN_NAME, web3.eth.chain_id, anchor.address))

    with reverts(refusal("Anchor_BadSignature", WITNESS_KEYS[0].address)):
        anchor.anchor(*signed(*WITNESS_KEYS[:2], domain=elsewhere), {"from": relayer})


def test_words_for_another_anchor_are_refused(EvidenceAnchor, roles, signed, admin, relayer):
    """One with a lower threshold would else take what this one does not."""
    other = admin.deploy(EvidenceAnchor, roles, 1)

    with reverts(refusal("Anchor_BadSignature", WITNESS_KEYS[0].address)):
        other.anchor(*signed(WITNESS_KEYS[0]), {"from": relayer})


def test_topics_and_days_are_kept_apart(anchor, signed, relayer):
    anchor.anchor(*signed(*WITNESS_KEYS[:2]), {"from": relayer})

    assert (NO_ROOT, NO_ROOT) == (str(anchor.rootOf(TOPIC, DAY + 1)), str(anchor.rootOf(word("another"), DAY)))


def test_an_anchor_without_witnesses_cannot_be_made(EvidenceAnchor, roles, admin):
    with reverts(refusal("Anchor_TooFew", 0, 1)):
        admin.deploy(EvidenceAnchor, roles, 0)


def test_the_threshold_is_told(anchor):
    assert 2 == anchor.threshold()


# ---------------------------------------------------------------- anchoredAt


@pytest.fixture
def records(anchor, signed, relayer):
    """Three records under one root, anchored a thousand seconds from now; and when that was."""
    leaves = [word(f"record {i}") for i in range(3)]
    root = parent(parent(leaves[0], leaves[1]), leaves[2])
    next_block_at(now() + 1_000)
    anchor.anchor(*signed(*WITNESS_KEYS[:2], root=root), {"from": relayer})
    return leaves, now()


def test_a_record_is_dated(anchor, records):
    (first, second, third), at = records

    assert [at, at, at] == [
        anchor.anchoredAt(TOPIC, DAY, first, [second, third]),
        anchor.anchoredAt(TOPIC, DAY, second, [first, third]),
        anchor.anchoredAt(TOPIC, DAY, third, [parent(first, second)]),
    ]


def test_a_record_alone_is_its_own_root(anchor, signed, relayer):
    anchor.anchor(*signed(*WITNESS_KEYS[:2]), {"from": relayer})

    assert now() == anchor.anchoredAt(TOPIC, DAY, ROOT, [])


def test_another_record_is_not_dated(anchor, records):
    (_, second, third), _ = records

    assert 0 == anchor.anchoredAt(TOPIC, DAY, word("a forged record"), [second, third])


@pytest.mark.parametrize(
    "proof", [[], [word("record 1")], [word("record 2"), word("record 1")]], ids=["none", "short", "mixed"]
)
def test_a_record_with_a_wrong_proof_is_not_dated(anchor, records, proof):
    (first, _, _), _ = records

    assert 0 == anchor.anchoredAt(TOPIC, DAY, first, proof)


def test_a_record_is_not_dated_under_another_topic_or_day(anchor, records):
    (first, second, third), _ = records

    assert (0, 0) == (
        anchor.anchoredAt(word("another"), DAY, first, [second, third]),
        anchor.anchoredAt(TOPIC, DAY + 1, first, [second, third]),
    )


def test_where_nothing_is_anchored_nothing_is_dated(anchor):
    """Not even zero, the root of a day that has none."""
    assert 0 == anchor.anchoredAt(TOPIC, DAY, bytes(32), [])
