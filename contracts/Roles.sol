// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";

/// @title Who may do what a role is needed for
/// @notice No role can move a wage: the registrar vouches for people, the bank mirrors money, the bureau resolves.
library Roles {
    uint64 internal constant REGISTRAR = 1;
    uint64 internal constant BANK = 2;
    uint64 internal constant BUREAU = 3;
}

/// @notice OpenZeppelin's AccessManager, deployed as it is.
contract RoleManager is AccessManager {
    constructor(address admin) AccessManager(admin) {}
}
