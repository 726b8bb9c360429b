"""What other people's tools say of the rendered templates, and what was decided about it."""
