// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {HostileToken} from "./HostileTokens.sol";

/// @notice For tests only: does nothing at all that it does not know, such as `transferMany`, and answers whatever it was told to.
contract BabblingToken is HostileToken {
    bytes public answer;

    // solhint-disable-next-line no-complex-fallback
    fallback() external {
        bytes memory told = answer;
        assembly ("memory-safe") {
            return(add(told, 0x20), mload(told))
        }
    }

    function setAnswer(bytes calldata answer_) external {
        answer = answer_;
    }
}
