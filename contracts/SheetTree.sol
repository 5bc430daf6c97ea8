// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {SheetLines} from "./SheetLines.sol";

/// @title The Merkle tree over a wage sheet's lines
/// @notice Node i of n leaves pairs with its neighbour into node n + i/2, the even one left, so the tree is one queue. A
/// line's index is its leaf's place, so indexes alone say which siblings a proof must bring. A leaf is the hash of 61
/// bytes and a node of 64: neither can pass for the other.
library SheetTree {
    using SheetLines for bytes;

    /// @notice The root over all of a sheet's lines. Requirements: at least one.
    function root(bytes calldata lines) internal pure returns (bytes32) {
        uint256 count = lines.count();
        bytes32[] memory nodes = new bytes32[](2 * count - 1);
        for (uint256 i = 0; i < count; ++i) {
            nodes[i] = lines.leaf(i);
        }
        return _root(nodes, count);
    }

    /// @notice Whether `lines`, strictly ascending by index, all belong to the sheet of `count` lines with this root.
    /// @param proof The siblings that cannot be computed, in the order of their nodes.
    function contains(bytes32 root_, uint256 count, bytes calldata lines, bytes32[] calldata proof)
        internal
        pure
        returns (bool)
    {
        uint256 given = lines.count();
        uint256[] memory places = new uint256[](given);
        bytes32[] memory hashes = new bytes32[](given == count ? 2 * count - 1 : given);
        uint256 least = 0;
        for (uint256 i = 0; i < given; ++i) {
            uint256 place = lines.indexOf(i);
            if (place < least || place >= count) return false;
            (places[i], hashes[i], least) = (place, lines.leaf(i), place + 1);
        }
        if (given == count) return proof.length == 0 && _root(hashes, count) == root_;
        return given != 0 && _climb(places, hashes, count, proof) == root_;
    }

    /// @param nodes The leaves, then room for the nodes above them.
    function _root(bytes32[] memory nodes, uint256 count) private pure returns (bytes32) {
        for (uint256 i = 0; i + 1 < count; ++i) {
            nodes[count + i] = _parent(nodes[2 * i], nodes[2 * i + 1]);
        }
        return nodes[2 * count - 2];
    }

    /// @dev `places` and `hashes` are one round queue of nodes in ascending order: each step takes the first one, or the
    /// first two where they are siblings, and appends their parent. Returns 0 where the proof is too short or too long.
    function _climb(uint256[] memory places, bytes32[] memory hashes, uint256 count, bytes32[] calldata proof)
        private
        pure
        returns (bytes32)
    {
        (uint256 head, uint256 length, uint256 used) = (0, places.length, 0);
        while (places[head] != 2 * count - 2) {
            (uint256 place, bytes32 hash) = (places[head], hashes[head]);
            head = _after(head, places.length);
            bytes32 sibling;
            if (length > 1 && places[head] == place ^ 1) {
                sibling = hashes[head];
                head = _after(head, places.length);
                --length;
            } else {
                if (used == proof.length) return 0;
                sibling = proof[used++];
            }
            uint256 tail = (head + length - 1) % places.length;
            places[tail] = count + place / 2;
            hashes[tail] = place & 1 == 0 ? _parent(hash, sibling) : _parent(sibling, hash);
        }
        return used == proof.length ? hashes[head] : bytes32(0);
    }

    function _after(uint256 position, uint256 length) private pure returns (uint256) {
        return position + 1 == length ? 0 : position + 1;
    }

    function _parent(bytes32 left, bytes32 right) private pure returns (bytes32 hash) {
        assembly ("memory-safe") {
            mstore(0x00, left)
            mstore(0x20, right)
            hash := keccak256(0x00, 0x40)
        }
    }
}
