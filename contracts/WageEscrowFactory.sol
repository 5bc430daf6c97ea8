// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Clones} from "@openzeppelin/contracts/proxy/Clones.sol";
import {EscrowTerms} from "./interfaces/IWageEscrow.sol";
import {IWageEscrowFactory} from "./interfaces/IWageEscrowFactory.sol";

/// @notice {IWageEscrowFactory} says what each function promises.
contract WageEscrowFactory is IWageEscrowFactory {
    uint32 public constant MIN_WINDOW = 1 days;
    uint32 public constant MAX_WINDOW = 30 days;

    address public immutable implementation;
    address public immutable token;
    address public immutable registry;
    mapping(address account => bool) public isEscrow;
    mapping(address contractor => mapping(bytes32 project => address)) public escrowOf;

    constructor(address implementation_, address token_, address registry_) {
        (implementation, token, registry) = (implementation_, token_, registry_);
    }

    /// @inheritdoc IWageEscrowFactory
    function createEscrow(bytes32 project, address bureau, uint32 objectionWindow) external returns (address escrow) {
        // Checks
        require(bureau != address(0) && bureau != msg.sender, Factory_BadBureau(bureau));
        require(
            objectionWindow >= MIN_WINDOW && objectionWindow <= MAX_WINDOW,
            Factory_BadWindow(objectionWindow, MIN_WINDOW, MAX_WINDOW)
        );
        require(escrowOf[msg.sender][project] == address(0), Factory_EscrowExists(escrowOf[msg.sender][project]));

        // Effects
        // The address follows from the terms: a reorganised chain cannot put another contractor's escrow in its place.
        EscrowTerms memory terms = EscrowTerms({
            token: token,
            registry: registry,
            contractor: msg.sender,
            bureau: bureau,
            objectionWindow: objectionWindow
        });
        escrow = Clones.cloneDeterministicWithImmutableArgs(implementation, abi.encode(terms), project);
        escrowOf[msg.sender][project] = escrow;
        isEscrow[escrow] = true;
        emit EscrowCreated(escrow, msg.sender, bureau, project, objectionWindow);
    }
}
