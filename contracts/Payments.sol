// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Line, Payment} from "./interfaces/IWageEscrow.sol";

/// @title One payment of one line in one word
/// @notice payout 20 bytes, amount 8, sheetId 2, index 1, assurance 1: a log costs by the byte, 256 times a batch.
library Payments {
    /// @notice Requirements: `sheetId` is below 65,536.
    function pack(uint256 sheetId, Line memory line, address payout, uint8 assurance) internal pure returns (Payment) {
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
}
