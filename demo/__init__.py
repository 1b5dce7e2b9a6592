"""``make demo``: the main job end to end, with real processes, as operator, registrar and employer see it."""
