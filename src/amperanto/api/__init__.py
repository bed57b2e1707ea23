"""The door for programs: REST with server-sent events, described by the OpenAPI document it serves."""
