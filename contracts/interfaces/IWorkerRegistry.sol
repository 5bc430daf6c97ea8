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

/// @title Which key speaks for which worker, and where their wages go
/// @notice A worker is known by `workerId = keccak256(salt, identity)`. The salt stays off chain and can be destroyed.
interface IWorkerRegistry {
    /// @notice A worker's key and payout are on record, vouched for by `registrar`.
    event Enrolled(bytes32 indexed workerId, uint8 assurance, bytes32 x, bytes32 y, address payout, address registrar);

    error Registry_AlreadyEnrolled(bytes32 workerId);
    error Registry_NotEnrolled(bytes32 workerId);
    error Registry_ZeroWorker();
    error Registry_ZeroPayout(bytes32 workerId);
    error Registry_BadKey(bytes32 workerId, uint8 assurance);
    error Registry_Expired(uint256 deadline, uint256 time);
    error Registry_NotRegistrar(address account);
    error Registry_BadRegistrarSignature(bytes32 workerId, address registrar);
    error Registry_BadWorkerProof(bytes32 workerId);

    /// @notice Records a worker's key and payout. Anyone may relay it; both parties have signed the same words.
    /// @dev Emits {Enrolled}. Both signatures are over
    /// `Enrolment(bytes32 workerId,uint8 assurance,bytes32 x,bytes32 y,address payout,uint256 deadline)`.
    /// Requirements:
    /// - `workerId` is not zero and not yet enrolled; `payout` is not zero;
    /// - the key is a wallet address or a point on P-256;
    /// - the deadline (Unix seconds) has not passed;
    /// - `registrar` holds the registrar role and signed;
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

    /// @notice The worker's key and payout. Reverts {Registry_NotEnrolled} for a worker nobody enrolled.
    function workerOf(bytes32 workerId) external view returns (Worker memory);

    /// @notice Where this worker is paid; zero for a worker nobody enrolled.
    function payoutOf(bytes32 workerId) external view returns (address);

    /// @notice Whether `signature` over `digest` is by this worker's key, and with what assurance.
    /// @return assurance 0 where the signature is not by the worker's key.
    /// @return payout Where this worker is paid; zero for a worker nobody enrolled.
    function check(bytes32 workerId, bytes32 digest, bytes calldata signature)
        external
        view
        returns (uint8 assurance, address payout);

    /// @notice SHA-256 of the web domain whose passkeys count. Fixed for good: changing it would orphan every key.
    function rpIdHash() external view returns (bytes32);
}
