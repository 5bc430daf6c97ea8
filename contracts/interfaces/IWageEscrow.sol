// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice What a wage sheet says of its period. Dates are days since 1970-01-01 in the site's calendar.
/// @param firstDay First day of the period.
/// @param lastDay Last day of the period, at most 31 days after the first.
/// @param payday When the wages are due.
/// @param rulesHash Hash of the pay rules the amounts were computed with.
/// @param termsRoot Merkle root of the labour contracts' terms.
struct SheetHeader {
    uint32 firstDay;
    uint32 lastDay;
    uint32 payday;
    bytes32 rulesHash;
    bytes32 termsRoot;
}

/// @notice One worker's wage of one period. In calls and events lines are packed, 61 bytes each, in this order:
/// index 1, dayMask 4, amount 8, workerId 16 (its other 16 bytes are zero), payslipHash 32. See {SheetLines}.
/// @param index Place in the sheet, from 0: also the line's bit in the sheet's bitmaps.
/// @param dayMask Days worked: bit i is `firstDay + i`.
/// @param amount Fen.
/// @param workerId The worker, as the registry knows them.
/// @param payslipHash SHA-256 of the payslip the worker was shown.
struct Line {
    uint8 index;
    uint32 dayMask;
    uint64 amount;
    bytes32 workerId;
    bytes32 payslipHash;
}

/// @notice One payment of one line, in one word: payout 20 bytes, amount in fen 8, sheetId 2, index 1, assurance 1.
/// Assurance: 4 passkey, 3 wallet, 2 device key, 0 nobody signed. See {Payments}.
type Payment is bytes32;

/// @notice What a worker says of a line that is too low.
/// @param claimed Fen the worker says is due for the line, above the posted amount.
/// @param claimedDays Days the worker says were worked; holds every posted day.
/// @param evidenceHash Hash of what the worker shows for it.
/// @param deadline Unix seconds until which the signature may be used.
struct Objection {
    uint64 claimed;
    uint32 claimedDays;
    bytes32 evidenceHash;
    uint64 deadline;
}

/// @notice What a worker says is due for days that no sheet has.
/// @param amount Fen.
/// @param firstDay Days since 1970-01-01 in the site's calendar.
/// @param dayMask Bit i is `firstDay + i`.
/// @param evidenceHash Hash of what the worker shows for it.
/// @param deadline Unix seconds until which the signature may be used.
struct Claim {
    bytes32 workerId;
    uint64 amount;
    uint32 firstDay;
    uint32 dayMask;
    bytes32 evidenceHash;
    uint64 deadline;
}

/// @notice Where a dispute stands. CLAIMED: the contractor's clock runs. CONTESTED: the bureau's. DECIDED: what was granted
/// is owed until it is paid.
enum DisputeState {
    NONE,
    CLAIMED,
    CONTESTED,
    DECIDED
}

/// @notice A worker asks for more than was posted. Amounts in fen.
/// @param asked What the worker asks: all of a claim, the remainder of a contested line.
/// @param granted What was admitted by the contractor, awarded, or stood because nobody answered. Never falls.
/// @param paid How much of `granted` went to the worker's payout.
/// @param since Unix seconds at which the clock of `state` began.
/// @param assurance Of the worker's signature: 4 passkey, 3 wallet, 2 device key.
/// @param banked How much of `paid` is with the bank, neither settled nor returned.
/// @param bankedAt Unix seconds since which `banked` has not been zero.
struct Dispute {
    bytes32 workerId;
    uint64 asked;
    uint64 granted;
    uint64 paid;
    uint40 since;
    DisputeState state;
    uint8 assurance;
    uint64 banked;
    uint40 bankedAt;
}

/// @notice How long each party may stay silent, in seconds.
/// @param objection After a sheet is posted its lines wait so long for the worker; then anyone may pay them out.
/// @param answer After a claim the contractor may answer so long; then the claim stands.
/// @param bureau After a contest or an answer only the bureau may resolve so long; then the arbiter may too.
struct Windows {
    uint32 objection;
    uint32 answer;
    uint32 bureau;
}

/// @notice Fixed when the escrow is made; nobody can change it.
/// @param authority The AccessManager that knows the guardian.
/// @param bank Where bank-paid wages go: {IBankPayout}.
/// @param arbiter Resolves where the bureau stays silent.
struct EscrowTerms {
    address token;
    address registry;
    address authority;
    address bank;
    address contractor;
    address bureau;
    address arbiter;
    Windows windows;
}

