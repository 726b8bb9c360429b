"""AWS's stand-in on 127.0.0.1: the same deployer, the same template, no account."""
