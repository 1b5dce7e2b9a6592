// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IAnchorRegistry} from "./IAnchorRegistry.sol";
import {ITrustRegistry} from "./ITrustRegistry.sol";

/// @title Everything a verifier needs in one eth_call (protocol sections 5 and 9). Stateless, so that its
/// code hash is the same in every deployment and can be pinned.
interface IEvidenceReader {
    struct SignerQuery {
        bytes32 org;
        bytes32 key;
    }

    /// @notice One organisation on an accreditation path with the period that is looked at.
    struct PathStep {
        bytes32 org;
        uint32 periodIndex;
        ITrustRegistry.Period period;
        uint40 distrustedFrom;
    }

    /// @notice `path` is walked at the batch's anchoredAt (block time if there is no batch), `pathNow` at block
    /// time. First step is the signer; the last has accreditor 0 when the path is whole. Empty: no period.
    /// Steps are facts: whether they suffice for a kind is the verifier's judgement.
    struct SignerEvidence {
        ITrustRegistry.KeyWindow key;
        PathStep[] path;
        PathStep[] pathNow;
    }

    struct Evidence {
        uint256 chainId;
        uint256 blockNumber;
        uint256 timestamp;
        bytes32 parentHash;
        bytes32 trustCodeHash;
        bytes32 anchorCodeHash;
        bytes32 readerCodeHash;
        address trustRegistry;
        uint64 head;
        IAnchorRegistry.Batch batch;
        ITrustRegistry.Account account;
        uint8 status;
        SignerEvidence[] signers;
    }

    struct OrganisationView {
        bytes32 org;
        uint40 distrustedFrom;
        uint64 head;
        uint64 statusWordCount;
        ITrustRegistry.Period[] periods;
        bytes32[] keys;
        ITrustRegistry.KeyWindow[] keyWindows;
        address[] accounts;
        ITrustRegistry.Account[] accountWindows;
    }

    /// @notice Bits of `status`: 0 revoked, 1 suspended, 2 superseded.
    function evidence(
        IAnchorRegistry registry,
        bytes32 org,
        uint64 sequence,
        uint64 statusNumber,
        SignerQuery[] calldata signers
    ) external view returns (Evidence memory);

    /// @notice Every organisation identifier from `start`, at most `limit`.
    function organisations(IAnchorRegistry registry, uint256 start, uint256 limit) external view returns (bytes32[] memory);
    function organisation(IAnchorRegistry registry, bytes32 org) external view returns (OrganisationView memory);
    function batches(IAnchorRegistry registry, bytes32 org, uint64 start, uint64 limit)
        external
        view
        returns (IAnchorRegistry.Batch[] memory);
    /// @notice Words `[start, start + limit)` of the three planes, three values per word: revoked, suspended, superseded.
    function statusWords(IAnchorRegistry registry, bytes32 org, uint64 start, uint64 limit)
        external
        view
        returns (uint256[] memory);
}
