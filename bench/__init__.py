"""Measurements: what the product's parts cost, against what others use. Peers are an optional extra (`pip install .[bench]`)."""
