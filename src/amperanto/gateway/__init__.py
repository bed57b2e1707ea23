"""The door for stations: handshake, pipeline, links."""
