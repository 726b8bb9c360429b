"""Speed, as ratios within one run: `nox -s bench -- [names]`. Never asserted by a test."""
