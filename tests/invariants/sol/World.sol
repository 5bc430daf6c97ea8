// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IBankPayout} from "interfaces/IBankPayout.sol";
import {IEvidenceAnchor} from "interfaces/IEvidenceAnchor.sol";
import {Claim, IWageEscrow, Line, Windows} from "interfaces/IWageEscrow.sol";
import {IWageEscrowFactory} from "interfaces/IWageEscrowFactory.sol";
import {IWageToken} from "interfaces/IWageToken.sol";
import {IWorkerRegistry, SignerKey} from "interfaces/IWorkerRegistry.sol";
import {Keys, Secret} from "./Keys.sol";
import {Observer} from "./Observer.sol";
import {vm} from "./Vm.sol";

interface IToken is IWageToken {
    function balanceOf(address account) external view returns (uint256);
    function allowance(address owner, address spender) external view returns (uint256);
    function nonces(address owner) external view returns (uint256);
    function transfer(address to, uint256 amount) external returns (bool);
    function transferFrom(address from, address to, uint256 amount) external returns (bool);
    function approve(address spender, uint256 amount) external returns (bool);
    function permit(address owner, address spender, uint256 value, uint256 deadline, uint8 v, bytes32 r, bytes32 s)
        external;
}

/// @notice What contracts/hostile's tokens and wallets take.
interface IHostile {
    function mint(address to, uint256 amount) external;
    function setBlocked(address account) external;
    function setRefused(address account) external;
    function setCallback(bytes calldata callback) external;
    function setBurning(bool burning) external;
}

interface IRoles {
    function grantRole(uint64 role, address account, uint32 delay) external;
    function setTargetFunctionRole(address target, bytes4[] calldata selectors, uint64 role) external;
    function updateAuthority(address target, address authority) external;
}

interface IMadeByFactory {
    function bank() external view returns (address);
}

struct Person {
    bytes32 workerId;
    Secret secret; // of the first key; later ones are found by {secretOf}
    address payout;
}

enum Expect {
    YES,
    NO,
    EITHER
}

