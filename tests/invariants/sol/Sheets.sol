// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IWageEscrow, Line, SheetHeader} from "interfaces/IWageEscrow.sol";
import {Keys, Secret} from "./Keys.sol";
import {Lines} from "./Lines.sol";
import {Money} from "./Money.sol";
import {Account, SeenSheet} from "./Seen.sol";
import {Words} from "./Words.sol";
import {Expect, IHostile, Person} from "./World.sol";
import {vm} from "./Vm.sol";

/// @title Sheets are posted, lines are released
abstract contract Sheets is Money {
    /// @dev Some lines of a sheet on their way to being released, and which of them must come out paid.
    struct Batch {
        address escrow;
        uint256 sheetId;
        uint256 chosen;
        bytes lines;
        bytes32[] proof;
        uint256 mustBePaid;
        uint256 mustStay;
    }

    // ---------------------------------------------------------------- posting

    function _postSheet(Site memory site) internal {
        address escrow = address(site.escrow);
        SheetHeader memory header;
        header.firstDay = uint32(20_000 + _roll(800));
        header.lastDay = header.firstDay + uint32(_roll(32));
        (header.payday, header.rulesHash, header.termsRoot) = (header.lastDay + 10, _fresh("rules"), _fresh("terms"));
        uint256 sheetId = sheets[escrow].length;
        bytes memory lines = _newLines(1 + _roll(_roll(6) == 0 ? 20 : 6), type(uint32).max >> (31 - (header.lastDay - header.firstDay)));
        uint256 total = 0;
        for (uint256 i = 0; i < Lines.count(lines); ++i) {
            total += Lines.lineAt(lines, i).amount;
        }
        bytes memory words = Words.sheet(sheetId, header, Lines.root(lines), total);
        bytes memory signature = _signParty(site.contractor, ESCROW, escrow, words);
        bool can = accounts[escrow].closedAt == 0 && _now() >= accounts[escrow].pausedUntil;
        bytes memory data = abi.encodeCall(IWageEscrow.postSheet, (sheetId, header, lines, signature));
        if (!_do(ESCROW, _anybody(), escrow, data, can ? Expect.YES : Expect.NO)) return;
        require(accounts[escrow].announcedUntil == 0, "4: work goes on, and the notice still runs");
    }

    function _newLines(uint256 count, uint32 period) private returns (bytes memory lines) {
        for (uint256 i = 0; i < count; ++i) {
            Line memory line;
            line.index = uint8(i);
            line.dayMask = uint32(_roll(type(uint32).max)) & period;
            line.amount = uint64(_roll(200) == 0 ? type(uint64).max - _roll(9) : 1 + _roll(100_000));
            line.workerId = _person().workerId;
            line.payslipHash = _fresh("payslip");
            lines = bytes.concat(lines, Lines.pack(line));
        }
    }

    // ---------------------------------------------------------------- release

    /// @dev A sheet with something unpaid where there is one, and some of its lines.
    function _someLines(Site memory site, bool one) internal returns (Batch memory batch, bool found) {
        batch.escrow = address(site.escrow);
        uint256 count = sheets[batch.escrow].length;
        if (count == 0) return (batch, false);
        uint256 first = _roll(count);
        for (uint256 i = 0; i < count; ++i) {
            batch.sheetId = (first + i) % count;
            SeenSheet storage seen = sheets[batch.escrow][batch.sheetId];
            uint256 all = (1 << Lines.count(seen.lines)) - 1;
            uint256 open = all & ~seen.released;
            if (open == 0 && i + 1 < count) continue;
            batch.chosen = _roll(3) == 0 ? all : all & _roll(type(uint256).max);
            if (batch.chosen & open == 0) batch.chosen |= open == 0 ? all : open;
            if (one) batch.chosen = _oneOf(batch.chosen & open != 0 ? batch.chosen & open : batch.chosen);
            return (batch, true);
        }
    }

    function _oneOf(uint256 bits) internal returns (uint256 bit) {
        require(bits != 0, "no bit");
        uint256 place = _roll(256);
        while (bits >> place & 1 == 0) place = (place + 1) % 256;
        return 1 << place;
    }

    function _placeOf(uint256 bit) internal pure returns (uint256 place) {
        require(bit != 0, "no bit");
        while (bit >> place & 1 == 0) ++place;
    }

    /// @dev Which of the chosen lines must be paid: those that the money lasts for, in order, to a payee the token pays.
    function _foresee(Batch memory batch) internal view {
        SeenSheet storage seen = sheets[batch.escrow][batch.sheetId];
        bytes memory lines = seen.lines;
        uint256 total = 0;
        for (uint256 i = 0; i < Lines.count(lines); ++i) {
            if (batch.chosen >> i & 1 == 0 || seen.released >> i & 1 == 1) continue;
            Line memory line = Lines.lineAt(lines, i);
            bool fits = total + line.amount <= accounts[batch.escrow].funded;
            if (fits) total += line.amount;
            if (fits && _isPayable(payouts[line.workerId])) batch.mustBePaid |= 1 << i;
            else batch.mustStay |= 1 << i;
        }
    }

    /// @dev Invariant 5: whoever can be paid is; nobody's trouble is another's.
    function _checkPaid(Batch memory batch, bool ok) internal view {
        if (!ok) return;
        uint256 released = sheets[batch.escrow][batch.sheetId].released;
        require(released & batch.mustBePaid == batch.mustBePaid, "5: a signed and funded wage was not paid");
        require(released & batch.mustStay == 0, "1: a wage was paid that nobody could pay");
    }

    function _lines(Batch memory batch) internal view {
        (batch.lines, batch.proof) = Lines.choose(sheets[batch.escrow][batch.sheetId].lines, batch.chosen);
    }

    /// @dev The worker signs; and a wallet contract that agrees with everybody agrees with forgers too.
    function _agrees(bytes32 workerId) internal view returns (bool) {
        return !forgesWorkers || secretOf[_nameOf(keys[workerId])].wallet != address(0);
    }

    function _confirmationDigest(Batch memory batch, Line memory line) internal returns (bytes32) {
        if (_agrees(line.workerId)) isConfirmed[_lineKey(batch.escrow, batch.sheetId, line.index)] = true;
        return _digest(ESCROW, batch.escrow, Words.confirmation(batch.sheetId, line, _later()));
    }

    function _release(Site memory site) internal {
        (Batch memory batch, bool found) = _someLines(site, false);
        if (!found) return;
        bytes memory lines = sheets[batch.escrow][batch.sheetId].lines;
        bytes memory confirmations;
        for (uint256 i = 0; i < Lines.count(lines); ++i) {
            if (batch.chosen >> i & 1 == 0) continue;
            Line memory line = Lines.lineAt(lines, i);
            if (!_canBePacked(batch, line)) batch.chosen &= ~(1 << i);
            else confirmations = bytes.concat(confirmations, _confirmation(batch, line));
        }
        if (batch.chosen == 0) return;
        _lines(batch);
        _foresee(batch);
        string[] memory tails = new string[](1);
        tails[0] = Keys.TAIL;
        bytes memory data = abi.encodeWithSelector(
            IWageEscrow.release.selector, batch.sheetId, batch.lines, batch.proof, confirmations, tails
        );
        _checkPaid(batch, _do(ESCROW, _anybody(), batch.escrow, data, Expect.YES));
    }

    /// @dev Workers who are not enrolled cannot sign, and wallet contracts' words go through {IWageEscrow-releaseLine}.
    function _canBePacked(Batch memory, Line memory line) private view returns (bool) {
        return _isEnrolled(line.workerId) && secretOf[_nameOf(keys[line.workerId])].wallet == address(0);
    }

    function _confirmation(Batch memory batch, Line memory line) private returns (bytes memory) {
        bool wasForged = forged;
        Secret memory key = _keyOf(line.workerId);
        bool isPaid = sheets[batch.escrow][batch.sheetId].released >> line.index & 1 == 1;
        if (isPaid) forged = wasForged; // nobody looks at its signature
        address payout = payouts[line.workerId];
        if (forgesWorkers && _roll(2) == 0) {
            // The worker's own good signature, and somebody else's account.
            key = secretOf[_nameOf(keys[line.workerId])];
            payout = vm.addr(MALLORY);
            forgesWorkers = false;
            bytes memory stolen = Keys.confirm(key, _confirmationDigest(batch, line), _later(), payout);
            forgesWorkers = true;
            return stolen;
        }
        return Keys.confirm(key, _confirmationDigest(batch, line), _later(), payout == bank ? address(0) : payout);
    }

    function _releaseLine(Site memory site) internal {
        (Batch memory batch, bool found) = _someLines(site, true);
        if (found) _releaseOne(batch, _roll(4) == 0);
    }

    /// @dev `batch.chosen` is one bit.
    function _releaseOne(Batch memory batch, bool mayBurn) internal {
        SeenSheet storage seen = sheets[batch.escrow][batch.sheetId];
        Line memory line = Lines.lineAt(seen.lines, _placeOf(batch.chosen));
        if (!_isEnrolled(line.workerId)) return;
        _lines(batch);
        _foresee(batch);
        bool isPaid = seen.released & batch.chosen != 0;
        Secret memory key = isPaid ? secretOf[_nameOf(keys[line.workerId])] : _willingKey(line.workerId);
        bool burns = key.wallet != address(0) && !isPaid && mayBurn;
        if (burns) IHostile(key.wallet).setBurning(true);
        bytes memory signature = Keys.sign(key, _confirmationDigest(batch, line));
        bytes memory data =
            abi.encodeCall(IWageEscrow.releaseLine, (batch.sheetId, batch.lines, batch.proof, _later(), signature));
        _checkPaid(batch, _do(ESCROW, _anybody(), batch.escrow, data, burns ? Expect.NO : Expect.YES));
        if (burns) IHostile(key.wallet).setBurning(false);
    }

    function _releaseUnsigned(Site memory site) internal {
        (Batch memory batch, bool found) = _someLines(site, _roll(2) == 0);
        if (!found) return;
        SeenSheet storage seen = sheets[batch.escrow][batch.sheetId];
        bool can = true;
        for (uint256 i = 0; i < Lines.count(seen.lines); ++i) {
            if (batch.chosen & ~seen.released & 1 << i == 0) continue;
            bool isOver = _now() > seen.postedAt + site.windows.objection || seen.contested >> i & 1 == 1;
            can = can && isOver && _isEnrolled(Lines.lineAt(seen.lines, i).workerId);
        }
        _lines(batch);
        _foresee(batch);
        bytes memory data =
            abi.encodeCall(IWageEscrow.releaseUnsigned, (batch.sheetId, batch.lines, batch.proof));
        _checkPaid(batch, _do(ESCROW, _anybody(), batch.escrow, data, can ? Expect.YES : Expect.NO));
    }
}
