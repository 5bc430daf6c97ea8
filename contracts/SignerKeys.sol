// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {P256} from "@openzeppelin/contracts/utils/cryptography/P256.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {WebAuthn} from "@openzeppelin/contracts/utils/cryptography/WebAuthn.sol";
import {SignerKey} from "./interfaces/IWorkerRegistry.sol";

/// @title Is this signature by this key?
/// @notice One digest, three ways in which a person's device can sign it. A high s is refused everywhere.
library SignerKeys {
    uint8 internal constant PASSKEY = 4;
    uint8 internal constant WALLET = 3;
    uint8 internal constant DEVICE = 2;

    /// @notice Whether a key could ever sign: a wallet address, or a point on P-256.
    function isUsable(SignerKey memory key) internal pure returns (bool) {
        if (key.assurance == WALLET) {
            return key.x != 0 && uint256(key.x) <= type(uint160).max && key.y == 0;
        }
        return (key.assurance == PASSKEY || key.assurance == DEVICE) && P256.isValidPublicKey(key.x, key.y);
    }

    /// @notice What the registry keeps of a key and its worker's payout, so that one read proves both.
    function commitment(uint8 assurance, bytes32 x, bytes32 y, address payout) internal pure returns (bytes32) {
        return keccak256(abi.encode(assurance, x, y, payout));
    }

    /// @notice Whether `signature` over `digest` is by `key`: {IWorkerRegistry-check} says in which form.
    function isValid(SignerKey memory key, bytes32 digest, bytes calldata signature, bytes32 rpIdHash)
        internal
        view
        returns (bool)
    {
        if (key.assurance == PASSKEY) return _isPasskey(key, digest, signature, rpIdHash);
        if (key.assurance == DEVICE) return _isDevice(key, digest, signature);
        if (key.assurance == WALLET) {
            return SignatureChecker.isValidSignatureNowCalldata(address(uint160(uint256(key.x))), digest, signature);
        }
        return false;
    }

    /// @dev WebCrypto hashes what it signs with SHA-256; its message is the digest.
    function _isDevice(SignerKey memory key, bytes32 digest, bytes calldata signature) private view returns (bool) {
        if (signature.length != 64) return false;
        bytes32 hash = sha256(abi.encodePacked(digest));
        return P256.verify(hash, bytes32(signature[:32]), bytes32(signature[32:]), key.x, key.y);
    }

    /// @dev The library checks type, challenge, the user's presence and verification; the domain is ours to check.
    function _isPasskey(SignerKey memory key, bytes32 digest, bytes calldata signature, bytes32 rpIdHash)
        private
        view
        returns (bool)
    {
        (bool decoded, WebAuthn.WebAuthnAuth calldata auth) = WebAuthn.tryDecodeAuth(signature);
        if (!decoded || auth.authenticatorData.length < 37) return false;
        // The library reads where this points, however far that is: gas for nothing, and no answer.
        if (auth.typeIndex >= bytes(auth.clientDataJSON).length) return false;
        if (bytes32(auth.authenticatorData[:32]) != rpIdHash) return false;
        return WebAuthn.verify(abi.encodePacked(digest), auth, key.x, key.y);
    }
}
