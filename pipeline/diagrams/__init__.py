"""A template as a picture: who asks whom, what follows what, and who may do what."""
