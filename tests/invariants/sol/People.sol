// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IEvidenceAnchor} from "interfaces/IEvidenceAnchor.sol";
import {IWageEscrow, Windows} from "interfaces/IWageEscrow.sol";
import {IWageEscrowFactory} from "interfaces/IWageEscrowFactory.sol";
import {IWorkerRegistry, SignerKey} from "interfaces/IWorkerRegistry.sol";
import {Keys, Secret} from "./Keys.sol";
import {Words} from "./Words.sol";
import {Expect, IHostile, IToken, Person, World} from "./World.sol";
import {vm} from "./Vm.sol";

/// @title Projects begin; workers are enrolled, join, change keys and payouts, lose keys
abstract contract People is World {
    string internal constant REGISTRY = "WorkerRegistry";
    string internal constant ESCROW = "WageEscrow";
    uint256 private constant MOST_SITES = 4;
    uint256 private constant MOST_PEOPLE = 12;

    function _digest(string memory domain, address place, bytes memory words) internal view override returns (bytes32) {
        return Words.digest(string.concat("Anxin ", domain), place, words);
    }

    function _anybody() internal returns (uint256) {
        uint256[4] memory callers = [RELAYER, MALLORY, GUARDIAN, BANK_CLERK];
        return callers[_roll(4)];
    }

    // ---------------------------------------------------------------- projects

    function _createEscrow() internal {
        if (sites.length == MOST_SITES) return _createAgain();
        uint256 contractor = CONTRACTOR + sites.length % 2;
        bytes32 project = _fresh("project");
        Windows memory windows = Windows({
            objection: uint32(1 days + _roll(30) * 1 days),
            answer: uint32(3 days + _roll(28) * 1 days),
            bureau: uint32(7 days + _roll(84) * 1 days)
        });
        if (windows.objection > 30 days) windows.objection = 30 days;
        bytes memory data =
            abi.encodeCall(IWageEscrowFactory.createEscrow, (project, vm.addr(BUREAU), vm.addr(ARBITER), windows));
        if (!_do("WageEscrowFactory", contractor, address(factory), data, Expect.YES)) return;
        address escrow = factory.escrowOf(vm.addr(contractor), project);
        require(factory.isEscrow(escrow), "6: an escrow its factory does not know");
        placeOf[escrow] = sites.length;
        sites.push(Site(IWageEscrow(escrow), contractor, project, windows));
        (isSite[escrow], objectionWindows[escrow]) = (true, windows.objection);
    }

    function _createAgain() private {
        Site memory site = _site();
        bytes memory data = abi.encodeCall(
            IWageEscrowFactory.createEscrow, (site.project, vm.addr(BUREAU), vm.addr(ARBITER), site.windows)
        );
        _do("WageEscrowFactory", site.contractor, address(factory), data, Expect.NO);
    }

    function _site() internal returns (Site memory) {
        return sites[_roll(sites.length)];
    }

    // ---------------------------------------------------------------- enrolment

    function _person() internal returns (Person memory) {
        return people[_roll(people.length)];
    }

    function _isEnrolled(bytes32 workerId) internal view returns (bool) {
        return keys[workerId].assurance != 0;
    }

    /// @dev Somebody comes to the site; a payout of their own, the bank, one shared with somebody, or, foolishly, an escrow.
    function _arrive() internal {
        if (people.length == MOST_PEOPLE) return;
        Person memory person;
        person.workerId = bytes32(bytes16(_fresh("worker")));
        person.secret = _newKey(people.length < 8 ? people.length % 4 : _roll(4));
        person.payout = _payout();
        people.push(person);
    }

    function _payout() internal returns (address) {
        uint256 where = _roll(8);
        if (where < 3) return bank;
        if (where == 3 && people.length != 0) return people[0].payout;
        if (where == 4 && sites.length != 0) return address(sites[0].escrow);
        return address(uint160(uint256(_fresh("payout"))));
    }

    function _enrol(Person memory person) internal {
        Expect expect = _isEnrolled(person.workerId) ? Expect.NO : Expect.YES;
        SignerKey memory key = _remember(person.secret);
        bytes memory words = Words.enrolment(person.workerId, key, person.payout, _later());
        bytes memory data = abi.encodeCall(
            IWorkerRegistry.enrol,
            (
                person.workerId,
                key,
                person.payout,
                _later(),
                vm.addr(REGISTRAR),
                _signParty(REGISTRAR, REGISTRY, registry, words),
                Keys.sign(person.secret, _digest(REGISTRY, registry, words))
            )
        );
        _do(REGISTRY, _anybody(), registry, data, expect);
    }

    function _join(Site memory site, Person memory person) internal {
        address escrow = address(site.escrow);
        if (!_isEnrolled(person.workerId)) return;
        bool can = dayCaps[escrow][person.workerId] == 0 && accounts[escrow].closedAt == 0;
        uint64 cap = uint64(1 + _roll(60_000));
        bytes32 terms = _fresh("terms");
        bytes memory words = Words.join(person.workerId, cap, terms, _later());
        Secret memory key = _willingKey(person.workerId);
        bytes memory data = abi.encodeCall(
            IWageEscrow.join,
            (
                person.workerId,
                cap,
                terms,
                _later(),
                _signParty(site.contractor, ESCROW, escrow, words),
                Keys.sign(key, _digest(ESCROW, escrow, words))
            )
        );
        if (!_do(ESCROW, _anybody(), escrow, data, can ? Expect.YES : Expect.NO)) return;
        require(accounts[escrow].announcedUntil == 0, "4: work goes on, and the notice still runs");
    }

    /// @dev A wallet contract that was told to burn gas agrees again.
    function _willingKey(bytes32 workerId) internal returns (Secret memory key) {
        key = _keyOf(workerId);
        if (key.wallet != address(0)) IHostile(key.wallet).setBurning(false);
    }

    // ---------------------------------------------------------------- keys and payouts

    function _rotate(Person memory person) internal {
        if (!_isEnrolled(person.workerId)) return;
        Expect expect = pending[person.workerId].recoveryAt == 0 ? Expect.YES : Expect.NO;
        Secret memory next = _newKey(_roll(4));
        SignerKey memory known = _remember(next);
        uint256 nonce = IWorkerRegistry(registry).nonceOf(person.workerId);
        bytes32 digest =
            _digest(REGISTRY, registry, Words.rotation(person.workerId, known, nonce, _later()));
        bytes memory data = abi.encodeCall(
            IWorkerRegistry.rotate,
            (person.workerId, known, _later(), Keys.sign(_willingKey(person.workerId), digest), Keys.sign(next, digest))
        );
        _do(REGISTRY, _anybody(), registry, data, expect);
    }

    function _proposePayout(Person memory person) internal {
        if (!_isEnrolled(person.workerId)) return;
        address payout = _payout();
        uint256 nonce = IWorkerRegistry(registry).nonceOf(person.workerId);
        bytes32 digest =
            _digest(REGISTRY, registry, Words.payoutChange(person.workerId, payout, nonce, _later()));
        bytes memory signature = Keys.sign(_willingKey(person.workerId), digest);
        bytes memory data =
            abi.encodeCall(IWorkerRegistry.proposePayout, (person.workerId, payout, _later(), signature));
        _do(REGISTRY, _anybody(), registry, data, Expect.YES);
    }

    function _applyPayout(Person memory person) internal {
        uint256 dueAt = pending[person.workerId].payoutAt;
        bool can = dueAt != 0 && _now() >= dueAt && pending[person.workerId].recoveryAt == 0;
        bytes memory data = abi.encodeCall(IWorkerRegistry.applyPayout, (person.workerId));
        _do(REGISTRY, _anybody(), registry, data, can ? Expect.YES : Expect.NO);
    }

    function _proposeRecovery(Person memory person) internal {
        if (!_isEnrolled(person.workerId)) return;
        address bureau = _roll(3) == 0 ? vm.addr(BUREAU) : address(0);
        bool can = pending[person.workerId].recoveryAt == 0
            || (bureau != address(0) && !pending[person.workerId].confirmed);
        Secret memory next = _newKey(_roll(4));
        SignerKey memory known = _remember(next);
        uint256 nonce = IWorkerRegistry(registry).recoveryNonceOf(person.workerId);
        bytes memory words = Words.recovery(person.workerId, known, bureau, nonce, _later());
        bytes memory data = abi.encodeCall(
            IWorkerRegistry.proposeRecovery,
            (
                person.workerId,
                known,
                _later(),
                vm.addr(REGISTRAR),
                _signParty(REGISTRAR, REGISTRY, registry, words),
                Keys.sign(next, _digest(REGISTRY, registry, words)),
                bureau,
                bureau == address(0) ? bytes("") : _signParty(BUREAU, REGISTRY, registry, words)
            )
        );
        _do(REGISTRY, _anybody(), registry, data, can ? Expect.YES : Expect.NO);
    }

    function _cancelRecovery(Person memory person) internal {
        if (!_isEnrolled(person.workerId)) return;
        address bureau = _roll(2) == 0 ? vm.addr(BUREAU) : address(0);
        bool can = pending[person.workerId].recoveryAt != 0
            && (bureau != address(0) || !pending[person.workerId].confirmed);
        uint256 nonce = IWorkerRegistry(registry).recoveryNonceOf(person.workerId);
        bytes memory words = Words.recoveryCancel(person.workerId, nonce, _later());
        bytes memory signature = bureau == address(0)
            ? Keys.sign(_willingKey(person.workerId), _digest(REGISTRY, registry, words))
            : _signParty(BUREAU, REGISTRY, registry, words);
        bytes memory data =
            abi.encodeCall(IWorkerRegistry.cancelRecovery, (person.workerId, _later(), bureau, signature));
        _do(REGISTRY, _anybody(), registry, data, can ? Expect.YES : Expect.NO);
    }

    function _completeRecovery(Person memory person) internal {
        uint256 dueAt = pending[person.workerId].recoveryAt;
        bytes memory data = abi.encodeCall(IWorkerRegistry.completeRecovery, (person.workerId));
        _do(REGISTRY, _anybody(), registry, data, dueAt != 0 && _now() >= dueAt ? Expect.YES : Expect.NO);
    }

    // ---------------------------------------------------------------- evidence

    function _anchor() internal {
        bytes32 topic = keccak256(abi.encode("topic", _roll(2)));
        uint32 day = uint32(_roll(40));
        bytes32 root = _fresh("root");
        bytes memory words = Words.evidence(topic, day, root);
        uint256 count = 1 + _roll(3);
        (address[] memory witnesses, bytes[] memory signatures) = (new address[](count), new bytes[](count));
        for (uint256 i = 0; i < count; ++i) {
            uint256 secret = WITNESS + i;
            address witness = vm.addr(secret);
            bytes memory signature = _signParty(secret, "EvidenceAnchor", address(anchorage), words);
            uint256 place = i;
            for (; place != 0 && witnesses[place - 1] > witness; --place) {
                (witnesses[place], signatures[place]) = (witnesses[place - 1], signatures[place - 1]);
            }
            (witnesses[place], signatures[place]) = (witness, signature);
        }
        bool can = count >= 2 && anchorage.rootOf(topic, day) == 0;
        bytes memory data = abi.encodeCall(IEvidenceAnchor.anchor, (topic, day, root, witnesses, signatures));
        bool ok = _do("EvidenceAnchor", _anybody(), address(anchorage), data, can ? Expect.YES : Expect.NO);
        if (ok) require(anchorage.rootOf(topic, day) == root, "6: another root");
    }
}
