// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Claim, Line, Objection, SheetHeader} from "./interfaces/IWageEscrow.sol";

/// @title What people sign for an escrow, as EIP-712 struct hashes
/// @notice A word's fields are all of what it binds; the escrow's address and the chain are in the domain.
library EscrowWords {
    bytes32 private constant JOIN = keccak256("Join(bytes32 workerId,uint64 dayCap,bytes32 termsHash,uint256 deadline)");
    bytes32 private constant SHEET = keccak256(
        "Sheet(uint256 sheetId,uint32 firstDay,uint32 lastDay,uint32 payday,bytes32 rulesHash,bytes32 termsRoot,bytes32 root,uint256 total)"
    );
    bytes32 internal constant CONFIRMATION = keccak256(
        "Confirmation(uint256 sheetId,uint8 index,bytes32 workerId,uint64 amount,uint32 dayMask,bytes32 payslipHash,uint64 deadline)"
    );
    bytes32 private constant CONTEST = keccak256(
        "Contest(uint256 sheetId,uint8 index,bytes32 workerId,uint64 amount,uint32 dayMask,bytes32 payslipHash,uint64 claimed,uint32 claimedDays,bytes32 evidenceHash,uint64 deadline)"
    );
    bytes32 private constant CLAIM = keccak256(
        "Claim(bytes32 workerId,uint64 amount,uint32 firstDay,uint32 dayMask,bytes32 evidenceHash,uint64 deadline)"
    );
    bytes32 private constant ANSWER =
        keccak256("Answer(uint256 disputeId,uint64 admitted,bytes32 evidenceHash,uint64 deadline)");
    bytes32 private constant RESOLUTION =
        keccak256("Resolution(uint256 disputeId,uint64 award,bytes32 orderHash,uint64 deadline)");
    bytes32 private constant BOND_DRAW = keccak256("BondDraw(uint256 amount,bytes32 orderHash,uint64 deadline)");
    bytes32 private constant CLOSING_NOTICE = keccak256("ClosingNotice(uint64 count,uint64 deadline)");
    bytes32 private constant CLOSING = keccak256("Closing(uint64 count,uint64 deadline)");

    /// @notice Contractor and worker: the worker is on this project.
    function join(bytes32 workerId, uint64 dayCap, bytes32 termsHash, uint256 deadline) internal pure returns (bytes32) {
        return keccak256(abi.encode(JOIN, workerId, dayCap, termsHash, deadline));
    }

    /// @notice Contractor: these wages are owed.
    function sheet(uint256 sheetId, SheetHeader calldata header, bytes32 root, uint256 total)
        internal
        pure
        returns (bytes32)
    {
        return keccak256(
            abi.encode(
                SHEET,
                sheetId,
                header.firstDay,
                header.lastDay,
                header.payday,
                header.rulesHash,
                header.termsRoot,
                root,
                total
            )
        );
    }

    /// @notice Worker: this line is right.
    function confirmation(uint256 sheetId, Line memory line, uint64 deadline) internal pure returns (bytes32) {
        return keccak256(
            abi.encode(
                CONFIRMATION,
                sheetId,
                line.index,
                line.workerId,
                line.amount,
                line.dayMask,
                line.payslipHash,
                deadline
            )
        );
    }

    /// @notice Worker: this line is too low.
    function contest(uint256 sheetId, Line memory line, Objection calldata objection) internal pure returns (bytes32) {
        return keccak256(
            abi.encode(
                CONTEST,
                sheetId,
                line.index,
                line.workerId,
                line.amount,
                line.dayMask,
                line.payslipHash,
                objection.claimed,
                objection.claimedDays,
                objection.evidenceHash,
                objection.deadline
            )
        );
    }

    /// @notice Worker: these days are missing.
    function claim(Claim calldata claimed) internal pure returns (bytes32) {
        return keccak256(
            abi.encode(
                CLAIM,
                claimed.workerId,
                claimed.amount,
                claimed.firstDay,
                claimed.dayMask,
                claimed.evidenceHash,
                claimed.deadline
            )
        );
    }

    /// @notice Contractor: so much of it is right.
    function answer(uint256 disputeId, uint64 admitted, bytes32 evidenceHash, uint64 deadline)
        internal
        pure
        returns (bytes32)
    {
        return keccak256(abi.encode(ANSWER, disputeId, admitted, evidenceHash, deadline));
    }

    /// @notice Bureau or arbiter: so much of it is due.
    function resolution(uint256 disputeId, uint64 award, bytes32 orderHash, uint64 deadline)
        internal
        pure
        returns (bytes32)
    {
        return keccak256(abi.encode(RESOLUTION, disputeId, award, orderHash, deadline));
    }

    /// @notice Bureau: pay wages from the bond.
    function bondDraw(uint256 amount, bytes32 orderHash, uint64 deadline) internal pure returns (bytes32) {
        return keccak256(abi.encode(BOND_DRAW, amount, orderHash, deadline));
    }

    /// @notice Contractor: the project is complete.
    function closingNotice(uint64 count, uint64 deadline) internal pure returns (bytes32) {
        return keccak256(abi.encode(CLOSING_NOTICE, count, deadline));
    }

    /// @notice Bureau: nobody is owed anything here.
    function closing(uint64 count, uint64 deadline) internal pure returns (bytes32) {
        return keccak256(abi.encode(CLOSING, count, deadline));
    }
}
