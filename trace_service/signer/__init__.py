"""The signer: an organisation's own process, with its own key directory."""
