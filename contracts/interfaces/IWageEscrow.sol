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

/// @notice One worker's wage of one period.
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

/// @notice Proof that lines belong to a posted sheet (OpenZeppelin multiproof; lines in ascending order of index).
struct SheetProof {
    bytes32[] hashes;
    bool[] flags;
}

/// @notice A worker's signature under one line, and until when (Unix seconds) it may be used.
struct Confirmation {
    uint64 deadline;
    bytes signature;
}

/// @notice What a worker says of a line that is too low.
/// @param claimed Fen the worker says is due for the line, above the posted amount.
/// @param claimedDays Days the worker says were worked; holds every posted day.
/// @param evidenceHash Hash of what the worker shows for it.
struct Objection {
    uint64 claimed;
    uint32 claimedDays;
    bytes32 evidenceHash;
    uint64 deadline;
}

/// @notice Fixed when the escrow is made; nobody can change it.
/// @param objectionWindow Seconds after posting in which a silent worker's line waits.
struct EscrowTerms {
    address token;
    address registry;
    address contractor;
    address bureau;
    uint32 objectionWindow;
}

/// @notice The escrow's books, in fen, true at every block.
/// @param funded Money held for wages.
/// @param owed Posted lines not yet released. May exceed `funded`: debt is recorded even when money is short.
/// @param contested What workers claim beyond posted amounts and nobody has resolved yet.
/// @param free `funded - owed - contested`, or 0.
struct Books {
    uint256 funded;
    uint256 owed;
    uint256 contested;
    uint256 free;
}

/// @notice A posted sheet as the contract remembers it; the lines themselves are in {IWageEscrow-SheetPosted}.
/// @param released Bit per line: the posted amount has been paid.
/// @param contested Bit per line: the worker claims more.
struct Sheet {
    bytes32 root;
    uint128 total;
    uint64 postedAt;
    uint16 lineCount;
    uint256 released;
    uint256 contested;
}

/// @title One project's payroll account (农民工工资专用账户)
/// @notice Money comes in from anyone and leaves only to the registered payout of a worker whose posted line it pays.
/// Anyone may call anything here: what counts is the signature of the party that the call binds.
interface IWageEscrow {
    /// @notice Money came in. `memo` is the payer's reference.
    event Funded(address indexed from, uint256 amount, bytes32 indexed memo);

    /// @notice Contractor and worker have agreed on work at this project.
    event Joined(bytes32 indexed workerId, uint64 dayCap, bytes32 termsHash);

    /// @notice The contractor owes these lines. `root` and `total` are computed from `lines` by the contract.
    event SheetPosted(uint256 indexed sheetId, SheetHeader header, bytes32 root, uint256 total, Line[] lines);

    /// @notice A line's posted amount went to the worker's payout.
    /// @param assurance 4 passkey, 3 wallet, 2 device key, 0 nobody signed: see {SignerKey}.
    event Released(
        uint256 indexed sheetId, uint8 index, bytes32 indexed workerId, address payout, uint256 amount, uint8 assurance
    );

    /// @notice A line could not be paid now (no money, or the payee refused it). It stays owed and can be released again.
    event PayoutFailed(uint256 indexed sheetId, uint8 index, bytes32 indexed workerId, address payout, uint256 amount);

    /// @notice The worker claims `remainder` fen beyond the posted amount; it is set aside until resolved.
    event Contested(
        uint256 indexed sheetId,
        uint8 index,
        bytes32 indexed workerId,
        uint256 remainder,
        uint32 claimedDays,
        bytes32 evidenceHash
    );

    error Escrow_ZeroAmount();
    error Escrow_ReceivedLess(uint256 received, uint256 amount);
    error Escrow_Expired(uint256 deadline, uint256 time);
    error Escrow_BadContractorSignature(address contractor);
    error Escrow_BadWorkerSignature(uint256 position);
    error Escrow_NotEnrolled(uint256 position, bytes32 workerId);
    error Escrow_AlreadyJoined(bytes32 workerId);
    error Escrow_NotJoined(bytes32 workerId);
    error Escrow_SheetOutOfOrder(uint256 sheetId, uint256 next);
    error Escrow_UnknownSheet(uint256 sheetId);
    error Escrow_BadPeriod(uint32 firstDay, uint32 lastDay);
    error Escrow_BadLineCount(uint256 count);
    error Escrow_BadLine(uint256 position);
    error Escrow_LineNotInSheet(uint256 sheetId);
    error Escrow_LengthMismatch(uint256 lines, uint256 confirmations);
    error Escrow_WindowOpen(uint256 until, uint256 time);
    error Escrow_BadObjection(uint256 claimed, uint256 posted, uint256 bound);
    error Escrow_AlreadyContested(uint256 sheetId, uint8 index);

