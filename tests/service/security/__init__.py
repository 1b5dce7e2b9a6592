"""What strangers get from the HTTP interface."""
