// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Claim, Line, Objection, SheetHeader} from "interfaces/IWageEscrow.sol";
import {SignerKey} from "interfaces/IWorkerRegistry.sol";

/// @title What people sign, written down from the interfaces' text, so that the contracts' own words are put to the test
library Words {
    bytes32 private constant DOMAIN =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");

    function digest(string memory name, address place, bytes memory words) internal view returns (bytes32) {
        bytes32 domain = keccak256(abi.encode(DOMAIN, keccak256(bytes(name)), keccak256("1"), block.chainid, place));
        return keccak256(abi.encodePacked(hex"1901", domain, keccak256(words)));
    }

    // ---------------------------------------------------------------- registry

    function enrolment(bytes32 workerId, SignerKey memory key, address payout, uint256 deadline)
        internal
        pure
        returns (bytes memory)
    {
        bytes32 kind = keccak256(
            "Enrolment(bytes32 workerId,uint8 assurance,bytes32 x,bytes32 y,address payout,uint256 deadline)"
        );
        return abi.encode(kind, workerId, key.assurance, key.x, key.y, payout, deadline);
    }

    function rotation(bytes32 workerId, SignerKey memory key, uint256 nonce, uint256 deadline)
        internal
        pure
        returns (bytes memory)
    {
        bytes32 kind = keccak256(
            "Rotation(bytes32 workerId,uint8 assurance,bytes32 x,bytes32 y,uint256 nonce,uint256 deadline)"
        );
        return abi.encode(kind, workerId, key, nonce, deadline);
    }

    function recovery(bytes32 workerId, SignerKey memory key, address bureau, uint256 nonce, uint256 deadline)
        internal
        pure
        returns (bytes memory)
    {
        bytes32 kind = keccak256(
            "Recovery(bytes32 workerId,uint8 assurance,bytes32 x,bytes32 y,address bureau,uint256 nonce,uint256 deadline)"
        );
        return abi.encode(kind, workerId, key, bureau, nonce, deadline);
    }

    function payoutChange(bytes32 workerId, address payout, uint256 nonce, uint256 deadline)
        internal
        pure
        returns (bytes memory)
    {
        bytes32 kind = keccak256("PayoutChange(bytes32 workerId,address payout,uint256 nonce,uint256 deadline)");
        return abi.encode(kind, workerId, payout, nonce, deadline);
    }

    function recoveryCancel(bytes32 workerId, uint256 nonce, uint256 deadline) internal pure returns (bytes memory) {
        return abi.encode(keccak256("RecoveryCancel(bytes32 workerId,uint256 nonce,uint256 deadline)"), workerId, nonce, deadline);
    }

    // ---------------------------------------------------------------- escrow

    function join(bytes32 workerId, uint64 dayCap, bytes32 termsHash, uint256 deadline)
        internal
        pure
        returns (bytes memory)
    {
        bytes32 kind = keccak256("Join(bytes32 workerId,uint64 dayCap,bytes32 termsHash,uint256 deadline)");
        return abi.encode(kind, workerId, dayCap, termsHash, deadline);
    }

    function sheet(uint256 sheetId, SheetHeader memory header, bytes32 root, uint256 total)
        internal
        pure
        returns (bytes memory)
    {
        bytes32 kind = keccak256(
            "Sheet(uint256 sheetId,uint32 firstDay,uint32 lastDay,uint32 payday,bytes32 rulesHash,bytes32 termsRoot,bytes32 root,uint256 total)"
        );
        return abi.encode(kind, sheetId, header, root, total);
    }

    function confirmation(uint256 sheetId, Line memory line, uint64 deadline) internal pure returns (bytes memory) {
        bytes32 kind = keccak256(
            "Confirmation(uint256 sheetId,uint8 index,bytes32 workerId,uint64 amount,uint32 dayMask,bytes32 payslipHash,uint64 deadline)"
        );
        return abi.encode(
            kind, sheetId, line.index, line.workerId, line.amount, line.dayMask, line.payslipHash, deadline
        );
    }

    function contest(uint256 sheetId, Line memory line, Objection memory objection) internal pure returns (bytes memory) {
        bytes32 kind = keccak256(
            "Contest(uint256 sheetId,uint8 index,bytes32 workerId,uint64 amount,uint32 dayMask,bytes32 payslipHash,uint64 claimed,uint32 claimedDays,bytes32 evidenceHash,uint64 deadline)"
        );
        bytes memory posted =
            abi.encode(kind, sheetId, line.index, line.workerId, line.amount, line.dayMask, line.payslipHash);
        return bytes.concat(posted, abi.encode(objection));
    }

    function claim(Claim memory claimed) internal pure returns (bytes memory) {
        bytes32 kind = keccak256(
            "Claim(bytes32 workerId,uint64 amount,uint32 firstDay,uint32 dayMask,bytes32 evidenceHash,uint64 deadline)"
        );
        return abi.encode(kind, claimed);
    }

    function answer(uint256 disputeId, uint64 admitted, bytes32 evidenceHash, uint64 deadline)
        internal
        pure
        returns (bytes memory)
    {
        bytes32 kind = keccak256("Answer(uint256 disputeId,uint64 admitted,bytes32 evidenceHash,uint64 deadline)");
        return abi.encode(kind, disputeId, admitted, evidenceHash, deadline);
    }

    function resolution(uint256 disputeId, uint64 award, bytes32 orderHash, uint64 deadline)
        internal
        pure
        returns (bytes memory)
    {
        bytes32 kind = keccak256("Resolution(uint256 disputeId,uint64 award,bytes32 orderHash,uint64 deadline)");
        return abi.encode(kind, disputeId, award, orderHash, deadline);
    }

    function bondDraw(uint256 amount, bytes32 orderHash, uint64 deadline) internal pure returns (bytes memory) {
        return abi.encode(keccak256("BondDraw(uint256 amount,bytes32 orderHash,uint64 deadline)"), amount, orderHash, deadline);
    }

    function closingNotice(uint64 count, uint64 deadline) internal pure returns (bytes memory) {
        return abi.encode(keccak256("ClosingNotice(uint64 count,uint64 deadline)"), count, deadline);
    }

    function closing(uint64 count, uint64 deadline) internal pure returns (bytes memory) {
        return abi.encode(keccak256("Closing(uint64 count,uint64 deadline)"), count, deadline);
    }

    // ---------------------------------------------------------------- evidence and token

    function evidence(bytes32 topic, uint32 day, bytes32 root) internal pure returns (bytes memory) {
        return abi.encode(keccak256("Evidence(bytes32 topic,uint32 day,bytes32 root)"), topic, day, root);
    }

    function permit(address owner, address spender, uint256 value, uint256 nonce, uint256 deadline)
        internal
        pure
        returns (bytes memory)
    {
        bytes32 kind =
            keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)");
        return abi.encode(kind, owner, spender, value, nonce, deadline);
    }
}
