// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @notice For tests only: tokens that misbehave the way tokens in the wild have. Anyone may mint.
abstract contract HostileToken is ERC20 {
    constructor() ERC20("Hostile", "HOSTILE") {}

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }
}

/// @notice Reverts for one payee or payer, as a token with a blocklist does.
contract BlockingToken is HostileToken {
    error Token_Blocked(address account);

    address public blocked;

    function setBlocked(address account) external {
        blocked = account;
    }

    function transfer(address to, uint256 amount) public override returns (bool) {
        require(to != blocked, Token_Blocked(to));
        return super.transfer(to, amount);
    }

    function transferFrom(address from, address to, uint256 amount) public override returns (bool) {
        require(from != blocked, Token_Blocked(from));
        return super.transferFrom(from, to, amount);
    }
}

/// @notice Answers `false` for one payee or payer instead of reverting, and moves nothing.
contract RefusingToken is HostileToken {
    address public refused;

    function setRefused(address account) external {
        refused = account;
    }

    function transfer(address to, uint256 amount) public override returns (bool) {
        if (to == refused) return false;
        return super.transfer(to, amount);
    }

    function transferFrom(address from, address to, uint256 amount) public override returns (bool) {
        if (from == refused) return false;
        return super.transferFrom(from, to, amount);
    }
}

/// @notice Keeps 1 % of each payment from what the payee gets, until told otherwise.
contract FeeToken is HostileToken {
    bool public waived;

    function setWaived(bool waived_) external {
        waived = waived_;
    }

    function transfer(address to, uint256 amount) public override returns (bool) {
        super.transfer(to, amount);
        if (!waived) _burn(to, amount / 100);
        return true;
    }

    function transferFrom(address from, address to, uint256 amount) public override returns (bool) {
        super.transferFrom(from, to, amount);
        if (!waived) _burn(to, amount / 100);
        return true;
    }
}

/// @notice Calls back into whoever pays with it, in the middle of the payment.
contract ReenteringToken is HostileToken {
    bytes public callback;
    bool public entered;
    bytes public answer;

    function setCallback(bytes calldata callback_) external {
        callback = callback_;
    }

    function transfer(address to, uint256 amount) public override returns (bool) {
        // solhint-disable-next-line avoid-low-level-calls
        if (callback.length != 0) (entered, answer) = msg.sender.call(callback);
        return super.transfer(to, amount);
    }

    function transferFrom(address from, address to, uint256 amount) public override returns (bool) {
        // solhint-disable-next-line avoid-low-level-calls
        if (callback.length != 0) (entered, answer) = to.call(callback);
        return super.transferFrom(from, to, amount);
    }
}
