// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// A contract that does one of each thing a node must do right. Its compiled form is probe.json.
contract Probe {
    error Forbidden(address who, uint256 code);

    event Stored(address indexed by, uint256 indexed key, uint256 value);

    mapping(uint256 => uint256) public values;

    constructor(uint256 first) payable {
        values[0] = first;
    }

    function store(uint256 key, uint256 value) external {
        values[key] = value;
        emit Stored(msg.sender, key, value);
    }

    function storeTwice(uint256 key, uint256 value) external {
        emit Stored(msg.sender, key, value);
        values[key] = value + 1;
        emit Stored(msg.sender, key, value + 1);
    }

    function forbid(uint256 code) external view {
        revert Forbidden(msg.sender, code);
    }

    function refuse() external pure {
        revert("not today");
    }

    function panic(uint256 divisor) external pure returns (uint256) {
        return 1 / divisor;
    }

    /// How deep calls nest until the gas ends.
    function dive() external returns (uint256) {
        try this.dive() returns (uint256 depth) {
            return depth + 1;
        } catch {
            return 1;
        }
    }

    /// Runs until the gas ends.
    function burn() external pure {
        for (;;) {}
    }

    function recover(bytes32 hash, uint8 v, bytes32 r, bytes32 s) external pure returns (address) {
        return ecrecover(hash, v, r, s);
    }

    function surroundings() external view returns (uint256, uint256, bytes32, uint256) {
        return (block.number, block.timestamp, blockhash(block.number - 1), block.chainid);
    }
}
