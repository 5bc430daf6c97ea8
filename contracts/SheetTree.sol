// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Hashes} from "@openzeppelin/contracts/utils/cryptography/Hashes.sol";
import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";
import {Line, SheetProof} from "./interfaces/IWageEscrow.sol";

/// @title The Merkle tree over a wage sheet's lines
/// @notice Node i of n leaves pairs with its neighbour into node n + i/2, so the tree is one queue and OpenZeppelin's
/// multiproof walks it in the same order. A leaf is 160 bytes long and a node 64: neither can pass for the other.
library SheetTree {
    /// @notice The hash of one line.
    function leaf(Line calldata line) internal pure returns (bytes32) {
        return keccak256(abi.encode(line.index, line.dayMask, line.amount, line.workerId, line.payslipHash));
    }

    /// @notice The root over `leaves`. Requirements: at least one leaf.
    function root(bytes32[] memory leaves) internal pure returns (bytes32) {
        uint256 count = leaves.length;
        bytes32[] memory nodes = new bytes32[](2 * count - 1);
        for (uint256 i = 0; i < count; ++i) {
            nodes[i] = leaves[i];
        }
        for (uint256 i = 0; i + 1 < count; ++i) {
            nodes[count + i] = Hashes.commutativeKeccak256(nodes[2 * i], nodes[2 * i + 1]);
        }
        return nodes[2 * count - 2];
    }

    /// @notice Whether `lines`, ascending by index, all belong to the sheet with this root.
    function contains(bytes32 root_, Line[] calldata lines, SheetProof calldata proof) internal pure returns (bool) {
        bytes32[] memory leaves = new bytes32[](lines.length);
        for (uint256 i = 0; i < lines.length; ++i) {
            leaves[i] = leaf(lines[i]);
        }
        return MerkleProof.multiProofVerifyCalldata(proof.hashes, proof.flags, root_, leaves);
    }

    /// @notice Whether `line` belongs to the sheet with this root.
    function contains(bytes32 root_, Line calldata line, SheetProof calldata proof) internal pure returns (bool) {
        return MerkleProof.verifyCalldata(proof.hashes, root_, leaf(line));
    }
}
