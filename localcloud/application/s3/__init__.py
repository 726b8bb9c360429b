"""S3 in front of moto: what browsers may do, the website, and the bucket's events."""
