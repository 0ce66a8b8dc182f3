"""Other uploaders beside Penstock: how each is run, and what a round of it is measured by. See README.md."""
