// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Merkle roots of records that stay off chain, countersigned by independent witnesses
/// @notice A root says that these records existed on that day; the witnesses say that they saw them then. One root a topic and
/// day, for good: what comes later is corrected later, in the open. No personal data: a topic is a hash.
interface IEvidenceAnchor {
    /// @notice `root` is the one for `topic` and `day` (days since 1970-01-01), seen by `witnesses`.
    event Anchored(bytes32 indexed topic, uint32 indexed day, bytes32 root, address[] witnesses);

    error Anchor_ZeroRoot();
    error Anchor_AlreadyAnchored(bytes32 topic, uint32 day, bytes32 root);
    error Anchor_TooFew(uint256 given, uint256 needed);
    error Anchor_LengthMismatch(uint256 witnesses, uint256 signatures);
    error Anchor_NotAscending(uint256 position);
    error Anchor_NotWitness(address account);
    error Anchor_BadSignature(address witness);

    /// @notice Records a root. Anyone may submit it.
    /// @dev Emits {Anchored}. Each witness signs `Evidence(bytes32 topic,uint32 day,bytes32 root)` (EIP-712, domain
    /// "Anxin EvidenceAnchor" "1").
    /// Requirements:
    /// - the topic has no root for that day yet; the root is not zero;
    /// - at least {threshold} witnesses, ascending by address, each of whom holds the witness role and signed.
    function anchor(
        bytes32 topic,
        uint32 day,
        bytes32 root,
        address[] calldata witnesses,
        bytes[] calldata signatures
    ) external;

    /// @notice The root for a topic and day; zero where there is none.
    function rootOf(bytes32 topic, uint32 day) external view returns (bytes32);

    /// @notice When a record that hashes to `leaf` was anchored, in Unix seconds; 0 where it was not.
    /// @param proof Sibling hashes from the leaf up, pairs hashed in ascending order (OpenZeppelin's MerkleProof).
    function anchoredAt(bytes32 topic, uint32 day, bytes32 leaf, bytes32[] calldata proof)
        external
        view
        returns (uint256);

    /// @notice How many witnesses must have signed.
    function threshold() external view returns (uint256);
}
