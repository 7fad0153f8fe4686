"""Reporting: what is the state of the portfolio, and how do we know?"""
