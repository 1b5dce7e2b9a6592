// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {ITrustRegistry} from "./interfaces/ITrustRegistry.sol";

/// @title Who may say what, and since when (protocol section 5)
/// @notice Nothing here is ever rewritten: beginnings and ends lie at or after the block that writes them, so an answer
/// about the past stays what it was. The two exceptions are meant to reach back: `compromisedFrom` and distrust.
contract TrustRegistry is ITrustRegistry, Ownable2Step {
    /// @notice Organisations on an accreditation path, the organisation itself included.
    uint256 public constant MAX_PATH = 4;
    /// @notice A DNS name has at most 253 characters; the rest is room for the method, a port and a path.
    uint256 public constant MAX_DID_LENGTH = 512;

    uint8 private constant SCOPE_MANAGE = 4;
    uint8 private constant ALL_SCOPES = 7;

    /// @dev The first slot repeats the last period, so that anchoring reads one slot of an organisation.
    struct Organisation {
        uint40 from;
        uint40 to;
        uint24 kinds;
        uint40 distrustedFrom;
        uint32 periodCount;
        bytes32 accreditor;
        Period[] periods;
        bytes32[] keys;
        address[] accounts;
        mapping(bytes32 key => Account) keyWindows;
        mapping(address account => Account) accountWindows;
    }

    mapping(bytes32 org => Organisation) private _organisations;
    bytes32[] private _identifiers;

    constructor(address initialOwner) Ownable(initialOwner) {}

    // ----- accreditation -----

    /// @inheritdoc ITrustRegistry
    function accredit(string calldata did, Grant calldata grant) external returns (bytes32 org, uint32 index) {
        uint256 length = bytes(did).length;
        if (length == 0 || length > MAX_DID_LENGTH) revert DidLength(length);
        org = sha256(bytes(did));
        Organisation storage o = _organisations[org];
        uint40 from = _nowOrLater(grant.from);
        if (grant.to != 0 && grant.to <= from) revert EmptyWindow(from, grant.to);
        uint32 accreditorPeriod = _checkGrant(org, o, grant);

        index = o.periodCount;
        if (index == 0) {
            _identifiers.push(org);
            o.accreditor = grant.accreditor;
        } else {
            if (o.to == 0 || from < o.to) revert PeriodOverlaps(org, from, o.to);
            if (o.accreditor != grant.accreditor) _setAccreditor(org, o, grant.accreditor);
        }
        Period memory period = Period({
            from: from,
            to: grant.to,
            kinds: grant.kinds,
            delegableKinds: grant.delegableKinds,
            roles: grant.roles,
            accreditorPeriod: accreditorPeriod,
            accreditor: grant.accreditor
        });
        o.periods.push(period);
        (o.from, o.to, o.kinds, o.periodCount) = (from, grant.to, grant.kinds, index + 1);
        emit Accredited(org, index, grant.accreditor, did, period);
    }

    /// @inheritdoc ITrustRegistry
    function endAccreditation(bytes32 org, uint40 to) external {
        Organisation storage o = _known(org);
        _checkAccreditorOrOwner(org);
        to = _nowOrLater(to);
        bool ended = false;
        for (uint256 i = o.periods.length; i != 0; --i) {
            Period storage period = o.periods[i - 1];
            if (period.to != 0 && period.to <= to) break;
            // A period that has not begun is emptied where the end lies, which keeps the list in order.
            if (period.from > to) period.from = to;
            period.to = to;
            ended = true;
            emit AccreditationEnded(org, uint32(i - 1), to);
        }
        if (!ended) revert NothingToEnd(org, to);
        Period storage last = o.periods[o.periods.length - 1];
        (o.from, o.to) = (last.from, last.to);
    }

    /// @inheritdoc ITrustRegistry
    function changeAccreditor(bytes32 org, bytes32 accreditor) external onlyOwner {
        Organisation storage o = _known(org);
        if (accreditor == org) revert SelfAccreditation(org);
        if (accreditor != 0) _known(accreditor);
        _setAccreditor(org, o, accreditor);
    }

    /// @inheritdoc ITrustRegistry
    function distrust(bytes32 org, uint40 from) external {
        Organisation storage o = _known(org);
        _checkAccreditorOrOwner(org);
        from = _nowOrEarlier(from);
        if (o.distrustedFrom != 0 && o.distrustedFrom <= from) revert AlreadyDistrusted(org, o.distrustedFrom);
        o.distrustedFrom = from;
        emit Distrusted(org, from);
    }

    /// @inheritdoc ITrustRegistry
    function withdrawDistrust(bytes32 org) external onlyOwner {
        Organisation storage o = _known(org);
        uint40 from = o.distrustedFrom;
        if (from == 0) revert NotDistrusted(org);
        o.distrustedFrom = 0;
        emit DistrustWithdrawn(org, from);
    }

    // ----- record keys and accounts -----

    /// @inheritdoc ITrustRegistry
    function addKey(bytes32 org, bytes32 key, uint40 from, uint40 to) external {
        Organisation storage o = _known(org);
        _checkManagerOrAccreditor(org);
        if (key == 0) revert ZeroKey(org);
        Account storage window = o.keyWindows[key];
        if (window.from != 0) revert KeyExists(org, key);
        from = _begin(window, from, to);
        o.keys.push(key);
        emit KeyAdded(org, key, from, to);
    }

    /// @inheritdoc ITrustRegistry
    function endKey(bytes32 org, bytes32 key, uint40 to) external {
        Account storage window = _knownKey(org, key);
        _checkManagerOrAccreditor(org);
        emit KeyEnded(org, key, _end(window, to));
    }

    /// @inheritdoc ITrustRegistry
    function compromiseKey(bytes32 org, bytes32 key, uint40 from) external {
        _compromise(org, _knownKey(org, key), from);
        emit KeyCompromised(org, key, from);
    }

    /// @inheritdoc ITrustRegistry
    function addAccount(bytes32 org, address account, uint8 scopes, uint40 from, uint40 to) external {
        Organisation storage o = _known(org);
        _checkManagerOrAccreditor(org);
        if (account == address(0)) revert ZeroAccount(org);
        if (scopes == 0 || scopes > ALL_SCOPES) revert ScopesNotValid(scopes);
        Account storage window = o.accountWindows[account];
        if (window.from != 0) revert AccountExists(org, account);
        from = _begin(window, from, to);
        window.scopes = scopes;
        o.accounts.push(account);
        emit AccountAdded(org, account, scopes, from, to);
    }

    /// @inheritdoc ITrustRegistry
    function endAccount(bytes32 org, address account, uint40 to) external {
        Account storage window = _knownAccount(org, account);
        _checkManagerOrAccreditor(org);
        emit AccountEnded(org, account, _end(window, to));
    }

    /// @inheritdoc ITrustRegistry
    function compromiseAccount(bytes32 org, address account, uint40 from) external {
        _compromise(org, _knownAccount(org, account), from);
        emit AccountCompromised(org, account, from);
    }

    // ----- owner -----

    /// @notice A registry without an owner could never replace a lost accreditor, so ownership only moves.
    function renounceOwnership() public pure override {
        revert OwnershipNotRenounceable();
    }

    // ----- views -----

    /// @inheritdoc ITrustRegistry
    function organisationCount() external view returns (uint256) {
        return _identifiers.length;
    }

    /// @inheritdoc ITrustRegistry
    function organisationAt(uint256 index) external view returns (bytes32 org) {
        return _identifiers[index];
    }

    /// @inheritdoc ITrustRegistry
    function periodCount(bytes32 org) external view returns (uint256) {
        return _organisations[org].periods.length;
    }

    /// @inheritdoc ITrustRegistry
    function periodAt(bytes32 org, uint256 index) external view returns (Period memory) {
        return _organisations[org].periods[index];
    }

    /// @inheritdoc ITrustRegistry
    function periodCovering(bytes32 org, uint40 t)
        external
        view
        returns (bool found, uint32 index, Period memory period)
    {
        Organisation storage o = _organisations[org];
        (found, index) = _covering(o, t);
        if (found) period = o.periods[index];
    }

    /// @inheritdoc ITrustRegistry
    function keyCount(bytes32 org) external view returns (uint256) {
        return _organisations[org].keys.length;
    }

    /// @inheritdoc ITrustRegistry
    function keyAt(bytes32 org, uint256 index) external view returns (bytes32 key, KeyWindow memory window) {
        key = _organisations[org].keys[index];
        window = keyWindow(org, key);
    }

    /// @inheritdoc ITrustRegistry
    function keyWindow(bytes32 org, bytes32 key) public view returns (KeyWindow memory) {
        Account storage window = _organisations[org].keyWindows[key];
        return KeyWindow({from: window.from, to: window.to, compromisedFrom: window.compromisedFrom});
    }

    /// @inheritdoc ITrustRegistry
    function accountCount(bytes32 org) external view returns (uint256) {
        return _organisations[org].accounts.length;
    }

    /// @inheritdoc ITrustRegistry
    function accountAt(bytes32 org, uint256 index) external view returns (address account, Account memory window) {
        account = _organisations[org].accounts[index];
        window = accountOf(org, account);
    }

    /// @inheritdoc ITrustRegistry
    function accountOf(bytes32 org, address account) public view returns (Account memory) {
        return _organisations[org].accountWindows[account];
    }

    /// @inheritdoc ITrustRegistry
    function distrustedFrom(bytes32 org) external view returns (uint40) {
        return _organisations[org].distrustedFrom;
    }

    /// @inheritdoc ITrustRegistry
    function accreditorOf(bytes32 org) external view returns (bytes32) {
        return _organisations[org].accreditor;
    }

    /// @inheritdoc ITrustRegistry
    function isAccreditor(bytes32 org, address account) public view returns (bool) {
        Organisation storage o = _organisations[org];
        if (o.periodCount == 0) return false;
        bytes32 accreditor = o.accreditor;
        if (accreditor == 0) return account == owner();
        // An accreditor whose own accreditation has ended, or who is distrusted, acts for nobody: the owner steps in.
        Organisation storage a = _organisations[accreditor];
        (bool open,) = _covering(a, _now());
        return open && !_distrusted(a, _now()) && _isManager(accreditor, account);
    }

    /// @inheritdoc ITrustRegistry
    function authorityNow(bytes32 org, address account)
        external
        view
        returns (bool known, bool open, uint24 kinds, uint8 scopes)
    {
        Organisation storage o = _organisations[org];
        uint40 from = o.from;
        known = from != 0;
        if (from <= _now()) {
            open = known && _covers(from, o.to, _now());
            kinds = open ? o.kinds : 0;
        } else {
            // The last period has not begun: an earlier one may still run.
            uint32 index;
            (open, index) = _covering(o, _now());
            kinds = open ? o.periods[index].kinds : 0;
        }
        scopes = _activeScopes(o.accountWindows[account]);
    }

    /// @inheritdoc ITrustRegistry
    function accreditedFor(bytes32 org, uint8 kind, uint40 t) external view returns (bool) {
        if (kind >= 24) return false;
        uint24 bit = uint24(1) << kind;
        Organisation storage o = _organisations[org];
        (bool found, uint32 index) = _covering(o, t);
        if (!found || o.periods[index].kinds & bit == 0) return false;
        Period storage period = o.periods[index];
        for (uint256 length = 1; !_distrusted(o, t); ++length) {
            if (period.accreditor == 0) return true;
            if (length == MAX_PATH) return false;
            o = _organisations[period.accreditor];
            period = o.periods[period.accreditorPeriod];
            if (!_covers(period.from, period.to, t) || period.delegableKinds & bit == 0) return false;
        }
        return false;
    }

    // ----- internals -----

    /// @dev Reverts unless the caller may give this grant; returns the accreditor's own period that carries it.
    function _checkGrant(bytes32 org, Organisation storage o, Grant calldata grant) private view returns (uint32) {
        bytes32 accreditor = grant.accreditor;
        if (accreditor == 0) {
            _checkOwner();
            return 0;
        }
        if (!_isManager(accreditor, msg.sender)) revert NotManager(accreditor, msg.sender);
        if (o.periodCount != 0 && o.accreditor != accreditor) revert NotAccreditor(org, msg.sender);
        Organisation storage a = _organisations[accreditor];
        (bool open, uint32 index) = _covering(a, _now());
        if (!open || _distrusted(a, _now())) revert AccreditorNotAccredited(accreditor);
        Period storage period = a.periods[index];
        uint24 kinds = grant.kinds | grant.delegableKinds;
        if (kinds & ~period.delegableKinds != 0) revert KindsNotDelegable(kinds, period.delegableKinds);
        uint16 roles = (grant.roles & 0xff) | (grant.roles >> 8);
        if (roles & ~(period.roles >> 8) != 0) revert RolesNotDelegable(roles, period.roles >> 8);
        if (_pathLength(period) >= MAX_PATH) revert PathTooLong(accreditor);
        return index;
    }

    function _pathLength(Period storage period) private view returns (uint256 length) {
        length = 1;
        while (period.accreditor != 0) {
            period = _organisations[period.accreditor].periods[period.accreditorPeriod];
            ++length;
        }
    }

    function _setAccreditor(bytes32 org, Organisation storage o, bytes32 accreditor) private {
        emit AccreditorChanged(org, o.accreditor, accreditor);
        o.accreditor = accreditor;
    }

    function _begin(Account storage window, uint40 from, uint40 to) private returns (uint40) {
        from = _nowOrLater(from);
        if (to != 0 && to <= from) revert EmptyWindow(from, to);
        (window.from, window.to) = (from, to);
        return from;
    }

    function _end(Account storage window, uint40 to) private returns (uint40) {
        to = _nowOrLater(to);
        if (window.to != 0 && window.to <= to) revert AlreadyEnded(window.to, to);
        window.to = to;
        return to;
    }

    function _compromise(bytes32 org, Account storage window, uint40 from) private {
        if (!isAccreditor(org, msg.sender)) {
            if (!_isManager(org, msg.sender)) revert NotManager(org, msg.sender);
            if (window.compromisedFrom != 0) revert AlreadyCompromised(window.compromisedFrom);
            // Only a correction may say "never".
            if (from == 0) revert TimeInPast(from, _now());
        }
        if (from > _now()) revert TimeInFuture(from, _now());
        window.compromisedFrom = from;
    }

    function _checkAccreditorOrOwner(bytes32 org) private view {
        if (msg.sender != owner() && !isAccreditor(org, msg.sender)) revert NotAccreditor(org, msg.sender);
    }

    function _checkManagerOrAccreditor(bytes32 org) private view {
        if (!_isManager(org, msg.sender) && !isAccreditor(org, msg.sender)) revert NotManager(org, msg.sender);
    }

    function _isManager(bytes32 org, address account) private view returns (bool) {
        return _activeScopes(_organisations[org].accountWindows[account]) & SCOPE_MANAGE != 0;
    }

    /// @dev Scopes of an account that is active in this block, else 0.
    function _activeScopes(Account storage window) private view returns (uint8) {
        uint40 compromisedFrom = window.compromisedFrom;
        if (compromisedFrom != 0 && compromisedFrom <= _now()) return 0;
        // An account that was never added has no scopes.
        return _covers(window.from, window.to, _now()) ? window.scopes : 0;
    }

    /// @dev The last period that covers `t`; searched from the end, where questions about today are answered.
    function _covering(Organisation storage o, uint40 t) private view returns (bool, uint32) {
        for (uint256 i = o.periods.length; i != 0; --i) {
            Period storage period = o.periods[i - 1];
            if (_covers(period.from, period.to, t)) return (true, uint32(i - 1));
        }
        return (false, 0);
    }

    function _covers(uint40 from, uint40 to, uint40 t) private pure returns (bool) {
        return from <= t && (to == 0 || t < to);
    }

    function _distrusted(Organisation storage o, uint40 t) private view returns (bool) {
        return o.distrustedFrom != 0 && o.distrustedFrom <= t;
    }

    function _known(bytes32 org) private view returns (Organisation storage o) {
        o = _organisations[org];
        if (o.periodCount == 0) revert UnknownOrganisation(org);
    }

    function _knownKey(bytes32 org, bytes32 key) private view returns (Account storage window) {
        window = _organisations[org].keyWindows[key];
        if (window.from == 0) revert UnknownKey(org, key);
    }

    function _knownAccount(bytes32 org, address account) private view returns (Account storage window) {
        window = _organisations[org].accountWindows[account];
        if (window.from == 0) revert UnknownAccount(org, account);
    }

    function _now() private view returns (uint40) {
        return uint40(block.timestamp);
    }

    function _nowOrLater(uint40 time) private view returns (uint40) {
        if (time == 0) return _now();
        if (time < _now()) revert TimeInPast(time, _now());
        return time;
    }

    function _nowOrEarlier(uint40 time) private view returns (uint40) {
        if (time == 0) return _now();
        if (time > _now()) revert TimeInFuture(time, _now());
        return time;
    }
}