/// @notice The escrow's books, in fen, true at every block.
/// @param funded Money held for wages.
/// @param owed Posted lines, and what disputes granted, not yet paid. May exceed `funded`: debt is recorded even when
/// money is short.
/// @param contested What workers ask beyond that and nobody has decided yet.
/// @param bond The wage deposit (工资保证金), apart from `funded`.
/// @param free `funded - owed - contested`, or 0.
struct Books {
    uint256 funded;
    uint256 owed;
    uint256 contested;
    uint256 bond;
    uint256 free;
}

/// @notice A posted sheet as the contract remembers it; the lines themselves are in {IWageEscrow-SheetPosted}.
/// @param bankedAt Unix seconds since which `banked` has not been zero.
/// @param released Bit per line: the posted amount has been paid.
/// @param contested Bit per line: the worker claims more.
/// @param banked Bit per line: paid to the bank, which has neither settled nor returned it.
struct Sheet {
    bytes32 root;
    uint80 total;
    uint40 postedAt;
    uint40 bankedAt;
    uint16 lineCount;
    uint32 firstDay;
    uint32 lastDay;
    uint256 released;
    uint256 contested;
    uint256 banked;
}

/// @notice How far the escrow is on its way to being closed. Unix seconds; 0 where it has not come to that.
/// @param announcedUntil End of the public notice.
/// @param closedAt When money was first returned to the contractor.
/// @param count How often a notice was given or withdrawn, or money returned: the nonce of what contractor and bureau sign, so
/// that words for one notice are none for the next.
/// @param pausedUntil End of the guardian's last pause.
struct Closing {
    uint64 announcedUntil;
    uint64 closedAt;
    uint64 count;
    uint64 pausedUntil;
}

/// @title One project's payroll account (农民工工资专用账户)
/// @notice Money comes in from anyone. It leaves to the registered payout of a worker whose line or dispute it pays; and to
/// the contractor only after public notice, with the bureau's signature, when nothing is owed or disputed.
/// Anyone may call anything here unless it says otherwise: what counts is the signature of the party that the call binds.
/// Signatures are EIP-712, domain "Anxin WageEscrow" "1". A signature may be used at `deadline` and not a second later.
interface IWageEscrow {
    // ---------------------------------------------------------------- events

    /// @notice Money came in for wages. `memo` is the payer's reference.
    event Funded(address indexed from, uint256 amount, bytes32 indexed memo);

    /// @notice Money came in as the wage deposit.
    event BondDeposited(address indexed from, uint256 amount);

    /// @notice The bureau ordered this much of the bond into `funded`.
    event BondDrawn(uint256 amount, bytes32 indexed orderHash);

    /// @notice The bond went back to the contractor.
    event BondReturned(address indexed contractor, uint256 amount);

    /// @notice Contractor and worker have agreed on work at this project.
    event Joined(bytes32 indexed workerId, uint64 dayCap, bytes32 termsHash);

    /// @notice The contractor owes these lines. `root` and `total` are computed from `lines` by the contract.
    /// @param lines Packed, 61 bytes each: see {Line}.
    event SheetPosted(uint256 indexed sheetId, SheetHeader header, bytes32 root, uint256 total, bytes lines);

    /// @notice A line's posted amount went to the worker's payout.
    event Released(bytes32 indexed workerId, Payment payment);

    /// @notice A line could not be paid now (no money, or the payee refused it). It stays owed and can be released again.
    event PayoutFailed(bytes32 indexed workerId, Payment payment);

    /// @notice The bank has paid this line out in real money: `receipt` is the hash of its record.
    event LineSettled(uint256 indexed sheetId, uint8 index, bytes32 indexed workerId, uint256 amount, bytes32 receipt);

    /// @notice The bank gave this line's money back: it is owed again. `reason` is zero where the bank stayed silent.
    event LineReturned(uint256 indexed sheetId, uint8 index, bytes32 indexed workerId, uint256 amount, bytes32 reason);

    /// @notice The worker claims `asked` fen beyond the posted amount; it is set aside until decided.
    event Contested(
        uint256 indexed disputeId,
        bytes32 indexed workerId,
        uint256 sheetId,
        uint8 index,
        uint256 asked,
        uint32 claimedDays,
        bytes32 evidenceHash
    );

