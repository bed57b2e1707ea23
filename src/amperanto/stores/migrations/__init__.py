"""The revisions of the schema, one set for both databases.

Each works with the previous release's code (R12).
"""
