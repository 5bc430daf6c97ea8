// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DisputeState, IWageEscrow} from "interfaces/IWageEscrow.sol";
import {Account, Seen, SeenDispute} from "./Seen.sol";
import {Vm} from "./Vm.sol";

/// @title What an escrow says of disputes
abstract contract DisputeObserver is Seen {
    function _disputeSaid(Flow memory flow, Account storage account, Vm.Log memory log) internal returns (bool) {
        bytes32 what = log.topics[0];
        uint256 id = uint256(log.topics[1]);
        if (what == IWageEscrow.Contested.selector) {
            (uint256 sheetId, uint8 index, uint256 asked,,) =
                abi.decode(log.data, (uint256, uint8, uint256, uint32, bytes32));
            sheets[flow.escrow][sheetId].contested |= 1 << index;
            _opened(flow.escrow, account, log, asked, DisputeState.CONTESTED);
            entered["line: contested"]++;
            return true;
        }
        if (what == IWageEscrow.Claimed.selector) {
            (uint256 asked,,,) = abi.decode(log.data, (uint256, uint32, uint32, bytes32));
            _opened(flow.escrow, account, log, asked, DisputeState.CLAIMED);
            return true;
        }
        require(id < disputes[flow.escrow].length, "6: a dispute nobody opened");
        SeenDispute storage seen = disputes[flow.escrow][id];
        if (what == IWageEscrow.Answered.selector) {
            (uint256 admitted,) = abi.decode(log.data, (uint256, bytes32));
            _answered(flow.escrow, account, seen, admitted);
        } else if (what == IWageEscrow.ClaimStood.selector) {
            require(seen.state == DisputeState.CLAIMED, "6: only a claim can stand");
            _granted(flow.escrow, account, seen, seen.asked);
            seen.state = DisputeState.DECIDED;
            entered["dispute: stood"]++;
        } else if (what == IWageEscrow.Resolved.selector) {
            (uint256 granted,) = abi.decode(log.data, (uint256, bytes32));
            require(seen.state == DisputeState.CONTESTED, "6: only a contest is resolved");
            _granted(flow.escrow, account, seen, granted);
            account.contested -= seen.asked - granted;
            seen.state = DisputeState.DECIDED;
            entered["dispute: resolved"]++;
        } else {
            return _disputeMoneySaid(flow, account, log, seen);
        }
        return true;
    }

    function _opened(address escrow, Account storage account, Vm.Log memory log, uint256 asked, DisputeState state)
        private
    {
        require(uint256(log.topics[1]) == disputes[escrow].length, "6: disputes in order");
        SeenDispute storage seen = disputes[escrow].push();
        (seen.workerId, seen.asked, seen.since, seen.state) = (log.topics[2], asked, block.timestamp, state);
        account.contested += asked;
        entered[state == DisputeState.CLAIMED ? "dispute: claimed" : "dispute: contested"]++;
    }

    function _answered(address escrow, Account storage account, SeenDispute storage seen, uint256 admitted) private {
        if (seen.state == DisputeState.CLAIMED) {
            (seen.state, seen.since) = (DisputeState.CONTESTED, block.timestamp);
            entered["dispute: contested"]++;
        }
        require(seen.state == DisputeState.CONTESTED, "6: answered after the decision");
        _granted(escrow, account, seen, admitted);
        if (admitted == seen.asked) seen.state = DisputeState.DECIDED;
    }

    function _granted(address escrow, Account storage account, SeenDispute storage seen, uint256 granted) private {
        require(granted >= seen.granted && granted <= seen.asked, "2: a grant fell, or grew beyond what was asked");
        uint256 more = granted - seen.granted;
        seen.granted = granted;
        account.contested -= more;
        account.owed += more;
        dueTo[escrow][seen.workerId] += more;
    }

    function _disputeMoneySaid(Flow memory flow, Account storage account, Vm.Log memory log, SeenDispute storage seen)
        private
        returns (bool)
    {
        bytes32 what = log.topics[0];
        require(log.topics[2] == seen.workerId, "6: another worker's dispute");
        if (what == IWageEscrow.DisputePaid.selector) {
            (address payout, uint256 amount,) = abi.decode(log.data, (address, uint256, uint8));
            seen.paid += amount;
            require(seen.paid <= seen.granted, "2: a dispute was paid beyond its grant");
            _paid(flow, account, seen.workerId, payout, amount);
            entered["dispute: paid"]++;
            if (payout == bank) {
                if (seen.banked == 0) seen.bankedAt = block.timestamp;
                seen.banked += amount;
            }
            return true;
        }
        if (what == IWageEscrow.DisputePayoutFailed.selector) {
            (, uint256 unpaid) = abi.decode(log.data, (address, uint256));
            require(unpaid == seen.granted - seen.paid, "6: not what is unpaid");
            entered["dispute: granted, unpaid"]++;
            return true;
        }
        (uint256 held,) = abi.decode(log.data, (uint256, bytes32));
        require(held == seen.banked && held != 0, "2: not what the bank holds of a dispute");
        seen.banked = 0;
        if (what == IWageEscrow.DisputeSettled.selector) {
            entered["dispute: settled"]++;
            return true;
        }
        seen.paid -= held;
        _returned(flow, account, seen.workerId, held);
        entered["dispute: returned"]++;
        return what == IWageEscrow.DisputeReturned.selector;
    }
}
