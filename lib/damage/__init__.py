"""Damaged buildings told from intact ones: features, networks, their training, and a fair comparison of them."""
