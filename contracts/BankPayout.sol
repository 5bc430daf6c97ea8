// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {IBankPayout} from "./interfaces/IBankPayout.sol";
import {IWageEscrow} from "./interfaces/IWageEscrow.sol";
import {IWageEscrowFactory} from "./interfaces/IWageEscrowFactory.sol";
import {IWageToken} from "./interfaces/IWageToken.sol";

/// @notice {IBankPayout} says what each function promises.
/// @dev The factory makes it, so that each knows the other from the first block on. Which lines are here is in the escrows.
contract BankPayout is IBankPayout, AccessManaged {
    using SafeERC20 for IERC20;

    uint256 public constant SETTLEMENT_WINDOW = 30 days;

    IWageEscrowFactory public immutable factory;
    address public immutable token;

    /// @dev Approves what the escrow takes back, and not a block longer: only escrows whose code we know come here.
    modifier givingBack(address escrow) {
        _checkEscrow(escrow);
        IERC20(token).forceApprove(escrow, type(uint256).max);
        _;
        IERC20(token).forceApprove(escrow, 0);
    }

    // Only the factory makes this, and it has looked.
    // slither-disable-next-line missing-zero-check
    constructor(address authority, address token_) AccessManaged(authority) {
        factory = IWageEscrowFactory(msg.sender);
        token = token_;
    }

    /// @inheritdoc IBankPayout
    function settleLines(
        address escrow,
        uint256 sheetId,
        bytes calldata lines,
        bytes32[] calldata proof,
        bytes32 receipt
    ) external restricted {
        _checkEscrow(escrow);
        IWageToken(token).burn(IWageEscrow(escrow).settleLines(sheetId, lines, proof, receipt), receipt);
    }

    /// @inheritdoc IBankPayout
    function returnLines(
        address escrow,
        uint256 sheetId,
        bytes calldata lines,
        bytes32[] calldata proof,
        bytes32 reason
    ) external restricted givingBack(escrow) {
        // The escrow takes the money itself; nothing is left to do with the total.
        // slither-disable-next-line unused-return
        IWageEscrow(escrow).takeBackLines(sheetId, lines, proof, reason);
    }

    /// @inheritdoc IBankPayout
    function returnUnsettledLines(address escrow, uint256 sheetId, bytes calldata lines, bytes32[] calldata proof)
        external
        givingBack(escrow)
    {
        _checkLeftLying(IWageEscrow(escrow).sheet(sheetId).bankedAt);
        // As in returnLines.
        // slither-disable-next-line unused-return
        IWageEscrow(escrow).takeBackLines(sheetId, lines, proof, 0);
        uint256 left = IWageEscrow(escrow).sheet(sheetId).banked;
        require(left == 0, BankPayout_LinesLeft(left));
    }

    /// @inheritdoc IBankPayout
    function settleDispute(address escrow, uint256 disputeId, bytes32 receipt) external restricted {
        _checkEscrow(escrow);
        IWageToken(token).burn(IWageEscrow(escrow).settleDispute(disputeId, receipt), receipt);
    }

    /// @inheritdoc IBankPayout
    function returnDispute(address escrow, uint256 disputeId, bytes32 reason) external restricted givingBack(escrow) {
        // As in returnLines.
        // slither-disable-next-line unused-return
        IWageEscrow(escrow).takeBackDispute(disputeId, reason);
    }

    /// @inheritdoc IBankPayout
    function returnUnsettledDispute(address escrow, uint256 disputeId) external givingBack(escrow) {
        _checkLeftLying(IWageEscrow(escrow).dispute(disputeId).bankedAt);
        // As in returnLines.
        // slither-disable-next-line unused-return
        IWageEscrow(escrow).takeBackDispute(disputeId, 0);
    }

    function _checkEscrow(address escrow) private view {
        require(factory.isEscrow(escrow), BankPayout_UnknownEscrow(escrow));
    }

    function _checkLeftLying(uint256 bankedAt) private view {
        uint256 from = bankedAt + SETTLEMENT_WINDOW;
        require(block.timestamp > from, BankPayout_TooEarly(from, block.timestamp));
    }
}
