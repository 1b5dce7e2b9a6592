// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ITrustRegistry} from "./ITrustRegistry.sol";

/// @title What was said, and when (protocol section 5)
interface IAnchorRegistry {
    /// @notice Header of one Merkle batch: two storage slots. `format` 1 is protocol version 1.
    struct Batch {
        bytes32 root;
        address account;
        uint40 anchoredAt;
        uint24 count;
        uint24 kinds;
        uint8 format;
    }

    /// @notice One organisation's request to anchor. An empty signature means that `account` itself calls.
    struct BatchRequest {
        bytes32 org;
        uint64 sequence;
        bytes32 root;
        uint24 count;
        uint24 kinds;
        uint8 format;
        address account;
        uint40 deadline;
        bytes signature;
    }

    /// @notice One change of status bits in one word. `nonce` counts for plane 1 only.
    struct StatusRequest {
        bytes32 org;
        uint8 plane;
        uint64 word;
        uint256 mask;
        bool on;
        uint8 reason;
        address account;
        uint64 nonce;
        uint40 deadline;
        bytes signature;
    }

    function anchor(BatchRequest[] calldata requests) external;
    function setStatus(StatusRequest calldata request) external;
    function close(address successor) external;

    // ----- views -----
    function trust() external view returns (ITrustRegistry);
    function head(bytes32 org) external view returns (uint64 nextSequence);
    function batchAt(bytes32 org, uint64 sequence) external view returns (Batch memory);
    function statusWord(bytes32 org, uint8 plane, uint64 word) external view returns (uint256);
    /// @notice One more than the highest word ever written for `org` in any plane.
    function statusWordCount(bytes32 org) external view returns (uint64);
    function statusNonce(bytes32 org, uint64 word) external view returns (uint64);
    function closed() external view returns (bool);
}
