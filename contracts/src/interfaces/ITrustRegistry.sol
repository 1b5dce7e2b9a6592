// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title Who may say what, and since when (protocol section 5)
interface ITrustRegistry {
    /// @notice One accreditation of an organisation. `to` 0 means open, `accreditor` 0 means the owner.
    /// `kinds` and `delegableKinds` have one bit per record kind, `roles` one bit per role.
    struct Period {
        uint40 from;
        uint40 to;
        uint24 kinds;
        uint24 delegableKinds;
        uint16 roles;
        uint32 accreditorPeriod;
        bytes32 accreditor;
    }

    /// @notice Life of an Ed25519 record key. `to` 0 means open, `compromisedFrom` 0 means never.
    struct KeyWindow {
        uint40 from;
        uint40 to;
        uint40 compromisedFrom;
    }

    /// @notice Life and scopes (1 anchor, 2 status, 4 manage) of an EVM account of an organisation.
    struct Account {
        uint40 from;
        uint40 to;
        uint40 compromisedFrom;
        uint8 scopes;
    }

    // ----- views -----
    function organisationCount() external view returns (uint256);
    function organisationAt(uint256 index) external view returns (bytes32 org);
    function periodCount(bytes32 org) external view returns (uint256);
    function periodAt(bytes32 org, uint256 index) external view returns (Period memory);
    /// @return found false when no period covers `t`
    function periodCovering(bytes32 org, uint40 t) external view returns (bool found, uint32 index, Period memory period);
    function keyCount(bytes32 org) external view returns (uint256);
    function keyAt(bytes32 org, uint256 index) external view returns (bytes32 key, KeyWindow memory);
    function keyWindow(bytes32 org, bytes32 key) external view returns (KeyWindow memory);
    function accountCount(bytes32 org) external view returns (uint256);
    function accountAt(bytes32 org, uint256 index) external view returns (address account, Account memory);
    function accountOf(bytes32 org, address account) external view returns (Account memory);
    function distrustedFrom(bytes32 org) external view returns (uint40);
    /// @notice The verifier's walk: own period and every accreditor's period cover `t`, each could delegate
    /// `kind`, nobody on the path is distrusted at or before `t`, depth at most 4.
    function accreditedFor(bytes32 org, uint8 kind, uint40 t) external view returns (bool);
}
