// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";

/// @notice For tests only: an office's wallet contract. It has signed what it agreed to before, and nothing else.
contract OfficeWallet is IERC1271 {
    mapping(bytes32 words => bool) public agreed;

    function agree(bytes32 words) external {
        agreed[words] = true;
    }

    function isValidSignature(bytes32 words, bytes calldata) external view returns (bytes4) {
        return agreed[words] ? IERC1271.isValidSignature.selector : bytes4(0xffffffff);
    }
}