    /// @notice The worker claims `asked` fen for days that no sheet has; it is set aside until decided.
    event Claimed(
        uint256 indexed disputeId,
        bytes32 indexed workerId,
        uint256 asked,
        uint32 firstDay,
        uint32 dayMask,
        bytes32 evidenceHash
    );

    /// @notice The contractor admits `admitted` fen in all; the rest is for the bureau.
    event Answered(uint256 indexed disputeId, uint256 admitted, bytes32 evidenceHash);

    /// @notice The contractor did not answer in time: all that was claimed is owed.
    event ClaimStood(uint256 indexed disputeId);

    /// @notice The bureau, or the arbiter after it, decided: the worker gets `granted` fen of this dispute in all.
    event Resolved(uint256 indexed disputeId, address indexed by, uint256 granted, bytes32 orderHash);

    /// @notice What a dispute granted went to the worker's payout.
    event DisputePaid(uint256 indexed disputeId, bytes32 indexed workerId, address payout, uint256 amount, uint8 assurance);

    /// @notice What a dispute granted could not be paid now. It stays owed.
    event DisputePayoutFailed(uint256 indexed disputeId, bytes32 indexed workerId, address payout, uint256 amount);

    /// @notice The bank has paid out in real money what it held of this dispute.
    event DisputeSettled(uint256 indexed disputeId, bytes32 indexed workerId, uint256 amount, bytes32 receipt);

    /// @notice The bank gave back what it held of this dispute: it is owed again.
    event DisputeReturned(uint256 indexed disputeId, bytes32 indexed workerId, uint256 amount, bytes32 reason);

    /// @notice Public notice: the escrow may be closed at `until` (Unix seconds).
    event ClosingAnnounced(uint256 until);

    /// @notice Work went on: the notice counts no more.
    event ClosingWithdrawn();

    /// @notice What nobody is owed went back to the contractor.
    event Closed(address indexed contractor, uint256 amount);

    /// @notice The guardian stopped money coming in, posting and closing until then. Wages are paid as ever.
    event Paused(uint256 until);

    /// @notice The guardian ended the pause.
    event Unpaused();

    // ---------------------------------------------------------------- errors

    error Escrow_ZeroAmount();
    error Escrow_ReceivedLess(uint256 received, uint256 amount);
    error Escrow_Expired(uint256 deadline, uint256 time);
    error Escrow_BadContractorSignature(address contractor);
    error Escrow_BadBureauSignature(address bureau);
    error Escrow_BadWorkerSignature(uint256 position);
    error Escrow_BadConfirmation(uint256 position);
    error Escrow_NotEnrolled(uint256 position, bytes32 workerId);
    error Escrow_AlreadyJoined(bytes32 workerId);
    error Escrow_NotJoined(bytes32 workerId);
    error Escrow_SheetOutOfOrder(uint256 sheetId, uint256 next);
    error Escrow_UnknownSheet(uint256 sheetId);
    error Escrow_BadPeriod(uint32 firstDay, uint32 lastDay);
    error Escrow_BadLineCount(uint256 count);
    error Escrow_BadLine(uint256 position);
    error Escrow_LineNotInSheet(uint256 sheetId);
    error Escrow_LengthMismatch(uint256 used, uint256 given);
    error Escrow_WindowOpen(uint256 until, uint256 time);
    error Escrow_WindowOver(uint256 until, uint256 time);
    error Escrow_BadObjection(uint256 claimed, uint256 posted, uint256 bound);
    error Escrow_BadClaim(uint256 amount, uint256 bound);
    error Escrow_FutureDay(uint256 lastDay, uint256 today);
    error Escrow_DayTooOld(uint256 firstDay, uint256 oldest);
    error Escrow_DayClaimed(bytes32 workerId, uint256 firstDay, uint32 dayMask);
    error Escrow_AlreadyContested(uint256 sheetId, uint8 index);
    error Escrow_UnknownDispute(uint256 disputeId);
    error Escrow_WrongState(uint256 disputeId, DisputeState state);
    error Escrow_BadAmount(uint256 amount, uint256 min, uint256 max);
    error Escrow_NothingDue(uint256 disputeId);
    error Escrow_OrderUsed(bytes32 orderHash);
    error Escrow_NotBank(address account);
    error Escrow_NotBanked(uint256 position);
    error Escrow_NotGuardian(address account);
    error Escrow_Paused(uint256 until);
    error Escrow_PauseTooSoon(uint256 from, uint256 time);
    error Escrow_NotPaused(uint256 until, uint256 time);
    error Escrow_Closed(uint256 closedAt);
    error Escrow_NotClosed();
    error Escrow_AlreadyAnnounced(uint256 until);
    error Escrow_NotAnnounced();
    error Escrow_StillOwed(uint256 owed, uint256 contested);

