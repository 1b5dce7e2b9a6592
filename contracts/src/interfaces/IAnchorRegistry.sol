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

    /// @notice One organisation's request to anchor. An empty signature means that `account` itself calls; `deadline`
    /// is then not looked at.
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

    /// @notice One change of status bits in one word. `nonce` is `statusNonce(org)` for plane 1 and `annulments(org)`
    /// for planes 0 and 2: that one stays 0 until the accreditor annuls something. An empty signature means that
    /// `account` itself calls; `deadline` is then not looked at, `nonce` is.
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

    /// @notice Why a request is refused; the numbers are the codes in `BatchRefused`, `BatchNotAnchored`, `StatusNotSet`.
    enum Refusal {
        None, // 0
        SequenceTaken, // 1: below the head, and not the batch that stands there
        SequenceAhead, // 2: above the head
        BatchNotValid, // 3: zero root, count outside 1..2^20, no kinds, format 0
        NotAccredited, // 4: no period is open now
        KindsNotAccredited, // 5
        AccountNotAuthorised, // 6: outside its window or scope, compromised, or not the accreditor where one is needed
        DeadlinePassed, // 7
        DeadlineTooFar, // 8: more than a day ahead
        SignatureNotValid, // 9: not by `account`, or empty while another account calls
        UnknownPlane, // 10
        WordOutOfRange, // 11: no 13-digit number, or more than 2^20 words beyond those in use
        EmptyMask, // 12
        ReasonNotAllowed, // 13: unknown, or revocationAnnulled and annulment do not go together
        NonceNotCurrent // 14: the chain has counted another change since

    }

    // ----- events -----
    event BatchAnchored(
        bytes32 indexed org,
        uint64 indexed sequence,
        bytes32 root,
        uint24 count,
        uint24 kinds,
        uint8 format,
        address account
    );
    event BatchRefused(bytes32 indexed org, uint64 indexed sequence, Refusal code);
    /// @notice `changed` has the bits that this change switched.
    event StatusChanged(
        bytes32 indexed org,
        uint8 indexed plane,
        uint64 indexed word,
        uint256 changed,
        bool on,
        uint8 reason,
        address account
    );
    event RegistryClosed(address indexed successor);

    // ----- errors -----
    error AlreadyClosed(address successor);
    error NotOwner(address caller);
    error NoRequests();
    error TrustRegistryMissing(address trust);
    error SuccessorNotValid(address successor);
    error BatchNotAnchored(bytes32 org, uint64 sequence, Refusal code);
    error StatusNotSet(bytes32 org, uint8 plane, uint64 word, Refusal code);

    /// @notice Anchors batches of any organisations. A repeat of what stands is a no-op. A refused request emits
    /// `BatchRefused` and the others go on; a lone one reverts with `BatchNotAnchored`.
    function anchor(BatchRequest[] calldata requests) external;
    /// @notice Switches status bits. What is in force already is a no-op, whoever asks.
    function setStatus(StatusRequest calldata request) external;
    /// @notice Ends anchoring for ever; status goes on. Owner of the trust registry, once. 0: no successor.
    function close(address successor_) external;

    // ----- views -----
    function trust() external view returns (ITrustRegistry);
    function head(bytes32 org) external view returns (uint64 nextSequence);
    /// @notice All zero where nothing is anchored.
    function batchAt(bytes32 org, uint64 sequence) external view returns (Batch memory);
    function statusWord(bytes32 org, uint8 plane, uint64 word) external view returns (uint256);
    /// @notice One more than the highest word ever written for `org` in any plane.
    function statusWordCount(bytes32 org) external view returns (uint64);
    /// @notice Nonce of the next change of plane 1: how many there have been, in whatever word.
    function statusNonce(bytes32 org) external view returns (uint64);
    /// @notice Nonce of changes of planes 0 and 2: how many annulments there have been. Setting bits leaves it as it is.
    function annulments(bytes32 org) external view returns (uint64);
    function closed() external view returns (bool);
    function successor() external view returns (address);
}
