// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";

/// @title Who may do what a role is needed for
/// @notice No role can redirect a wage: a registrar vouches for people, the bank mirrors money, a bureau confirms recoveries
/// and is whom an escrow may name to resolve disputes, as an arbiter is after it; the guardian delays what is not pay,
/// {BankPayout} burns what the bank paid out, witnesses countersign evidence.
library Roles {
    uint64 internal constant REGISTRAR = 1;
    uint64 internal constant BANK = 2;
    uint64 internal constant BUREAU = 3;
    uint64 internal constant GUARDIAN = 4;
    uint64 internal constant PAYOUT = 5;
    uint64 internal constant WITNESS = 6;
    uint64 internal constant ARBITER = 7;
}

/// @notice OpenZeppelin's AccessManager, deployed as it is.
contract RoleManager is AccessManager {
    constructor(address admin) AccessManager(admin) {}
}
