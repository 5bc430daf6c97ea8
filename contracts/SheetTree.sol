// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Hashes} from "@openzeppelin/contracts/utils/cryptography/Hashes.sol";
import {SheetLines} from "./SheetLines.sol";

/// @title The Merkle tree over a wage sheet's lines
/// @notice Node i of n leaves pairs with its neighbour into node n + i/2, the even one left, so the tree is one queue. A
/// line's index is its leaf's place, so indexes alone say which siblings a proof must bring. A leaf is the hash of 61
/// bytes and a node of 64: neither can pass for the other.
library SheetTree {
    using SheetLines for bytes;

    /// @notice The root over all of a sheet's lines. Requirements: at least one.
    /// @dev Two children lie side by side in memory, so that a pair is hashed where it is.
    function root(bytes calldata lines) internal pure returns (bytes32 hash) {
        uint256 count = lines.count();
        assembly ("memory-safe") {
            let nodes := mload(0x40)
            let node := nodes
            let line := lines.offset
            let end := add(line, lines.length)
            for {} lt(line, end) { line := add(line, 61) } { // SheetLines.SIZE
                calldatacopy(0x00, line, 61)
                mstore(node, keccak256(0x00, 61))
                node := add(node, 0x20)
            }
            end := add(nodes, shl(6, sub(count, 1)))
            for { let pair := nodes } lt(pair, end) { pair := add(pair, 0x40) } {
                mstore(node, keccak256(pair, 0x40))
                node := add(node, 0x20)
            }
            hash := mload(sub(node, 0x20))
        }
    }

    /// @notice Whether `lines`, strictly ascending by index, all belong to the sheet of `count` lines with this root.
    /// @param proof The siblings that cannot be computed, in the order of their nodes.
    function contains(bytes32 root_, uint256 count, bytes calldata lines, bytes32[] calldata proof)
        internal
        pure
        returns (bool)
    {
        uint256 given = lines.count();
        if (given == count) return proof.length == 0 && root(lines) == root_; // so they are its very lines
        return given != 0 && _ascend(lines, count) && _climb(lines, count, proof) == root_;
    }

    /// @return ascend Whether indexes rise from line to line and stay below `count`.
    function _ascend(bytes calldata lines, uint256 count) private pure returns (bool ascend) {
        assembly ("memory-safe") {
            let least := 0
            let line := lines.offset
            ascend := 1
            for { let end := add(line, lines.length) } lt(line, end) { line := add(line, 61) } {
                let index := byte(0, calldataload(line))
                ascend := and(ascend, iszero(lt(index, least)))
                least := add(index, 1)
            }
            ascend := and(ascend, iszero(gt(least, count)))
        }
    }

    /// @dev `places` and `hashes` are one round queue of nodes in ascending order: each step takes the first one, or the
    /// first two where they are siblings, and appends their parent. Returns 0 where the proof is too short or too long.
    function _climb(bytes calldata lines, uint256 count, bytes32[] calldata proof) private pure returns (bytes32) {
        (uint256[] memory places, bytes32[] memory hashes) = _leaves(lines);
        (uint256 head, uint256 length, uint256 used) = (0, places.length, 0);
        while (places[head] != 2 * count - 2) {
            (uint256 place, bytes32 hash) = (places[head], hashes[head]);
            head = (head + 1) % places.length;
            bytes32 sibling;
            // ^ is meant: siblings differ in the lowest bit.
            // slither-disable-next-line incorrect-exp
            if (length > 1 && places[head] == place ^ 1) {
                sibling = hashes[head];
                head = (head + 1) % places.length;
                --length;
            } else {
                if (used == proof.length) return 0;
                sibling = proof[used++];
            }
            uint256 tail = (head + length - 1) % places.length;
            places[tail] = count + place / 2;
            hashes[tail] = place & 1 == 0
                ? Hashes.efficientKeccak256(hash, sibling)
                : Hashes.efficientKeccak256(sibling, hash);
        }
        return used == proof.length ? hashes[head] : bytes32(0);
    }

    function _leaves(bytes calldata lines) private pure returns (uint256[] memory places, bytes32[] memory hashes) {
        uint256 given = lines.count();
        (places, hashes) = (new uint256[](given), new bytes32[](given));
        for (uint256 i = 0; i < given; ++i) {
            (places[i], hashes[i]) = (lines.indexOf(i), lines.leaf(i));
        }
    }
}
