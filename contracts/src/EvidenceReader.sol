// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IAnchorRegistry} from "./interfaces/IAnchorRegistry.sol";
import {IEvidenceReader} from "./interfaces/IEvidenceReader.sol";
import {ITrustRegistry} from "./interfaces/ITrustRegistry.sol";

/// @title Everything a verifier needs in one eth_call (protocol sections 5 and 9)
/// @notice Has no state and no immutables, so that its code hash is the same in every deployment. It reports facts
/// and judges nothing.
contract EvidenceReader is IEvidenceReader {
    /// @notice As `TrustRegistry.MAX_PATH`: a path that is cut here is not whole, and the verifier sees that.
    uint256 public constant MAX_PATH = 4;
    uint256 private constant PLANES = 3;

    /// @inheritdoc IEvidenceReader
    function evidence(
        IAnchorRegistry registry,
        bytes32 org,
        uint64 sequence,
        uint64 statusNumber,
        SignerQuery[] calldata signers
    ) external view returns (Evidence memory e) {
        ITrustRegistry trust = registry.trust();
        e.chainId = block.chainid;
        e.blockNumber = block.number;
        e.timestamp = block.timestamp;
        e.parentHash = blockhash(block.number - 1);
        e.trustCodeHash = address(trust).codehash;
        e.anchorCodeHash = address(registry).codehash;
        e.readerCodeHash = address(this).codehash;
        e.trustRegistry = address(trust);
        e.head = registry.head(org);
        e.batch = registry.batchAt(org, sequence);
        e.account = trust.accountOf(org, e.batch.account);
        e.status = _status(registry, org, statusNumber);
        uint40 current = uint40(block.timestamp);
        uint40 then = e.batch.anchoredAt == 0 ? current : e.batch.anchoredAt;
        e.signers = new SignerEvidence[](signers.length);
        for (uint256 i; i < signers.length; ++i) {
            e.signers[i] = SignerEvidence({
                key: trust.keyWindow(signers[i].org, signers[i].key),
                path: _path(trust, signers[i].org, then),
                pathNow: _path(trust, signers[i].org, current)
            });
        }
    }

    /// @inheritdoc IEvidenceReader
    function organisations(IAnchorRegistry registry, uint256 start, uint256 limit)
        external
        view
        returns (bytes32[] memory page)
    {
        ITrustRegistry trust = registry.trust();
        page = new bytes32[](_pageLength(trust.organisationCount(), start, limit));
        for (uint256 i; i < page.length; ++i) {
            page[i] = trust.organisationAt(start + i);
        }
    }

    /// @inheritdoc IEvidenceReader
    function organisation(IAnchorRegistry registry, bytes32 org) external view returns (OrganisationView memory v) {
        ITrustRegistry trust = registry.trust();
        v.org = org;
        v.distrustedFrom = trust.distrustedFrom(org);
        v.head = registry.head(org);
        v.statusWordCount = registry.statusWordCount(org);
        v.periods = new ITrustRegistry.Period[](trust.periodCount(org));
        for (uint256 i; i < v.periods.length; ++i) {
            v.periods[i] = trust.periodAt(org, i);
        }
        uint256 count = trust.keyCount(org);
        v.keys = new bytes32[](count);
        v.keyWindows = new ITrustRegistry.KeyWindow[](count);
        for (uint256 i; i < count; ++i) {
            (v.keys[i], v.keyWindows[i]) = trust.keyAt(org, i);
        }
        count = trust.accountCount(org);
        v.accounts = new address[](count);
        v.accountWindows = new ITrustRegistry.Account[](count);
        for (uint256 i; i < count; ++i) {
            (v.accounts[i], v.accountWindows[i]) = trust.accountAt(org, i);
        }
    }

    /// @inheritdoc IEvidenceReader
    function batches(IAnchorRegistry registry, bytes32 org, uint64 start, uint64 limit)
        external
        view
        returns (IAnchorRegistry.Batch[] memory page)
    {
        page = new IAnchorRegistry.Batch[](_pageLength(registry.head(org), start, limit));
        for (uint256 i; i < page.length; ++i) {
            page[i] = registry.batchAt(org, uint64(start + i));
        }
    }

    /// @inheritdoc IEvidenceReader
    function statusWords(IAnchorRegistry registry, bytes32 org, uint64 start, uint64 limit)
        external
        view
        returns (uint256[] memory page)
    {
        page = new uint256[](PLANES * _pageLength(registry.statusWordCount(org), start, limit));
        for (uint256 i; i < page.length; ++i) {
            page[i] = registry.statusWord(org, uint8(i % PLANES), uint64(start + i / PLANES));
        }
    }

    /// @dev Entries of a page that exist: pages end where the list ends.
    function _pageLength(uint256 total, uint256 start, uint256 limit) private pure returns (uint256) {
        if (start >= total) return 0;
        return limit < total - start ? limit : total - start;
    }

    function _status(IAnchorRegistry registry, bytes32 org, uint64 number) private view returns (uint8 bits) {
        for (uint8 plane; plane < PLANES; ++plane) {
            uint256 word = registry.statusWord(org, plane, number >> 8);
            bits |= uint8((word >> (number & 0xff)) & 1) << plane;
        }
    }

    function _path(ITrustRegistry trust, bytes32 org, uint40 t) private view returns (PathStep[] memory path) {
        (bool found, uint32 index, ITrustRegistry.Period memory period) = trust.periodCovering(org, t);
        if (!found) return path;
        PathStep[] memory steps = new PathStep[](MAX_PATH);
        uint256 length;
        while (true) {
            steps[length++] = PathStep(org, index, period, trust.distrustedFrom(org));
            if (period.accreditor == 0 || length == MAX_PATH) break;
            (org, index) = (period.accreditor, period.accreditorPeriod);
            period = trust.periodAt(org, index);
        }
        path = new PathStep[](length);
        for (uint256 i; i < length; ++i) {
            path[i] = steps[i];
        }
    }
}
