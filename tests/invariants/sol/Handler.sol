// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Books, Closing, Dispute, IWageEscrow, Sheet} from "interfaces/IWageEscrow.sol";
import {IWorkerRegistry, PendingPayout, PendingRecovery, Worker} from "interfaces/IWorkerRegistry.sol";
import {Hostility} from "./Hostility.sol";
import {Lines} from "./Lines.sol";
import {Account, Pending, SeenDispute, SeenSheet} from "./Seen.sol";
import {IToken, Person, World} from "./World.sol";
import {vm} from "./Vm.sol";

/// @title What forge calls in random order, and what must be so after each call
contract Handler is Hostility {
    constructor(TokenKind kind) dice(1) {
        _setUp(kind);
        _createEscrow();
        _createEscrow();
        for (uint256 i = 0; i < 6; ++i) {
            _arrive();
            if (i < 5) _enrol(people[i]);
            if (i < 4) _join(sites[0], people[i]);
        }
    }

    // ---------------------------------------------------------------- what happens

    function enrol(uint256 seed) external dice(seed) { _arrive(); _enrol(_person()); }
    function join(uint256 seed) external dice(seed) { _join(_site(), _person()); _join(_site(), _person()); }
    function fund(uint256 seed) external dice(seed) { _fund(_site()); }
    function drawBond(uint256 seed) external dice(seed) { _depositBond(_site()); _drawBond(_site()); }
    function postSheet(uint256 seed) external dice(seed) { _postSheet(_site()); }
    function release(uint256 seed) external dice(seed) { _release(_site()); }
    function releaseLine(uint256 seed) external dice(seed) { _releaseLine(_site()); }
    function releaseUnsigned(uint256 seed) external dice(seed) { _releaseUnsigned(_site()); }
    function contest(uint256 seed) external dice(seed) { _contest(_site()); }
    function claim(uint256 seed) external dice(seed) { _claim(_site()); }
    function answer(uint256 seed) external dice(seed) { _answer(_site()); }
    function releaseStanding(uint256 seed) external dice(seed) { _releaseStanding(_site()); }
    function resolve(uint256 seed) external dice(seed) { _resolve(_site()); }
    function settleLines(uint256 seed) external dice(seed) { _settleLines(_site()); }
    function returnLines(uint256 seed) external dice(seed) { _returnLines(_site()); }
    function bankDispute(uint256 seed) external dice(seed) { _bankDispute(_site()); }
    function trouble(uint256 seed) external dice(seed) { _trouble(); }
    function forge(uint256 seed) external dice(seed) { _forge(); _forge(); }
    function intrude(uint256 seed) external dice(seed) { _intrude(); }
    function replay(uint256 seed) external dice(seed) { _replay(); }
    function windDown(uint256 seed) external dice(seed) { _wayOut(_site(), _roll(8) == 0); }

    /// @notice A month of one project, as it should be.
    function payday(uint256 seed) external dice(seed) {
        Site memory site = _site();
        _postSheet(site);
        _fund(site);
        if (_roll(3) == 0) _trouble();
        _release(site);
    }

    /// @notice Several ask for more, and somebody says something to it.
    function quarrel(uint256 seed) external dice(seed) {
        Site memory site = _site();
        _claim(site);
        _claim(site);
        _contest(site);
        if (_roll(2) == 0) _answer(site);
        else _resolve(site);
    }

    function changeKey(uint256 seed) external dice(seed) {
        uint256 what = _roll(4);
        if (what == 0) _rotate(_person());
        else if (what == 1) _proposeRecovery(_person());
        else if (what == 2) _cancelRecovery(_waiting());
        else _completeRecovery(_waiting());
    }

    function changePayout(uint256 seed) external dice(seed) {
        if (_roll(2) == 0) _proposePayout(_person());
        else _applyPayout(_waiting());
    }

    function close(uint256 seed) external dice(seed) {
        Site memory site = _site();
        uint256 what = _roll(4);
        if (what == 0) _close(site);
        else if (what == 1) _returnBond(site);
        else _announceClosing(site);
    }

    function atTheSide(uint256 seed) external dice(seed) {
        uint256 what = _roll(6);
        if (what == 0) _createEscrow();
        else if (what == 1) _anchor();
        else if (what == 2) _moveTokens();
        else if (what < 5) _stopAndGo(_site());
        else _bookTransfer(_site());
    }

    function _stopAndGo(Site memory site) private {
        _pause(site);
        if (_roll(3) == 0) _unpause(site);
    }

    /// @notice Time passes: hours, days, or to within a second of an edge.
    function wait(uint256 seed) external dice(seed) {
        Site memory site = _site();
        address escrow = address(site.escrow);
        uint256 edge = _edge(site, escrow, _roll(8));
        uint256 time = edge + _roll(3);
        if (time <= _now() || time > _now() + 100 days) time = _now() + _roll(2 days);
        vm.warp(time);
    }

    /// @return One second before something becomes possible or impossible.
    function _edge(Site memory site, address escrow, uint256 what) private returns (uint256) {
        uint256 count = disputes[escrow].length;
        if (what == 0 && sheets[escrow].length != 0) {
            return sheets[escrow][_roll(sheets[escrow].length)].postedAt + site.windows.objection - 1;
        }
        if (what == 1 && count != 0) return disputes[escrow][_roll(count)].since + site.windows.answer - 1;
        if (what == 2 && count != 0) return disputes[escrow][_roll(count)].since + site.windows.bureau - 1;
        if (what == 3) return _before(pending[_waiting().workerId].payoutAt);
        if (what == 4) return _before(pending[_waiting().workerId].recoveryAt);
        if (what == 5) return uint256(accounts[escrow].announcedUntil);
        return _now() + (what == 6 ? 31 days : _roll(12 hours));
    }

    function _before(uint256 time) private pure returns (uint256) {
        return time == 0 ? 0 : time - 1;
    }

    /// @dev Somebody for whom a change waits, where there is one.
    function _waiting() private returns (Person memory) {
        uint256 first = _roll(people.length);
        for (uint256 i = 0; i < people.length; ++i) {
            Person memory person = people[(first + i) % people.length];
            if (pending[person.workerId].payoutAt != 0 || pending[person.workerId].recoveryAt != 0) return person;
        }
        return people[first];
    }

    /// @notice Invariant 5, at the end of a run: every project can be brought to its end from wherever it is.
    function wayOut() external dice(1) {
        for (uint256 i = 0; i < sites.length; ++i) {
            _wayOut(sites[i], true);
        }
    }

    // ---------------------------------------------------------------- what must be so

    function check() external view {
        uint256 banked = 0;
        for (uint256 i = 0; i < sites.length; ++i) {
            _checkBooks(address(sites[i].escrow));
            banked += _checkSheets(sites[i].escrow) + _checkDisputes(sites[i].escrow);
        }
        for (uint256 i = 0; i < people.length; ++i) {
            if (_isEnrolled(people[i].workerId)) _checkWorker(people[i].workerId);
        }
        uint256 held = IToken(token).balanceOf(bank);
        bool isFee = kindOfToken == TokenKind.FEE;
        require(isFee ? held <= banked : held == banked, "6: the bank holds what was paid to it and is not done with");
        uint256[6] memory operators = [MALLORY, RELAYER, GUARDIAN, BANK_CLERK, REGISTRAR, ARBITER];
        for (uint256 i = 0; i < operators.length; ++i) {
            require(IToken(token).balanceOf(vm.addr(operators[i])) == 0, "7: money in hands that have none to get");
        }
    }

    function _checkBooks(address escrow) private view {
        Account storage account = accounts[escrow];
        Books memory books = IWageEscrow(escrow).books();
        uint256 balance = IToken(token).balanceOf(escrow);
        require(balance == books.funded + books.bond + account.unbooked, "1: balance == funded + bond");
        require(balance == balances[escrow], "6: balance by events");
        require(books.funded == account.funded && books.bond == account.bond, "6: money by events");
        require(books.owed == account.owed && books.contested == account.contested, "6: debts by events");
        uint256 due = books.owed + books.contested;
        require(books.free == (books.funded > due ? books.funded - due : 0), "6: free");
        Closing memory closing = IWageEscrow(escrow).closing();
        require(
            closing.announcedUntil == account.announcedUntil && closing.closedAt == account.closedAt
                && closing.count == account.count && closing.pausedUntil == account.pausedUntil,
            "6: closing by events"
        );
    }

    function _checkSheets(IWageEscrow escrow) private view returns (uint256 banked) {
        SeenSheet[] storage all = sheets[address(escrow)];
        require(escrow.sheetCount() == all.length, "6: sheets by events");
        for (uint256 i = 0; i < all.length; ++i) {
            Sheet memory sheet = escrow.sheet(i);
            SeenSheet storage seen = all[i];
            require(
                sheet.released == seen.released && sheet.contested == seen.contested && sheet.banked == seen.banked,
                "6: lines by events"
            );
            require(sheet.root == seen.root && sheet.total == seen.total && sheet.postedAt == seen.postedAt, "6: sheet");
            for (uint256 bits = seen.banked; bits != 0; bits &= bits - 1) {
                banked += Lines.lineAt(seen.lines, _lowest(bits)).amount;
            }
        }
    }

    function _lowest(uint256 bits) private pure returns (uint256 place) {
        while (bits >> place & 1 == 0) ++place;
    }

    function _checkDisputes(IWageEscrow escrow) private view returns (uint256 banked) {
        SeenDispute[] storage all = disputes[address(escrow)];
        require(escrow.disputeCount() == all.length, "6: disputes by events");
        for (uint256 i = 0; i < all.length; ++i) {
            Dispute memory dispute = escrow.dispute(i);
            SeenDispute storage seen = all[i];
            require(
                dispute.granted == seen.granted && dispute.paid == seen.paid && dispute.banked == seen.banked
                    && dispute.asked == seen.asked && dispute.state == seen.state && dispute.workerId == seen.workerId,
                "6: dispute by events"
            );
            banked += seen.banked;
        }
    }

    function _checkWorker(bytes32 workerId) private view {
        Worker memory worker = IWorkerRegistry(registry).workerOf(workerId);
        Pending storage waiting = pending[workerId];
        require(_nameOf(worker.key) == _nameOf(keys[workerId]) && worker.payout == payouts[workerId], "6: key, payout");
        PendingPayout memory payout = IWorkerRegistry(registry).pendingPayoutOf(workerId);
        PendingRecovery memory recovery = IWorkerRegistry(registry).pendingRecoveryOf(workerId);
        require(payout.effectiveAt == waiting.payoutAt && recovery.effectiveAt == waiting.recoveryAt, "6: what waits");
    }

    // ---------------------------------------------------------------- what was reached

    string[29] private STATES = [
        "line: posted", "line: released", "line: released unsigned", "line: payout failed", "line: contested",
        "line: banked", "line: settled", "line: returned", "dispute: claimed", "dispute: contested",
        "dispute: stood", "dispute: resolved", "dispute: granted, unpaid", "dispute: paid", "dispute: settled",
        "dispute: returned", "bond: deposited", "bond: drawn", "closing: announced", "closing: withdrawn",
        "closing: closed", "closing: bond returned", "paused", "unpaused", "payout change: pending",
        "payout change: in force", "payout change: withdrawn", "recovery: pending", "recovery: completed"
    ];

    function report() external view returns (string memory text) {
        text = string.concat('{"calls":', vm.toString(sentCount), ',"functions":{');
        for (uint256 i = 0; i < functions.length; ++i) {
            bytes32 name = functions[i];
            text = string.concat(
                text, i == 0 ? '"' : ',"', kinds[name], " ", vm.toString(abi.encodePacked(selectors[name])), '":[',
                vm.toString(taken[name]), ",", vm.toString(refused[name]), "]"
            );
        }
        text = string.concat(text, '},"states":{');
        for (uint256 i = 0; i < STATES.length; ++i) {
            text = string.concat(text, i == 0 ? '"' : ',"', STATES[i], '":', vm.toString(entered[STATES[i]]));
        }
        text = string.concat(text, ',"recovery: cancelled":', vm.toString(entered["recovery: cancelled"]));
        text = string.concat(text, ',"key: rotated":', vm.toString(entered["key: rotated"]), "}}");
    }
}
