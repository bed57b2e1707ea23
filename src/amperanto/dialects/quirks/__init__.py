"""What single vendors' stations do that the standard does not say."""
