"""Anxin (安薪): wages locked in escrow contracts, released by the worker's own signature."""
