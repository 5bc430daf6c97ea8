// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAccessManager} from "@openzeppelin/contracts/access/manager/IAccessManager.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {IWorkerRegistry, SignerKey, Worker} from "./interfaces/IWorkerRegistry.sol";
import {Roles} from "./Roles.sol";
import {SignerKeys} from "./SignerKeys.sol";

/// @notice {IWorkerRegistry} says what each function promises.
contract WorkerRegistry is IWorkerRegistry, EIP712 {
    bytes32 private constant ENROLMENT_TYPEHASH = keccak256(
        "Enrolment(bytes32 workerId,uint8 assurance,bytes32 x,bytes32 y,address payout,uint256 deadline)"
    );

    /// @dev {Worker} in three words of storage: each is read for every wage.
    struct Record {
        address payout;
        uint8 assurance;
        bytes32 x;
        bytes32 y;
    }

    IAccessManager public immutable authority;
    bytes32 public immutable rpIdHash;
    mapping(bytes32 workerId => Record) private _workers;

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
        require(workerId != 0, Registry_ZeroWorker());
        require(payout != address(0), Registry_ZeroPayout(workerId));
        require(SignerKeys.isUsable(key), Registry_BadKey(workerId, key.assurance));
        require(block.timestamp <= deadline, Registry_Expired(deadline, block.timestamp));
        require(_workers[workerId].payout == address(0), Registry_AlreadyEnrolled(workerId));
        (bool isRegistrar,) = authority.hasRole(Roles.REGISTRAR, registrar);
        require(isRegistrar, Registry_NotRegistrar(registrar));
        bytes32 digest = _hashTypedDataV4(
            keccak256(abi.encode(ENROLMENT_TYPEHASH, workerId, key.assurance, key.x, key.y, payout, deadline))
        );
        require(
            SignatureChecker.isValidSignatureNowCalldata(registrar, digest, registrarSignature),
            Registry_BadRegistrarSignature(workerId, registrar)
        );
        require(SignerKeys.isValid(key, digest, workerProof, rpIdHash), Registry_BadWorkerProof(workerId));

        // Effects
        _workers[workerId] = Record({payout: payout, assurance: key.assurance, x: key.x, y: key.y});
        emit Enrolled(workerId, key.assurance, key.x, key.y, payout, registrar);
    }

    /// @inheritdoc IWorkerRegistry
    function workerOf(bytes32 workerId) external view returns (Worker memory worker) {
        Record storage known = _workers[workerId];
        worker = Worker({key: SignerKey({assurance: known.assurance, x: known.x, y: known.y}), payout: known.payout});
        require(worker.payout != address(0), Registry_NotEnrolled(workerId));
    }

    /// @inheritdoc IWorkerRegistry
    function payoutOf(bytes32 workerId) external view returns (address) {
        return _workers[workerId].payout;
    }

    /// @inheritdoc IWorkerRegistry
    function check(bytes32 workerId, bytes32 digest, bytes calldata signature)
        external
        view
        returns (uint8 assurance, address payout)
    {
        Record storage known = _workers[workerId];
        SignerKey memory key = SignerKey({assurance: known.assurance, x: known.x, y: known.y});
        payout = known.payout;
        if (SignerKeys.isValid(key, digest, signature, rpIdHash)) assurance = key.assurance;
    }
}