    // ---------------------------------------------------------------- money in

    /// @notice Pays money in, from the caller's approved tokens.
    /// @dev Emits {Funded}. Requirements: `amount` (fen) is not zero and arrives whole; not paused.
    function fund(uint256 amount, bytes32 memo) external;

    /// @notice {fund} with the approval in the same transaction (ERC-2612).
    /// @dev A permit that someone else already submitted does not block the funding.
    function fundWithPermit(uint256 amount, bytes32 memo, uint256 deadline, uint8 v, bytes32 r, bytes32 s) external;

    /// @notice Books tokens that came by a plain transfer or mint, so that nothing lies in the escrow unseen.
    /// @dev Emits {Funded} from the caller. Requirements: there are such tokens; not paused.
    function bookTransfer(bytes32 memo) external;

    /// @notice Pays the wage deposit in, from the caller's approved tokens.
    /// @dev Emits {BondDeposited}. Requirements as for {fund}.
    function depositBond(uint256 amount) external;

    /// @notice Moves bond to payroll, where money is short.
    /// @dev Emits {BondDrawn}. The bureau signs `BondDraw(uint256 amount,bytes32 orderHash,uint64 deadline)`.
    /// Requirements:
    /// - there is a bond, and `owed + contested` exceeds `funded`;
    /// - `orderHash`, the hash of the bureau's order, has not drawn before; the signature is good and has not expired.
    /// Notes: goes on while paused. Draws `amount`, or as much as there is or as is short: someone who pays in a fen first does
    /// not spoil the order.
    function drawBond(uint256 amount, bytes32 orderHash, uint64 deadline, bytes calldata bureauSignature) external;

    // ---------------------------------------------------------------- people and sheets

    /// @notice Contractor and worker agree that the worker is on this project and on the most one day can be worth.
    /// @dev Emits {Joined}, and {ClosingWithdrawn} where a notice ran. Both sign
    /// `Join(bytes32 workerId,uint64 dayCap,bytes32 termsHash,uint256 deadline)`.
    /// Requirements:
    /// - the worker is enrolled in the registry and has not joined before; the escrow is not closed;
    /// - `dayCap` (fen) is not zero; the deadline has not passed; both signatures are good.
    function join(
        bytes32 workerId,
        uint64 dayCap,
        bytes32 termsHash,
        uint256 deadline,
        bytes calldata contractorSignature,
        bytes calldata workerSignature
    ) external;

    /// @notice Records what the contractor owes for a period. Never fails for lack of money.
    /// @dev Emits {SheetPosted}, and {ClosingWithdrawn} where a notice ran. The contractor signs
    /// `Sheet(uint256 sheetId,uint32 firstDay,uint32 lastDay,uint32 payday,bytes32 rulesHash,bytes32 termsRoot,bytes32 root,uint256 total)`.
    /// Requirements:
    /// - `sheetId` is the next one and below 65,536, so that a sheet is posted once;
    /// - 1 to 256 lines; line i has index i, an amount, a worker and no day outside the period;
    /// - the signature is the contractor's; not paused, not closed.
    /// @param lines Packed, 61 bytes each: see {Line}.
    function postSheet(
        uint256 sheetId,
        SheetHeader calldata header,
        bytes calldata lines,
        bytes calldata contractorSignature
    ) external;

    // ---------------------------------------------------------------- posted lines: to workers only

    /// @notice Pays posted lines to the workers who signed for them: many, cheaply.
    /// @dev Emits {Released} for each line paid, {PayoutFailed} for each that could not be. The worker signs
    /// `Confirmation(uint256 sheetId,uint8 index,bytes32 workerId,uint64 amount,uint32 dayMask,bytes32 payslipHash,uint64 deadline)`.
    /// Requirements:
    /// - the sheet is posted and each line belongs to it; lines ascend by index;
    /// - each signature is by the key registered for that line's worker and has not expired.
    /// Notes: a line already paid is skipped without looking at its signature, so a resend is harmless. Lines paid to the
    /// bank are transferred to it together. Signatures only wallet contracts can check go through {releaseLine}.
    /// @param lines Packed, 61 bytes each: see {Line}.
    /// @param proof Sibling hashes of the lines' nodes, in the order {SheetTree} asks for them; empty for a whole sheet.
    /// @param confirmations Packed, one for each line in the same order: see {Confirmations}.
    /// @param tails What passkeys' clientDataJSON say after the challenge; a confirmation names its own by position.
    function release(
        uint256 sheetId,
        bytes calldata lines,
        bytes32[] calldata proof,
        bytes calldata confirmations,
        bytes[] calldata tails
    ) external;

