// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IWorkerRegistry, SignerKey} from "interfaces/IWorkerRegistry.sol";
import {Pending, Seen} from "./Seen.sol";
import {Vm} from "./Vm.sol";

/// @title What the registry says of keys and payouts
abstract contract RegistryObserver is Seen {
    function _registrySaid(Vm.Log memory log) internal {
        bytes32 what = log.topics[0];
        bytes32 workerId = log.topics[1];
        Pending storage waiting = pending[workerId];
        if (what == IWorkerRegistry.Enrolled.selector) {
            SignerKey memory key;
            (key.assurance, key.x, key.y, payouts[workerId],) =
                abi.decode(log.data, (uint8, bytes32, bytes32, address, address));
            require(keys[workerId].assurance == 0, "6: enrolled twice");
            keys[workerId] = key;
        } else if (what == IWorkerRegistry.KeyChanged.selector) {
            SignerKey memory key;
            bool recovered;
            (key.assurance, key.x, key.y, recovered) = abi.decode(log.data, (uint8, bytes32, bytes32, bool));
            if (recovered) {
                require(
                    waiting.recoveryAt != 0 && block.timestamp >= waiting.recoveryAt
                        && keccak256(abi.encode(key)) == keccak256(abi.encode(waiting.key)),
                    "7: a key changed that nobody announced"
                );
                (waiting.recoveryAt, waiting.confirmed) = (0, false);
                entered["recovery: completed"]++;
            } else {
                entered["key: rotated"]++;
            }
            keys[workerId] = key;
        } else if (what == IWorkerRegistry.PayoutChangeProposed.selector) {
            (address payout, uint256 dueAt) = abi.decode(log.data, (address, uint256));
            (waiting.payout, waiting.payoutAt) = (payout, uint64(dueAt));
            entered["payout change: pending"]++;
        } else if (what == IWorkerRegistry.PayoutChangeWithdrawn.selector) {
            (waiting.payout, waiting.payoutAt) = (address(0), 0);
            entered["payout change: withdrawn"]++;
        } else if (what == IWorkerRegistry.PayoutChanged.selector) {
            address payout = abi.decode(log.data, (address));
            require(
                waiting.payoutAt != 0 && block.timestamp >= waiting.payoutAt && payout == waiting.payout,
                "3: a payout changed that nobody announced"
            );
            payouts[workerId] = payout;
            (waiting.payout, waiting.payoutAt) = (address(0), 0);
            entered["payout change: in force"]++;
        } else if (what == IWorkerRegistry.RecoveryProposed.selector) {
            uint256 dueAt;
            SignerKey memory key;
            (key.assurance, key.x, key.y,, waiting.confirmed, dueAt) =
                abi.decode(log.data, (uint8, bytes32, bytes32, address, bool, uint256));
            (waiting.key, waiting.recoveryAt) = (key, uint64(dueAt));
            entered["recovery: pending"]++;
        } else {
            require(what == IWorkerRegistry.RecoveryCancelled.selector, "6: an event of the registry nobody knows");
            (waiting.recoveryAt, waiting.confirmed) = (0, false);
            entered["recovery: cancelled"]++;
        }
    }
}
