// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Claim, DisputeState, IWageEscrow, Line, Objection} from "interfaces/IWageEscrow.sol";
import {Keys, Secret} from "./Keys.sol";
import {Lines} from "./Lines.sol";
import {SeenDispute, SeenSheet} from "./Seen.sol";
import {Sheets} from "./Sheets.sol";
import {Words} from "./Words.sol";
import {Expect, Person} from "./World.sol";
import {vm} from "./Vm.sol";

/// @title Workers ask for more; contractor, bureau and arbiter answer
abstract contract Disputes is Sheets {
    function _days(uint256 mask) private pure returns (uint256 count) {
        for (; mask != 0; mask &= mask - 1) ++count;
    }

    function _waitUntil(uint256 time) internal {
        if (_now() < time) vm.warp(time);
    }

    function _contest(Site memory site) internal {
        address escrow = address(site.escrow);
        uint256 count = sheets[escrow].length;
        if (count == 0) return;
        Batch memory batch;
        (batch.escrow, batch.sheetId) = (escrow, _roll(count));
        SeenSheet storage seen = sheets[escrow][batch.sheetId];
        batch.chosen = 1 << _roll(Lines.count(seen.lines));
        Line memory line = Lines.lineAt(seen.lines, _placeOf(batch.chosen));
        uint32 period = type(uint32).max >> (31 - (seen.lastDay - seen.firstDay));
        Objection memory objection;
        objection.claimedDays = line.dayMask | uint32(_roll(type(uint32).max)) & period;
        uint256 bound = uint256(dayCaps[escrow][line.workerId]) * _days(objection.claimedDays);
        if (bound <= line.amount) return;
        objection.claimed = uint64(line.amount + 1 + _roll(bound - line.amount));
        (objection.evidenceHash, objection.deadline) = (_fresh("evidence"), _later());
        _object(batch, line, objection);
    }

    function _object(Batch memory batch, Line memory line, Objection memory objection) private {
        bytes32 digest = _digest(ESCROW, batch.escrow, Words.contest(batch.sheetId, line, objection));
        bytes memory signature = Keys.sign(_willingKey(line.workerId), digest);
        bytes32 lineKey = _lineKey(batch.escrow, batch.sheetId, line.index);
        bool wasConfirmed = isConfirmed[lineKey];
        if (_agrees(line.workerId)) isConfirmed[lineKey] = true; // a contest releases what was posted
        _lines(batch);
        _foresee(batch);
        bytes memory data = abi.encodeCall(
            IWageEscrow.contest, (batch.sheetId, batch.lines, batch.proof, objection, signature)
        );
        bool known = sheets[batch.escrow][batch.sheetId].contested & batch.chosen != 0;
        // Its days may have been claimed before, which only the contract remembers day by day.
        bool ok = _do(ESCROW, _anybody(), batch.escrow, data, known || forged ? Expect.NO : Expect.EITHER);
        if (!ok) isConfirmed[lineKey] = wasConfirmed;
        _checkPaid(batch, ok);
    }

    function _claim(Site memory site) internal {
        address escrow = address(site.escrow);
        Claim memory claimed;
        claimed.workerId = _person().workerId;
        uint256 cap = dayCaps[escrow][claimed.workerId];
        if (cap == 0) return;
        claimed.dayMask = uint32(1 + _roll(_roll(2) == 0 ? 15 : type(uint32).max - 1));
        claimed.firstDay = uint32(_now() / 1 days - 40 - _roll(3_500));
        claimed.amount = uint64(1 + _roll(cap * _days(claimed.dayMask)));
        (claimed.evidenceHash, claimed.deadline) = (_fresh("evidence"), _later());
        bytes memory signature =
            Keys.sign(_willingKey(claimed.workerId), _digest(ESCROW, escrow, Words.claim(claimed)));
        bytes memory data = abi.encodeCall(IWageEscrow.claim, (claimed, signature));
        if (!_do(ESCROW, _anybody(), escrow, data, forged ? Expect.NO : Expect.EITHER)) return;
        if (_roll(4) == 0) _do(ESCROW, _anybody(), escrow, data, Expect.NO); // a day can be claimed once
    }

    /// @dev A dispute in this state where there is one; else any.
    function _dispute(address escrow, DisputeState state) internal returns (uint256 id, bool found) {
        uint256 count = disputes[escrow].length;
        if (count == 0) return (0, false);
        id = _roll(count);
        for (uint256 i = 0; i < count; ++i) {
            if (disputes[escrow][(id + i) % count].state == state) return ((id + i) % count, true);
        }
        return (id, true);
    }

    function _answer(Site memory site) internal {
        address escrow = address(site.escrow);
        (uint256 id, bool found) = _dispute(escrow, _roll(3) == 0 ? DisputeState.CONTESTED : DisputeState.CLAIMED);
        if (found) _answerThat(site, id, uint64(_roll(disputes[escrow][id].asked + 1)));
    }

    function _answerThat(Site memory site, uint256 id, uint64 admitted) internal {
        address escrow = address(site.escrow);
        SeenDispute storage seen = disputes[escrow][id];
        bool first = seen.state == DisputeState.CLAIMED;
        if (_roll(4) == 0) admitted = uint64(seen.asked);
        bool can = first
            ? _now() <= seen.since + site.windows.answer
            : seen.state == DisputeState.CONTESTED && admitted > seen.granted;
        bytes memory words = Words.answer(id, admitted, _fresh("evidence"), _later());
        bytes memory data = _answerData(site, id, admitted, words);
        _payExpected(escrow, id, data, can, admitted);
    }

    function _answerData(Site memory site, uint256 id, uint64 admitted, bytes memory words)
        private
        returns (bytes memory)
    {
        (,,, bytes32 evidence,) = abi.decode(words, (bytes32, uint256, uint64, bytes32, uint64));
        bytes memory signature = _signParty(site.contractor, ESCROW, address(site.escrow), words);
        return abi.encodeCall(IWageEscrow.answer, (id, admitted, evidence, _later(), signature));
    }

    /// @dev Makes the call and sees that what is `granted` afterwards was paid, if it could be.
    function _payExpected(address escrow, uint256 id, bytes memory data, bool can, uint256 granted) internal {
        SeenDispute storage seen = disputes[escrow][id];
        if (granted < seen.granted) granted = seen.granted;
        uint256 due = granted - seen.paid;
        bool payable_ = accounts[escrow].funded >= due && _isPayable(payouts[seen.workerId]);
        if (!_do(ESCROW, _anybody(), escrow, data, can ? Expect.YES : Expect.NO)) return;
        require(seen.granted == granted, "2: another grant than was said");
        require(seen.paid == granted || !payable_, "5: a granted and funded wage was not paid");
        require(seen.paid != granted || payable_ || due == 0, "1: a wage was paid that nobody could pay");
    }

    function _releaseStanding(Site memory site) internal {
        address escrow = address(site.escrow);
        (uint256 id, bool found) = _dispute(escrow, _roll(2) == 0 ? DisputeState.CLAIMED : DisputeState.DECIDED);
        if (!found) return;
        for (uint256 i = 0; i < disputes[escrow].length && _roll(2) == 0; ++i) {
            if (disputes[escrow][i].granted > disputes[escrow][i].paid) id = i;
        }
        _releaseThat(site, id);
    }

    function _releaseThat(Site memory site, uint256 id) internal {
        address escrow = address(site.escrow);
        SeenDispute storage seen = disputes[escrow][id];
        bool stands = seen.state == DisputeState.CLAIMED;
        bool can = stands ? _now() > seen.since + site.windows.answer : seen.granted > seen.paid;
        bytes memory data = abi.encodeCall(IWageEscrow.releaseStanding, (id));
        _payExpected(escrow, id, data, can, stands ? seen.asked : seen.granted);
    }

    function _resolve(Site memory site) internal {
        address escrow = address(site.escrow);
        (uint256 id, bool found) = _dispute(escrow, DisputeState.CONTESTED);
        if (!found) return;
        // A forger's chance would come past the bureau's window.
        if (forgesParties && _roll(2) == 0) _waitUntil(disputes[escrow][id].since + site.windows.bureau + 1);
        _resolveThat(site, id, uint64(_roll(disputes[escrow][id].asked + 1)), _roll(2) == 0);
    }

    function _resolveThat(Site memory site, uint256 id, uint64 award, bool byArbiter) internal {
        address escrow = address(site.escrow);
        SeenDispute storage seen = disputes[escrow][id];
        if (forgesParties && forger == ARBITER) return; // past the window it is no forger
        bool can = seen.state == DisputeState.CONTESTED
            && (!byArbiter || _now() > seen.since + site.windows.bureau);
        bytes32 order = _fresh("order");
        bytes memory words = Words.resolution(id, award, order, _later());
        bytes memory signature = _signParty(byArbiter ? ARBITER : BUREAU, ESCROW, escrow, words);
        bytes memory data = abi.encodeCall(IWageEscrow.resolve, (id, award, order, _later(), signature));
        _payExpected(escrow, id, data, can, award);
    }
}
