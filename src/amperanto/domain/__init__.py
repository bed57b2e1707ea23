"""The charging world in plain Python: stations, tokens, transactions, energy. Knows no JSON and no OCPP."""
