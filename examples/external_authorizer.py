"""An authorizer of your own: a web service says who may charge, Amperanto asks it before it decides."""

# In your package's pyproject.toml:
#   [project.entry-points."amperanto.authorizer"]
#   "*" = "your_package.external_authorizer:may_charge"
import os

import httpx2

from amperanto.domain.stations import Station
from amperanto.domain.tokens import AuthorizationStatus, Token, Verdict


async def may_charge(station: Station, token: Token) -> Verdict | None:
    """What the service says; None where it does not know the token, so that the registry decides."""
    service = os.environ["AUTHORIZER_URL"]
    async with httpx2.AsyncClient(base_url=service, trust_env=False) as http:
        answer = await http.get("/tokens", params={"uid": token.uid, "station": station.identity})
    if answer.status_code == httpx2.codes.NOT_FOUND:
        return None
    told = answer.raise_for_status().json()
    return Verdict(
        status=AuthorizationStatus.ACCEPTED if told["allowed"] else AuthorizationStatus.BLOCKED,
        group=told.get("group"),
        keep_for=told.get("seconds", 0),
    )
