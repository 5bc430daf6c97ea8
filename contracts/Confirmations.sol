// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Base64Url} from "./Base64Url.sol";
import {EscrowWords} from "./EscrowWords.sol";
import {Payment} from "./interfaces/IWageEscrow.sol";
import {IWorkerRegistry} from "./interfaces/IWorkerRegistry.sol";
import {SheetLines} from "./SheetLines.sol";
import {SignerKeys} from "./SignerKeys.sol";

/// @title Workers' signatures as {IWageEscrow-release} carries them: packed, one after the other
/// @notice A confirmation is
///
///     kind 1 · deadline 8 · payout 20, where the kind does not say it · what the key needs
///
///     wallet   (kind 3)  r 32 · s 32 · v 1
///     device   (kind 2)  x 32 · y 32 · r 32 · s 32
///     passkey  (kind 4)  x 32 · y 32 · r 32 · s 32 · flags 1 · counter 4 · tail 1 [· extensions: length 2, bytes]
///
/// The kind is the key's assurance, plus 128 where the wage goes to the bank, or 64 where it goes to the signing wallet
/// itself; else the payout is there. Extensions are there where the flags say so (bit 7). The WebAuthn specification fixes
/// how clientDataJSON begins; `tail` names what follows the challenge's closing quote in the call's list of tails. The rest
/// of what the passkey signed is known here and put together again.
/// Key and payout need no proof of their own: they count only if they hash to what the registry has for the worker.
/// @dev This runs 256 times in a call, so it is written close to the machine: every step here is a fraction of a cent of every
/// wage. What is read past the end of the confirmations is what follows in the call, or zeros; the caller refuses it.
library Confirmations {
    /// @dev What the lines of one call are checked with, in memory; for each line only what differs is written again.
    /// The first eight words are what a worker signs, as `abi.encode` would lay it out ({EscrowWords-confirmation}); three more
    /// what EIP-712 hashes to the digest: 0x1901, domain, hash of the words; four more what the registry holds the hash of.
    struct Desk {
        bytes32 typeHash; // 0x000
        uint256 sheetId;
        uint256 index; // 0x040
        bytes32 workerId;
        uint256 amount; // 0x080
        uint256 dayMask;
        bytes32 payslipHash; // 0x0c0
        uint256 deadline;
        bytes32 signedPrefix; // 0x100
        bytes32 signedDomain;
        bytes32 signedWords; // 0x140
        uint256 assurance; // 0x160
        uint256 x;
        uint256 y; // 0x1a0
        uint256 payout;
        uint256 bank; // 0x1e0
        bytes32 rpIdHash;
        IWorkerRegistry registry;
    }

    using SheetLines for bytes;

    uint256 private constant KIND = 0x3f;
    uint256 private constant USER_PRESENT_AND_VERIFIED = 0x05;
    uint256 private constant BACKUP_FLAGS = 0x18;
    uint256 private constant BACKED_UP_NOT_ELIGIBLE = 0x10;
    uint256 private constant LOW_S_SECP256K1 = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0; // EIP-2
    uint256 private constant LOW_S_P256 = 0x7fffffff800000007fffffffffffffffde737d56d38bcf4279dce5617e3192a8;

    /// @notice Lays out what checking the confirmations of one sheet needs.
    function open(uint256 sheetId, bytes32 domain, IWorkerRegistry registry, address bank)
        internal
        view
        returns (Desk memory desk)
    {
        (desk.typeHash, desk.sheetId) = (EscrowWords.CONFIRMATION, sheetId);
        (desk.registry, desk.rpIdHash, desk.bank) = (registry, registry.rpIdHash(), uint160(bank));
        assembly ("memory-safe") {
            mstore(add(desk, 0x100), shl(240, 0x1901))
            mstore(add(desk, 0x102), domain)
        }
    }

    /// @notice What the registry has for the workers of `lines`: {IWorkerRegistry-commitmentsOf}, without copying either list
    /// word by word.
    function commitmentsOf(IWorkerRegistry registry, bytes calldata lines)
        internal
        view
        returns (bytes32[] memory commitments)
    {
        bytes4 selector = IWorkerRegistry.commitmentsOf.selector;
        uint256 count = lines.count();
        assembly ("memory-safe") {
            let call_ := mload(0x40)
            mstore(call_, selector)
            mstore(add(call_, 0x04), 0x20)
            mstore(add(call_, 0x24), count)
            let id := add(call_, 0x44)
            let end := add(id, shl(5, count))
            for { let line := add(lines.offset, 13) } lt(id, end) { line := add(line, 61) } { // SheetLines.SIZE
                mstore(id, shl(128, shr(128, calldataload(line))))
                id := add(id, 0x20)
            }
            if iszero(staticcall(gas(), registry, call_, sub(end, call_), 0x00, 0x00)) {
                returndatacopy(call_, 0x00, returndatasize())
                revert(call_, returndatasize())
            }
            // The answer is where the list begins, how long it is, and the list: from its length on it is an array in memory.
            commitments := call_
            returndatacopy(commitments, 0x20, add(shl(5, count), 0x20))
            if iszero(eq(mload(commitments), count)) { revert(0x00, 0x00) }
            mstore(0x40, add(commitments, add(shl(5, count), 0x20)))
        }
    }

    /// @notice Where in the call the lines begin, where the confirmations, and where those end.
    function bounds(bytes calldata lines, bytes calldata confirmations)
        internal
        pure
        returns (uint256 line, uint256 confirmation, uint256 end)
    {
        assembly ("memory-safe") {
            line := lines.offset
            confirmation := confirmations.offset
            end := add(confirmation, confirmations.length)
        }
    }

    /// @notice Reads a line and the head of its confirmation onto the desk.
    /// @param line Where the line begins in the call.
    /// @param confirmation Where its confirmation begins.
    /// @return head The confirmation's first 32 bytes.
    /// @return body Where its key's part begins.
    /// @return end Where it ends; beyond everything where its kind is unknown.
    function read(Desk memory desk, uint256 line, uint256 confirmation)
        internal
        pure
        returns (uint256 head, uint256 body, uint256 end)
    {
        uint256 assurance;
        assembly ("memory-safe") {
            head := calldataload(line)
            mstore(add(desk, 0x040), byte(0, head))
            mstore(add(desk, 0x060), shl(128, shr(128, shl(104, head))))
            mstore(add(desk, 0x080), shr(192, shl(40, head)))
            mstore(add(desk, 0x0a0), shr(224, shl(8, head)))
            mstore(add(desk, 0x0c0), calldataload(add(line, 29)))
            head := calldataload(confirmation)
            body := add(confirmation, add(9, mul(20, iszero(shr(254, head))))) // two bits say that no payout follows
            mstore(add(desk, 0x0e0), shr(192, shl(8, head)))
            assurance := and(byte(0, head), KIND)
            mstore(add(desk, 0x160), assurance)
        }
        unchecked {
            if (assurance == SignerKeys.WALLET) return (head, body, body + 65);
            if (assurance == SignerKeys.DEVICE) return (head, body, body + 128);
            if (assurance != SignerKeys.PASSKEY) return (head, body, type(uint256).max);
            end = body + 134;
            if (_word(body + 128) >> 255 != 0) end += 2 + (_word(end) >> 240);
        }
    }

    /// @notice Whether the line on the desk is signed by the key, and goes to the payout, that `commitment` holds.
    /// @return payment What to pay then; else zero.
    function check(Desk memory desk, uint256 head, uint256 body, bytes32 commitment, bytes[] calldata tails)
        internal
        view
        returns (Payment payment)
    {
        bool good = desk.assurance == SignerKeys.WALLET ? _isWallet(desk, body) : _isP256(desk, body, tails);
        assembly ("memory-safe") {
            // the payout comes with the confirmation, or is the signer's own address (1), or the bank (2)
            let payout := shr(96, shl(72, head))
            if shr(254, head) {
                payout := mload(add(desk, 0x180))
                if shr(255, head) { payout := mload(add(desk, 0x1e0)) }
            }
            mstore(add(desk, 0x1c0), payout)
            payout := or(shl(96, payout), shl(32, mload(add(desk, 0x080))))
            payout := or(payout, shl(16, mload(add(desk, 0x020))))
            payout := or(payout, or(shl(8, mload(add(desk, 0x040))), mload(add(desk, 0x160))))
            payment := mul(payout, and(good, eq(commitment, keccak256(add(desk, 0x160), 0x80))))
        }
    }

    /// @return digest What a worker signs of the line on the desk (EIP-712).
    function _digestOf(Desk memory desk) private pure returns (bytes32 digest) {
        assembly ("memory-safe") {
            mstore(add(desk, 0x122), keccak256(desk, 0x100))
            digest := keccak256(add(desk, 0x100), 0x42)
        }
    }

    /// @dev Writes who signed to the desk.
    function _isWallet(Desk memory desk, uint256 body) private view returns (bool good) {
        bytes32 digest = _digestOf(desk);
        assembly ("memory-safe") {
            let free := mload(0x40)
            let s := calldataload(add(body, 0x20))
            mstore(free, digest)
            mstore(add(free, 0x20), byte(0, calldataload(add(body, 0x40))))
            mstore(add(free, 0x40), calldataload(body))
            mstore(add(free, 0x60), s)
            mstore(0x00, 0) // ecrecover answers nothing where nobody can have signed
            pop(staticcall(gas(), 1, free, 0x80, 0x00, 0x20))
            let signer := mload(0x00)
            mstore(add(desk, 0x180), signer)
            mstore(add(desk, 0x1a0), 0)
            good := iszero(or(iszero(signer), gt(s, LOW_S_SECP256K1)))
        }
    }

    /// @dev Writes the key to the desk. The precompile's yes counts where s is low; any other answer is asked again of the
    /// registry, which can also do without a precompile.
    function _isP256(Desk memory desk, uint256 body, bytes[] calldata tails) private view returns (bool good) {
        bytes32 digest = _digestOf(desk);
        bytes32 hash = desk.assurance == SignerKeys.DEVICE
            ? sha256(abi.encodePacked(digest))
            : _assertionHash(desk.rpIdHash, body + 128, digest, tails);
        (uint256 x, uint256 y, uint256 r, uint256 s) = (_word(body), _word(body + 32), _word(body + 64), _word(body + 96));
        (desk.x, desk.y) = (x, y);
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore(free, hash)
            mstore(add(free, 0x20), r)
            mstore(add(free, 0x40), s)
            mstore(add(free, 0x60), x)
            mstore(add(free, 0x80), y)
            mstore(0x00, 0)
            pop(staticcall(gas(), 0x100, free, 0xa0, 0x00, 0x20))
            good := and(eq(mload(0x00), 1), iszero(gt(s, LOW_S_P256)))
        }
        good = hash != 0 && (good || desk.registry.isP256(hash, bytes32(r), bytes32(s), bytes32(x), bytes32(y)));
    }

    /// @dev What an authenticator signs: SHA-256 of authenticator data and the hash of the client data (WebAuthn §6.3.3).
    /// @param said Where in the call flags, counter and tail are, and extensions with their length where there are any.
    /// @return hash 0 where the user was not present and verified, the backup flags contradict themselves (a key that is
    /// backed up must be eligible for it), or the tail is not in the list.
    function _assertionHash(bytes32 rpIdHash, uint256 said, bytes32 digest, bytes[] calldata tails)
        private
        view
        returns (bytes32 hash)
    {
        uint256 word = _word(said);
        uint256 flags = word >> 248;
        uint256 tail = uint8(word >> 208);
        if (flags & USER_PRESENT_AND_VERIFIED != USER_PRESENT_AND_VERIFIED) return 0;
        if (flags & BACKUP_FLAGS == BACKED_UP_NOT_ELIGIBLE || tail >= tails.length) return 0;
        bytes32 clientDataHash = _clientDataHash(digest, tails[tail]);
        assembly ("memory-safe") {
            let free := mload(0x40)
            let length := mul(shr(255, word), shr(240, calldataload(add(said, 6)))) // of extensions, where bit 7 has them
            mstore(free, rpIdHash)
            mstore(add(free, 0x20), word)
            calldatacopy(add(free, 0x25), add(said, 8), length)
            mstore(add(free, add(0x25, length)), clientDataHash)
            if iszero(staticcall(gas(), 2, free, add(0x45, length), 0x00, 0x20)) { invalid() }
            hash := mload(0x00)
        }
    }

    /// @dev SHA-256 of what the WebAuthn specification (§5.8.1.1) makes of a challenge:
    /// `{"type":"webauthn.get","challenge":"`, 43 characters of base64url, a quote, and the tail.
    function _clientDataHash(bytes32 digest, bytes calldata tail) private view returns (bytes32 hash) {
        (bytes32 first, bytes32 rest) = Base64Url.encode(digest);
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore(free, "{\"type\":\"webauthn.get\",\"challeng")
            mstore(add(free, 0x20), "e\":\"")
            mstore(add(free, 0x24), first)
            mstore(add(free, 0x44), rest)
            mstore8(add(free, 0x4f), 0x22)
            calldatacopy(add(free, 0x50), tail.offset, tail.length)
            if iszero(staticcall(gas(), 2, free, add(0x50, tail.length), 0x00, 0x20)) { invalid() }
            hash := mload(0x00)
        }
    }

    function _word(uint256 place) private pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := calldataload(place)
        }
    }
}
