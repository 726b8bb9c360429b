"""rules/ -> findings: the engine, the checks beside it, requirements and waivers."""
