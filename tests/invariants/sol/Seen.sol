// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DisputeState} from "interfaces/IWageEscrow.sol";
import {SignerKey} from "interfaces/IWorkerRegistry.sol";

struct Account {
    uint256 funded;
    uint256 owed;
    uint256 contested;
    uint256 bond;
    uint256 unbooked; // came by plain transfer
    uint64 announcedUntil;
    uint64 closedAt;
    uint64 count;
    uint64 pausedUntil;
}

struct SeenSheet {
    bytes lines;
    bytes32 root;
    uint256 total;
    uint256 postedAt;
    uint256 bankedAt;
    uint32 firstDay;
    uint32 lastDay;
    uint256 released;
    uint256 contested;
    uint256 banked;
}

struct SeenDispute {
    bytes32 workerId;
    uint256 asked;
    uint256 granted;
    uint256 paid;
    uint256 since;
    uint256 banked;
    uint256 bankedAt;
    DisputeState state;
}

struct Pending {
    SignerKey key;
    address payout;
    uint64 payoutAt;
    uint64 recoveryAt;
    bool confirmed;
}

/// @title What is remembered of what was said, and what several kinds of event do to it
abstract contract Seen {
    mapping(address escrow => Account) internal accounts;
    mapping(address escrow => SeenSheet[]) internal sheets;
    mapping(address escrow => SeenDispute[]) internal disputes;
    mapping(address escrow => mapping(bytes32 workerId => uint256)) internal dueTo; // lines and awards
    mapping(address escrow => mapping(bytes32 workerId => uint256)) internal receivedBy;
    mapping(address escrow => mapping(bytes32 workerId => uint64)) internal dayCaps;
    mapping(address escrow => bool) internal isSite;
    mapping(address escrow => uint32) internal objectionWindows;
    mapping(address account => uint256) internal balances;
    mapping(bytes32 workerId => SignerKey) internal keys;
    mapping(bytes32 workerId => address) internal payouts;
    mapping(bytes32 workerId => Pending) internal pending;
    mapping(string state => uint256) internal entered;
    mapping(bytes32 line => bool) internal isConfirmed; // the handler's knowledge: who signed what
    address internal token;
    address internal registry;
    address internal bank;

    /// @dev What one call moved out of and into one escrow, by its own words and by the token's.
    struct Flow {
        address escrow;
        uint256 movedIn;
        uint256 bookedIn;
        address[] to;
        uint256[] moved;
        uint256[] told;
        uint256 used;
    }

    function _lineKey(address escrow, uint256 sheetId, uint256 index) internal pure returns (bytes32) {
        return keccak256(abi.encode(escrow, sheetId, index));
    }

    function _contractorOf(address escrow) internal view virtual returns (address);

    function _payee(Flow memory flow, address to) internal pure returns (uint256 place) {
        for (; place < flow.used; ++place) {
            if (flow.to[place] == to) return place;
        }
        flow.to[place] = to;
        ++flow.used;
    }

    function _paid(Flow memory flow, Account storage account, bytes32 workerId, address payout, uint256 amount) internal {
        require(payout == payouts[workerId], "3: not the registered payout");
        account.funded -= amount;
        account.owed -= amount;
        receivedBy[flow.escrow][workerId] += amount;
        require(
            receivedBy[flow.escrow][workerId] <= dueTo[flow.escrow][workerId], "2: more than lines and awards together"
        );
        flow.told[_payee(flow, payout)] += amount;
    }

    function _returned(Flow memory flow, Account storage account, bytes32 workerId, uint256 amount) internal {
        account.funded += amount;
        account.owed += amount;
        flow.bookedIn += amount;
        receivedBy[flow.escrow][workerId] -= amount;
    }
}
