// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";

/// @notice For tests only: a worker's wallet contract that agrees with everything until told otherwise.
contract GasBurningWallet is IERC1271 {
    enum Mood {
        AGREEING,
        REFUSING,
        SILENT,
        REVERTING,
        SHOUTING
    }

    error Wallet_Angry();

    bool public burning;
    Mood public mood;

    function setBurning(bool burning_) external {
        burning = burning_;
    }

    function setMood(Mood mood_) external {
        mood = mood_;
    }

    /// @dev SILENT returns nothing at all, SHOUTING more than a caller should copy: 64 KB that begin with the wrong word.
    function isValidSignature(bytes32, bytes memory) external view returns (bytes4) {
        while (burning) {}
        if (mood == Mood.REFUSING) return 0xffffffff;
        if (mood == Mood.REVERTING) revert Wallet_Angry();
        if (mood == Mood.SILENT) {
            assembly ("memory-safe") {
                return(0, 0)
            }
        }
        if (mood == Mood.SHOUTING) {
            assembly {
                return(0, 0x10000)
            }
        }
        return IERC1271.isValidSignature.selector;
    }
}
