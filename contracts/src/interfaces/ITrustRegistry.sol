// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title Who may say what, and since when (protocol section 5)
/// @notice Times are seconds of block time. In every write a time of 0 means "now" for a beginning or an end that is
/// asked for, and "open" for the end of something that begins. All windows are half open: `from` is inside, `to` is not.
interface ITrustRegistry {
    /// @notice One accreditation of an organisation. `to` 0 means open, `accreditor` 0 means the owner.
    /// `kinds` and `delegableKinds` have one bit per record kind. The low 8 bits of `roles` are the roles that the
    /// organisation holds, the high 8 bits the roles that it may give to others.
    struct Period {
        uint40 from;
        uint40 to;
        uint24 kinds;
        uint24 delegableKinds;
        uint16 roles;
        uint32 accreditorPeriod;
        bytes32 accreditor;
    }

    /// @notice What an accreditor asks for. `from` 0 means now, `to` 0 means open, `accreditor` 0 means the owner.
    struct Grant {
        uint40 from;
        uint40 to;
        uint24 kinds;
        uint24 delegableKinds;
        uint16 roles;
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

    // ----- events -----
    event Accredited(
        bytes32 indexed org, uint32 indexed index, bytes32 indexed accreditor, string did, Period period
    );
    event AccreditationEnded(bytes32 indexed org, uint32 indexed index, uint40 to);
    event AccreditorChanged(bytes32 indexed org, bytes32 indexed previous, bytes32 indexed current);
    event Distrusted(bytes32 indexed org, uint40 from);
    event DistrustWithdrawn(bytes32 indexed org, uint40 from);
    event KeyAdded(bytes32 indexed org, bytes32 indexed key, uint40 from, uint40 to);
    event KeyEnded(bytes32 indexed org, bytes32 indexed key, uint40 to);
    event KeyCompromised(bytes32 indexed org, bytes32 indexed key, uint40 from);
    event AccountAdded(bytes32 indexed org, address indexed account, uint8 scopes, uint40 from, uint40 to);
    event AccountEnded(bytes32 indexed org, address indexed account, uint40 to);
    event AccountCompromised(bytes32 indexed org, address indexed account, uint40 from);

    // ----- errors -----
    error DidLength(uint256 length);
    error UnknownOrganisation(bytes32 org);
    /// @notice `caller` is not the accreditor of `org` (nor the owner, where the owner may act too).
    error NotAccreditor(bytes32 org, address caller);
    /// @notice `caller` has no active manage account of `org` (nor is it the accreditor, where that may act too).
    error NotManager(bytes32 org, address caller);
    /// @notice The accreditor has no open period, or is distrusted.
    error AccreditorNotAccredited(bytes32 accreditor);
    error KindsNotDelegable(uint24 asked, uint24 delegable);
    error RolesNotDelegable(uint16 asked, uint16 delegable);
    error PathTooLong(bytes32 accreditor);
    error SelfAccreditation(bytes32 org);
    error PeriodOverlaps(bytes32 org, uint40 from, uint40 lastTo);
    error NothingToEnd(bytes32 org, uint40 to);
    error TimeInPast(uint40 time, uint40 current);
    error TimeInFuture(uint40 time, uint40 current);
    error EmptyWindow(uint40 from, uint40 to);
    error ZeroKey(bytes32 org);
    error ZeroAccount(bytes32 org);
    error ScopesNotValid(uint8 scopes);
    error KeyExists(bytes32 org, bytes32 key);
    error UnknownKey(bytes32 org, bytes32 key);
    error AccountExists(bytes32 org, address account);
    error UnknownAccount(bytes32 org, address account);
    error AlreadyEnded(uint40 to, uint40 asked);
    error AlreadyCompromised(uint40 compromisedFrom);
    error AlreadyDistrusted(bytes32 org, uint40 from);
    error NotDistrusted(bytes32 org);
    error OwnershipNotRenounceable();

    // ----- writes -----
    /// @notice Opens a period for the organisation named by `did`. Called by the owner (`accreditor` 0) or by a manage
    /// account of `accreditor`, which must be the organisation's accreditor already unless the organisation is new.
    function accredit(string calldata did, Grant calldata grant) external returns (bytes32 org, uint32 index);
    /// @notice Ends the accreditation of `org` at `to`: what runs is cut, what has not begun by then never begins.
    function endAccreditation(bytes32 org, uint40 to) external;
    /// @notice Gives `org` another accreditor (0: the owner). Running periods stay as they are. Owner only.
    function changeAccreditor(bytes32 org, bytes32 accreditor) external;
    /// @notice Distrusts `org` and every path through it from `from` on, which may lie in the past; moves only earlier.
    function distrust(bytes32 org, uint40 from) external;
    /// @notice Owner only.
    function withdrawDistrust(bytes32 org) external;
    function addKey(bytes32 org, bytes32 key, uint40 from, uint40 to) external;
    function endKey(bytes32 org, bytes32 key, uint40 to) external;
    /// @notice `from` may lie in the past. A manage account sets it once; the accreditor may correct it (0: never).
    function compromiseKey(bytes32 org, bytes32 key, uint40 from) external;
    function addAccount(bytes32 org, address account, uint8 scopes, uint40 from, uint40 to) external;
    function endAccount(bytes32 org, address account, uint40 to) external;
    /// @notice As `compromiseKey`.
    function compromiseAccount(bytes32 org, address account, uint40 from) external;

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
    /// @notice Who accredits `org` today (0: the owner); the periods keep who accredited them.
    function accreditorOf(bytes32 org) external view returns (bytes32);
    /// @notice Whether `account` may act now as the accreditor of `org`.
    function isAccreditor(bytes32 org, address account) external view returns (bool);
    /// @notice What `account` may do now for `org`, in few storage reads: `open` when a period is, with its `kinds`;
    /// `scopes` is 0 when the account is not active.
    function authorityNow(bytes32 org, address account)
        external
        view
        returns (bool known, bool open, uint24 kinds, uint8 scopes);
    /// @notice The verifier's walk: own period and every accreditor's period cover `t`, each could delegate
    /// `kind`, nobody on the path is distrusted at or before `t`, at most 4 organisations on the path.
    function accreditedFor(bytes32 org, uint8 kind, uint40 t) external view returns (bool);
}
