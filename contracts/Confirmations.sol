// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Base64} from "@openzeppelin/contracts/utils/Base64.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {P256} from "@openzeppelin/contracts/utils/cryptography/P256.sol";
import {SignerKey} from "./interfaces/IWorkerRegistry.sol";
import {SignerKeys} from "./SignerKeys.sol";

/// @title Workers' signatures as {IWageEscrow-release} carries them: packed, one after the other
/// @notice A confirmation is
///
///     kind 1 · deadline 8 · payout 20, left out where the wage goes to the bank · what the key needs
///
///     wallet   (kind 3)  r 32 · s 32 · v 1
///     device   (kind 2)  x 32 · y 32 · r 32 · s 32
///     passkey  (kind 4)  x 32 · y 32 · r 32 · s 32 · flags 1 · counter 4 · tail 1 [· extensions: length 2, bytes]
///
/// The kind is the key's assurance, plus 128 where the wage goes to the bank. Extensions are there where the flags say so
/// (bit 7). The WebAuthn specification fixes how clientDataJSON begins; `tail` names what follows the challenge's closing
/// quote in the call's list of tails. Everything else of what the passkey signed is known here and put together again.
/// Key and payout need no proof of their own: they count only if they hash to what the registry has for the worker.
library Confirmations {
    struct Head {
        uint8 assurance;
        uint64 deadline;
        address payout;
        uint256 body;
    }

    uint8 private constant TO_BANK = 0x80;
    uint8 private constant HAS_EXTENSIONS = 0x80;
    uint8 private constant USER_PRESENT_AND_VERIFIED = 0x05;
    uint256 private constant WALLET_SIZE = 65;
    uint256 private constant DEVICE_SIZE = 128;
    uint256 private constant PASSKEY_SIZE = 134;
    bytes private constant CLIENT_DATA_START = '{"type":"webauthn.get","challenge":"';

    /// @notice Kind, deadline and payout of the confirmation at byte `from`; `body` is the byte where its key's part begins.
    function head(bytes calldata packed, uint256 from, address bank) internal pure returns (Head memory) {
        uint256 word = _word(packed, from);
        uint8 kind = uint8(word >> 248);
        bool toBank = kind & TO_BANK != 0;
        return Head({
            assurance: kind & ~TO_BANK,
            deadline: uint64(word >> 184),
            payout: toBank ? bank : address(uint160(word >> 24)),
            body: from + (toBank ? 9 : 29)
        });
    }

    /// @notice The byte after a confirmation; 0 where its kind is unknown.
    function end(bytes calldata packed, Head memory head_) internal pure returns (uint256) {
        uint256 body = head_.body;
        if (head_.assurance == SignerKeys.WALLET) return body + WALLET_SIZE;
        if (head_.assurance == SignerKeys.DEVICE) return body + DEVICE_SIZE;
        if (head_.assurance != SignerKeys.PASSKEY) return 0;
        uint256 after_ = body + PASSKEY_SIZE;
        if (uint8(_word(packed, body + 128) >> 248) & HAS_EXTENSIONS == 0) return after_;
        return after_ + 2 + (_word(packed, after_) >> 240);
    }

    /// @notice The key that signed `digest`; its assurance is 0 where the signature is not good.
    function signerOf(
        bytes calldata packed,
        Head memory head_,
        bytes32 digest,
        bytes32 rpIdHash,
        bytes[] calldata tails
    ) internal view returns (SignerKey memory key) {
        uint256 from = head_.body;
        if (head_.assurance == SignerKeys.WALLET) return _wallet(packed, from, digest);
        (key.x, key.y) = (bytes32(_word(packed, from)), bytes32(_word(packed, from + 32)));
        bytes32 hash = head_.assurance == SignerKeys.DEVICE
            ? sha256(abi.encodePacked(digest))
            : _assertionHash(packed[from + 128:end(packed, head_)], digest, rpIdHash, tails);
        bool good = hash != 0
            && P256.verify(hash, bytes32(_word(packed, from + 64)), bytes32(_word(packed, from + 96)), key.x, key.y);
        if (good) key.assurance = head_.assurance;
    }

    function _wallet(bytes calldata packed, uint256 from, bytes32 digest) private pure returns (SignerKey memory key) {
        uint8 v = uint8(_word(packed, from + 64) >> 248);
        (address signer, ECDSA.RecoverError problem,) =
            ECDSA.tryRecover(digest, v, bytes32(_word(packed, from)), bytes32(_word(packed, from + 32)));
        if (problem == ECDSA.RecoverError.NoError) {
            (key.assurance, key.x) = (SignerKeys.WALLET, bytes32(uint256(uint160(signer))));
        }
    }

    /// @dev What an authenticator signs: SHA-256 of authenticator data and the hash of the client data (WebAuthn §6.3.3).
    /// @param said flags, counter, tail, and extensions with their length where there are any.
    /// @return hash 0 where the user was not present and verified, the backup flags contradict themselves (a key that is
    /// backed up must be eligible for it), or the tail is not in the list.
    function _assertionHash(bytes calldata said, bytes32 digest, bytes32 rpIdHash, bytes[] calldata tails)
        private
        pure
        returns (bytes32 hash)
    {
        uint8 flags = uint8(said[0]);
        uint8 tail = uint8(said[5]);
        if (flags & USER_PRESENT_AND_VERIFIED != USER_PRESENT_AND_VERIFIED || flags & 0x18 == 0x10) return 0;
        if (tail >= tails.length) return 0;
        bytes32 clientDataHash = sha256(
            abi.encodePacked(CLIENT_DATA_START, Base64.encodeURL(abi.encodePacked(digest)), '"', tails[tail])
        );
        bytes calldata extensions = said[said.length > 6 ? 8 : 6:];
        return sha256(abi.encodePacked(rpIdHash, said[:5], extensions, clientDataHash));
    }

    /// @dev Past the end of the call there are zeros, and no key has signed those.
    function _word(bytes calldata packed, uint256 from) private pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := calldataload(add(packed.offset, from))
        }
    }
}
