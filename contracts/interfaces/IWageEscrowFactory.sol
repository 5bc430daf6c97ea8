// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Windows} from "./IWageEscrow.sol";

/// @title Makes escrows whose parties and windows nobody can change
interface IWageEscrowFactory {
    /// @notice A project has an escrow. `project` is the contractor's reference: a hash, nothing that names anybody.
    event EscrowCreated(
        address indexed escrow,
        address indexed contractor,
        address indexed bureau,
        address arbiter,
        bytes32 project,
        Windows windows
    );

    error Factory_ZeroAddress();
    error Factory_BadBureau(address bureau);
    error Factory_BadArbiter(address arbiter);
    error Factory_BadWindow(uint32 window, uint32 min, uint32 max);
    error Factory_EscrowExists(address escrow);

    /// @notice Makes the caller's escrow for a project.
    /// @dev Emits {EscrowCreated}.
    /// Requirements:
    /// - this contractor has no escrow for `project` yet;
    /// - `bureau` holds the bureau role and `arbiter` the arbiter role; neither is the other or the contractor;
    /// - windows, in seconds: objection 1 to 30 days, answer 3 to 30 days, bureau 7 to 90 days.
    /// Notes: the address follows from contractor, project and terms, so a reorganised chain cannot swap two escrows.
    function createEscrow(bytes32 project, address bureau, address arbiter, Windows calldata windows)
        external
        returns (address escrow);

    /// @notice Whether an escrow was made here, and so keeps these rules.
    function isEscrow(address account) external view returns (bool);

    /// @notice A contractor's escrow for a project; zero where there is none.
    function escrowOf(address contractor, bytes32 project) external view returns (address);
}
