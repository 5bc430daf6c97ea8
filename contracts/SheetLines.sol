// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Line} from "./interfaces/IWageEscrow.sol";

/// @title A wage sheet's lines as calls and events carry them
/// @notice 61 bytes a line: index 1, dayMask 4, amount 8, workerId 16, payslipHash 32. Packed, because calldata is the
/// dearest part of posting (EIP-7623: 40 gas a byte).
library SheetLines {
    uint256 internal constant SIZE = 61;

    /// @notice How many lines; 0 where the bytes are not whole lines.
    function count(bytes calldata lines) internal pure returns (uint256) {
        return lines.length % SIZE == 0 ? lines.length / SIZE : 0;
    }

    /// @notice The hash of the line at `position`. Requirements: `position < count(lines)`.
    function leaf(bytes calldata lines, uint256 position) internal pure returns (bytes32 hash) {
        assembly ("memory-safe") {
            calldatacopy(0x00, add(lines.offset, mul(position, SIZE)), SIZE)
            hash := keccak256(0x00, SIZE)
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
            workerId := shl(128, shr(128, calldataload(add(add(lines.offset, mul(position, SIZE)), 13))))
        }
    }

    /// @notice The line at `position`. Requirements: `position < count(lines)`.
    function lineAt(bytes calldata lines, uint256 position) internal pure returns (Line memory line) {
        assembly ("memory-safe") {
            let start := add(lines.offset, mul(position, SIZE))
            let head := calldataload(start)
            mstore(line, byte(0, head))
            mstore(add(line, 0x20), shr(224, shl(8, head)))
            mstore(add(line, 0x40), shr(192, shl(40, head)))
            mstore(add(line, 0x60), shl(128, shr(128, shl(104, head))))
            mstore(add(line, 0x80), calldataload(add(start, 29)))
        }
    }

    /// @notice Checks lines before they are posted: the i-th has index i, an amount, a worker, and no day but the period's.
    /// @param periodMask A bit for each day of the period.
    /// @return total Fen of the lines that are good.
    /// @return good The position of the first line that is not; how many there are if all are good.
    function check(bytes calldata lines, uint32 periodMask) internal pure returns (uint256 total, uint256 good) {
        assembly ("memory-safe") {
            let line := lines.offset
            for { let end := add(line, lines.length) } lt(line, end) { line := add(line, SIZE) } {
                let head := calldataload(line)
                let amount := shr(192, shl(40, head))
                let days_ := shr(224, shl(8, head))
                let isBad := or(xor(byte(0, head), good), and(days_, not(periodMask)))
                if or(isBad, or(iszero(amount), iszero(shl(128, shr(24, head))))) { break }
                total := add(total, amount)
                good := add(good, 1)
            }
        }
    }
}
