"""What holds for every test: laws are judged by their examples, never by the clock of a busy machine."""

from hypothesis import HealthCheck, settings

settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("thorough", parent=settings.get_profile("house"), max_examples=1000)
settings.load_profile("house")
