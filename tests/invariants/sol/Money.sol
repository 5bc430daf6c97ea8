// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IWageEscrow, Payment} from "interfaces/IWageEscrow.sol";
import {IWageToken} from "interfaces/IWageToken.sol";
import {People} from "./People.sol";
import {Words} from "./Words.sol";
import {Expect, IHostile, IToken} from "./World.sol";
import {vm} from "./Vm.sol";

/// @title Money comes in: wages, bond, plain transfers; the token misbehaves where it can
abstract contract Money is People {
    string internal constant TOKEN = "WageToken";

    // ---------------------------------------------------------------- the token

    function _mint(address to, uint256 amount) internal {
        if (kindOfToken == TokenKind.HONEST) {
            _do(TOKEN, BANK_CLERK, token, abi.encodeCall(IWageToken.mint, (to, amount, _fresh("deposit"))), Expect.YES);
        } else {
            _do("HostileToken", BANK_CLERK, token, abi.encodeCall(IHostile.mint, (to, amount)), Expect.YES);
        }
    }

    function _approve(uint256 owner, address spender, uint256 amount) internal {
        _do(TOKEN, owner, token, abi.encodeCall(IToken.approve, (spender, amount)), Expect.YES);
    }

    /// @dev v, r, s of a permit; where the token has none, of nothing.
    function _permit(uint256 owner, address spender, uint256 amount)
        internal
        returns (uint8 v, bytes32 r, bytes32 s)
    {
        if (kindOfToken != TokenKind.HONEST) return (27, bytes32(uint256(1)), bytes32(uint256(1)));
        address account = vm.addr(owner);
        bytes memory words = Words.permit(account, spender, amount, IToken(token).nonces(account), _later());
        return vm.sign(owner, Words.digest("Anxin wage fen", token, words));
    }

    /// @dev A hostile token can stop money coming in: by its fee, or because it knows the payer.
    function _canPayIn(address payer, uint256 amount) internal view returns (bool) {
        return payer != troubled && (kindOfToken != TokenKind.FEE || amount < 100);
    }

    function _isPayable(address payee) internal view returns (bool) {
        return payee != troubled;
    }

    function _moveTokens() internal {
        uint256 owner = 0x5000 + _roll(3);
        address other = vm.addr(0x5000 + _roll(3));
        uint256 amount = _roll(1_000);
        _mint(vm.addr(owner), 3 * amount);
        _do(TOKEN, owner, token, abi.encodeCall(IToken.transfer, (other, amount)), Expect.EITHER);
        _approve(owner, vm.addr(RELAYER), amount);
        bytes memory data = abi.encodeCall(IToken.transferFrom, (vm.addr(owner), other, amount));
        _do(TOKEN, RELAYER, token, data, Expect.EITHER);
        _reaffirm("BankPayout", bank);
        if (kindOfToken != TokenKind.HONEST) return;
        Payment[] memory transfers = new Payment[](2); // one passed over
        transfers[1] = Payment.wrap(bytes32(uint256(uint160(other)) << 96 | amount << 32));
        _do(TOKEN, owner, token, abi.encodeCall(IWageToken.transferMany, (transfers)), Expect.YES);
        (uint8 v, bytes32 r, bytes32 s) = _permit(owner, other, amount);
        data = abi.encodeCall(IToken.permit, (vm.addr(owner), other, amount, _later(), v, r, s));
        _do(TOKEN, MALLORY, token, data, Expect.YES);
        _reaffirm(TOKEN, token);
    }

    /// @dev The admin names the same role manager once more; nobody else can name one.
    function _reaffirm(string memory kind, address target) private {
        roles.updateAuthority(target, address(roles));
        _count(kind, bytes4(keccak256("setAuthority(address)")), true);
    }

    // ---------------------------------------------------------------- wages and bond

    /// @dev Often just what is missing, sometimes less, sometimes more.
    function _sum(address escrow) internal returns (uint256) {
        uint256 due = accounts[escrow].owed + accounts[escrow].contested;
        uint256 missing = due > accounts[escrow].funded ? due - accounts[escrow].funded : 0;
        uint256 how = _roll(4);
        if (how == 0 || missing == 0) return 1 + _roll(how == 1 ? 99 : 400_000);
        return how == 1 ? 1 + missing / 2 : missing;
    }

    function _fund(Site memory site) internal {
        address escrow = address(site.escrow);
        uint256 amount = _sum(escrow);
        uint256 way = _roll(5);
        uint256 payer = 0xD0 + _roll(2);
        bool can = _now() >= accounts[escrow].pausedUntil && _canPayIn(vm.addr(payer), amount);
        if (way > 2) {
            _mint(way == 3 ? escrow : vm.addr(payer), amount);
            if (way == 4) {
                _do(TOKEN, payer, token, abi.encodeCall(IToken.transfer, (escrow, amount)), Expect.EITHER);
            }
            if (_roll(3) != 0) _bookTransfer(site);
            return;
        }
        _mint(vm.addr(payer), amount);
        bytes memory data;
        if (way == 2) {
            (uint8 v, bytes32 r, bytes32 s) = _permit(payer, escrow, amount);
            data = abi.encodeCall(IWageEscrow.fundWithPermit, (amount, _fresh("memo"), _later(), v, r, s));
            if (kindOfToken != TokenKind.HONEST || _roll(4) == 0) _approve(payer, escrow, amount); // a front-run permit
        } else {
            data = abi.encodeCall(IWageEscrow.fund, (amount, _fresh("memo")));
            _approve(payer, escrow, amount);
        }
        _do(ESCROW, payer, escrow, data, can ? Expect.YES : Expect.NO);
    }

    function _bookTransfer(Site memory site) internal {
        address escrow = address(site.escrow);
        bool can = _now() >= accounts[escrow].pausedUntil && accounts[escrow].unbooked != 0;
        bytes memory data = abi.encodeCall(IWageEscrow.bookTransfer, (_fresh("memo")));
        if (!_do(ESCROW, _anybody(), escrow, data, can ? Expect.YES : Expect.NO)) return;
        require(accounts[escrow].unbooked == 0, "1: something was left unbooked");
    }

    function _depositBond(Site memory site) internal {
        address escrow = address(site.escrow);
        uint256 amount = 1 + _roll(_roll(3) == 0 ? 99 : 300_000);
        bool can = _now() >= accounts[escrow].pausedUntil && _canPayIn(vm.addr(site.contractor), amount);
        _mint(vm.addr(site.contractor), amount);
        _approve(site.contractor, escrow, amount);
        bytes memory data = abi.encodeCall(IWageEscrow.depositBond, (amount));
        _do(ESCROW, site.contractor, escrow, data, can ? Expect.YES : Expect.NO);
    }

    function _drawBond(Site memory site) internal {
        address escrow = address(site.escrow);
        uint256 due = accounts[escrow].owed + accounts[escrow].contested;
        uint256 most = due > accounts[escrow].funded ? due - accounts[escrow].funded : 0;
        if (most > accounts[escrow].bond) most = accounts[escrow].bond;
        uint256 amount = most == 0 || _roll(3) == 0 ? most + 1 + _roll(50) : 1 + _roll(most);
        uint256 bond = accounts[escrow].bond;
        bytes32 order = _fresh("order");
        bytes memory words = Words.bondDraw(amount, order, _later());
        bytes memory signature = _signParty(BUREAU, ESCROW, escrow, words);
        bytes memory data = abi.encodeCall(IWageEscrow.drawBond, (amount, order, _later(), signature));
        if (!_do(ESCROW, _anybody(), escrow, data, most != 0 ? Expect.YES : Expect.NO)) return;
        uint256 drawn = bond - accounts[escrow].bond;
        require(drawn == (amount < most ? amount : most), "1: another amount of bond than was ordered and is short");
    }
}
