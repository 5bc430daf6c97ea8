// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {P256} from "@openzeppelin/contracts/utils/cryptography/P256.sol";
import {SignerKeys} from "../SignerKeys.sol";
import {SignerKey} from "../interfaces/IWorkerRegistry.sol";

/// @notice For tests only: what the libraries answer, without a registry or an escrow around them.
contract SignatureProbe {
    /// @notice P-256 by the chain's precompile, by the library's own arithmetic, and as contracts here ask for it.
    function p256(bytes32 hash, bytes32 r, bytes32 s, bytes32 x, bytes32 y)
        external
        view
        returns (bool byPrecompile, bool byArithmetic, bool asAsked)
    {
        byPrecompile = P256.verifyNative(hash, r, s, x, y);
        byArithmetic = P256.verifySolidity(hash, r, s, x, y);
        asAsked = P256.verify(hash, r, s, x, y);
    }

    /// @notice Whether the registry would enrol such a key.
    function isUsable(SignerKey calldata key) external pure returns (bool) {
        return SignerKeys.isUsable(key);
    }
}
