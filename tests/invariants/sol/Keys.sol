// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {SignerKey} from "interfaces/IWorkerRegistry.sol";
import {vm} from "./Vm.sol";

/// @notice A key as its owner holds it.
/// @param wallet A wallet contract (ERC-1271) in place of a secret; else zero.
struct Secret {
    uint8 assurance;
    uint256 secret;
    address wallet;
}

/// @title Signatures as people's devices give them
library Keys {
    uint8 internal constant DEVICE = 2;
    uint8 internal constant WALLET = 3;
    uint8 internal constant PASSKEY = 4;
    bytes32 internal constant RP_ID_HASH = sha256("localhost");
    string internal constant TAIL = ',"origin":"https://localhost","crossOrigin":false}';
    uint256 private constant P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551;
    bytes private constant SAID = hex"0500000001"; // user present and verified, counter 1

    function publicKey(Secret memory key) internal pure returns (SignerKey memory) {
        if (key.assurance == WALLET) {
            address account = key.wallet == address(0) ? vm.addr(key.secret) : key.wallet;
            return SignerKey(WALLET, bytes32(uint256(uint160(account))), 0);
        }
        (uint256 x, uint256 y) = vm.publicKeyP256(key.secret);
        return SignerKey(key.assurance, bytes32(x), bytes32(y));
    }

    /// @notice 65 bytes, as parties with an account sign.
    function signAccount(uint256 secret, bytes32 digest) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(secret, digest);
        return abi.encodePacked(r, s, v);
    }

    /// @notice As {IWorkerRegistry-check} takes it.
    function sign(Secret memory key, bytes32 digest) internal pure returns (bytes memory) {
        if (key.assurance == WALLET) {
            return key.wallet == address(0) ? signAccount(key.secret, digest) : bytes("it will agree");
        }
        if (key.assurance == DEVICE) {
            (bytes32 r, bytes32 s) = _signP256(key.secret, sha256(abi.encodePacked(digest)));
            return abi.encodePacked(r, s);
        }
        bytes memory authenticatorData = abi.encodePacked(RP_ID_HASH, SAID);
        bytes memory clientData = _clientData(digest);
        (bytes32 r_, bytes32 s_) =
            _signP256(key.secret, sha256(abi.encodePacked(authenticatorData, sha256(clientData))));
        return abi.encode(r_, s_, uint256(23), uint256(1), authenticatorData, clientData);
    }

    /// @notice Packed, as {IWageEscrow-release} takes it: see the table in Confirmations.sol.
    /// @param payout Zero where the bank pays.
    function confirm(Secret memory key, bytes32 digest, uint64 deadline, address payout)
        internal
        pure
        returns (bytes memory)
    {
        uint8 kind = key.assurance | (payout == address(0) ? 0x80 : 0);
        bytes memory head =
            payout == address(0) ? abi.encodePacked(kind, deadline) : abi.encodePacked(kind, deadline, payout);
        if (key.assurance == WALLET) return abi.encodePacked(head, signAccount(key.secret, digest));
        SignerKey memory known = publicKey(key);
        if (key.assurance == DEVICE) return abi.encodePacked(head, known.x, known.y, sign(key, digest));
        bytes32 message = sha256(abi.encodePacked(RP_ID_HASH, SAID, sha256(_clientData(digest))));
        (bytes32 r, bytes32 s) = _signP256(key.secret, message);
        return abi.encodePacked(head, known.x, known.y, r, s, SAID, uint8(0));
    }

    function _signP256(uint256 secret, bytes32 message) private pure returns (bytes32 r, bytes32 s) {
        (r, s) = vm.signP256(secret, message);
        if (uint256(s) > P256_ORDER / 2) s = bytes32(P256_ORDER - uint256(s));
    }

    function _clientData(bytes32 digest) private pure returns (bytes memory) {
        bytes memory challenge = bytes(vm.toBase64URL(abi.encodePacked(digest)));
        assembly ("memory-safe") {
            mstore(challenge, 43) // without padding
        }
        return abi.encodePacked('{"type":"webauthn.get","challenge":"', challenge, '"', TAIL);
    }
}