/// @title The contracts as deployed, the people around them, and calls that are watched
abstract contract World is Observer {
    enum TokenKind {
        HONEST,
        BLOCKING,
        REFUSING,
        FEE,
        REENTERING
    }

    struct Site {
        IWageEscrow escrow;
        uint256 contractor; // secret
        bytes32 project;
        Windows windows;
    }

    struct Sent {
        string kind;
        address to;
        bytes data;
    }

    uint256 internal constant BUREAU = 0xB1;
    uint256 internal constant ARBITER = 0xB2;
    uint256 internal constant REGISTRAR = 0xE1;
    uint256 internal constant BANK_CLERK = 0xBA;
    uint256 internal constant GUARDIAN = 0x61;
    uint256 internal constant RELAYER = 0x4E;
    uint256 internal constant MALLORY = 0xBAD;
    uint256 internal constant WITNESS = 0x71; // and the two numbers after it
    uint256 internal constant CONTRACTOR = 0xC0; // and those after it

    TokenKind internal kindOfToken;
    IRoles internal roles;
    IWageEscrowFactory internal factory;
    IEvidenceAnchor internal anchorage;
    Site[] internal sites;
    Person[] internal people;
    mapping(bytes32 key => Secret) internal secretOf;
    mapping(address escrow => uint256) internal placeOf;
    Sent[8] internal stash;
    uint256 internal sentCount;
    uint256 private _dice;
    uint256 private _numbers;
    bytes private _walletCode;

    // how often each function took effect and was refused
    bytes32[] internal functions;
    mapping(bytes32 name => string) internal kinds;
    mapping(bytes32 name => bytes4) internal selectors;
    mapping(bytes32 name => uint256) internal taken;
    mapping(bytes32 name => uint256) internal refused;

    // a call that is prepared but not made; a party's word that somebody else signs
    bool internal capturing;
    Sent internal captured;
    uint256 internal forger; // secret; 0: everybody signs for themselves
    bool internal forgesParties;
    bool internal forgesWorkers;
    bool internal forged;

    address internal troubled; // whom the token does not pay
    bytes internal callback;

    modifier dice(uint256 seed) {
        _dice = seed;
        _;
    }

    function _roll(uint256 sides) internal returns (uint256) {
        _dice = uint256(keccak256(abi.encode(_dice)));
        return _dice % sides;
    }

    function _fresh(string memory what) internal returns (bytes32) {
        return keccak256(abi.encode(what, ++_numbers));
    }

    function _now() internal view returns (uint256) {
        return vm.getBlockTimestamp();
    }

    function _later() internal view returns (uint64) {
        return uint64(_now() + 3 days);
    }

    function _contractorOf(address escrow) internal view override returns (address) {
        return vm.addr(sites[placeOf[escrow]].contractor);
    }

    // ---------------------------------------------------------------- deployment

    function _codeOf(string memory name) private view returns (bytes memory) {
        string memory file = vm.readFile(vm.envOr("ANXIN_BYTECODE", "../../build/forge/bytecode.json"));
        return vm.parseJsonBytes(file, string.concat(".", name));
    }

    function _deploy(string memory name, bytes memory arguments) private returns (address) {
        return _create(bytes.concat(_codeOf(name), arguments));
    }

    function _create(bytes memory code) private returns (address made) {
        assembly ("memory-safe") {
            made := create(0, add(code, 32), mload(code))
        }
        require(made != address(0), "not deployed");
    }

    function _setUp(TokenKind kind) internal {
        vm.warp(1_800_000_000);
        kindOfToken = kind;
        roles = IRoles(_deploy("RoleManager", abi.encode(address(this))));
        string[5] memory tokens = ["WageToken", "BlockingToken", "RefusingToken", "FeeToken", "ReenteringToken"];
        token = _deploy(tokens[uint8(kind)], kind == TokenKind.HONEST ? abi.encode(roles) : bytes(""));
        registry = _deploy("WorkerRegistry", abi.encode(roles, Keys.RP_ID_HASH));
        address implementation = _deploy("WageEscrow", "");
        factory = IWageEscrowFactory(_deploy("WageEscrowFactory", abi.encode(implementation, token, registry, roles)));
        bank = IMadeByFactory(address(factory)).bank();
        anchorage = IEvidenceAnchor(_deploy("EvidenceAnchor", abi.encode(roles, uint256(2))));
        _walletCode = _codeOf("GasBurningWallet");
        _grantRoles();
    }

    function _grantRoles() private {
        roles.grantRole(1, vm.addr(REGISTRAR), 0);
        roles.grantRole(2, vm.addr(BANK_CLERK), 0);
        roles.grantRole(3, vm.addr(BUREAU), 0);
        roles.grantRole(4, vm.addr(GUARDIAN), 0);
        roles.grantRole(5, bank, 0);
        roles.grantRole(7, vm.addr(ARBITER), 0);
        for (uint256 i = 0; i < 3; ++i) {
            roles.grantRole(6, vm.addr(WITNESS + i), 0);
        }
        bytes4[] memory one = new bytes4[](1);
        one[0] = IWageToken.mint.selector;
        roles.setTargetFunctionRole(token, one, 2);
        one[0] = IWageToken.burn.selector;
        roles.setTargetFunctionRole(token, one, 5);
        bytes4[] memory words = new bytes4[](4);
        words[0] = IBankPayout.settleLines.selector;
        words[1] = IBankPayout.returnLines.selector;
        words[2] = IBankPayout.settleDispute.selector;
        words[3] = IBankPayout.returnDispute.selector;
        roles.setTargetFunctionRole(bank, words, 2);
    }

    // ---------------------------------------------------------------- calls

    /// @dev Makes a call, has the observer read what it said, and counts it. A forged call must be refused.
    function _do(string memory kind, uint256 from, address to, bytes memory data, Expect expect) internal returns (bool) {
        return _doAs(kind, vm.addr(from), to, data, expect);
    }

    function _doAs(string memory kind, address from, address to, bytes memory data, Expect expect)
        internal
        returns (bool ok)
    {
        if (capturing) {
            captured = Sent(kind, to, data);
            return false;
        }
        if (to == token && kindOfToken != TokenKind.HONEST) kind = "HostileToken";
        if (forged && expect == Expect.YES) expect = Expect.NO;
        bytes memory answer;
        vm.recordLogs();
        vm.prank(from);
        (ok, answer) = to.call(data);
        if (ok) _observe(vm.getRecordedLogs());
        _count(kind, bytes4(data), ok);
        if (ok && to != token) stash[sentCount++ % 8] = Sent(kind, to, data);
        string memory name = string.concat(kind, " ", vm.toString(abi.encodePacked(bytes4(data))));
        require(!forged || expect != Expect.NO || !ok, string.concat("7: a forged word was taken by ", name));
        require(expect != Expect.NO || !ok, string.concat("taken against the rules by ", name));
        require(expect != Expect.YES || ok, string.concat("5: refused by ", name, ": ", vm.toString(answer)));
    }

    function _count(string memory kind, bytes4 selector, bool ok) internal {
        bytes32 name = keccak256(abi.encode(kind, selector));
        if (selectors[name] == 0) {
            functions.push(name);
            (kinds[name], selectors[name]) = (kind, selector);
        }
        if (ok) ++taken[name];
        else ++refused[name];
    }

    // ---------------------------------------------------------------- signatures

    /// @dev A party's word; while somebody forges, by the forger.
    function _signParty(uint256 party, string memory domain, address place, bytes memory words)
        internal
        returns (bytes memory)
    {
        if (forgesParties && forger != party) (forged, party) = (true, forger);
        return Keys.signAccount(party, _digest(domain, place, words));
    }

    function _digest(string memory domain, address place, bytes memory words) internal view virtual returns (bytes32);

    /// @dev The key that the worker holds now, by what the registry said; while somebody forges, a key of theirs of that kind.
    function _keyOf(bytes32 workerId) internal returns (Secret memory key) {
        key = secretOf[_nameOf(keys[workerId])];
        if (!forgesWorkers || key.wallet != address(0)) return key; // that wallet agrees with everybody
        forged = true;
        key.secret = forger;
    }

    function _nameOf(SignerKey memory key) internal pure returns (bytes32) {
        return keccak256(abi.encode(key));
    }

    function _remember(Secret memory key) internal returns (SignerKey memory known) {
        known = Keys.publicKey(key);
        secretOf[_nameOf(known)] = key;
    }

    function _newKey(uint256 kind) internal returns (Secret memory key) {
        key.secret = uint256(_fresh("key")) >> 8;
        key.assurance = uint8(kind == 3 ? 3 : 2 + kind); // device, wallet, passkey; 3: a wallet contract
        if (kind == 3) key.wallet = _create(_walletCode);
    }
}
