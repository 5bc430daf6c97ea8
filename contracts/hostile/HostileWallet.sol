// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";

/// @notice For tests only: a worker's wallet contract that agrees with everything until told to burn all gas instead.
contract GasBurningWallet is IERC1271 {
    bool public burning;

    function setBurning(bool burning_) external {
        burning = burning_;
    }

    function isValidSignature(bytes32, bytes memory) external view returns (bytes4) {
        while (burning) {}
        return IERC1271.isValidSignature.selector;
    }
}
