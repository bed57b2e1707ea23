"""Who hears of it: events to listeners, and requests from node to node.

Carries what may be lost and asked again.
"""
