// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IBankPayout} from "interfaces/IBankPayout.sol";
import {DisputeState, IWageEscrow} from "interfaces/IWageEscrow.sol";
import {Disputes} from "./Disputes.sol";
import {Lines} from "./Lines.sol";
import {Account, SeenDispute, SeenSheet} from "./Seen.sol";
import {Words} from "./Words.sol";
import {Expect, IHostile, Person} from "./World.sol";
import {vm} from "./Vm.sol";

/// @title The bank settles and returns; projects are closed; the guardian pauses; and the way out of every state
abstract contract Endings is Disputes {
    string internal constant BANK = "BankPayout";

    // ---------------------------------------------------------------- the bank

    function _bankedLines(Site memory site) private returns (Batch memory batch, bool found) {
        batch.escrow = address(site.escrow);
        uint256 count = sheets[batch.escrow].length;
        uint256 first = count == 0 ? 0 : _roll(count);
        for (uint256 i = 0; i < count; ++i) {
            batch.sheetId = (first + i) % count;
            batch.chosen = sheets[batch.escrow][batch.sheetId].banked;
            if (batch.chosen == 0) continue;
            if (_roll(2) == 0) batch.chosen = _oneOf(batch.chosen);
            _lines(batch);
            return (batch, true);
        }
    }

    function _totalOf(bytes memory lines) private pure returns (uint256 total) {
        for (uint256 i = 0; i < Lines.count(lines); ++i) {
            total += Lines.lineAt(lines, i).amount;
        }
    }

    /// @dev Only the honest token can be burned, and the fee token swallows a part on the way back.
    function _settleLines(Site memory site) internal {
        (Batch memory batch, bool found) = _bankedLines(site);
        if (!found) return;
        bytes memory data = abi.encodeCall(
            IBankPayout.settleLines, (batch.escrow, batch.sheetId, batch.lines, batch.proof, _fresh("receipt"))
        );
        if (!_do(BANK, BANK_CLERK, bank, data, kindOfToken == TokenKind.HONEST ? Expect.YES : Expect.NO)) return;
        _count(ESCROW, IWageEscrow.settleLines.selector, true);
        _count(TOKEN, bytes4(keccak256("burn(uint256,bytes32)")), true);
        _do(BANK, BANK_CLERK, bank, data, Expect.NO); // the bank has done with them
    }

    function _returnLines(Site memory site) internal {
        (Batch memory batch, bool found) = _bankedLines(site);
        if (!found) return;
        uint256 left = sheets[batch.escrow][batch.sheetId].bankedAt + 30 days;
        bool byBank = _roll(2) == 0;
        if (!byBank && _roll(2) == 0) _waitUntil(left + _roll(2));
        bool isAll = batch.chosen == sheets[batch.escrow][batch.sheetId].banked;
        Expect expect = _foreseeReturn(_totalOf(batch.lines), byBank || (isAll && _now() > left));
        bytes memory data = byBank
            ? abi.encodeCall(
                IBankPayout.returnLines, (batch.escrow, batch.sheetId, batch.lines, batch.proof, _fresh("reason"))
            )
            : abi.encodeCall(
                IBankPayout.returnUnsettledLines, (batch.escrow, batch.sheetId, batch.lines, batch.proof)
            );
        bool ok = _do(BANK, byBank ? BANK_CLERK : _anybody(), bank, data, expect);
        if (ok) _count(ESCROW, IWageEscrow.takeBackLines.selector, true);
    }

    /// @dev Of what a fee token paid the bank less has arrived than must go back.
    function _foreseeReturn(uint256 amount, bool isDue) private view returns (Expect) {
        if (!isDue || !_canPayIn(bank, amount)) return Expect.NO;
        return kindOfToken == TokenKind.FEE ? Expect.EITHER : Expect.YES;
    }

    function _bankDispute(Site memory site) internal {
        address escrow = address(site.escrow);
        uint256 count = disputes[escrow].length;
        uint256 first = count == 0 ? 0 : _roll(count);
        for (uint256 i = 0; i < count; ++i) {
            uint256 id = (first + i) % count;
            if (disputes[escrow][id].banked != 0) return _bankThat(escrow, id, _roll(3));
        }
        _releaseStanding(site); // perhaps the bank gets something to be done with
    }

    function _bankThat(address escrow, uint256 id, uint256 how) private {
        SeenDispute storage seen = disputes[escrow][id];
        if (how == 2 && _roll(2) == 0) _waitUntil(seen.bankedAt + 30 days + _roll(2));
        bool isDue = how != 2 || _now() > seen.bankedAt + 30 days;
        Expect expect = _foreseeReturn(seen.banked, isDue);
        bytes memory data;
        if (how == 0) {
            expect = kindOfToken == TokenKind.HONEST ? Expect.YES : Expect.NO;
            data = abi.encodeCall(IBankPayout.settleDispute, (escrow, id, _fresh("receipt")));
        } else if (how == 1) {
            data = abi.encodeCall(IBankPayout.returnDispute, (escrow, id, _fresh("reason")));
        } else {
            data = abi.encodeCall(IBankPayout.returnUnsettledDispute, (escrow, id));
        }
        if (!_do(BANK, how == 2 ? _anybody() : BANK_CLERK, bank, data, expect)) return;
        _count(ESCROW, how == 0 ? IWageEscrow.settleDispute.selector : IWageEscrow.takeBackDispute.selector, true);
    }

    // ---------------------------------------------------------------- closing and pausing

    function _announceClosing(Site memory site) internal {
        address escrow = address(site.escrow);
        Account storage account = accounts[escrow];
        bool can = account.announcedUntil == 0 && account.closedAt == 0 && _now() >= account.pausedUntil;
        bytes memory signature = _signParty(site.contractor, ESCROW, escrow, Words.closingNotice(account.count, _later()));
        bytes memory data = abi.encodeCall(IWageEscrow.announceClosing, (_later(), signature));
        _do(ESCROW, _anybody(), escrow, data, can ? Expect.YES : Expect.NO);
    }

    function _close(Site memory site) internal {
        address escrow = address(site.escrow);
        Account storage account = accounts[escrow];
        bool can = account.announcedUntil != 0 && _now() > account.announcedUntil && _owesNothing(account)
            && _now() >= account.pausedUntil && _isPayable(vm.addr(site.contractor));
        bytes memory signature = _signParty(BUREAU, ESCROW, escrow, Words.closing(account.count, _later()));
        bytes memory data = abi.encodeCall(IWageEscrow.close, (_later(), signature));
        _do(ESCROW, _anybody(), escrow, data, can ? Expect.YES : Expect.NO);
    }

    function _returnBond(Site memory site) internal {
        address escrow = address(site.escrow);
        Account storage account = accounts[escrow];
        bool can = account.closedAt != 0 && _now() > account.closedAt + 30 days && _owesNothing(account)
            && account.bond != 0 && _now() >= account.pausedUntil && _isPayable(vm.addr(site.contractor));
        bytes memory data = abi.encodeCall(IWageEscrow.returnBond, ());
        _do(ESCROW, _anybody(), escrow, data, can ? Expect.YES : Expect.NO);
    }

    function _owesNothing(Account storage account) internal view returns (bool) {
        return account.owed == 0 && account.contested == 0;
    }

    function _pause(Site memory site) internal {
        Account storage account = accounts[address(site.escrow)];
        bool can = account.pausedUntil == 0 || _now() >= account.pausedUntil + 30 days;
        bytes memory data = abi.encodeCall(IWageEscrow.pause, ());
        _do(ESCROW, GUARDIAN, address(site.escrow), data, can ? Expect.YES : Expect.NO);
    }

    function _unpause(Site memory site) internal {
        bool can = _now() < accounts[address(site.escrow)].pausedUntil;
        bytes memory data = abi.encodeCall(IWageEscrow.unpause, ());
        _do(ESCROW, GUARDIAN, address(site.escrow), data, can ? Expect.YES : Expect.NO);
    }

    // ---------------------------------------------------------------- the way out

    /// @dev Invariant 5: whatever has happened, with an honest token and money every wage is paid to the worker who signs,
    /// every dispute ends, and the project can be closed.
    function _wayOut(Site memory site, bool close_) internal {
        _beHonest();
        _payLines(site);
        _endDisputes(site);
        Account storage account = accounts[address(site.escrow)];
        require(_owesNothing(account), "5: something cannot be paid");
        if (!close_) return;
        _waitUntil(account.pausedUntil);
        if (account.announcedUntil == 0) _announceClosing(site);
        _waitUntil(account.announcedUntil + 1);
        _close(site);
        require(account.funded == 0 && account.closedAt != 0, "5: it cannot be closed");
        if (account.bond == 0) return;
        _waitUntil(account.closedAt + 30 days + 1);
        _returnBond(site);
        require(account.bond == 0, "5: the bond cannot be returned");
    }

    function _beHonest() internal {
        troubled = address(0);
        if (kindOfToken == TokenKind.BLOCKING) IHostile(token).setBlocked(address(0));
        if (kindOfToken == TokenKind.REFUSING) IHostile(token).setRefused(address(0));
        if (kindOfToken == TokenKind.REENTERING) IHostile(token).setCallback("");
    }

    function _payLines(Site memory site) private {
        address escrow = address(site.escrow);
        for (uint256 i = 0; i < people.length; ++i) {
            if (!_isEnrolled(people[i].workerId)) _enrol(people[i]);
        }
        for (uint256 sheetId = 0; sheetId < sheets[escrow].length; ++sheetId) {
            SeenSheet storage seen = sheets[escrow][sheetId];
            for (uint256 i = 0; i < Lines.count(seen.lines); ++i) {
                if (seen.released >> i & 1 == 1) continue;
                _provide(site, Lines.lineAt(seen.lines, i).amount);
                Batch memory batch;
                (batch.escrow, batch.sheetId, batch.chosen) = (escrow, sheetId, 1 << i);
                _releaseOne(batch, false);
            }
        }
    }

    /// @dev Money that is there is paid out at once, paused or not; only new money has to wait for the pause to end.
    function _provide(Site memory site, uint256 amount) private {
        address escrow = address(site.escrow);
        uint256 funded = accounts[escrow].funded;
        if (funded >= amount) return;
        _waitUntil(accounts[escrow].pausedUntil);
        _mint(escrow, amount - funded);
        _bookTransfer(site);
    }

    function _endDisputes(Site memory site) private {
        address escrow = address(site.escrow);
        for (uint256 id = 0; id < disputes[escrow].length; ++id) {
            SeenDispute storage seen = disputes[escrow][id];
            if (seen.paid == seen.granted && seen.state == DisputeState.DECIDED) continue;
            _provide(site, seen.asked - seen.paid);
            if (seen.state == DisputeState.CLAIMED) _waitUntil(seen.since + site.windows.answer + 1);
            if (seen.state == DisputeState.CONTESTED) {
                bool byArbiter = _roll(2) == 0;
                if (byArbiter) _waitUntil(seen.since + site.windows.bureau + 1);
                _resolveThat(site, id, uint64(seen.asked), byArbiter);
            } else {
                _releaseThat(site, id);
            }
            require(seen.state == DisputeState.DECIDED && seen.paid == seen.granted, "5: a dispute has no end");
        }
    }
}
