// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Handler} from "./Handler.sol";
import {World} from "./World.sol";
import {vm} from "./Vm.sol";

/// @notice The seven invariants over random sequences of everything, with one kind of token.
abstract contract Wages {
    Handler internal handler;

    function kind() internal pure virtual returns (World.TokenKind);

    function setUp() external {
        handler = new Handler(kind());
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(handler);
    }

    function excludeSelectors() external view returns (FuzzSelector[] memory excluded) {
        excluded = new FuzzSelector[](1);
        excluded[0].addr = address(handler);
        excluded[0].selectors = new bytes4[](1);
        excluded[0].selectors[0] = Handler.wayOut.selector;
    }

    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    function invariant_theSevenHold() external view {
        handler.check();
    }

    function afterInvariant() external {
        string memory name = vm.toString(uint8(kind()));
        vm.writeLine(string.concat("../../build/forge/reached-", name, ".jsonl"), handler.report());
        handler.wayOut();
        handler.check();
    }
}

contract HonestTokenTest is Wages {
    function kind() internal pure override returns (World.TokenKind) {
        return World.TokenKind.HONEST;
    }
}

contract BlockingTokenTest is Wages {
    function kind() internal pure override returns (World.TokenKind) {
        return World.TokenKind.BLOCKING;
    }
}

contract RefusingTokenTest is Wages {
    function kind() internal pure override returns (World.TokenKind) {
        return World.TokenKind.REFUSING;
    }
}

contract FeeTokenTest is Wages {
    function kind() internal pure override returns (World.TokenKind) {
        return World.TokenKind.FEE;
    }
}

contract ReenteringTokenTest is Wages {
    function kind() internal pure override returns (World.TokenKind) {
        return World.TokenKind.REENTERING;
    }
}
