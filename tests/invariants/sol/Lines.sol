// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Line} from "interfaces/IWageEscrow.sol";

/// @title A wage sheet's lines and the tree over them, from the interfaces' text
library Lines {
    uint256 internal constant SIZE = 61;

    function pack(Line memory line) internal pure returns (bytes memory) {
        return abi.encodePacked(line.index, line.dayMask, line.amount, bytes16(line.workerId), line.payslipHash);
    }

    function count(bytes memory lines) internal pure returns (uint256) {
        return lines.length / SIZE;
    }

    function slice(bytes memory lines, uint256 place) internal pure returns (bytes memory one) {
        one = new bytes(SIZE);
        assembly ("memory-safe") {
            let end := add(add(lines, 32), mul(add(place, 1), SIZE))
            mstore(add(one, 32), mload(sub(end, SIZE)))
            mstore(add(one, SIZE), mload(sub(end, 32)))
        }
    }

    function lineAt(bytes memory lines, uint256 place) internal pure returns (Line memory one) {
        uint256 head;
        bytes32 payslipHash;
        assembly ("memory-safe") {
            let end := add(add(lines, 32), mul(add(place, 1), SIZE))
            payslipHash := mload(sub(end, 32))
            head := mload(sub(end, SIZE))
        }
        one.index = uint8(head >> 248);
        one.dayMask = uint32(head >> 216);
        one.amount = uint64(head >> 152);
        one.workerId = bytes32(bytes16(uint128(head >> 24)));
        one.payslipHash = payslipHash;
    }

    /// @notice All nodes, leaves first, root last: node i of n leaves pairs with its neighbour into node n + i/2.
    function tree(bytes memory lines) internal pure returns (bytes32[] memory nodes) {
        uint256 leaves = count(lines);
        nodes = new bytes32[](2 * leaves - 1);
        for (uint256 i = 0; i < leaves; ++i) {
            nodes[i] = keccak256(slice(lines, i));
        }
        for (uint256 i = leaves; i < nodes.length; ++i) {
            nodes[i] = keccak256(abi.encodePacked(nodes[2 * (i - leaves)], nodes[2 * (i - leaves) + 1]));
        }
    }

    function root(bytes memory lines) internal pure returns (bytes32) {
        bytes32[] memory nodes = tree(lines);
        return nodes[nodes.length - 1];
    }

    /// @notice The lines whose bit is set in `chosen`, and the siblings that prove them.
    function choose(bytes memory lines, uint256 chosen)
        internal
        pure
        returns (bytes memory some, bytes32[] memory proof)
    {
        bytes32[] memory nodes = tree(lines);
        uint256 leaves = count(lines);
        bool[] memory known = new bool[](nodes.length);
        for (uint256 i = 0; i < leaves; ++i) {
            if (chosen >> i & 1 == 0) continue;
            known[i] = true;
            some = bytes.concat(some, slice(lines, i));
        }
        proof = new bytes32[](nodes.length);
        uint256 used = 0;
        for (uint256 i = 0; i + 1 < nodes.length; i += 2) {
            if (!known[i] && !known[i + 1]) continue;
            if (!known[i]) proof[used++] = nodes[i];
            if (!known[i + 1]) proof[used++] = nodes[i + 1];
            known[leaves + i / 2] = true;
        }
        assembly ("memory-safe") {
            mstore(proof, used)
        }
    }
}
