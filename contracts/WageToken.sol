// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";
import {Payment} from "./interfaces/IWageEscrow.sol";
import {IWageToken} from "./interfaces/IWageToken.sol";
import {Payments} from "./Payments.sol";

/// @notice {IWageToken} says what each function promises.
contract WageToken is IWageToken, ERC20Permit, AccessManaged {
    using Payments for Payment;

    mapping(bytes32 receipt => bool) public receiptUsed;

    constructor(address authority) ERC20("Anxin wage fen", "CNYW") ERC20Permit("Anxin wage fen") AccessManaged(authority) {}

    /// @inheritdoc IWageToken
    function mint(address to, uint256 amount, bytes32 receipt) external restricted {
        _use(receipt);
        _mint(to, amount);
        emit Minted(to, amount, receipt);
    }

    /// @inheritdoc IWageToken
    function burn(uint256 amount, bytes32 receipt) external restricted {
        _use(receipt);
        _burn(msg.sender, amount);
        emit Burned(amount, receipt);
    }

    /// @inheritdoc IWageToken
    function transferMany(Payment[] calldata transfers) external returns (bool) {
        for (uint256 i = 0; i < transfers.length; ++i) {
            Payment each = transfers[i];
            if (Payment.unwrap(each) == 0) continue;
            address to = each.payoutOf();
            if (to == address(0)) revert ERC20InvalidReceiver(to);
            _update(msg.sender, to, each.amountOf());
        }
        return true;
    }

    /// @notice Fen: ¥1 is 100 units.
    function decimals() public pure override returns (uint8) {
        return 2;
    }

    function _use(bytes32 receipt) private {
        require(!receiptUsed[receipt], Token_ReceiptUsed(receipt));
        receiptUsed[receipt] = true;
    }
}