    /// @notice {release} for one line and any signature its worker's key can give: {IWorkerRegistry-check} says which.
    /// @dev A worker's wallet contract that uses more than 600,000 gas to check a signature has not signed.
    function releaseLine(
        uint256 sheetId,
        bytes calldata line,
        bytes32[] calldata proof,
        uint64 deadline,
        bytes calldata signature
    ) external;

    /// @notice Pays posted lines whose workers stayed silent past the objection window. Takes nothing from them:
    /// they may still contest.
    /// @dev Emits {Released} with assurance 0, or {PayoutFailed}.
    /// Requirements:
    /// - more than `windows.objection` seconds have passed since posting, or the line is contested (the worker has spoken);
    /// - each line belongs to the sheet and its worker is enrolled.
    function releaseUnsigned(uint256 sheetId, bytes calldata lines, bytes32[] calldata proof) external;

    // ---------------------------------------------------------------- disputes: more than was posted

    /// @notice The worker claims more than was posted: the posted part is paid now, the remainder is set aside.
    /// @dev Emits {Contested}, and {Released} or {PayoutFailed} where the posted part was still owed. The worker signs
    /// `Contest(uint256 sheetId,uint8 index,bytes32 workerId,uint64 amount,uint32 dayMask,bytes32 payslipHash,uint64 claimed,uint32 claimedDays,bytes32 evidenceHash,uint64 deadline)`.
    /// Requirements:
    /// - the line belongs to the sheet, is not yet contested, and its worker has joined;
    /// - `amount < claimed <= dayCap × claimed days`, not counting days claimed or contested before in this escrow; the
    ///   claimed days lie in the period and hold the posted ones;
    /// - the worker's signature is good and has not expired.
    /// Notes: confirming waives nothing: a line may be contested after it was released.
    function contest(
        uint256 sheetId,
        bytes calldata line,
        bytes32[] calldata proof,
        Objection calldata objection,
        bytes calldata signature
    ) external;

    /// @notice The worker claims wages for days that no sheet has. The contractor's clock starts.
    /// @dev Emits {Claimed}. The worker signs
    /// `Claim(bytes32 workerId,uint64 amount,uint32 firstDay,uint32 dayMask,bytes32 evidenceHash,uint64 deadline)`.
    /// Requirements:
    /// - the worker has joined; `0 < amount <= dayCap × days`; no day is in the future, more than 3,653 days ago, or was claimed or
    ///   contested before;
    /// - the worker's signature is good and has not expired.
    /// Notes: days are counted from UTC, and a site's calendar may be a day ahead of it.
    function claim(Claim calldata claimed, bytes calldata signature) external;

    /// @notice The contractor admits a part, which is paid now, and leaves the rest to the bureau.
    /// @dev Emits {Answered}, and {DisputePaid} or {DisputePayoutFailed}. The contractor signs
    /// `Answer(uint256 disputeId,uint64 admitted,bytes32 evidenceHash,uint64 deadline)`.
    /// Requirements:
    /// - a claim is answered within `windows.answer` seconds; a contested remainder until it is decided, by admitting more;
    /// - `admitted` (fen, in all) is not less than before and not more than was asked;
    /// - the signature is good and has not expired.
    /// Notes: admitting everything decides the dispute.
    function answer(
        uint256 disputeId,
        uint64 admitted,
        bytes32 evidenceHash,
        uint64 deadline,
        bytes calldata contractorSignature
    ) external;

    /// @notice Pays a claim that the contractor did not answer in time, or what a dispute granted and could not be paid before.
    /// @dev Emits {ClaimStood} the first time; {DisputePaid} or {DisputePayoutFailed}.
    /// Requirements: something is granted and unpaid, or more than `windows.answer` seconds have passed since the claim.
    function releaseStanding(uint256 disputeId) external;

