"""A block under way: transactions applied one after another, nothing stored."""

from typing import Any

from eth_utils.exceptions import ValidationError

from trace_service.evm_node.errors import StoreBroken

Header = Any
Transaction = Any


class EvmFaultError(Exception):
    """The EVM itself failed on `transaction`: the state of the draft cannot be trusted any more."""

    def __init__(self, transaction: Transaction, cause: Exception) -> None:
        super().__init__(f"{type(cause).__name__} in the EVM")
        self.transaction = transaction


class Draft:
    """Transactions and receipts of the next block, with its header so far."""

    def __init__(self, vm: Any, header: Header) -> None:
        self._vm = vm
        self._waiting_senders: set[bytes] = set()
        self.header = header
        self.included: list[Transaction] = []
        self.receipts: list[Any] = []
        self.dropped: list[tuple[bytes, str]] = []

    def offer(self, transaction: Transaction) -> None:
        """Include a transaction, drop it if the rules refuse it, or pass over it if it does not fit now.

        After one that is not included, the same sender's later ones are passed over, since they follow its
        nonce. Raises EvmFaultError or StoreBroken.
        """
        if transaction.sender in self._waiting_senders:
            return
        if not _fits(transaction, self.header):
            self._waiting_senders.add(transaction.sender)
            return
        try:
            receipt, _ = self._vm.apply_transaction(self.header, transaction)
        except ValidationError as error:
            # Raised before the transaction touched the state, so the draft is still sound.
            self.dropped.append((transaction.hash, str(error)))
            self._waiting_senders.add(transaction.sender)
            return
        except StoreBroken:
            raise
        except Exception as error:
            raise EvmFaultError(transaction, error) from error
        self.header = self._vm.add_receipt_to_header(self.header, receipt)
        self.included.append(transaction)
        self.receipts.append(receipt)

    def seal(self, chaindb: Any) -> Any:
        """Compute the roots, check the block, and hand it to `chaindb`, whose writes the caller commits."""
        vm = self._vm
        filled = vm.set_block_transactions_and_withdrawals(
            vm.get_block(), self.header, self.included, self.receipts
        )
        block = vm.mine_block(filled).block
        chaindb.persist_block(block)
        return block


def _fits(transaction: Transaction, header: Header) -> bool:
    room = header.gas_limit - header.gas_used
    return bool(transaction.gas <= room and transaction.max_fee_per_gas >= header.base_fee_per_gas)
