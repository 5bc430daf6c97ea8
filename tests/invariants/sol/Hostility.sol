// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IBankPayout} from "interfaces/IBankPayout.sol";
import {IWageEscrow} from "interfaces/IWageEscrow.sol";
import {IWageToken} from "interfaces/IWageToken.sol";
import {IWorkerRegistry} from "interfaces/IWorkerRegistry.sol";
import {Endings} from "./Endings.sol";
import {Expect, IHostile} from "./World.sol";
import {vm} from "./Vm.sol";

/// @title Those who hold the operator's keys, or none, and want the money
abstract contract Hostility is Endings {
    /// @dev Somebody signs in another's place; everything else about the call is in order.
    function _forge() internal {
        uint256[8] memory forgers =
            [MALLORY, RELAYER, GUARDIAN, BANK_CLERK, REGISTRAR, ARBITER, CONTRACTOR, CONTRACTOR + 1];
        forger = forgers[_roll(8)];
        forgesParties = _roll(2) == 0;
        forgesWorkers = !forgesParties;
        if (forgesParties) _asParty(_roll(10));
        else _asWorker(_roll(9));
        (forger, forgesParties, forgesWorkers, forged) = (0, false, false, false);
    }

    function _asParty(uint256 what) private {
        Site memory site = _site();
        if (what == 0) _postSheet(site);
        else if (what == 1) _join(site, _person());
        else if (what == 2) _answer(site);
        else if (what == 3) _resolve(site);
        else if (what == 4) _drawBond(site);
        else if (what == 5) _announceClosing(site);
        else if (what == 6) _close(site);
        else if (what == 7) _proposeRecovery(_person());
        else if (what == 8) _cancelRecovery(_person());
        else _anchor();
    }

    function _asWorker(uint256 what) private {
        Site memory site = _site();
        if (what < 3) _release(site);
        else if (what == 3) _releaseLine(site);
        else if (what == 4) _contest(site);
        else if (what == 5) _claim(site);
        else if (what == 6) _rotate(_person());
        else if (what == 7) _proposePayout(_person());
        else _cancelRecovery(_person());
    }

    /// @dev A call that only a role or the bank may make, by somebody without it.
    function _intrude() internal {
        uint256[4] memory intruders = [MALLORY, RELAYER, REGISTRAR, CONTRACTOR];
        uint256 who = intruders[_roll(4)];
        address escrow = address(_site().escrow);
        uint256 what = _roll(10);
        Batch memory batch;
        (batch.escrow, batch.chosen) = (escrow, 1);
        if (what < 4 && sheets[escrow].length != 0) _lines(batch);
        bytes32 word = _fresh("word");
        if (what == 0) {
            _no(ESCROW, who, escrow, abi.encodeCall(IWageEscrow.settleLines, (0, batch.lines, batch.proof, word)));
        } else if (what == 1) {
            _no(ESCROW, who, escrow, abi.encodeCall(IWageEscrow.takeBackLines, (0, batch.lines, batch.proof, word)));
        } else if (what == 2) {
            _no(BANK, who, bank, abi.encodeCall(IBankPayout.settleLines, (escrow, 0, batch.lines, batch.proof, word)));
        } else if (what == 3) {
            _no(BANK, who, bank, abi.encodeCall(IBankPayout.returnLines, (escrow, 0, batch.lines, batch.proof, word)));
        } else if (what == 4) {
            _no(ESCROW, who, escrow, abi.encodeCall(IWageEscrow.settleDispute, (0, word)));
        } else if (what == 5) {
            _no(ESCROW, who, escrow, abi.encodeCall(IWageEscrow.takeBackDispute, (0, word)));
        } else if (what == 6) {
            _no(ESCROW, who, escrow, abi.encodeCall(IWageEscrow.pause, ()));
        } else if (what == 7) {
            _no(ESCROW, who, escrow, abi.encodeCall(IWageEscrow.unpause, ()));
        } else if (what == 8 && kindOfToken == TokenKind.HONEST) {
            _no(TOKEN, who, token, abi.encodeCall(IWageToken.mint, (vm.addr(who), 1, word)));
            _no(TOKEN, who, token, abi.encodeCall(IWageToken.burn, (1, word)));
        } else {
            bytes memory data = abi.encodeWithSignature("setAuthority(address)", vm.addr(who));
            _no(BANK, who, bank, data);
            if (kindOfToken == TokenKind.HONEST) _no(TOKEN, who, token, data);
        }
    }

    function _no(string memory kind, uint256 who, address to, bytes memory data) private {
        _do(kind, who, to, data, Expect.NO);
    }

    /// @dev What was sent before is sent again by somebody else, to the same contract or to another project's.
    function _replay() internal {
        if (sentCount == 0) return;
        Sent memory sent = stash[_roll(sentCount < 8 ? sentCount : 8)];
        bytes4 selector = bytes4(sent.data);
        Expect expect = _countsOnce(selector) ? Expect.NO : Expect.EITHER;
        address to = sent.to;
        if (isSite[to] && _roll(2) == 0) {
            to = address(_site().escrow);
            if (to != sent.to && _isSigned(selector)) expect = Expect.NO;
        }
        if (secretOf[_nameOf(keys[_firstWord(sent.data)])].wallet != address(0)) expect = Expect.EITHER; // it agrees
        _do(sent.kind, MALLORY, to, sent.data, expect);
    }

    function _firstWord(bytes memory data) private pure returns (bytes32 word) {
        assembly ("memory-safe") {
            word := mload(add(data, 36))
        }
    }

    function _countsOnce(bytes4 selector) private pure returns (bool) {
        return selector == IWageEscrow.postSheet.selector || selector == IWageEscrow.join.selector
            || selector == IWageEscrow.contest.selector || selector == IWageEscrow.claim.selector
            || selector == IWageEscrow.answer.selector || selector == IWageEscrow.resolve.selector
            || selector == IWageEscrow.drawBond.selector || selector == IWageEscrow.close.selector || selector == IWageEscrow.announceClosing.selector
            || selector == IWorkerRegistry.enrol.selector || selector == IWorkerRegistry.rotate.selector
            || selector == IWorkerRegistry.proposePayout.selector
            || selector == IWorkerRegistry.proposeRecovery.selector
            || selector == IWorkerRegistry.cancelRecovery.selector;
    }

    /// @dev Signed for one escrow. A release of lines that are paid looks at no signature.
    function _isSigned(bytes4 selector) private pure returns (bool) {
        return _countsOnce(selector);
    }

    /// @dev The token begins to refuse somebody, or to call back in the middle of payments; or it ends to.
    function _trouble() internal {
        if (_roll(3) == 0) return _beHonest();
        if (kindOfToken == TokenKind.REENTERING) return _callBack();
        uint256 whom = _roll(4);
        troubled = whom == 0 ? bank : whom == 1 ? vm.addr(_site().contractor) : payouts[_person().workerId];
        if (kindOfToken == TokenKind.BLOCKING) IHostile(token).setBlocked(troubled);
        else if (kindOfToken == TokenKind.REFUSING) IHostile(token).setRefused(troubled);
        else troubled = address(0);
    }

    function _callBack() private {
        delete captured;
        capturing = true;
        Site memory site = _site();
        uint256 what = _roll(12);
        if (what > 9) _bookTransfer(site); // while money is on its way out
        else if (what < 2) _claim(site);
        else if (what == 2) _postSheet(site);
        else if (what == 3) _drawBond(site);
        else if (what == 4) _join(site, _person());
        else if (what == 5) _close(site);
        else if (what == 6) _release(site);
        else if (what == 7) _releaseUnsigned(site);
        else if (what == 8) _releaseStanding(site);
        else _announceClosing(site);
        capturing = false;
        IHostile(token).setCallback(captured.data);
    }
}
