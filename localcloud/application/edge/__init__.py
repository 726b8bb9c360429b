"""CloudFront on one port: pages, API and sockets as a distribution routes them; its firewall."""
