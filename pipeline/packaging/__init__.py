"""The functions' zips, and which modules each of them takes."""
