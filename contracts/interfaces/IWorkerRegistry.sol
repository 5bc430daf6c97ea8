// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice A key that signs for someone, and how much its signature proves.
/// @param assurance 4 passkey (WebAuthn, user verified), 3 wallet (secp256k1 or ERC-1271), 2 device key (P-256).
/// @param x P-256: the point's x. Wallet: the address, right-aligned.
/// @param y P-256: the point's y. Wallet: zero.
struct SignerKey {
    uint8 assurance;
    bytes32 x;
    bytes32 y;
}

/// @notice What the registry knows of a worker: no name, no number, no phone.
/// @param key Signs for the worker. Its assurance is 0 where nobody is enrolled.
/// @param payout The only place this worker's wages may go.
struct Worker {
    SignerKey key;
    address payout;
}

/// @notice A payout that takes the place of the present one once the cooling-off is over.
/// @param effectiveAt Unix seconds; 0 where no change waits.
struct PendingPayout {
    address payout;
    uint64 effectiveAt;
}

/// @notice A key that takes the place of a lost one once the delay is over.
/// @param effectiveAt Unix seconds; 0 where no recovery waits.
/// @param confirmed The bureau has signed too: only the bureau can cancel it.
struct PendingRecovery {
    SignerKey key;
    uint64 effectiveAt;
    bool confirmed;
}

/// @title Which key speaks for which worker, and where their wages go
/// @notice A worker is known by `workerId`: the first 16 bytes of keccak256(salt, identity), then 16 zero bytes. The salt
/// stays off chain and can be destroyed.
/// Anyone may relay anything here: what counts are the signatures. They are EIP-712, domain "Anxin WorkerRegistry" "1", and
/// may be used at their deadline (Unix seconds) and not a second later.
interface IWorkerRegistry {
    /// @notice A worker's key and payout are on record, vouched for by `registrar`.
    event Enrolled(bytes32 indexed workerId, uint8 assurance, bytes32 x, bytes32 y, address payout, address registrar);

    /// @notice The worker's key is another from now on: the worker wished it, or a recovery was completed.
    event KeyChanged(bytes32 indexed workerId, uint8 assurance, bytes32 x, bytes32 y, bool recovered);

    /// @notice The worker wishes to be paid at `payout` from `effectiveAt` (Unix seconds) on.
    event PayoutChangeProposed(bytes32 indexed workerId, address payout, uint256 effectiveAt);

    /// @notice A payout that waited was given up, because the worker's key changed.
    event PayoutChangeWithdrawn(bytes32 indexed workerId, address payout);

    /// @notice The worker is paid at `payout` from now on.
    event PayoutChanged(bytes32 indexed workerId, address payout);

    /// @notice The worker has lost the key, says `registrar`; another takes its place at `effectiveAt` unless cancelled.
    event RecoveryProposed(
        bytes32 indexed workerId,
        uint8 assurance,
        bytes32 x,
        bytes32 y,
        address registrar,
        bool confirmed,
        uint256 effectiveAt
    );

    /// @notice The recovery was cancelled by the bureau `by`, or, where `by` is zero, by the worker's key.
    event RecoveryCancelled(bytes32 indexed workerId, address by);

    error Registry_AlreadyEnrolled(bytes32 workerId);
    error Registry_NotEnrolled(bytes32 workerId);
    error Registry_BadWorkerId(bytes32 workerId);
    error Registry_ZeroPayout(bytes32 workerId);
    error Registry_BadKey(bytes32 workerId, uint8 assurance);
    error Registry_Expired(uint256 deadline, uint256 time);
    error Registry_NotRegistrar(address account);
    error Registry_NotBureau(address account);
    error Registry_BadRegistrarSignature(bytes32 workerId, address registrar);
    error Registry_BadBureauSignature(bytes32 workerId, address bureau);
    error Registry_BadWorkerProof(bytes32 workerId);
    error Registry_BadWorkerSignature(bytes32 workerId);
    error Registry_TooEarly(uint256 effectiveAt, uint256 time);
    error Registry_NothingPending(bytes32 workerId);
    error Registry_RecoveryPending(bytes32 workerId, uint256 effectiveAt);
    error Registry_RecoveryConfirmed(bytes32 workerId);

    /// @notice Records a worker's key and payout. Both parties have signed the same words.
    /// @dev Emits {Enrolled}. Both signatures are over
    /// `Enrolment(bytes32 workerId,uint8 assurance,bytes32 x,bytes32 y,address payout,uint256 deadline)`.
    /// Requirements:
    /// - `workerId` is not zero, ends in 16 zero bytes and is not yet enrolled; `payout` is not zero;
    /// - the key is a wallet address or a point on P-256;
    /// - `registrar` holds the registrar role and signed; the deadline has not passed;
    /// - the key itself signed: proof that the worker holds it.
    function enrol(
        bytes32 workerId,
        SignerKey calldata key,
        address payout,
        uint256 deadline,
        address registrar,
        bytes calldata registrarSignature,
        bytes calldata workerProof
    ) external;

    /// @notice The worker goes over to another key, at once.
    /// @dev Emits {KeyChanged}, and {PayoutChangeWithdrawn} where one waited. Present and new key both sign
    /// `Rotation(bytes32 workerId,uint8 assurance,bytes32 x,bytes32 y,uint256 nonce,uint256 deadline)`, nonce as in {nonceOf}.
    /// Requirements: the worker is enrolled; the new key is usable; both signatures are good and have not expired; no
    /// recovery waits, so that whoever found a phone cannot outrun its owner.
    function rotate(
        bytes32 workerId,
        SignerKey calldata key,
        uint256 deadline,
        bytes calldata workerSignature,
        bytes calldata workerProof
    ) external;

