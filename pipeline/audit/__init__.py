"""The remarks of other people's tools on the rendered templates, and the decisions on them."""
