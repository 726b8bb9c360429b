"""Lambda: the functions in their sandboxes, and what invokes them."""
