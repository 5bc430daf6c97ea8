// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Clones} from "@openzeppelin/contracts/proxy/Clones.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {
    Books,
    Confirmation,
    EscrowTerms,
    IWageEscrow,
    Line,
    Objection,
    Sheet,
    SheetHeader,
    SheetProof
} from "./interfaces/IWageEscrow.sol";
import {IWorkerRegistry} from "./interfaces/IWorkerRegistry.sol";
import {SheetTree} from "./SheetTree.sol";

/// @notice {IWageEscrow} says what each function promises.
/// @dev A clone; its terms are part of its code (immutable arguments), so there is nothing to initialise or upgrade.
contract WageEscrow is IWageEscrow, EIP712, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;

    /// @dev What the lines of one call share: read once, since a clone reads its terms from its code.
    struct Batch {
        uint256 sheetId;
        bytes32 domain;
        IERC20 token;
        IWorkerRegistry registry;
    }

    bytes32 private constant JOIN_TYPEHASH =
        keccak256("Join(bytes32 workerId,uint64 dayCap,bytes32 termsHash,uint256 deadline)");
    bytes32 private constant SHEET_TYPEHASH = keccak256(
        "Sheet(uint256 sheetId,uint32 firstDay,uint32 lastDay,uint32 payday,bytes32 rulesHash,bytes32 termsRoot,bytes32 root,uint256 total)"
    );
    bytes32 private constant CONFIRMATION_TYPEHASH = keccak256(
        "Confirmation(uint256 sheetId,uint8 index,bytes32 workerId,uint64 amount,uint32 dayMask,bytes32 payslipHash,uint64 deadline)"
    );
    bytes32 private constant CONTEST_TYPEHASH = keccak256(
        "Contest(uint256 sheetId,uint8 index,bytes32 workerId,uint64 amount,uint32 dayMask,bytes32 payslipHash,uint64 claimed,uint32 claimedDays,bytes32 evidenceHash,uint64 deadline)"
    );
    uint256 private constant MAX_LINES = 256; // one bitmap word
    uint256 private constant MAX_DAYS = 32; // one bit of a line's day mask each
    // Enough for P-256 where a chain lacks the precompile (~300k). A worker's wallet contract that burns more than this
    // is told as a bad signature at its position, instead of exhausting everybody else's batch.
    uint256 private constant CHECK_GAS = 600_000;

    uint256 private _funded;
    uint256 private _owed;
    uint256 private _contested;
    Sheet[] private _sheets;
    mapping(uint256 sheetId => uint32 daysInPeriod) private _periodMask;
    mapping(bytes32 workerId => uint64) public dayCapOf;

    constructor() EIP712("Anxin WageEscrow", "1") {}

    // ---------------------------------------------------------------- money in

    /// @inheritdoc IWageEscrow
    function fund(uint256 amount, bytes32 memo) external nonReentrant {
        _fund(amount, memo);
    }

    /// @inheritdoc IWageEscrow
    function fundWithPermit(uint256 amount, bytes32 memo, uint256 deadline, uint8 v, bytes32 r, bytes32 s)
        external
        nonReentrant
    {
        // A permit can be front-run; what counts is that the allowance is there.
        try IERC20Permit(terms().token).permit(msg.sender, address(this), amount, deadline, v, r, s) {} catch {}
        _fund(amount, memo);
    }

    // ---------------------------------------------------------------- people and sheets

    /// @inheritdoc IWageEscrow
    function join(
        bytes32 workerId,
        uint64 dayCap,
        bytes32 termsHash,
        uint256 deadline,
        bytes calldata contractorSignature,
        bytes calldata workerSignature
    ) external {
        // Checks
        require(dayCap != 0, Escrow_ZeroAmount());
        require(dayCapOf[workerId] == 0, Escrow_AlreadyJoined(workerId));
        require(block.timestamp <= deadline, Escrow_Expired(deadline, block.timestamp));
        bytes32 digest = _hashTypedDataV4(keccak256(abi.encode(JOIN_TYPEHASH, workerId, dayCap, termsHash, deadline)));
        _checkContractor(digest, contractorSignature);
        _checkWorker(IWorkerRegistry(terms().registry), 0, workerId, digest, workerSignature);

        // Effects
        dayCapOf[workerId] = dayCap;
        emit Joined(workerId, dayCap, termsHash);
    }

    /// @inheritdoc IWageEscrow
    function postSheet(
        uint256 sheetId,
        SheetHeader calldata header,
        Line[] calldata lines,
        bytes calldata contractorSignature
    ) external {
        // Checks
        require(sheetId == _sheets.length, Escrow_SheetOutOfOrder(sheetId, _sheets.length));
        require(lines.length != 0 && lines.length <= MAX_LINES, Escrow_BadLineCount(lines.length));
        uint32 periodMask = _maskOf(header);
        (bytes32 root, uint256 total) = _rootAndTotal(lines, periodMask);
        _checkContractor(_hashTypedDataV4(_hashSheet(sheetId, header, root, total)), contractorSignature);

        // Effects
        _owed += total;
        _periodMask[sheetId] = periodMask;
        _sheets.push(
            Sheet({
                root: root,
                total: uint128(total), // at most 256 lines of uint64
                postedAt: uint64(block.timestamp),
                lineCount: uint16(lines.length),
                released: 0,
                contested: 0
            })
        );
        emit SheetPosted(sheetId, header, root, total, lines);
    }

    // ---------------------------------------------------------------- money out: to workers only

    /// @inheritdoc IWageEscrow
    function release(
        uint256 sheetId,
        Line[] calldata lines,
        SheetProof calldata proof,
        Confirmation[] calldata confirmations
    ) external nonReentrant {
        require(lines.length == confirmations.length, Escrow_LengthMismatch(lines.length, confirmations.length));
        _checkLines(sheetId, lines, proof);
        Batch memory batch = _batch(sheetId);
        for (uint256 i = 0; i < lines.length; ++i) {
            if (!_hasBit(_sheets[sheetId].released, lines[i].index)) _release(batch, i, lines[i], confirmations[i]);
        }
    }

    /// @inheritdoc IWageEscrow
    function releaseUnsigned(uint256 sheetId, Line[] calldata lines, SheetProof calldata proof) external nonReentrant {
        _checkLines(sheetId, lines, proof);
        Batch memory batch = _batch(sheetId);
        uint256 until = _sheets[sheetId].postedAt + terms().objectionWindow;
        for (uint256 i = 0; i < lines.length; ++i) {
            Line calldata line = lines[i];
            if (_hasBit(_sheets[sheetId].released, line.index)) continue;
            require(
                block.timestamp > until || _hasBit(_sheets[sheetId].contested, line.index),
                Escrow_WindowOpen(until, block.timestamp)
            );
            address payout = batch.registry.payoutOf(line.workerId);
            require(payout != address(0), Escrow_NotEnrolled(i, line.workerId));
            _pay(batch, line, payout, 0);
        }
    }

    /// @inheritdoc IWageEscrow
    function contest(
        uint256 sheetId,
        Line calldata line,
        SheetProof calldata proof,
        Objection calldata objection,
        bytes calldata signature
    ) external nonReentrant {
        // Checks
        require(sheetId < _sheets.length, Escrow_UnknownSheet(sheetId));
        Sheet storage posted = _sheets[sheetId];
        require(SheetTree.contains(posted.root, line, proof), Escrow_LineNotInSheet(sheetId));
        require(!_hasBit(posted.contested, line.index), Escrow_AlreadyContested(sheetId, line.index));
        require(block.timestamp <= objection.deadline, Escrow_Expired(objection.deadline, block.timestamp));
        uint256 remainder = _checkObjection(sheetId, line, objection);
        Batch memory batch = _batch(sheetId);
        bytes32 digest = MessageHashUtils.toTypedDataHash(batch.domain, _hashContest(sheetId, line, objection));
        (uint8 assurance, address payout) = _checkWorker(batch.registry, 0, line.workerId, digest, signature);

        // Effects
        posted.contested |= 1 << line.index;
        _contested += remainder;
        emit Contested(
            sheetId, line.index, line.workerId, remainder, objection.claimedDays, objection.evidenceHash
        );

        // Interactions
        if (!_hasBit(posted.released, line.index)) _pay(batch, line, payout, assurance);
    }

    // ---------------------------------------------------------------- views

    /// @inheritdoc IWageEscrow
    function books() external view returns (Books memory) {
        return Books({
            funded: _funded,
            owed: _owed,
            contested: _contested,
            free: Math.saturatingSub(_funded, _owed + _contested)
        });
    }

    /// @inheritdoc IWageEscrow
    function sheet(uint256 sheetId) external view returns (Sheet memory) {
        require(sheetId < _sheets.length, Escrow_UnknownSheet(sheetId));
        return _sheets[sheetId];
    }

    /// @inheritdoc IWageEscrow
    function sheetCount() external view returns (uint256) {
        return _sheets.length;
    }

    /// @inheritdoc IWageEscrow
    function terms() public view returns (EscrowTerms memory) {
        return abi.decode(Clones.fetchCloneArgs(address(this)), (EscrowTerms));
    }

    // ---------------------------------------------------------------- checks

    function _checkContractor(bytes32 digest, bytes calldata signature) private view {
        address contractor = terms().contractor;
        require(
            SignatureChecker.isValidSignatureNowCalldata(contractor, digest, signature),
            Escrow_BadContractorSignature(contractor)
        );
    }

    /// @param position Place in the caller's list, for the error: a batch is mended by leaving that line out.
    function _checkWorker(
        IWorkerRegistry registry,
        uint256 position,
        bytes32 workerId,
        bytes32 digest,
        bytes calldata signature
    ) private view returns (uint8 assurance, address payout) {
        (assurance, payout) = registry.check{gas: CHECK_GAS}(workerId, digest, signature);
        require(payout != address(0), Escrow_NotEnrolled(position, workerId));
        require(assurance != 0, Escrow_BadWorkerSignature(position));
    }

    function _checkLines(uint256 sheetId, Line[] calldata lines, SheetProof calldata proof) private view {
        require(sheetId < _sheets.length, Escrow_UnknownSheet(sheetId));
        require(lines.length != 0, Escrow_BadLineCount(0));
        require(SheetTree.contains(_sheets[sheetId].root, lines, proof), Escrow_LineNotInSheet(sheetId));
    }

    /// @return remainder What is claimed beyond the posted amount.
    function _checkObjection(uint256 sheetId, Line calldata line, Objection calldata objection)
        private
        view
        returns (uint256 remainder)
    {
        uint64 dayCap = dayCapOf[line.workerId];
        require(dayCap != 0, Escrow_NotJoined(line.workerId));
        uint32 claimedDays = objection.claimedDays;
        uint256 bound = uint256(dayCap) * _countDays(claimedDays);
        require(
            objection.claimed > line.amount && objection.claimed <= bound
                && claimedDays & line.dayMask == line.dayMask && claimedDays & ~_periodMask[sheetId] == 0,
            Escrow_BadObjection(objection.claimed, line.amount, bound)
        );
        return objection.claimed - line.amount;
    }

    // ---------------------------------------------------------------- effects

    function _fund(uint256 amount, bytes32 memo) private {
        require(amount != 0, Escrow_ZeroAmount());
        IERC20 token = IERC20(terms().token);
        uint256 before = token.balanceOf(address(this));
        token.safeTransferFrom(msg.sender, address(this), amount);
        uint256 received = token.balanceOf(address(this)) - before;
        require(received == amount, Escrow_ReceivedLess(received, amount));
        _funded += amount;
        emit Funded(msg.sender, amount, memo);
    }

    function _release(Batch memory batch, uint256 position, Line calldata line, Confirmation calldata confirmation)
        private
    {
        uint64 deadline = confirmation.deadline;
        require(block.timestamp <= deadline, Escrow_Expired(deadline, block.timestamp));
        bytes32 digest =
            MessageHashUtils.toTypedDataHash(batch.domain, _hashConfirmation(batch.sheetId, line, deadline));
        (uint8 assurance, address payout) =
            _checkWorker(batch.registry, position, line.workerId, digest, confirmation.signature);
        _pay(batch, line, payout, assurance);
    }

    /// @dev A payee that cannot be paid must not stop the others, so a failed transfer is undone and told, not reverted.
    function _pay(Batch memory batch, Line calldata line, address payout, uint8 assurance) private {
        uint256 amount = line.amount;
        uint256 bit = 1 << line.index;
        uint256 funded = _funded;
        bool paid = funded >= amount;
        if (paid) {
            Sheet storage posted = _sheets[batch.sheetId];
            posted.released |= bit;
            _funded = funded - amount;
            _owed -= amount;
            paid = batch.token.trySafeTransfer(payout, amount);
            if (!paid) {
                posted.released &= ~bit;
                _funded += amount;
                _owed += amount;
            }
        }
        if (paid) emit Released(batch.sheetId, line.index, line.workerId, payout, amount, assurance);
        else emit PayoutFailed(batch.sheetId, line.index, line.workerId, payout, amount);
    }

    // ---------------------------------------------------------------- arithmetic and hashes

    function _batch(uint256 sheetId) private view returns (Batch memory) {
        EscrowTerms memory fixedTerms = terms();
        return Batch({
            sheetId: sheetId,
            domain: _domainSeparatorV4(),
            token: IERC20(fixedTerms.token),
            registry: IWorkerRegistry(fixedTerms.registry)
        });
    }

    function _hasBit(uint256 bitmap, uint8 index) private pure returns (bool) {
        return bitmap & (1 << index) != 0;
    }

    function _countDays(uint32 dayMask) private pure returns (uint256 count) {
        for (; dayMask != 0; dayMask &= dayMask - 1) ++count;
    }

    function _maskOf(SheetHeader calldata header) private pure returns (uint32) {
        (uint32 firstDay, uint32 lastDay) = (header.firstDay, header.lastDay);
        require(lastDay >= firstDay && lastDay - firstDay < MAX_DAYS, Escrow_BadPeriod(firstDay, lastDay));
        return type(uint32).max >> (31 - (lastDay - firstDay));
    }

    function _rootAndTotal(Line[] calldata lines, uint32 periodMask)
        private
        pure
        returns (bytes32 root, uint256 total)
    {
        bytes32[] memory leaves = new bytes32[](lines.length);
        for (uint256 i = 0; i < lines.length; ++i) {
            Line calldata line = lines[i];
            require(
                line.index == i && line.amount != 0 && line.workerId != 0 && line.dayMask & ~periodMask == 0,
                Escrow_BadLine(i)
            );
            leaves[i] = SheetTree.leaf(line);
            total += line.amount;
        }
        root = SheetTree.root(leaves);
    }

    function _hashSheet(uint256 sheetId, SheetHeader calldata header, bytes32 root, uint256 total)
        private
        pure
        returns (bytes32)
    {
        return keccak256(
            abi.encode(
                SHEET_TYPEHASH,
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

    function _hashConfirmation(uint256 sheetId, Line calldata line, uint64 deadline) private pure returns (bytes32) {
        return keccak256(
            abi.encode(
                CONFIRMATION_TYPEHASH,
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

    function _hashContest(uint256 sheetId, Line calldata line, Objection calldata objection)
        private
        pure
        returns (bytes32)
    {
        return keccak256(
            abi.encode(
                CONTEST_TYPEHASH,
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
}
