// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

/// @notice For benchmarks only: pays a list of accounts, and asks nobody. What a release costs is measured against it.
contract Disperse {
    error Disperse_Refused(uint256 position);

    /// @notice Pays each account its amount out of what this contract holds.
    function disperse(IERC20 token, address[] calldata accounts, uint256[] calldata amounts) external {
        for (uint256 i = 0; i < accounts.length; ++i) {
            require(token.transfer(accounts[i], amounts[i]), Disperse_Refused(i));
        }
    }
}
