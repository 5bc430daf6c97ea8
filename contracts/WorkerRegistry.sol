// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAccessManager} from "@openzeppelin/contracts/access/manager/IAccessManager.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {P256} from "@openzeppelin/contracts/utils/cryptography/P256.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {
    IWorkerRegistry,
    PendingPayout,
    PendingRecovery,
    SignerKey,
    Worker
} from "./interfaces/IWorkerRegistry.sol";
import {Roles} from "./Roles.sol";
import {SignerKeys} from "./SignerKeys.sol";

/// @notice {IWorkerRegistry} says what each function promises.
contract WorkerRegistry is IWorkerRegistry, EIP712 {
    bytes32 private constant ENROLMENT_TYPEHASH = keccak256(
        "Enrolment(bytes32 workerId,uint8 assurance,bytes32 x,bytes32 y,address payout,uint256 deadline)"
    );
    bytes32 private constant ROTATION_TYPEHASH =
        keccak256("Rotation(bytes32 workerId,uint8 assurance,bytes32 x,bytes32 y,uint256 nonce,uint256 deadline)");
    bytes32 private constant PAYOUT_CHANGE_TYPEHASH =
        keccak256("PayoutChange(bytes32 workerId,address payout,uint256 nonce,uint256 deadline)");
    bytes32 private constant RECOVERY_TYPEHASH = keccak256(
        "Recovery(bytes32 workerId,uint8 assurance,bytes32 x,bytes32 y,address bureau,uint256 nonce,uint256 deadline)"
    );
    bytes32 private constant RECOVERY_CANCEL_TYPEHASH =
        keccak256("RecoveryCancel(bytes32 workerId,uint256 nonce,uint256 deadline)");

    uint256 public constant PAYOUT_DELAY = 7 days;
    uint256 public constant RECOVERY_DELAY = 3 days;

    IAccessManager public immutable authority;
    bytes32 public immutable rpIdHash;
    mapping(bytes32 workerId => Worker) private _workers;
    mapping(bytes32 workerId => bytes32) private _commitments;
    mapping(bytes32 workerId => PendingPayout) private _payouts;
    mapping(bytes32 workerId => PendingRecovery) private _recoveries;
    mapping(bytes32 workerId => uint256) public nonceOf;
    mapping(bytes32 workerId => uint256) public recoveryNonceOf;

    constructor(IAccessManager authority_, bytes32 rpIdHash_) EIP712("Anxin WorkerRegistry", "1") {
        authority = authority_;
        rpIdHash = rpIdHash_;
    }

    /// @inheritdoc IWorkerRegistry
    function enrol(
        bytes32 workerId,
        SignerKey calldata key,
        address payout,
        uint256 deadline,
        address registrar,
        bytes calldata registrarSignature,
        bytes calldata workerProof
    ) external {
        // Checks
        require(workerId != 0 && uint128(uint256(workerId)) == 0, Registry_BadWorkerId(workerId));
        require(payout != address(0), Registry_ZeroPayout(workerId));
        require(_workers[workerId].payout == address(0), Registry_AlreadyEnrolled(workerId));
        bytes32 digest = _digest(
            abi.encode(ENROLMENT_TYPEHASH, workerId, key.assurance, key.x, key.y, payout, deadline), deadline
        );
        _checkRegistrar(workerId, digest, registrar, registrarSignature);
        _checkNewKey(workerId, key, digest, workerProof);

        // Effects
        _set(workerId, key, payout);
        emit Enrolled(workerId, key.assurance, key.x, key.y, payout, registrar);
    }

    /// @inheritdoc IWorkerRegistry
    function rotate(
        bytes32 workerId,
        SignerKey calldata key,
        uint256 deadline,
        bytes calldata workerSignature,
        bytes calldata workerProof
    ) external {
        // Checks
        _checkNoRecovery(workerId);
        bytes32 digest = _digest(
            abi.encode(ROTATION_TYPEHASH, workerId, key.assurance, key.x, key.y, nonceOf[workerId], deadline), deadline
        );
        _checkWorker(workerId, digest, workerSignature);
        _checkNewKey(workerId, key, digest, workerProof);

        // Effects
        ++nonceOf[workerId];
        _set(workerId, key, _workers[workerId].payout);
        emit KeyChanged(workerId, key.assurance, key.x, key.y, false);
        _withdrawPayout(workerId);
    }

    /// @inheritdoc IWorkerRegistry
    function proposePayout(bytes32 workerId, address payout, uint256 deadline, bytes calldata workerSignature) external {
        // Checks
        require(payout != address(0), Registry_ZeroPayout(workerId));
        bytes32 digest =
            _digest(abi.encode(PAYOUT_CHANGE_TYPEHASH, workerId, payout, nonceOf[workerId], deadline), deadline);
        _checkWorker(workerId, digest, workerSignature);

        // Effects
        ++nonceOf[workerId];
        uint64 effectiveAt = uint64(block.timestamp + PAYOUT_DELAY);
        _payouts[workerId] = PendingPayout({payout: payout, effectiveAt: effectiveAt});
        emit PayoutChangeProposed(workerId, payout, effectiveAt);
    }

    /// @inheritdoc IWorkerRegistry
    function applyPayout(bytes32 workerId) external {
        // Checks
        PendingPayout memory pending = _payouts[workerId];
        _checkDue(workerId, pending.effectiveAt);
        _checkNoRecovery(workerId);

        // Effects
        delete _payouts[workerId];
        _set(workerId, _workers[workerId].key, pending.payout);
        emit PayoutChanged(workerId, pending.payout);
    }

    /// @inheritdoc IWorkerRegistry
    function proposeRecovery(
        bytes32 workerId,
        SignerKey calldata key,
        uint256 deadline,
        address registrar,
        bytes calldata registrarSignature,
        bytes calldata workerProof,
        address bureau,
        bytes calldata bureauSignature
    ) external {
        // Checks
        _checkEnrolled(workerId);
        bool confirmed = bureau != address(0);
        if (!confirmed || _recoveries[workerId].confirmed) _checkNoRecovery(workerId);
        bytes32 digest = _digest(
            abi.encode(
                RECOVERY_TYPEHASH, workerId, key.assurance, key.x, key.y, bureau, recoveryNonceOf[workerId], deadline
            ),
            deadline
        );
        _checkRegistrar(workerId, digest, registrar, registrarSignature);
        _checkNewKey(workerId, key, digest, workerProof);
        require(bureau != registrar, Registry_NotBureau(bureau)); // two offices, even where one account has both roles
        if (confirmed) _checkBureau(workerId, digest, bureau, bureauSignature);

        // Effects
        ++recoveryNonceOf[workerId];
        uint64 effectiveAt = uint64(block.timestamp + RECOVERY_DELAY);
        _recoveries[workerId] = PendingRecovery({key: key, effectiveAt: effectiveAt, confirmed: confirmed});
        emit RecoveryProposed(workerId, key.assurance, key.x, key.y, registrar, confirmed, effectiveAt);
    }

    /// @inheritdoc IWorkerRegistry
    function cancelRecovery(bytes32 workerId, uint256 deadline, address bureau, bytes calldata signature) external {
        // Checks
        PendingRecovery storage pending = _recoveries[workerId];
        require(pending.effectiveAt != 0, Registry_NothingPending(workerId));
        bytes32 digest =
            _digest(abi.encode(RECOVERY_CANCEL_TYPEHASH, workerId, recoveryNonceOf[workerId], deadline), deadline);
        if (bureau != address(0)) {
            _checkBureau(workerId, digest, bureau, signature);
        } else {
            require(!pending.confirmed, Registry_RecoveryConfirmed(workerId));
            _checkWorker(workerId, digest, signature);
        }

        // Effects
        delete _recoveries[workerId];
        emit RecoveryCancelled(workerId, bureau);
    }

    /// @inheritdoc IWorkerRegistry
    function completeRecovery(bytes32 workerId) external {
        // Checks
        PendingRecovery memory pending = _recoveries[workerId];
        _checkDue(workerId, pending.effectiveAt);

        // Effects
        delete _recoveries[workerId];
        ++nonceOf[workerId]; // words of an earlier key stay used up, even if it comes back
        _set(workerId, pending.key, _workers[workerId].payout);
        emit KeyChanged(workerId, pending.key.assurance, pending.key.x, pending.key.y, true);
        _withdrawPayout(workerId);
    }

    // ---------------------------------------------------------------- views

    /// @inheritdoc IWorkerRegistry
    function workerOf(bytes32 workerId) external view returns (Worker memory) {
        _checkEnrolled(workerId);
        return _workers[workerId];
    }

    /// @inheritdoc IWorkerRegistry
    function payoutOf(bytes32 workerId) external view returns (address) {
        return _workers[workerId].payout;
    }

    /// @inheritdoc IWorkerRegistry
    function commitmentsOf(bytes32[] calldata workerIds) external view returns (bytes32[] memory commitments) {
        commitments = new bytes32[](workerIds.length);
        mapping(bytes32 => bytes32) storage known = _commitments;
        // As `commitments[i] = _commitments[workerIds[i]]`, without checking 256 times that i is in both lists.
        assembly ("memory-safe") {
            mstore(0x20, known.slot)
            for { let i := 0 } lt(i, workerIds.length) { i := add(i, 1) } {
                mstore(0x00, calldataload(add(workerIds.offset, shl(5, i))))
                mstore(add(add(commitments, 0x20), shl(5, i)), sload(keccak256(0x00, 0x40)))
            }
        }
    }

    /// @inheritdoc IWorkerRegistry
    function check(bytes32 workerId, bytes32 digest, bytes calldata signature)
        external
        view
        returns (uint8 assurance, address payout)
    {
        Worker memory known = _workers[workerId];
        if (SignerKeys.isValid(known.key, digest, signature, rpIdHash)) assurance = known.key.assurance;
        return (assurance, known.payout);
    }

    /// @inheritdoc IWorkerRegistry
    function isP256(bytes32 hash, bytes32 r, bytes32 s, bytes32 x, bytes32 y) external view returns (bool) {
        return P256.verify(hash, r, s, x, y);
    }

    /// @inheritdoc IWorkerRegistry
    function pendingPayoutOf(bytes32 workerId) external view returns (PendingPayout memory) {
        return _payouts[workerId];
    }

    /// @inheritdoc IWorkerRegistry
    function pendingRecoveryOf(bytes32 workerId) external view returns (PendingRecovery memory) {
        return _recoveries[workerId];
    }

    // ---------------------------------------------------------------- checks

    /// @return What is signed, if it may still be used.
    function _digest(bytes memory words, uint256 deadline) private view returns (bytes32) {
        require(block.timestamp <= deadline, Registry_Expired(deadline, block.timestamp));
        return _hashTypedDataV4(keccak256(words));
    }

    function _checkEnrolled(bytes32 workerId) private view {
        require(_workers[workerId].payout != address(0), Registry_NotEnrolled(workerId));
    }

    function _checkNoRecovery(bytes32 workerId) private view {
        uint256 effectiveAt = _recoveries[workerId].effectiveAt;
        // Zero is no moment: it says that no recovery waits.
        // slither-disable-next-line incorrect-equality
        require(effectiveAt == 0, Registry_RecoveryPending(workerId, effectiveAt));
    }

    function _checkDue(bytes32 workerId, uint256 effectiveAt) private view {
        require(effectiveAt != 0, Registry_NothingPending(workerId));
        require(block.timestamp >= effectiveAt, Registry_TooEarly(effectiveAt, block.timestamp));
    }

    function _checkWorker(bytes32 workerId, bytes32 digest, bytes calldata signature) private view {
        _checkEnrolled(workerId);
        require(
            SignerKeys.isValid(_workers[workerId].key, digest, signature, rpIdHash),
            Registry_BadWorkerSignature(workerId)
        );
    }

    function _checkNewKey(bytes32 workerId, SignerKey calldata key, bytes32 digest, bytes calldata proof) private view {
        require(SignerKeys.isUsable(key), Registry_BadKey(workerId, key.assurance));
        require(SignerKeys.isValid(key, digest, proof, rpIdHash), Registry_BadWorkerProof(workerId));
    }

    function _checkRegistrar(bytes32 workerId, bytes32 digest, address registrar, bytes calldata signature) private view {
        require(_holds(Roles.REGISTRAR, registrar), Registry_NotRegistrar(registrar));
        require(
            SignatureChecker.isValidSignatureNowCalldata(registrar, digest, signature),
            Registry_BadRegistrarSignature(workerId, registrar)
        );
    }

    function _checkBureau(bytes32 workerId, bytes32 digest, address bureau, bytes calldata signature) private view {
        require(_holds(Roles.BUREAU, bureau), Registry_NotBureau(bureau));
        require(
            SignatureChecker.isValidSignatureNowCalldata(bureau, digest, signature),
            Registry_BadBureauSignature(workerId, bureau)
        );
    }

    /// @dev A member whose acts need scheduling does not hold the role for what takes effect by a signature.
    function _holds(uint64 role, address account) private view returns (bool) {
        (bool isMember, uint32 delay) = authority.hasRole(role, account);
        return isMember && delay == 0;
    }

    // ---------------------------------------------------------------- effects

    function _set(bytes32 workerId, SignerKey memory key, address payout) private {
        _workers[workerId] = Worker({key: key, payout: payout});
        _commitments[workerId] = SignerKeys.commitment(key.assurance, key.x, key.y, payout);
    }

    /// @dev Whoever held the old key may have asked for it.
    function _withdrawPayout(bytes32 workerId) private {
        // Zero is no moment: it says that no change waits.
        // slither-disable-next-line incorrect-equality
        if (_payouts[workerId].effectiveAt == 0) return;
        emit PayoutChangeWithdrawn(workerId, _payouts[workerId].payout);
        delete _payouts[workerId];
    }
}