    /// @notice Pays money in, from the caller's approved tokens.
    /// @dev Emits {Funded}. Requirements: `amount` is not zero and arrives whole.
    /// @param amount Fen.
    function fund(uint256 amount, bytes32 memo) external;

    /// @notice {fund} with the approval in the same transaction (ERC-2612).
    /// @dev A permit that someone else already submitted does not block the funding.
    function fundWithPermit(uint256 amount, bytes32 memo, uint256 deadline, uint8 v, bytes32 r, bytes32 s) external;

    /// @notice Contractor and worker agree that the worker is on this project and on the most one day can be worth.
    /// @dev Emits {Joined}. Both sign `Join(bytes32 workerId,uint64 dayCap,bytes32 termsHash,uint256 deadline)`.
    /// Requirements:
    /// - the worker is enrolled in the registry and has not joined before;
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
    /// @dev Emits {SheetPosted}. The contractor signs
    /// `Sheet(uint256 sheetId,uint32 firstDay,uint32 lastDay,uint32 payday,bytes32 rulesHash,bytes32 termsRoot,bytes32 root,uint256 total)`.
    /// Requirements:
    /// - `sheetId` is the next one, so that a sheet is posted once;
    /// - 1 to 256 lines; line i has index i, an amount, a worker and no day outside the period;
    /// - the signature is the contractor's.
    function postSheet(
        uint256 sheetId,
        SheetHeader calldata header,
        Line[] calldata lines,
        bytes calldata contractorSignature
    ) external;

    /// @notice Pays posted lines to the workers who signed for them.
    /// @dev Emits {Released} for each line paid, {PayoutFailed} for each that could not be. The worker signs
    /// `Confirmation(uint256 sheetId,uint8 index,bytes32 workerId,uint64 amount,uint32 dayMask,bytes32 payslipHash,uint64 deadline)`.
    /// Requirements:
    /// - the sheet is posted and each line belongs to it; lines ascend by index;
    /// - each signature is by the key registered for that line's worker and has not expired.
    /// Notes: a line already paid is skipped without looking at its signature, so a resend is harmless.
    /// A worker's wallet contract that uses more than 600,000 gas to check a signature has not signed.
    function release(
        uint256 sheetId,
        Line[] calldata lines,
        SheetProof calldata proof,
        Confirmation[] calldata confirmations
    ) external;

    /// @notice Pays posted lines whose workers stayed silent past the objection window. Takes nothing from them:
    /// they may still contest.
    /// @dev Emits {Released} with assurance 0, or {PayoutFailed}.
    /// Requirements:
    /// - `objectionWindow` seconds have passed since posting, or the line is contested (the worker has spoken);
    /// - each line belongs to the sheet and its worker is enrolled.
    function releaseUnsigned(uint256 sheetId, Line[] calldata lines, SheetProof calldata proof) external;

    /// @notice The worker claims more than was posted: the posted part is paid now, the remainder is set aside.
    /// @dev Emits {Contested}, and {Released} or {PayoutFailed} where the posted part was still owed. The worker signs
    /// `Contest(uint256 sheetId,uint8 index,bytes32 workerId,uint64 amount,uint32 dayMask,bytes32 payslipHash,uint64 claimed,uint32 claimedDays,bytes32 evidenceHash,uint64 deadline)`.
    /// Requirements:
    /// - the line belongs to the sheet, is not yet contested, and its worker has joined;
    /// - `amount < claimed <= dayCap × claimed days`, and the claimed days lie in the period and hold the posted ones;
    /// - the worker's signature is good and has not expired.
    /// Notes: confirming waives nothing: a line may be contested after it was released.
    function contest(
        uint256 sheetId,
        Line calldata line,
        SheetProof calldata proof,
        Objection calldata objection,
        bytes calldata signature
    ) external;

    /// @notice The books, in fen.
    function books() external view returns (Books memory);

    /// @notice What was fixed when the escrow was made.
    function terms() external view returns (EscrowTerms memory);

    /// @notice A posted sheet. Reverts {Escrow_UnknownSheet}.
    function sheet(uint256 sheetId) external view returns (Sheet memory);

    /// @notice How many sheets are posted; also the id of the next one.
    function sheetCount() external view returns (uint256);

    /// @notice The most one day of this worker can be worth, in fen; 0 for a worker who has not joined.
    function dayCapOf(bytes32 workerId) external view returns (uint64);
}
