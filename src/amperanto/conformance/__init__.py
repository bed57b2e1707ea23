"""What the standard asks, and where it is proved. The examiner that plays either side will live here too."""
