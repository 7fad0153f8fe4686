"""The published language: the envelope, the values, and one module of events per aggregate. Imports nothing else of ours."""
