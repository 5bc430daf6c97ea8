// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAccessManager} from "@openzeppelin/contracts/access/manager/IAccessManager.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {IEvidenceAnchor} from "./interfaces/IEvidenceAnchor.sol";
import {Roles} from "./Roles.sol";

/// @notice {IEvidenceAnchor} says what each function promises.
contract EvidenceAnchor is IEvidenceAnchor, EIP712 {
    struct Record {
        bytes32 root;
        uint64 time;
    }

    bytes32 private constant EVIDENCE_TYPEHASH = keccak256("Evidence(bytes32 topic,uint32 day,bytes32 root)");

    IAccessManager public immutable authority;
    uint256 public immutable threshold;
    mapping(bytes32 topic => mapping(uint32 day => Record)) private _records;

    constructor(IAccessManager authority_, uint256 threshold_) EIP712("Anxin EvidenceAnchor", "1") {
        require(threshold_ != 0, Anchor_TooFew(0, 1));
        authority = authority_;
        threshold = threshold_;
    }

    /// @inheritdoc IEvidenceAnchor
    function anchor(
        bytes32 topic,
        uint32 day,
        bytes32 root,
        address[] calldata witnesses,
        bytes[] calldata signatures
    ) external {
        // Checks
        require(root != 0, Anchor_ZeroRoot());
        bytes32 known = _records[topic][day].root;
        require(known == 0, Anchor_AlreadyAnchored(topic, day, known));
        require(witnesses.length >= threshold, Anchor_TooFew(witnesses.length, threshold));
        require(
            witnesses.length == signatures.length, Anchor_LengthMismatch(witnesses.length, signatures.length)
        );
        bytes32 digest = _hashTypedDataV4(keccak256(abi.encode(EVIDENCE_TYPEHASH, topic, day, root)));
        for (uint256 i = 0; i < witnesses.length; ++i) {
            require(i == 0 || witnesses[i - 1] < witnesses[i], Anchor_NotAscending(i));
            _checkWitness(witnesses[i], digest, signatures[i]);
        }

        // Effects
        _records[topic][day] = Record({root: root, time: uint64(block.timestamp)});
        emit Anchored(topic, day, root, witnesses);
    }

    /// @inheritdoc IEvidenceAnchor
    function rootOf(bytes32 topic, uint32 day) external view returns (bytes32) {
        return _records[topic][day].root;
    }

    /// @inheritdoc IEvidenceAnchor
    function anchoredAt(bytes32 topic, uint32 day, bytes32 leaf, bytes32[] calldata proof)
        external
        view
        returns (uint256)
    {
        Record storage known = _records[topic][day];
        if (known.root == 0 || !MerkleProof.verifyCalldata(proof, known.root, leaf)) return 0;
        return known.time;
    }

    function _checkWitness(address witness, bytes32 digest, bytes calldata signature) private view {
        // One question a witness, to the role manager fixed at deployment.
        // slither-disable-next-line calls-loop
        (bool isWitness, uint32 delay) = authority.hasRole(Roles.WITNESS, witness);
        require(isWitness && delay == 0, Anchor_NotWitness(witness));
        require(
            SignatureChecker.isValidSignatureNowCalldata(witness, digest, signature), Anchor_BadSignature(witness)
        );
    }
}