    /// @notice The worker asks to be paid elsewhere, after a cooling-off of {PAYOUT_DELAY}.
    /// @dev Emits {PayoutChangeProposed}. The worker signs
    /// `PayoutChange(bytes32 workerId,address payout,uint256 nonce,uint256 deadline)`, nonce as in {nonceOf}.
    /// Requirements: the worker is enrolled; `payout` is not zero; the signature is good and has not expired.
    /// Notes: a later wish takes the place of an earlier one; wishing for the present payout gives up the change.
    function proposePayout(bytes32 workerId, address payout, uint256 deadline, bytes calldata workerSignature) external;

    /// @notice Puts a payout that has waited long enough in force.
    /// @dev Emits {PayoutChanged}. Requirements: a change waits, its cooling-off is over, and no recovery waits.
    function applyPayout(bytes32 workerId) external;

    /// @notice The worker has lost the key and stood before a registrar with another.
    /// @dev Emits {RecoveryProposed}. Registrar, new key and, where it confirms, a bureau sign
    /// `Recovery(bytes32 workerId,uint8 assurance,bytes32 x,bytes32 y,address bureau,uint256 nonce,uint256 deadline)`, nonce as
    /// in {recoveryNonceOf}; so nobody can take the bureau's confirmation off the others' words.
    /// Requirements:
    /// - the worker is enrolled; the new key is usable and signed; `registrar` holds the registrar role and signed;
    /// - `bureau` is zero, or holds the bureau role, is not the registrar, and signed;
    /// - no recovery waits, or the one that waits is not confirmed and this one is.
    /// Notes: the old key may cancel what a registrar alone proposes, so a false registrar is stopped by the owner; it
    /// cannot cancel what the bureau confirmed, so whoever found the phone cannot keep the owner out.
    function proposeRecovery(
        bytes32 workerId,
        SignerKey calldata key,
        uint256 deadline,
        address registrar,
        bytes calldata registrarSignature,
        bytes calldata workerProof,
        address bureau,
        bytes calldata bureauSignature
    ) external;

    /// @notice Stops a recovery.
    /// @dev Emits {RecoveryCancelled}. The old key or a bureau signs
    /// `RecoveryCancel(bytes32 workerId,uint256 nonce,uint256 deadline)`, nonce as in {recoveryNonceOf}.
    /// Requirements: a recovery waits; the signature is good and has not expired; where `bureau` is zero the signature is the
    /// old key's and the recovery is not confirmed; else `bureau` holds the bureau role.
    function cancelRecovery(bytes32 workerId, uint256 deadline, address bureau, bytes calldata signature) external;

    /// @notice Puts the new key in force.
    /// @dev Emits {KeyChanged}, and {PayoutChangeWithdrawn} where one waited. Requirements: a recovery waits and
    /// {RECOVERY_DELAY} has passed.
    function completeRecovery(bytes32 workerId) external;

    /// @notice The worker's key and payout. Reverts {Registry_NotEnrolled} for a worker nobody enrolled.
    function workerOf(bytes32 workerId) external view returns (Worker memory);

    /// @notice Where this worker is paid; zero for a worker nobody enrolled.
    function payoutOf(bytes32 workerId) external view returns (address);

    /// @notice For each worker keccak256 of assurance, x, y and payout as 32-byte words: one read instead of three for whoever
    /// brings key and payout along. Zero for a worker nobody enrolled.
    function commitmentsOf(bytes32[] calldata workerIds) external view returns (bytes32[] memory);

    /// @notice Whether `signature` over `digest` is by this worker's key, and with what assurance.
    /// @param signature Device key: r and s, 64 bytes. Wallet: 65 bytes, or what its contract takes (ERC-1271). Passkey:
    /// `abi.encode` of r, s, challengeIndex, typeIndex, authenticatorData, clientDataJSON.
    /// @return assurance 0 where the signature is not by the worker's key.
    /// @return payout Where this worker is paid; zero for a worker nobody enrolled.
    function check(bytes32 workerId, bytes32 digest, bytes calldata signature)
        external
        view
        returns (uint8 assurance, address payout);

    /// @notice Whether r and s are a P-256 signature over `hash` by the key x, y. A high s is refused. Uses the chain's
    /// precompile (EIP-7951), or none where it has none.
    function isP256(bytes32 hash, bytes32 r, bytes32 s, bytes32 x, bytes32 y) external view returns (bool);

    /// @notice The payout change that waits; zeros where none does.
    function pendingPayoutOf(bytes32 workerId) external view returns (PendingPayout memory);

    /// @notice The recovery that waits; zeros where none does.
    function pendingRecoveryOf(bytes32 workerId) external view returns (PendingRecovery memory);

    /// @notice Counts what the worker's key signed here, and its recoveries: the nonce of its next rotation or payout change.
    function nonceOf(bytes32 workerId) external view returns (uint256);

    /// @notice Counts proposed recoveries: the nonce of the next one, and of cancelling the one that waits.
    function recoveryNonceOf(bytes32 workerId) external view returns (uint256);

    /// @notice SHA-256 of the web domain whose passkeys count. Fixed for good: changing it would orphan every key.
    function rpIdHash() external view returns (bytes32);
}
