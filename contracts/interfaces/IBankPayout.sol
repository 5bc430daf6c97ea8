// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Where wages go that a bank pays into workers' own accounts
/// @notice A worker who is paid by the bank has this contract as registered payout. What it receives can leave in two ways: the
/// bank has paid the worker and the mirror is burned, or the money goes back to the escrow and is owed again. Which
/// worker's account a line belongs to is the bank's knowledge and on no chain.
interface IBankPayout {
    error BankPayout_UnknownEscrow(address escrow);
    error BankPayout_TooEarly(uint256 from, uint256 time);
    error BankPayout_LinesLeft(uint256 bits);

    /// @notice The bank has paid these lines into their workers' accounts: their mirror is burned.
    /// @dev The escrow emits {IWageEscrow-LineSettled} for each. Requirements:
    /// - the caller holds the bank role; the escrow is one of the factory's;
    /// - each line was released to this contract and is neither settled nor returned;
    /// - `receipt`, the hash of the bank's record, was not used before.
    /// @param lines Packed, strictly ascending by index; `proof` as for {IWageEscrow-release}.
    function settleLines(
        address escrow,
        uint256 sheetId,
        bytes calldata lines,
        bytes32[] calldata proof,
        bytes32 receipt
    ) external;

    /// @notice The bank could not pay these lines (wrong account, closed account): they are owed again.
    /// @dev The escrow emits {IWageEscrow-LineReturned} for each. Requirements as {settleLines}, without a receipt.
    /// @param reason The bank's reason, as a hash or a short code; not zero by custom.
    function returnLines(
        address escrow,
        uint256 sheetId,
        bytes calldata lines,
        bytes32[] calldata proof,
        bytes32 reason
    ) external;

    /// @notice Anyone gives back lines that the bank has left lying for {SETTLEMENT_WINDOW}: they are owed again.
    /// @dev The escrow emits {IWageEscrow-LineReturned} with reason zero. Requirements: the bank has held lines of this sheet for
    /// that long without a break; `lines` are all that it holds of it (so that what is paid again then has a clock of its own).
    /// Notes: the bank does well to settle or return a whole sheet within the window; a line it leaves lying takes all along.
    function returnUnsettledLines(address escrow, uint256 sheetId, bytes calldata lines, bytes32[] calldata proof) external;

    /// @notice {settleLines} for what a dispute granted.
    function settleDispute(address escrow, uint256 disputeId, bytes32 receipt) external;

    /// @notice {returnLines} for what a dispute granted.
    function returnDispute(address escrow, uint256 disputeId, bytes32 reason) external;

    /// @notice {returnUnsettledLines} for what a dispute granted.
    function returnUnsettledDispute(address escrow, uint256 disputeId) external;

    /// @notice How long the bank may leave a wage lying, in seconds.
    // A constant's name.
    // slither-disable-next-line naming-convention
    function SETTLEMENT_WINDOW() external view returns (uint256);
}
