"""D. Local authorization list: what the standard asks."""

from __future__ import annotations

from amperanto.conformance.requirements.requirement import ALL, V2, V16, Requirement, both, csms, station

REQUIREMENTS: tuple[Requirement, ...] = (
    both("D01-1", "A full update replaces the list and takes its version; an empty one empties the list", ALL),
    both("D01-2", "A differential update puts tokens that come with what they may, and removes the others", ALL),
    station("D01-3", "A differential update without tokens changes the version only", ALL),
    both("D01-4", "A differential update not newer than the list is a VersionMismatch; the CSMS sends a full one", ALL),
    csms("D01-5", "A list longer than the station has room for is cut to it, by a rule, and what is cut is shown", ALL),
    csms("D01-6", "A token that is blocked or changed reaches the lists that hold it as a differential update", ALL),
    csms("D01-7", "A list longer than a message goes as a full update and differential ones after it", ALL),
    csms("D01-8", "What failed is sent once more as a full update, and not for ever", ALL),
    station("D01-9", "The list outlives restarts, and changes by this message only", ALL),
    station("D01-10", "An update longer than ItemsPerMessage or BytesPerMessage is refused", V2),
    station("D01-11", "A list without room for it fails, and the old one stays", ALL),
    both("D01.FR.06", "No update names a token twice; one that does is refused whole", V2),
    csms("D01.FR.16", "A differential update changes the tokens it puts and leaves the rest", V2),
    csms("D01.FR.17", "A differential update names the tokens to remove without what they may", V2),
    csms("D01.FR.18", "Versions are above 0", ALL),
    csms("D01.FR.19", "Each update has a version above the one before", ALL),
    station("D02-1", "The version is 0 where no list was sent, or it is off", V2),
    csms(
        "D02-2",
        "The CSMS asks for the version before it sends, and sends all of it where it is another than it knows",
        ALL,
    ),
    csms("1.6:SendLocalList-1", "A version sent is never 0 or -1", V16),
    station(
        "1.6:SendLocalList-2", "Full replaces, Differential puts and removes; a token without idTagInfo is removed", V16
    ),
    station("1.6:SendLocalList-3", "A station without lists answers NotSupported", V16),
    station("1.6:GetLocalListVersion-1", "The version is -1 where there are no lists, and 0 where it is empty", V16),
)
