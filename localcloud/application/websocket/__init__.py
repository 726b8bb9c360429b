"""API Gateway's WebSocket API: sockets, their events, and the management API that pushes."""
