// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAccessManager} from "@openzeppelin/contracts/access/manager/IAccessManager.sol";
import {Clones} from "@openzeppelin/contracts/proxy/Clones.sol";
import {BankPayout} from "./BankPayout.sol";
import {EscrowTerms, Windows} from "./interfaces/IWageEscrow.sol";
import {IWageEscrowFactory} from "./interfaces/IWageEscrowFactory.sol";
import {Roles} from "./Roles.sol";

/// @notice {IWageEscrowFactory} says what each function promises.
contract WageEscrowFactory is IWageEscrowFactory {
    address public immutable implementation;
    address public immutable token;
    address public immutable registry;
    address public immutable authority;
    BankPayout public immutable bank;
    mapping(address account => bool) public isEscrow;
    mapping(address contractor => mapping(bytes32 project => address)) public escrowOf;

    constructor(address implementation_, address token_, address registry_, address authority_) {
        require(
            implementation_ != address(0) && token_ != address(0) && registry_ != address(0) && authority_ != address(0),
            Factory_ZeroAddress()
        );
        (implementation, token, registry, authority) = (implementation_, token_, registry_, authority_);
        bank = new BankPayout(authority_, token_);
    }

    /// @inheritdoc IWageEscrowFactory
    function createEscrow(bytes32 project, address bureau, address arbiter, Windows calldata windows)
        external
        returns (address escrow)
    {
        // Checks
        require(_holds(Roles.BUREAU, bureau) && bureau != msg.sender, Factory_BadBureau(bureau));
        require(
            _holds(Roles.ARBITER, arbiter) && arbiter != msg.sender && arbiter != bureau, Factory_BadArbiter(arbiter)
        );
        _checkWindow(windows.objection, 1 days, 30 days);
        _checkWindow(windows.answer, 3 days, 30 days);
        _checkWindow(windows.bureau, 7 days, 90 days);
        require(escrowOf[msg.sender][project] == address(0), Factory_EscrowExists(escrowOf[msg.sender][project]));

        // Effects
        // The address follows from the terms: a reorganised chain cannot put another contractor's escrow in its place.
        EscrowTerms memory terms = EscrowTerms({
            token: token,
            registry: registry,
            authority: authority,
            bank: address(bank),
            contractor: msg.sender,
            bureau: bureau,
            arbiter: arbiter,
            windows: windows
        });
        escrow = Clones.cloneDeterministicWithImmutableArgs(implementation, abi.encode(terms), project);
        escrowOf[msg.sender][project] = escrow;
        isEscrow[escrow] = true;
        emit EscrowCreated(escrow, msg.sender, bureau, arbiter, project, windows);
    }

    /// @dev Else a contractor could name two accounts of its own to judge over it.
    function _holds(uint64 role, address account) private view returns (bool) {
        (bool isMember, uint32 delay) = IAccessManager(authority).hasRole(role, account);
        return isMember && delay == 0;
    }

    function _checkWindow(uint32 window, uint32 min, uint32 max) private pure {
        require(window >= min && window <= max, Factory_BadWindow(window, min, max));
    }
}
