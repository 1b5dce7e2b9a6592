"""Commands of `trace-verify`, one module each; `cli` imports the one that runs."""
