// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Line, Payment} from "./interfaces/IWageEscrow.sol";

/// @title One payment of one line in one word
/// @notice payout 20 bytes, amount 8, sheetId 2, index 1, assurance 1: a log costs by the byte, 256 times a batch.
library Payments {
    /// @notice Requirements: `sheetId` is below 65,536.
    function pack(address payout, Line memory line, uint256 sheetId, uint8 assurance) internal pure returns (Payment) {
        return Payment.wrap(
            bytes32(
                uint256(uint160(payout)) << 96 | uint256(line.amount) << 32 | sheetId << 16 | uint256(line.index) << 8
                    | assurance
            )
        );
    }

    function payoutOf(Payment payment) internal pure returns (address) {
        return address(bytes20(Payment.unwrap(payment)));
    }

    /// @notice Fen.
    function amountOf(Payment payment) internal pure returns (uint256) {
        return uint64(uint256(Payment.unwrap(payment)) >> 32);
    }

    /// @notice The line's bit in its sheet's bitmaps.
    function bitOf(Payment payment) internal pure returns (uint256) {
        return 1 << uint8(uint256(Payment.unwrap(payment)) >> 8);
    }

    /// @notice `payments[position] = payment`. Requirements: `position < payments.length`.
    function set(Payment[] memory payments, uint256 position, Payment payment) internal pure {
        assembly ("memory-safe") {
            mstore(add(add(payments, 0x20), shl(5, position)), payment)
        }
    }

    /// @notice What a batch comes to.
    /// @return bits The payments' lines in the sheet's bitmap.
    /// @return bankBits Those of them whose payout is `bank`.
    /// @return total Fen.
    /// @return bankTotal Fen of it for `bank`.
    function sums(Payment[] memory payments, address bank)
        internal
        pure
        returns (uint256 bits, uint256 bankBits, uint256 total, uint256 bankTotal)
    {
        assembly ("memory-safe") {
            let end := add(payments, shl(5, add(mload(payments), 1)))
            for { let place := add(payments, 0x20) } lt(place, end) { place := add(place, 0x20) } {
                let payment := mload(place)
                let amount := shr(192, shl(160, payment))
                let bit := shl(shr(248, shl(240, payment)), iszero(iszero(payment)))
                total := add(total, amount)
                bits := or(bits, bit)
                if eq(shr(96, payment), bank) {
                    bankTotal := add(bankTotal, amount)
                    bankBits := or(bankBits, bit)
                }
            }
        }
    }

    /// @notice `words[position]`. Requirements: `position < words.length`.
    function get(bytes32[] memory words, uint256 position) internal pure returns (bytes32 word) {
        assembly ("memory-safe") {
            word := mload(add(add(words, 0x20), shl(5, position)))
        }
    }

    /// @notice A copy in which the lines with these bits are left out.
    function without(Payment[] memory payments, uint256 bits) internal pure returns (Payment[] memory others) {
        others = new Payment[](payments.length);
        for (uint256 i = 0; i < payments.length; ++i) {
            if (bits & bitOf(payments[i]) == 0) others[i] = payments[i];
        }
    }
}
