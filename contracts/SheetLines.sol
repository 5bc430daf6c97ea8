// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Line} from "./interfaces/IWageEscrow.sol";

/// @title A wage sheet's lines as calls and events carry them
/// @notice 61 bytes a line: index 1, dayMask 4, amount 8, workerId 16, payslipHash 32. Packed, because calldata is the
/// dearest part of posting (EIP-7623: 40 gas a byte).
library SheetLines {
    uint256 internal constant SIZE = 61;
    uint256 private constant HEAD = 29; // all but the payslip's hash

    /// @notice How many lines; 0 where the bytes are not whole lines.
    function count(bytes calldata lines) internal pure returns (uint256) {
        return lines.length % SIZE == 0 ? lines.length / SIZE : 0;
    }

    /// @notice The hash of the line at `position`. Requirements: `position < count(lines)`.
    function leaf(bytes calldata lines, uint256 position) internal pure returns (bytes32 hash) {
        assembly ("memory-safe") {
            let free := mload(0x40)
            calldatacopy(free, add(lines.offset, mul(position, SIZE)), SIZE)
            hash := keccak256(free, SIZE)
        }
    }

    /// @notice The index of the line at `position`. Requirements: `position < count(lines)`.
    function indexOf(bytes calldata lines, uint256 position) internal pure returns (uint256 index) {
        assembly ("memory-safe") {
            index := byte(0, calldataload(add(lines.offset, mul(position, SIZE))))
        }
    }

    /// @notice The worker of the line at `position`. Requirements: `position < count(lines)`.
    function workerIdOf(bytes calldata lines, uint256 position) internal pure returns (bytes32 workerId) {
        assembly ("memory-safe") {
            workerId := and(calldataload(add(add(lines.offset, mul(position, SIZE)), 13)), not(sub(shl(128, 1), 1)))
        }
    }

    /// @notice The line at `position`. Requirements: `position < count(lines)`.
    function lineAt(bytes calldata lines, uint256 position) internal pure returns (Line memory line) {
        uint256 head;
        bytes32 payslipHash;
        assembly ("memory-safe") {
            let start := add(lines.offset, mul(position, SIZE))
            head := calldataload(start)
            payslipHash := calldataload(add(start, HEAD))
        }
        line.index = uint8(head >> 248);
        line.dayMask = uint32(head >> 216);
        line.amount = uint64(head >> 152);
        line.workerId = bytes32(bytes16(bytes32(head << 104)));
        line.payslipHash = payslipHash;
    }
}
