// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAccessManager} from "@openzeppelin/contracts/access/manager/IAccessManager.sol";
import {Clones} from "@openzeppelin/contracts/proxy/Clones.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {
    Books,
    Claim,
    Closing,
    Dispute,
    DisputeState,
    EscrowTerms,
    IWageEscrow,
    Line,
    Objection,
    Payment,
    Sheet,
    SheetHeader
} from "./interfaces/IWageEscrow.sol";
import {IWageToken} from "./interfaces/IWageToken.sol";
import {IWorkerRegistry} from "./interfaces/IWorkerRegistry.sol";
import {Confirmations} from "./Confirmations.sol";
import {EscrowWords} from "./EscrowWords.sol";
import {Payments} from "./Payments.sol";
import {Roles} from "./Roles.sol";
import {SheetLines} from "./SheetLines.sol";
import {SheetTree} from "./SheetTree.sol";

/// @notice {IWageEscrow} says what each function promises.
/// @dev A clone; its terms are part of its code (immutable arguments), so there is nothing to initialise or upgrade.
contract WageEscrow is IWageEscrow, EIP712, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;
    using Payments for Payment;
    using Payments for Payment[];
    using Payments for bytes32[];
    using Confirmations for Confirmations.Desk;
    using SheetLines for bytes;

    /// @dev The lines of one call on their way to being paid: checked first, then booked at once, then transferred.
    /// @param payments What to pay, by the line's position in the call; zero: nothing.
    struct Batch {
        uint256 sheetId;
        IERC20 token;
        IWorkerRegistry registry;
        address bank;
        Payment[] payments;
    }

    uint256 private constant MAX_LINES = 256; // one bitmap word
    uint256 private constant MAX_SHEETS = 65_536; // two bytes of a Payment
    uint256 private constant MAX_DAYS = 32; // one bit of a day mask each
    uint256 private constant CLAIM_DAYS = 3653; // ten years: bounds what one unanswered worker can claim
    uint256 private constant NOTICE = 30 days; // before closing, and again before the bond goes back
    uint256 private constant PAUSE = 7 days;
    uint256 private constant PAUSE_REST = 30 days; // else one pause could follow the other for ever
    // Enough for P-256 where a chain lacks the precompile (~300k). A worker's wallet contract that burns more than this
    // is told as a bad signature, instead of exhausting the relayer.
    uint256 private constant CHECK_GAS = 600_000;

    uint256 private _funded;
    uint256 private _owed;
    uint256 private _contested;
    uint256 private _bond;
    Closing private _closing;
    Sheet[] private _sheets;
    Dispute[] private _disputes;
    mapping(bytes32 workerId => uint64) public dayCapOf;
    // _markClaimed writes it through a reference.
    // slither-disable-next-line uninitialized-state
    mapping(bytes32 workerId => mapping(uint256 word => uint256 days_)) private _claimedDays;
    mapping(bytes32 orderHash => bool) public orderUsed;

    modifier whenNotPaused() {
        uint256 until = _closing.pausedUntil;
        require(block.timestamp >= until, Escrow_Paused(until));
        _;
    }

    constructor() EIP712("Anxin WageEscrow", "1") {}

    // ---------------------------------------------------------------- money in

    /// @inheritdoc IWageEscrow
    function fund(uint256 amount, bytes32 memo) external nonReentrant whenNotPaused {
        _fund(amount, memo);
    }

    /// @inheritdoc IWageEscrow
    function fundWithPermit(uint256 amount, bytes32 memo, uint256 deadline, uint8 v, bytes32 r, bytes32 s)
        external
        nonReentrant
        whenNotPaused
    {
        // A permit can be front-run; what counts is that the allowance is there.
        // The token is fixed in the terms, and nonReentrant holds here.
        // slither-disable-next-line reentrancy-benign
        try IERC20Permit(terms().token).permit(msg.sender, address(this), amount, deadline, v, r, s) {} catch {}
        _fund(amount, memo);
    }

    /// @inheritdoc IWageEscrow
    function bookTransfer(bytes32 memo) external nonReentrant whenNotPaused {
        uint256 surplus = IERC20(terms().token).balanceOf(address(this)) - _funded - _bond;
        require(surplus != 0, Escrow_ZeroAmount());
        _funded += surplus;
        emit Funded(msg.sender, surplus, memo);
    }

    /// @inheritdoc IWageEscrow
    function depositBond(uint256 amount) external nonReentrant whenNotPaused {
        _receive(amount);
        _bond += amount;
        emit BondDeposited(msg.sender, amount);
    }

    /// @inheritdoc IWageEscrow
    function drawBond(uint256 amount, bytes32 orderHash, uint64 deadline, bytes calldata bureauSignature) external {
        // Checks
        uint256 drawn = Math.min(amount, Math.min(_bond, Math.saturatingSub(_owed + _contested, _funded)));
        require(drawn != 0, Escrow_ZeroAmount());
        require(!orderUsed[orderHash], Escrow_OrderUsed(orderHash));
        _checkBureau(EscrowWords.bondDraw(amount, orderHash, deadline), deadline, bureauSignature);

        // Effects
        orderUsed[orderHash] = true;
        _bond -= drawn;
        _funded += drawn;
        emit BondDrawn(drawn, orderHash);
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
        _checkNotClosed();
        require(dayCap != 0, Escrow_ZeroAmount());
        require(dayCapOf[workerId] == 0, Escrow_AlreadyJoined(workerId));
        bytes32 words = EscrowWords.join(workerId, dayCap, termsHash, deadline);
        _checkContractor(words, deadline, contractorSignature);
        _checkWorker(IWorkerRegistry(terms().registry), workerId, words, deadline, workerSignature);

        // Effects
        dayCapOf[workerId] = dayCap;
        emit Joined(workerId, dayCap, termsHash);
        _withdrawClosing();
    }

    /// @inheritdoc IWageEscrow
    function postSheet(
        uint256 sheetId,
        SheetHeader calldata header,
        bytes calldata lines,
        bytes calldata contractorSignature
    ) external whenNotPaused {
        // Checks
        _checkNotClosed();
        require(sheetId == _sheets.length && sheetId < MAX_SHEETS, Escrow_SheetOutOfOrder(sheetId, _sheets.length));
        uint256 count = lines.count();
        require(count != 0 && count <= MAX_LINES, Escrow_BadLineCount(count));
        (uint256 total, uint256 good) = lines.check(_maskOf(header.firstDay, header.lastDay));
        require(good == count, Escrow_BadLine(good));
        bytes32 root = SheetTree.root(lines);
        _checkContractor(EscrowWords.sheet(sheetId, header, root, total), block.timestamp, contractorSignature);

        // Effects
        _owed += total;
        Sheet storage posted = _sheets.push();
        posted.root = root;
        posted.total = uint80(total); // at most 256 lines of uint64
        posted.postedAt = uint40(block.timestamp);
        posted.lineCount = uint16(count);
        posted.firstDay = header.firstDay;
        posted.lastDay = header.lastDay;
        emit SheetPosted(sheetId, header, root, total, lines);
        _withdrawClosing();
    }

    // ---------------------------------------------------------------- posted lines: to workers only

    /// @inheritdoc IWageEscrow
    function release(
        uint256 sheetId,
        bytes calldata lines,
        bytes32[] calldata proof,
        bytes calldata confirmations,
        bytes[] calldata tails
    ) external nonReentrant {
        Batch memory batch = _open(sheetId, lines, proof);
        _checkConfirmations(batch, lines, confirmations, tails);
        _pay(batch, lines);
    }

    /// @inheritdoc IWageEscrow
    function releaseLine(
        uint256 sheetId,
        bytes calldata line,
        bytes32[] calldata proof,
        uint64 deadline,
        bytes calldata signature
    ) external nonReentrant {
        (Batch memory batch, Line memory posted) = _openLine(sheetId, line, proof);
        if (_sheets[sheetId].released & (1 << posted.index) != 0) return;
        bytes32 words = EscrowWords.confirmation(sheetId, posted, deadline);
        (uint8 assurance, address payout) = _checkWorker(batch.registry, posted.workerId, words, deadline, signature);
        batch.payments[0] = Payments.pack(payout, posted, sheetId, assurance);
        _pay(batch, line);
    }

    /// @inheritdoc IWageEscrow
    function releaseUnsigned(uint256 sheetId, bytes calldata lines, bytes32[] calldata proof) external nonReentrant {
        Batch memory batch = _open(sheetId, lines, proof);
        Sheet storage posted = _sheets[sheetId];
        uint256 until = posted.postedAt + terms().windows.objection;
        for (uint256 i = 0; i < batch.payments.length; ++i) {
            Line memory line = lines.lineAt(i);
            uint256 bit = 1 << line.index;
            if (posted.released & bit != 0) continue;
            require(block.timestamp > until || posted.contested & bit != 0, Escrow_WindowOpen(until, block.timestamp));
            // One question a worker, to the registry fixed in the terms.
            // slither-disable-next-line calls-loop
            address payout = batch.registry.payoutOf(line.workerId);
            require(payout != address(0), Escrow_NotEnrolled(i, line.workerId));
            batch.payments[i] = Payments.pack(payout, line, sheetId, 0);
        }
        _pay(batch, lines);
    }

    // ---------------------------------------------------------------- disputes: more than was posted

    /// @inheritdoc IWageEscrow
    function contest(
        uint256 sheetId,
        bytes calldata line,
        bytes32[] calldata proof,
        Objection calldata objection,
        bytes calldata signature
    ) external nonReentrant {
        // Checks
        (Batch memory batch, Line memory posted) = _openLine(sheetId, line, proof);
        Sheet storage known = _sheets[sheetId];
        uint256 bit = 1 << posted.index;
        require(known.contested & bit == 0, Escrow_AlreadyContested(sheetId, posted.index));
        uint64 remainder = _checkObjection(known, posted, objection);
        bytes32 words = EscrowWords.contest(sheetId, posted, objection);
        (uint8 assurance, address payout) =
            _checkWorker(batch.registry, posted.workerId, words, objection.deadline, signature);

        // Effects
        _markClaimed(posted.workerId, known.firstDay, objection.claimedDays);
        known.contested |= bit;
        uint256 disputeId = _openDispute(posted.workerId, remainder, DisputeState.CONTESTED, assurance);
        emit Contested(
            disputeId,
            posted.workerId,
            sheetId,
            posted.index,
            remainder,
            objection.claimedDays,
            objection.evidenceHash
        );
        if (known.released & bit == 0) batch.payments[0] = Payments.pack(payout, posted, sheetId, assurance);

        // Interactions
        _pay(batch, line);
    }

    /// @inheritdoc IWageEscrow
    function claim(Claim calldata claimed, bytes calldata signature) external {
        // Checks
        bytes32 workerId = claimed.workerId;
        uint256 bound = _boundOf(workerId, claimed.dayMask);
        require(claimed.amount != 0 && claimed.amount <= bound, Escrow_BadClaim(claimed.amount, bound));
        uint256 lastDay = claimed.firstDay + Math.log2(claimed.dayMask);
        uint256 today = block.timestamp / 1 days + 1;
        require(lastDay <= today, Escrow_FutureDay(lastDay, today));
        require(claimed.firstDay + CLAIM_DAYS >= today, Escrow_DayTooOld(claimed.firstDay, today - CLAIM_DAYS));
        require(
            _claimedFrom(workerId, claimed.firstDay) & claimed.dayMask == 0,
            Escrow_DayClaimed(workerId, claimed.firstDay, claimed.dayMask)
        );
        (uint8 assurance,) = _checkWorker(
            IWorkerRegistry(terms().registry), workerId, EscrowWords.claim(claimed), claimed.deadline, signature
        );

        // Effects
        _markClaimed(workerId, claimed.firstDay, claimed.dayMask);
        uint256 disputeId = _openDispute(workerId, claimed.amount, DisputeState.CLAIMED, assurance);
        emit Claimed(disputeId, workerId, claimed.amount, claimed.firstDay, claimed.dayMask, claimed.evidenceHash);
    }

    /// @inheritdoc IWageEscrow
    function answer(
        uint256 disputeId,
        uint64 admitted,
        bytes32 evidenceHash,
        uint64 deadline,
        bytes calldata contractorSignature
    ) external nonReentrant {
        // Checks
        Dispute storage known = _disputeAt(disputeId);
        bool first = known.state == DisputeState.CLAIMED;
        require(first || known.state == DisputeState.CONTESTED, Escrow_WrongState(disputeId, known.state));
        uint256 until = known.since + terms().windows.answer;
        require(!first || block.timestamp <= until, Escrow_WindowOver(until, block.timestamp));
        uint256 least = first ? 0 : known.granted + 1; // so that the same words do nothing twice
        require(admitted >= least && admitted <= known.asked, Escrow_BadAmount(admitted, least, known.asked));
        _checkContractor(
            EscrowWords.answer(disputeId, admitted, evidenceHash, deadline), deadline, contractorSignature
        );

        // Effects
        if (first) {
            known.state = DisputeState.CONTESTED;
            known.since = uint40(block.timestamp);
        }
        _grant(known, admitted);
        if (admitted == known.asked) known.state = DisputeState.DECIDED;
        emit Answered(disputeId, admitted, evidenceHash);

        // Interactions
        _payDispute(disputeId, known);
    }

    /// @inheritdoc IWageEscrow
    function releaseStanding(uint256 disputeId) external nonReentrant {
        // Checks
        Dispute storage known = _disputeAt(disputeId);
        bool stands = known.state == DisputeState.CLAIMED;
        uint256 until = known.since + terms().windows.answer;
        require(!stands || block.timestamp > until, Escrow_WindowOpen(until, block.timestamp));
        require(stands || known.granted > known.paid, Escrow_NothingDue(disputeId));

        // Effects
        if (stands) {
            _grant(known, known.asked);
            known.state = DisputeState.DECIDED;
            emit ClaimStood(disputeId);
        }

        // Interactions
        _payDispute(disputeId, known);
    }

    /// @inheritdoc IWageEscrow
    function resolve(
        uint256 disputeId,
        uint64 award,
        bytes32 orderHash,
        uint64 deadline,
        bytes calldata signature
    ) external nonReentrant {
        // Checks
        Dispute storage known = _disputeAt(disputeId);
        require(known.state == DisputeState.CONTESTED, Escrow_WrongState(disputeId, known.state));
        require(award <= known.asked, Escrow_BadAmount(award, 0, known.asked));
        bytes32 words = EscrowWords.resolution(disputeId, award, orderHash, deadline);
        address by = _checkBureauOrArbiter(words, deadline, signature, known.since);

        // Effects
        if (award > known.granted) _grant(known, award);
        _contested -= known.asked - known.granted;
        known.state = DisputeState.DECIDED;
        emit Resolved(disputeId, by, known.granted, orderHash);

        // Interactions
        _payDispute(disputeId, known);
    }

    // ---------------------------------------------------------------- the bank's word

    /// @inheritdoc IWageEscrow
    function settleLines(uint256 sheetId, bytes calldata lines, bytes32[] calldata proof, bytes32 receipt)
        external
        nonReentrant
        returns (uint256 total)
    {
        total = _closeBanked(sheetId, lines, proof, receipt, true);
    }

    /// @inheritdoc IWageEscrow
    function takeBackLines(uint256 sheetId, bytes calldata lines, bytes32[] calldata proof, bytes32 reason)
        external
        nonReentrant
        returns (uint256 total)
    {
        total = _closeBanked(sheetId, lines, proof, reason, false);
        _owed += total;
        _funded += total;
        _receive(total);
    }

    /// @inheritdoc IWageEscrow
    function settleDispute(uint256 disputeId, bytes32 receipt) external nonReentrant returns (uint256 amount) {
        Dispute storage known = _disputeAt(disputeId);
        amount = _takeBanked(disputeId, known);
        emit DisputeSettled(disputeId, known.workerId, amount, receipt);
    }

    /// @inheritdoc IWageEscrow
    function takeBackDispute(uint256 disputeId, bytes32 reason) external nonReentrant returns (uint256 amount) {
        Dispute storage known = _disputeAt(disputeId);
        amount = _takeBanked(disputeId, known);
        known.paid -= uint64(amount);
        _owed += amount;
        _funded += amount;
        emit DisputeReturned(disputeId, known.workerId, amount, reason);
        _receive(amount);
    }

    // ---------------------------------------------------------------- the end of a project

    /// @inheritdoc IWageEscrow
    function announceClosing(uint64 deadline, bytes calldata contractorSignature) external whenNotPaused {
        _checkNotClosed();
        uint256 announced = _closing.announcedUntil;
        require(announced == 0, Escrow_AlreadyAnnounced(announced));
        _checkContractor(EscrowWords.closingNotice(_closing.count, deadline), deadline, contractorSignature);
        ++_closing.count;
        uint256 until = block.timestamp + NOTICE;
        _closing.announcedUntil = uint64(until);
        emit ClosingAnnounced(until);
    }

    /// @inheritdoc IWageEscrow
    function close(uint64 deadline, bytes calldata bureauSignature) external nonReentrant whenNotPaused {
        // Checks
        uint256 announced = _closing.announcedUntil;
        require(announced != 0, Escrow_NotAnnounced());
        _checkNoticeOver(announced);
        _checkBureau(EscrowWords.closing(_closing.count, deadline), deadline, bureauSignature);

        // Effects
        uint256 amount = _funded;
        _funded = 0;
        ++_closing.count;
        if (_closing.closedAt == 0) _closing.closedAt = uint64(block.timestamp);
        emit Closed(terms().contractor, amount);

        // Interactions
        _returnToContractor(amount);
    }

    /// @inheritdoc IWageEscrow
    function returnBond() external nonReentrant whenNotPaused {
        // Checks
        uint256 closedAt = _closing.closedAt;
        require(closedAt != 0, Escrow_NotClosed());
        _checkNoticeOver(closedAt + NOTICE);
        uint256 amount = _bond;
        require(amount != 0, Escrow_ZeroAmount());

        // Effects
        _bond = 0;
        emit BondReturned(terms().contractor, amount);

        // Interactions
        _returnToContractor(amount);
    }

    /// @inheritdoc IWageEscrow
    function pause() external {
        _checkGuardian();
        uint256 from = _closing.pausedUntil + PAUSE_REST;
        require(block.timestamp >= from, Escrow_PauseTooSoon(from, block.timestamp));
        uint256 until = block.timestamp + PAUSE;
        _closing.pausedUntil = uint64(until);
        emit Paused(until);
    }

    /// @inheritdoc IWageEscrow
    function unpause() external {
        _checkGuardian();
        uint256 until = _closing.pausedUntil;
        require(block.timestamp < until, Escrow_NotPaused(until, block.timestamp));
        _closing.pausedUntil = uint64(block.timestamp);
        emit Unpaused();
    }

    // ---------------------------------------------------------------- views

    /// @inheritdoc IWageEscrow
    function books() external view returns (Books memory) {
        return Books({
            funded: _funded,
            owed: _owed,
            contested: _contested,
            bond: _bond,
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
    function dispute(uint256 disputeId) external view returns (Dispute memory) {
        return _disputeAt(disputeId);
    }

    /// @inheritdoc IWageEscrow
    function disputeCount() external view returns (uint256) {
        return _disputes.length;
    }

    /// @inheritdoc IWageEscrow
    function closing() external view returns (Closing memory) {
        return _closing;
    }

    /// @inheritdoc IWageEscrow
    function terms() public view returns (EscrowTerms memory) {
        return abi.decode(Clones.fetchCloneArgs(address(this)), (EscrowTerms));
    }

    // ---------------------------------------------------------------- checks

    function _checkTime(uint256 deadline) private view {
        require(block.timestamp <= deadline, Escrow_Expired(deadline, block.timestamp));
    }

    function _isSigned(address by, bytes32 words, bytes calldata signature) private view returns (bool) {
        return SignatureChecker.isValidSignatureNowCalldata(by, _hashTypedDataV4(words), signature);
    }

    function _checkContractor(bytes32 words, uint256 deadline, bytes calldata signature) private view {
        _checkTime(deadline);
        address contractor = terms().contractor;
        require(_isSigned(contractor, words, signature), Escrow_BadContractorSignature(contractor));
    }

    function _checkBureau(bytes32 words, uint256 deadline, bytes calldata signature) private view {
        _checkTime(deadline);
        address bureau = terms().bureau;
        require(_isSigned(bureau, words, signature), Escrow_BadBureauSignature(bureau));
    }

    function _checkBureauOrArbiter(bytes32 words, uint256 deadline, bytes calldata signature, uint256 since)
        private
        view
        returns (address)
    {
        _checkTime(deadline);
        EscrowTerms memory fixedTerms = terms();
        if (_isSigned(fixedTerms.bureau, words, signature)) return fixedTerms.bureau;
        uint256 until = since + fixedTerms.windows.bureau;
        bool isArbiter = _isSigned(fixedTerms.arbiter, words, signature);
        require(isArbiter, Escrow_BadBureauSignature(fixedTerms.bureau));
        require(block.timestamp > until, Escrow_WindowOpen(until, block.timestamp));
        return fixedTerms.arbiter;
    }

    function _checkWorker(
        IWorkerRegistry registry,
        bytes32 workerId,
        bytes32 words,
        uint256 deadline,
        bytes calldata signature
    ) private view returns (uint8 assurance, address payout) {
        _checkTime(deadline);
        (assurance, payout) = registry.check{gas: CHECK_GAS}(workerId, _hashTypedDataV4(words), signature);
        require(payout != address(0), Escrow_NotEnrolled(0, workerId));
        require(assurance != 0, Escrow_BadWorkerSignature(0));
    }

    /// @dev Puts the lines that are still to be paid into the batch, each signed by its worker. Key and payout come with the
    /// call: they are the registered ones if they hash to what the registry has, which is one read instead of four.
    function _checkConfirmations(
        Batch memory batch,
        bytes calldata lines,
        bytes calldata confirmations,
        bytes[] calldata tails
    ) private view {
        bytes32[] memory commitments = Confirmations.commitmentsOf(batch.registry, lines);
        Confirmations.Desk memory desk =
            Confirmations.open(batch.sheetId, _domainSeparatorV4(), batch.registry, batch.bank);
        uint256 released = _sheets[batch.sheetId].released;
        (uint256 line, uint256 next, uint256 limit) = Confirmations.bounds(lines, confirmations);
        for (uint256 i = 0; i < commitments.length; i = _next(i)) {
            (uint256 head, uint256 body, uint256 end) = desk.read(line, next);
            if (end > limit) revert Escrow_BadConfirmation(i);
            if (released >> desk.index & 1 == 0) {
                if (block.timestamp > desk.deadline) revert Escrow_Expired(desk.deadline, block.timestamp);
                bytes32 commitment = commitments.get(i);
                if (commitment == 0) revert Escrow_NotEnrolled(i, desk.workerId);
                Payment payment = desk.check(head, body, commitment, tails);
                if (Payment.unwrap(payment) == 0) revert Escrow_BadWorkerSignature(i);
                batch.payments.set(i, payment);
            }
            unchecked {
                (line, next) = (line + SheetLines.SIZE, end);
            }
        }
        if (next != limit) revert Escrow_LengthMismatch(confirmations.length - (limit - next), confirmations.length);
    }

    function _checkGuardian() private view {
        (bool isGuardian, uint32 delay) = IAccessManager(terms().authority).hasRole(Roles.GUARDIAN, msg.sender);
        require(isGuardian && delay == 0, Escrow_NotGuardian(msg.sender));
    }

    function _checkNotClosed() private view {
        uint256 closedAt = _closing.closedAt;
        require(closedAt == 0, Escrow_Closed(closedAt));
    }

    /// @dev And nobody is owed anything.
    function _checkNoticeOver(uint256 until) private view {
        require(block.timestamp > until, Escrow_WindowOpen(until, block.timestamp));
        require(_owed == 0 && _contested == 0, Escrow_StillOwed(_owed, _contested));
    }

    /// @return remainder What is claimed beyond the posted amount.
    function _checkObjection(Sheet storage posted, Line memory line, Objection calldata objection)
        private
        view
        returns (uint64 remainder)
    {
        uint32 claimedDays = objection.claimedDays;
        uint256 bound = _boundOf(line.workerId, claimedDays & ~_claimedFrom(line.workerId, posted.firstDay));
        require(
            objection.claimed > line.amount && objection.claimed <= bound
                && claimedDays & line.dayMask == line.dayMask
                && claimedDays & ~_maskOf(posted.firstDay, posted.lastDay) == 0,
            Escrow_BadObjection(objection.claimed, line.amount, bound)
        );
        return objection.claimed - line.amount;
    }

    /// @return Which of the 32 days from `firstDay` on this worker has claimed or contested before, in this escrow.
    function _claimedFrom(bytes32 workerId, uint256 firstDay) private view returns (uint32) {
        (uint256 word, uint256 place) = (firstDay / 256, firstDay % 256);
        uint256 days_ = _claimedDays[workerId][word] >> place;
        if (place + MAX_DAYS > 256) days_ |= _claimedDays[workerId][word + 1] << (256 - place);
        return uint32(days_);
    }

    /// @return The most that so many days can be worth to this worker, in fen.
    function _boundOf(bytes32 workerId, uint32 dayMask) private view returns (uint256) {
        uint64 dayCap = dayCapOf[workerId];
        require(dayCap != 0, Escrow_NotJoined(workerId));
        return uint256(dayCap) * _countDays(dayMask);
    }

    // ---------------------------------------------------------------- effects

    function _fund(uint256 amount, bytes32 memo) private {
        _receive(amount);
        _funded += amount;
        emit Funded(msg.sender, amount, memo);
    }

    function _receive(uint256 amount) private {
        require(amount != 0, Escrow_ZeroAmount());
        IERC20 token = IERC20(terms().token);
        uint256 before = token.balanceOf(address(this));
        token.safeTransferFrom(msg.sender, address(this), amount);
        uint256 received = token.balanceOf(address(this)) - before;
        require(received == amount, Escrow_ReceivedLess(received, amount));
    }

    function _returnToContractor(uint256 amount) private {
        EscrowTerms memory fixedTerms = terms();
        IERC20(fixedTerms.token).safeTransfer(fixedTerms.contractor, amount);
    }

    function _withdrawClosing() private {
        if (_closing.announcedUntil == 0) return;
        _closing.announcedUntil = 0;
        ++_closing.count;
        emit ClosingWithdrawn();
    }

    function _markClaimed(bytes32 workerId, uint256 firstDay, uint32 dayMask) private {
        (uint256 word, uint256 place) = (firstDay / 256, firstDay % 256);
        uint256 days_ = uint256(dayMask);
        _claimedDays[workerId][word] |= days_ << place;
        if (place + MAX_DAYS > 256) _claimedDays[workerId][word + 1] |= days_ >> (256 - place);
    }

    function _openDispute(bytes32 workerId, uint64 asked, DisputeState state, uint8 assurance)
        private
        returns (uint256 disputeId)
    {
        disputeId = _disputes.length;
        Dispute storage opened = _disputes.push();
        opened.workerId = workerId;
        opened.asked = asked;
        opened.since = uint40(block.timestamp);
        opened.state = state;
        opened.assurance = assurance;
        _contested += asked;
    }

    /// @param granted Fen in all; not less than before.
    function _grant(Dispute storage known, uint64 granted) private {
        uint256 more = granted - known.granted;
        known.granted = granted;
        _contested -= more;
        _owed += more;
    }

    /// @dev A payee that cannot be paid must not stop the others, so a failed transfer is undone and told, not reverted.
    // Whoever pays is nonReentrant. What else a token could call meanwhile only adds to the books, as this does after it.
    // slither-disable-next-line reentrancy-no-eth,reentrancy-events
    function _pay(Batch memory batch, bytes calldata lines) private {
        // Checks
        (uint256 bits, uint256 bankBits, uint256 total, uint256 bankTotal) = batch.payments.sums(batch.bank);
        if (total > _funded) {
            _dropUnaffordable(batch.payments, lines);
            (bits, bankBits, total, bankTotal) = batch.payments.sums(batch.bank);
        }
        if (bits == 0) return;

        // Effects
        Sheet storage posted = _sheets[batch.sheetId];
        posted.released |= bits;
        if (bankBits != 0) {
            if (posted.banked == 0) posted.bankedAt = uint40(block.timestamp);
            posted.banked |= bankBits;
        }
        _funded -= total;
        _owed -= total;

        // Interactions
        bool bankPaid = bankBits == 0 || batch.token.trySafeTransfer(batch.bank, bankTotal);
        bool othersPaid = bits == bankBits || _transferMany(batch, bankBits);
        if (bankPaid && othersPaid) return _emitReleased(batch.payments, lines);
        uint256 paid = (bankPaid ? bankBits : 0) | (othersPaid ? bits & ~bankBits : 0);
        (uint256 failed, uint256 unpaid) = _payEach(batch, lines, paid, bankBits & ~paid);
        posted.released &= ~failed;
        posted.banked &= ~failed;
        _funded += unpaid;
        _owed += unpaid;
    }

    /// @dev Leaves only what the money lasts for, and tells of the others: their lines stay owed.
    function _dropUnaffordable(Payment[] memory payments, bytes calldata lines) private {
        uint256 left = _funded;
        for (uint256 i = 0; i < payments.length; ++i) {
            uint256 amount = payments[i].amountOf();
            if (amount <= left) {
                left -= amount;
            } else {
                emit PayoutFailed(lines.workerIdOf(i), payments[i]);
                payments[i] = Payment.wrap(0);
            }
        }
    }

    /// @return Whether all were paid that do not go to the bank; if not, none was.
    function _transferMany(Batch memory batch, uint256 bankBits) private returns (bool) {
        Payment[] memory payments = batch.payments;
        if (bankBits != 0) payments = payments.without(bankBits);
        bytes memory call_ = abi.encodeCall(IWageToken.transferMany, (payments));
        // A token may answer anything, and that must not revert.
        // slither-disable-next-line low-level-calls
        (bool success, bytes memory answered) = address(batch.token).call(call_); // solhint-disable-line avoid-low-level-calls
        return success && answered.length == 32 && bytes32(answered) == bytes32(uint256(1));
    }

    /// @dev `emit Released(worker, payment)` for each that is not zero.
    function _emitReleased(Payment[] memory payments, bytes calldata lines) private {
        bytes32 topic = Released.selector;
        assembly ("memory-safe") {
            let line := add(lines.offset, 13) // its worker
            let end := add(payments, shl(5, add(mload(payments), 1)))
            for { let place := add(payments, 0x20) } lt(place, end) { place := add(place, 0x20) } {
                if mload(place) { log2(place, 0x20, topic, shl(128, shr(128, calldataload(line)))) }
                line := add(line, 61) // SheetLines.SIZE
            }
        }
    }

    /// @dev Where not all could be paid together, each line is tried by itself.
    /// @param paid Bits of lines paid already; `refused` of lines that cannot be.
    /// @return failed Bits of the lines that could not be paid.
    /// @return unpaid Fen of those lines.
    function _payEach(Batch memory batch, bytes calldata lines, uint256 paid, uint256 refused)
        private
        returns (uint256 failed, uint256 unpaid)
    {
        for (uint256 i = 0; i < batch.payments.length; ++i) {
            Payment payment = batch.payments[i];
            if (Payment.unwrap(payment) == 0) continue;
            uint256 bit = payment.bitOf();
            bool tried = refused & bit == 0
                && (paid & bit != 0 || batch.token.trySafeTransfer(payment.payoutOf(), payment.amountOf()));
            if (tried) {
                emit Released(lines.workerIdOf(i), payment);
            } else {
                failed |= bit;
                unpaid += payment.amountOf();
                emit PayoutFailed(lines.workerIdOf(i), payment);
            }
        }
    }

    function _payDispute(uint256 disputeId, Dispute storage known) private {
        // Checks
        uint64 amount = known.granted - known.paid;
        if (amount == 0) return;
        EscrowTerms memory fixedTerms = terms();
        address payout = IWorkerRegistry(fixedTerms.registry).payoutOf(known.workerId);
        bool paid = _funded >= amount;

        // Effects
        if (paid) {
            known.paid += amount;
            _funded -= amount;
            _owed -= amount;

            // Interactions
            paid = IERC20(fixedTerms.token).trySafeTransfer(payout, amount);
            if (!paid) {
                known.paid -= amount;
                _funded += amount;
                _owed += amount;
            } else if (payout == fixedTerms.bank) {
                if (known.banked == 0) known.bankedAt = uint40(block.timestamp);
                known.banked += amount;
            }
        }
        if (paid) emit DisputePaid(disputeId, known.workerId, payout, amount, known.assurance);
        else emit DisputePayoutFailed(disputeId, known.workerId, payout, amount);
    }

    /// @dev The bank has done with these lines: `settled` tells how.
    function _closeBanked(
        uint256 sheetId,
        bytes calldata lines,
        bytes32[] calldata proof,
        bytes32 record,
        bool settled
    ) private returns (uint256 total) {
        // Checks
        _checkBank();
        uint256 count = _open(sheetId, lines, proof).payments.length;
        Sheet storage posted = _sheets[sheetId];
        uint256 bits = 0;
        for (uint256 i = 0; i < count; ++i) {
            Line memory line = lines.lineAt(i);
            require(posted.banked & (1 << line.index) != 0, Escrow_NotBanked(i));
            bits |= 1 << line.index;
            total += line.amount;
            if (settled) emit LineSettled(sheetId, line.index, line.workerId, line.amount, record);
            else emit LineReturned(sheetId, line.index, line.workerId, line.amount, record);
        }

        // Effects
        posted.banked &= ~bits;
        if (!settled) posted.released &= ~bits;
    }

    function _takeBanked(uint256 disputeId, Dispute storage known) private returns (uint64 amount) {
        _checkBank();
        amount = known.banked;
        require(amount != 0, Escrow_NothingDue(disputeId));
        known.banked = 0;
    }

    function _checkBank() private view {
        require(msg.sender == terms().bank, Escrow_NotBank(msg.sender));
    }

    // ---------------------------------------------------------------- what is read from calls and storage

    function _disputeAt(uint256 disputeId) private view returns (Dispute storage) {
        require(disputeId < _disputes.length, Escrow_UnknownDispute(disputeId));
        return _disputes[disputeId];
    }

    /// @dev Lines that belong to a posted sheet, and nothing yet gathered of them.
    function _open(uint256 sheetId, bytes calldata lines, bytes32[] calldata proof)
        private
        view
        returns (Batch memory batch)
    {
        require(sheetId < _sheets.length, Escrow_UnknownSheet(sheetId));
        uint256 count = lines.count();
        require(count != 0, Escrow_BadLineCount(0));
        Sheet storage posted = _sheets[sheetId];
        require(SheetTree.contains(posted.root, posted.lineCount, lines, proof), Escrow_LineNotInSheet(sheetId));
        EscrowTerms memory fixedTerms = terms();
        batch.sheetId = sheetId;
        batch.token = IERC20(fixedTerms.token);
        batch.registry = IWorkerRegistry(fixedTerms.registry);
        batch.bank = fixedTerms.bank;
        batch.payments = new Payment[](count);
    }

    function _openLine(uint256 sheetId, bytes calldata line, bytes32[] calldata proof)
        private
        view
        returns (Batch memory batch, Line memory posted)
    {
        require(line.count() == 1, Escrow_BadLineCount(line.count()));
        return (_open(sheetId, line, proof), line.lineAt(0));
    }

    // ---------------------------------------------------------------- arithmetic

    function _next(uint256 i) private pure returns (uint256) {
        unchecked {
            return i + 1; // a batch has 256 lines at most
        }
    }

    function _countDays(uint32 dayMask) private pure returns (uint256 count) {
        for (; dayMask != 0; dayMask &= dayMask - 1) ++count;
    }

    /// @return A bit for each day of the period.
    function _maskOf(uint32 firstDay, uint32 lastDay) private pure returns (uint32) {
        require(lastDay >= firstDay && lastDay - firstDay < MAX_DAYS, Escrow_BadPeriod(firstDay, lastDay));
        return type(uint32).max >> (31 - (lastDay - firstDay));
    }
}
