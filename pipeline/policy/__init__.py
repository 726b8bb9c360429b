"""rules/ -> findings: the engine, the checks beside it, what is required and what is waived."""
