// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IWageEscrow, Line, SheetHeader} from "interfaces/IWageEscrow.sol";
import {DisputeObserver} from "./DisputeObserver.sol";
import {Lines} from "./Lines.sol";
import {RegistryObserver} from "./RegistryObserver.sol";
import {Account, SeenSheet} from "./Seen.sol";
import {Vm} from "./Vm.sol";

/// @title Somebody who reads the chain's events and nothing else
/// @notice Keeps books, sheets, disputes, keys and payouts by the interfaces' text, and objects where one event cannot follow
/// on the others. Invariants are numbered as in the protocol's page.
abstract contract Observer is DisputeObserver, RegistryObserver {
    // ---------------------------------------------------------------- one call's events

    function _observe(Vm.Log[] memory logs) internal {
        Flow[] memory flows = new Flow[](8);
        uint256 used = 0;
        for (uint256 i = 0; i < logs.length; ++i) {
            Vm.Log memory log = logs[i];
            if (log.emitter == registry) {
                _registrySaid(log);
            } else if (log.emitter == token && log.topics[0] == keccak256("Transfer(address,address,uint256)")) {
                used = _moved(flows, used, log);
            } else if (isSite[log.emitter]) {
                uint256 place;
                (place, used) = _flowOf(flows, used, log.emitter);
                _escrowSaid(flows[place], log);
            }
        }
        for (uint256 i = 0; i < used; ++i) {
            _weigh(flows[i]);
        }
    }

    function _flowOf(Flow[] memory flows, uint256 used, address escrow) private pure returns (uint256, uint256) {
        for (uint256 i = 0; i < used; ++i) {
            if (flows[i].escrow == escrow) return (i, used);
        }
        flows[used].escrow = escrow;
        flows[used].to = new address[](40);
        flows[used].moved = new uint256[](40);
        flows[used].told = new uint256[](40);
        return (used, used + 1);
    }

    function _moved(Flow[] memory flows, uint256 used, Vm.Log memory log) private returns (uint256) {
        address from = address(uint160(uint256(log.topics[1])));
        address to = address(uint160(uint256(log.topics[2])));
        uint256 amount = abi.decode(log.data, (uint256));
        if (from != address(0)) balances[from] -= amount;
        if (to != address(0)) balances[to] += amount;
        uint256 place;
        if (isSite[from]) {
            (place, used) = _flowOf(flows, used, from);
            if (to == address(0)) flows[place].movedIn -= amount; // the token's fee on what came in
            else flows[place].moved[_payee(flows[place], to)] += amount;
        }
        if (isSite[to]) {
            (place, used) = _flowOf(flows, used, to);
            flows[place].movedIn += amount;
        }
        return used;
    }

    /// @dev Invariant 3: what left is what the escrow told, payee by payee; {_paid} has seen that each payee was the right one.
    function _weigh(Flow memory flow) private {
        for (uint256 i = 0; i < flow.used; ++i) {
            require(flow.moved[i] == flow.told[i], "3: money left an escrow for somebody it told nothing of");
        }
        Account storage account = accounts[flow.escrow];
        require(account.unbooked + flow.movedIn >= flow.bookedIn, "1: more was booked than came in");
        account.unbooked = account.unbooked + flow.movedIn - flow.bookedIn;
    }

    // ---------------------------------------------------------------- what an escrow said

    function _escrowSaid(Flow memory flow, Vm.Log memory log) private {
        bytes32 what = log.topics[0];
        Account storage account = accounts[flow.escrow];
        if (what == IWageEscrow.Released.selector) {
            _released(flow, account, log);
        } else if (what == IWageEscrow.PayoutFailed.selector) {
            entered["line: payout failed"]++;
        } else if (what == IWageEscrow.SheetPosted.selector) {
            _posted(flow.escrow, account, log);
        } else if (what == IWageEscrow.LineSettled.selector || what == IWageEscrow.LineReturned.selector) {
            _bankSaid(flow, account, log, what == IWageEscrow.LineSettled.selector);
        } else if (what == IWageEscrow.Joined.selector) {
            (uint64 cap,) = abi.decode(log.data, (uint64, bytes32));
            require(dayCaps[flow.escrow][log.topics[1]] == 0, "6: joined twice");
            dayCaps[flow.escrow][log.topics[1]] = cap;
        } else if (!_moneySaid(flow, account, log) && !_closingSaid(flow, account, log)) {
            require(_disputeSaid(flow, account, log), "6: an event that the interface does not know");
        }
    }

    function _moneySaid(Flow memory flow, Account storage account, Vm.Log memory log) private returns (bool) {
        bytes32 what = log.topics[0];
        uint256 amount;
        if (what == IWageEscrow.Funded.selector) {
            amount = abi.decode(log.data, (uint256));
            account.funded += amount;
            flow.bookedIn += amount;
        } else if (what == IWageEscrow.BondDeposited.selector) {
            amount = abi.decode(log.data, (uint256));
            account.bond += amount;
            flow.bookedIn += amount;
            entered["bond: deposited"]++;
        } else if (what == IWageEscrow.BondDrawn.selector) {
            amount = abi.decode(log.data, (uint256));
            account.bond -= amount;
            account.funded += amount;
            entered["bond: drawn"]++;
        } else {
            return false;
        }
        return true;
    }

    function _closingSaid(Flow memory flow, Account storage account, Vm.Log memory log) private returns (bool) {
        bytes32 what = log.topics[0];
        if (what == IWageEscrow.ClosingAnnounced.selector) {
            account.announcedUntil = uint64(abi.decode(log.data, (uint256)));
            require(account.announcedUntil == block.timestamp + 30 days, "4: a public notice of 30 days");
            ++account.count;
            entered["closing: announced"]++;
        } else if (what == IWageEscrow.ClosingWithdrawn.selector) {
            require(account.announcedUntil != 0, "6: no notice to withdraw");
            account.announcedUntil = 0;
            ++account.count;
            entered["closing: withdrawn"]++;
        } else if (what == IWageEscrow.Closed.selector || what == IWageEscrow.BondReturned.selector) {
            _contractorPaid(flow, account, log, what == IWageEscrow.Closed.selector);
        } else if (what == IWageEscrow.Paused.selector) {
            account.pausedUntil = uint64(abi.decode(log.data, (uint256)));
            entered["paused"]++;
        } else if (what == IWageEscrow.Unpaused.selector) {
            account.pausedUntil = uint64(block.timestamp);
            entered["unpaused"]++;
        } else {
            return false;
        }
        return true;
    }

    function _contractorPaid(Flow memory flow, Account storage account, Vm.Log memory log, bool closed) private {
        uint256 amount = abi.decode(log.data, (uint256));
        address contractor = address(uint160(uint256(log.topics[1])));
        require(contractor == _contractorOf(flow.escrow), "4: money back to somebody else");
        require(account.owed == 0 && account.contested == 0, "4: the contractor was paid while wages were owed");
        require(account.announcedUntil != 0 && block.timestamp > account.announcedUntil, "4: paid back without notice");
        flow.told[_payee(flow, contractor)] += amount;
        if (closed) {
            account.funded -= amount;
            if (account.closedAt == 0) account.closedAt = uint64(block.timestamp);
            ++account.count;
            entered["closing: closed"]++;
        } else {
            require(account.closedAt != 0 && block.timestamp > account.closedAt + 30 days, "4: bond back too early");
            account.bond -= amount;
            entered["closing: bond returned"]++;
        }
    }

    function _posted(address escrow, Account storage account, Vm.Log memory log) private {
        require(uint256(log.topics[1]) == sheets[escrow].length, "6: sheets in order");
        SeenSheet storage seen = sheets[escrow].push();
        SheetHeader memory header;
        bytes memory lines;
        (header, seen.root, seen.total, lines) = abi.decode(log.data, (SheetHeader, bytes32, uint256, bytes));
        (seen.lines, seen.postedAt, seen.firstDay, seen.lastDay) =
            (lines, block.timestamp, header.firstDay, header.lastDay);
        require(seen.root == Lines.root(lines), "6: root of the lines");
        uint256 total = 0;
        for (uint256 i = 0; i < Lines.count(lines); ++i) {
            Line memory line = Lines.lineAt(lines, i);
            total += line.amount;
            dueTo[escrow][line.workerId] += line.amount;
            entered["line: posted"]++;
        }
        require(total == seen.total, "6: total of the lines");
        account.owed += total;
    }

    /// @dev Invariants 2 and 3: a line is paid once, whole, to its worker's registered payout, with the worker's word or past
    /// the objection window.
    function _released(Flow memory flow, Account storage account, Vm.Log memory log) private {
        uint256 word = uint256(abi.decode(log.data, (bytes32)));
        uint256 sheetId = uint16(word >> 16);
        uint8 index = uint8(word >> 8);
        require(sheetId < sheets[flow.escrow].length, "6: a sheet nobody posted");
        SeenSheet storage seen = sheets[flow.escrow][sheetId];
        Line memory line = Lines.lineAt(seen.lines, index);
        require(line.workerId == log.topics[1] && line.amount == uint64(word >> 32), "6: not what was posted");
        require(seen.released >> index & 1 == 0, "2: a line was paid twice");
        if (uint8(word) == 0) {
            require(
                block.timestamp > seen.postedAt + objectionWindows[flow.escrow] || seen.contested >> index & 1 == 1,
                "7: a wage left without the worker's word, within the window"
            );
            entered["line: released unsigned"]++;
        } else {
            require(uint8(word) == keys[line.workerId].assurance, "6: assurance of the key");
            require(isConfirmed[_lineKey(flow.escrow, sheetId, index)], "7: a wage left without the worker's word");
        }
        seen.released |= 1 << index;
        entered["line: released"]++;
        address payout = address(uint160(word >> 96));
        _paid(flow, account, line.workerId, payout, line.amount);
        if (payout == bank) {
            if (seen.banked == 0) seen.bankedAt = block.timestamp;
            seen.banked |= 1 << index;
            entered["line: banked"]++;
        }
    }

    function _bankSaid(Flow memory flow, Account storage account, Vm.Log memory log, bool settled) private {
        (uint8 index, uint256 amount,) = abi.decode(log.data, (uint8, uint256, bytes32));
        SeenSheet storage seen = sheets[flow.escrow][uint256(log.topics[1])];
        Line memory line = Lines.lineAt(seen.lines, index);
        require(line.workerId == log.topics[2] && line.amount == amount, "6: not the bank's line");
        require(seen.banked >> index & 1 == 1, "2: the bank had done with this line");
        seen.banked &= ~(1 << index);
        if (settled) {
            entered["line: settled"]++;
            return;
        }
        seen.released &= ~(1 << index);
        _returned(flow, account, line.workerId, amount);
        entered["line: returned"]++;
    }
}
