// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {IAnchorRegistry} from "./interfaces/IAnchorRegistry.sol";
import {ITrustRegistry} from "./interfaces/ITrustRegistry.sol";

/// @title What was said, and when (protocol section 5)
/// @notice Per organisation a gap-free list of batch headers and three planes of status bits. Whoever sends the
/// transaction has no authority: each request is signed by an account of the organisation, or sent by that account.
contract AnchorRegistry is IAnchorRegistry, EIP712 {
    bytes32 public constant ANCHOR_BATCH_TYPEHASH = keccak256(
        "AnchorBatch(bytes32 org,uint64 sequence,bytes32 root,uint24 count,uint24 kinds,uint8 format,address account,uint40 deadline)"
    );
    bytes32 public constant SET_STATUS_TYPEHASH = keccak256(
        "SetStatus(bytes32 org,uint8 plane,uint64 word,uint256 mask,bool on,uint8 reason,address account,uint64 nonce,uint40 deadline)"
    );

    /// @notice The largest tree of format 1: an inclusion path then has at most 20 hashes.
    uint24 public constant MAX_COUNT = 1 << 20;
    /// @notice Status numbers have at most 13 digits (protocol 2.6), 256 to a word.
    uint64 public constant MAX_WORD = uint64(10 ** 13 - 1) >> 8;
    /// @notice How far beyond the words in use one change may reach: room for 268 million records. Without it a stolen
    /// status account could make the words of its organisation too many to enumerate, in one transaction.
    uint64 public constant MAX_WORD_STEP = 1 << 20;
    /// @notice An authorisation that lies about cannot be used later than this after it was made in good faith.
    uint40 public constant MAX_AHEAD = 1 days;

    uint8 private constant SUSPENDED = 1;
    uint8 private constant SUPERSEDED = 2;
    uint8 private constant SCOPE_ANCHOR = 1;
    uint8 private constant SCOPE_STATUS = 2;

    /// @notice 0-10 without 7 as RFC 5280, 32 issuedInError, 33 holderRequest, 34 revocationAnnulled.
    uint256 private constant REASONS = 0x77f | (7 << 32);
    uint8 private constant REVOCATION_ANNULLED = 34;

    /// @dev The four counters share a slot, which the first batch has filled before there is a status to change.
    struct Ledger {
        uint64 head;
        uint64 statusWordCount;
        uint64 statusNonce;
        uint64 annulments;
        mapping(uint64 sequence => Batch) batches;
        mapping(uint256 planeAndWord => uint256) words;
    }

    /// @inheritdoc IAnchorRegistry
    ITrustRegistry public immutable trust;
    /// @inheritdoc IAnchorRegistry
    bool public closed;
    /// @inheritdoc IAnchorRegistry
    address public successor;

    mapping(bytes32 org => Ledger) private _ledgers;

    constructor(ITrustRegistry trustRegistry) EIP712("SkillTrace", "1") {
        if (address(trustRegistry).code.length == 0) revert TrustRegistryMissing(address(trustRegistry));
        trust = trustRegistry;
    }

    // ----- writes -----

    /// @inheritdoc IAnchorRegistry
    function anchor(BatchRequest[] calldata requests) external {
        if (closed) revert AlreadyClosed(successor);
        uint256 length = requests.length;
        if (length == 0) revert NoRequests();
        for (uint256 i; i < length; ++i) {
            BatchRequest calldata r = requests[i];
            Refusal code = _anchor(r);
            if (code == Refusal.None) continue;
            if (length == 1) revert BatchNotAnchored(r.org, r.sequence, code);
            emit BatchRefused(r.org, r.sequence, code);
        }
    }

    /// @inheritdoc IAnchorRegistry
    function setStatus(StatusRequest calldata request) external {
        Refusal code = _setStatus(request);
        if (code != Refusal.None) revert StatusNotSet(request.org, request.plane, request.word, code);
    }

    /// @inheritdoc IAnchorRegistry
    function close(address successor_) external {
        if (msg.sender != _owner()) revert NotOwner(msg.sender);
        if (closed) revert AlreadyClosed(successor);
        if (successor_ == address(this)) revert SuccessorNotValid(successor_);
        (closed, successor) = (true, successor_);
        emit RegistryClosed(successor_);
    }

    // ----- views -----

    /// @inheritdoc IAnchorRegistry
    function head(bytes32 org) external view returns (uint64 nextSequence) {
        return _ledgers[org].head;
    }

    /// @inheritdoc IAnchorRegistry
    function batchAt(bytes32 org, uint64 sequence) external view returns (Batch memory) {
        return _ledgers[org].batches[sequence];
    }

    /// @inheritdoc IAnchorRegistry
    function statusWord(bytes32 org, uint8 plane, uint64 word) external view returns (uint256) {
        return _ledgers[org].words[_wordKey(plane, word)];
    }

    /// @inheritdoc IAnchorRegistry
    function statusWordCount(bytes32 org) external view returns (uint64) {
        return _ledgers[org].statusWordCount;
    }

    /// @inheritdoc IAnchorRegistry
    function statusNonce(bytes32 org) external view returns (uint64) {
        return _ledgers[org].statusNonce;
    }

    /// @inheritdoc IAnchorRegistry
    function annulments(bytes32 org) external view returns (uint64) {
        return _ledgers[org].annulments;
    }

    // ----- internals -----

    /// @dev The repeat is looked at before everything else, so that a resend or a front-runner harms nobody.
    function _anchor(BatchRequest calldata r) private returns (Refusal) {
        (bytes32 org, uint64 sequence, bytes32 root) = (r.org, r.sequence, r.root);
        (uint24 count, uint24 kinds, uint8 format) = (r.count, r.kinds, r.format);
        Ledger storage ledger = _ledgers[org];
        uint64 next = ledger.head;
        if (sequence != next) {
            if (sequence > next) return Refusal.SequenceAhead;
            Batch storage b = ledger.batches[sequence];
            bool repeat = b.root == root && b.count == count && b.kinds == kinds && b.format == format;
            return repeat ? Refusal.None : Refusal.SequenceTaken;
        }
        if (root == 0 || count == 0 || count > MAX_COUNT || kinds == 0 || format == 0) return Refusal.BatchNotValid;
        address account = r.account;
        {
            (, bool open, uint24 accredited, uint8 scopes) = trust.authorityNow(org, account);
            if (!open) return Refusal.NotAccredited;
            if (kinds & ~accredited != 0) return Refusal.KindsNotAccredited;
            if (scopes & SCOPE_ANCHOR == 0) return Refusal.AccountNotAuthorised;
        }
        Refusal code = _checkAuthorisation(account, r.deadline, _batchHash(r), r.signature);
        if (code != Refusal.None) return code;

        ledger.head = next + 1;
        ledger.batches[next] = Batch(root, account, uint40(block.timestamp), count, kinds, format);
        emit BatchAnchored(org, next, root, count, kinds, format, account);
        return Refusal.None;
    }

    function _setStatus(StatusRequest calldata r) private returns (Refusal) {
        (bytes32 org, uint8 plane, uint64 word, bool on) = (r.org, r.plane, r.word, r.on);
        if (plane > SUPERSEDED) return Refusal.UnknownPlane;
        Ledger storage ledger = _ledgers[org];
        uint64 wordCount = ledger.statusWordCount;
        if (word > MAX_WORD || word > wordCount + MAX_WORD_STEP) return Refusal.WordOutOfRange;
        if (r.mask == 0) return Refusal.EmptyMask;
        uint256 wordKey = _wordKey(plane, word);
        uint256 bits = ledger.words[wordKey];
        uint256 changed = r.mask & (on ? ~bits : bits);
        if (changed == 0) return Refusal.None;

        (uint8 reason, address account) = (r.reason, r.account);
        bool annul = plane != SUSPENDED && !on;
        if (REASONS >> reason & 1 == 0 || annul != (reason == REVOCATION_ANNULLED)) return Refusal.ReasonNotAllowed;
        Refusal code = _checkStatusAuthority(org, account, annul);
        if (code != Refusal.None) return code;
        code = _checkAuthorisation(account, r.deadline, _statusHash(r), r.signature);
        if (code != Refusal.None) return code;
        // Without it anyone could send an old suspension again after it was lifted, an old revocation after it was
        // annulled, and an old annulment after that. Revocations void neither one another nor suspensions.
        uint64 nonce = plane == SUSPENDED ? ledger.statusNonce : ledger.annulments;
        if (r.nonce != nonce) return Refusal.NonceNotCurrent;

        if (plane == SUSPENDED) ledger.statusNonce = nonce + 1;
        if (annul) ledger.annulments = nonce + 1;
        if (word >= wordCount) ledger.statusWordCount = word + 1;
        ledger.words[wordKey] = bits ^ changed;
        emit StatusChanged(org, plane, word, changed, on, reason, account);
        return Refusal.None;
    }

    /// @dev While a period is open the organisation sets its own status; after that its accreditor or the owner does.
    /// Annulment is always the accreditor's.
    function _checkStatusAuthority(bytes32 org, address account, bool annul) private view returns (Refusal) {
        if (annul) return trust.isAccreditor(org, account) ? Refusal.None : Refusal.AccountNotAuthorised;
        (bool known, bool open,, uint8 scopes) = trust.authorityNow(org, account);
        if (open) return scopes & SCOPE_STATUS != 0 ? Refusal.None : Refusal.AccountNotAuthorised;
        bool entitled = known && (account == _owner() || trust.isAccreditor(org, account));
        return entitled ? Refusal.None : Refusal.NotAccredited;
    }

    function _checkAuthorisation(address account, uint40 deadline, bytes32 structHash, bytes calldata signature)
        private
        view
        returns (Refusal)
    {
        if (signature.length == 0) return msg.sender == account ? Refusal.None : Refusal.SignatureNotValid;
        if (deadline < block.timestamp) return Refusal.DeadlinePassed;
        if (deadline > block.timestamp + MAX_AHEAD) return Refusal.DeadlineTooFar;
        (address signer, ECDSA.RecoverError failure,) =
            ECDSA.tryRecoverCalldata(_hashTypedDataV4(structHash), signature);
        bool valid = failure == ECDSA.RecoverError.NoError && signer == account;
        return valid ? Refusal.None : Refusal.SignatureNotValid;
    }

    /// @dev Both requests begin with the members of their EIP-712 type, in its order and as whole words, so that the
    /// struct is hashed as it came. Bits beyond a member's width would change the hash, never the meaning.
    function _structHash(bytes32 typeHash, uint256 request, uint256 members) private pure returns (bytes32 hash) {
        assembly ("memory-safe") {
            let memory_ := mload(0x40)
            let size := shl(5, members)
            mstore(memory_, typeHash)
            calldatacopy(add(memory_, 0x20), request, size)
            hash := keccak256(memory_, add(size, 0x20))
        }
    }

    function _batchHash(BatchRequest calldata r) private pure returns (bytes32) {
        uint256 offset;
        assembly ("memory-safe") {
            offset := r
        }
        return _structHash(ANCHOR_BATCH_TYPEHASH, offset, 8);
    }

    function _statusHash(StatusRequest calldata r) private pure returns (bytes32) {
        uint256 offset;
        assembly ("memory-safe") {
            offset := r
        }
        return _structHash(SET_STATUS_TYPEHASH, offset, 9);
    }

    function _wordKey(uint8 plane, uint64 word) private pure returns (uint256) {
        return uint256(plane) << 64 | word;
    }

    function _owner() private view returns (address) {
        return Ownable(address(trust)).owner();
    }
}
