// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Payment} from "./IWageEscrow.sol";

/// @title Mirror of bank money, in fen
/// @notice One unit is one fen (¥0.01; decimals 2). Every unit in circulation stands for a fen held by the bank.
interface IWageToken {
    /// @notice The bank has attested a deposit and mirrors it. `receipt` is the hash of the bank's own deposit record.
    event Minted(address indexed to, uint256 amount, bytes32 indexed receipt);

    /// @notice The bank has paid real money out and takes its mirror back.
    event Burned(uint256 amount, bytes32 indexed receipt);

    /// @notice This bank record has already been mirrored.
    error Token_ReceiptUsed(bytes32 receipt);

    /// @notice Mirrors an attested deposit. A receipt mints once, so a resend cannot create money.
    /// @dev Emits {Minted}.
    /// Requirements:
    /// - the caller holds the bank role;
    /// - `receipt` has neither minted nor burned before.
    /// @param to Who the deposit belongs to: a contractor, or an escrow's funder.
    /// @param amount Fen.
    /// @param receipt Hash of the bank's deposit record.
    function mint(address to, uint256 amount, bytes32 receipt) external;

    /// @notice Removes the caller's own units against a bank payment.
    /// @dev Emits {Burned}.
    /// Requirements:
    /// - the caller holds the bank role and the units;
    /// - `receipt` has neither minted nor burned before.
    function burn(uint256 amount, bytes32 receipt) external;

    /// @notice Transfers from the caller to many at once, for less than as many calls of `transfer`.
    /// @dev Emits a `Transfer` for each. Reverts where one of them would: then nothing is transferred.
    /// @param transfers To whom (the first 20 bytes) and how much (the next 8, fen); the last 4 bytes mean nothing here. Zeros
    /// are passed over.
    /// @return true.
    function transferMany(Payment[] calldata transfers) external returns (bool);

    /// @notice Whether a bank record has been mirrored.
    function receiptUsed(bytes32 receipt) external view returns (bool);
}