    /// @notice Decides what is still disputed: the award is paid now, the rest is freed.
    /// @dev Emits {Resolved}, and {DisputePaid} or {DisputePayoutFailed}. The bureau signs
    /// `Resolution(uint256 disputeId,uint64 award,bytes32 orderHash,uint64 deadline)`.
    /// Requirements:
    /// - the dispute is contested; `award` (fen, in all: what was admitted counts towards it) is not more than was asked;
    /// - the signature is the bureau's, or, more than `windows.bureau` seconds after the clock began, the arbiter's.
    /// Notes: what the contractor admitted is never taken back.
    function resolve(
        uint256 disputeId,
        uint64 award,
        bytes32 orderHash,
        uint64 deadline,
        bytes calldata signature
    ) external;

    // ---------------------------------------------------------------- the bank's word: only {EscrowTerms-bank} calls

    /// @notice The bank paid these lines out in real money.
    /// @dev Emits {LineSettled} for each. Requirements: the caller is the bank; each line is with it.
    /// @return total Fen.
    function settleLines(uint256 sheetId, bytes calldata lines, bytes32[] calldata proof, bytes32 receipt)
        external
        returns (uint256 total);

    /// @notice The bank gives these lines' money back: they are owed again, and payable to whatever payout is registered then.
    /// @dev Emits {LineReturned} for each. Requirements: as {settleLines}; the caller has approved the money.
    /// @return total Fen.
    function takeBackLines(uint256 sheetId, bytes calldata lines, bytes32[] calldata proof, bytes32 reason)
        external
        returns (uint256 total);

    /// @notice The bank paid out what it held of a dispute. Emits {DisputeSettled}.
    /// @return amount Fen.
    function settleDispute(uint256 disputeId, bytes32 receipt) external returns (uint256 amount);

    /// @notice The bank gives back what it held of a dispute: it is owed again. Emits {DisputeReturned}.
    /// @return amount Fen.
    function takeBackDispute(uint256 disputeId, bytes32 reason) external returns (uint256 amount);

    // ---------------------------------------------------------------- the end of a project

    /// @notice The contractor gives 30 days' public notice that the project is complete.
    /// @dev Emits {ClosingAnnounced}. The contractor signs `ClosingNotice(uint64 count,uint64 deadline)`, count as in {closing}.
    /// Requirements: no notice runs; the signature is good and has not expired; not paused, not closed.
    /// Notes: posting a sheet or a worker's joining withdraws the notice.
    function announceClosing(uint64 deadline, bytes calldata contractorSignature) external;

    /// @notice Returns what nobody is owed to the contractor.
    /// @dev Emits {Closed}. The bureau signs `Closing(uint64 count,uint64 deadline)`, count as in {closing}.
    /// Requirements:
    /// - the notice has ended, or the escrow was closed before and money came in since;
    /// - nothing is owed, contested or claimed;
    /// - the signature is good and has not expired; not paused.
    function close(uint64 deadline, bytes calldata bureauSignature) external;

    /// @notice Returns the bond to the contractor, more than 30 days after closing.
    /// @dev Emits {BondReturned}. Requirements: nothing is owed, contested or claimed; there is a bond; not paused.
    function returnBond() external;

    /// @notice Stops money coming in, posting and closing for 7 days, never a payment to a worker.
    /// @dev Emits {Paused}. Requirements: the caller holds the guardian role; the last pause ended 30 days ago.
    function pause() external;

    /// @notice Ends the pause. Emits {Unpaused}. Requirements: the caller holds the guardian role; a pause runs.
    function unpause() external;

    // ---------------------------------------------------------------- views

    /// @notice The books, in fen.
    function books() external view returns (Books memory);

    /// @notice What was fixed when the escrow was made.
    function terms() external view returns (EscrowTerms memory);

    /// @notice A posted sheet. Reverts {Escrow_UnknownSheet}.
    function sheet(uint256 sheetId) external view returns (Sheet memory);

    /// @notice How many sheets are posted; also the id of the next one.
    function sheetCount() external view returns (uint256);

    /// @notice A dispute. Reverts {Escrow_UnknownDispute}.
    function dispute(uint256 disputeId) external view returns (Dispute memory);

    /// @notice How many disputes there have been; also the id of the next one.
    function disputeCount() external view returns (uint256);

    /// @notice How far the escrow is on its way to being closed, and whether it is paused.
    function closing() external view returns (Closing memory);

    /// @notice The most one day of this worker can be worth, in fen; 0 for a worker who has not joined.
    function dayCapOf(bytes32 workerId) external view returns (uint64);

    /// @notice Whether an order of the bureau has drawn bond.
    function orderUsed(bytes32 orderHash) external view returns (bool);
}
