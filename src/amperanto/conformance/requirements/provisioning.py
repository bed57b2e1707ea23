"""B. Provisioning: what the standard asks.

Of the wildcards of custom reports the source names the range B08.FR.20 to 25 without saying which is which; they are
listed in its order.
"""

from __future__ import annotations

from amperanto.conformance.requirements.requirement import ALL, V16, V21, Requirement, csms, station

CERTIFICATES = "comes with client certificates (security profile 3)"

BOOTING: tuple[Requirement, ...] = (
    csms("B01-1", "A boot is answered with the operator's decision, our time and an interval.", ALL),
    csms("B01.FR.10", "Before a station is accepted, every call but BootNotification is refused: SecurityError."),
    csms("B01.FR.11", "In profile 3 the certificate's serial number must be the boot's.", deferred=CERTIFICATES),
    csms("B01.FR.12", "Where they differ, the connection is closed.", deferred=CERTIFICATES),
    station("B01.FR.08", "Nothing else is said before the boot is answered, queued messages neither.", ALL),
    station("B01-2", "An interval above zero becomes the heartbeat's.", ALL),
    station("B01-3", "The clock follows the time in the answers to boots and heartbeats.", ALL),
    station("B01-4", "Being out of service outlives a restart.", ALL),
    station("B01-5", "Connector states are told after the acceptance; as events in 2.1.", ALL),
    csms("B02.FR.09", "While pending, what was not asked for or triggered is refused: SecurityError."),
    csms("B02-1", "A pending station can be set up, is accepted after that and told to boot again."),
    station("B02.FR.05", "While pending, remote starts and stops are rejected; other commands are answered.", ALL),
    station("B02-2", "The boot is repeated after the interval, or at once when triggered.", ALL),
    station("B02-3", "Without an interval the station chooses its own.", ALL),
    station(
        "B02-4",
        "Transactions before acceptance only where TxBeforeAcceptedEnabled says so; their events are queued.",
        ALL,
    ),
    csms("B03.FR.03", "Nothing is sent to a station that was rejected.", ALL),
    csms("B03.FR.07", "A rejected station's calls other than boots are refused: SecurityError."),
    station("B03.FR.08", "A rejected station answers commands with SecurityError.", ALL),
    station("B03-1", "A rejected station is silent until the interval is over, over a new connection too.", ALL),
    station("B04-1", "After OfflineThreshold every connector is reported, else only what changed.", ALL),
    station("B04-2", "A plain reconnect brings no new boot.", ALL),
)

VARIABLES: tuple[Requirement, ...] = (
    csms("B05.FR.11", "No SetVariables has more items or bytes than the station takes; one request at a time."),
    csms("B05.FR.13", "No attribute stands twice in one request."),
    csms("B05-1", "Each value has its own result, is read back, and waits for a restart where it needs one.", ALL),
    station("B05.FR.09", "A value that cannot hold is refused and not stored, for its reason."),
    station("B05-2", "Each element has a result that names its component and variable."),
    station("B05-3", "Without a type the Actual attribute is meant; one it lacks is NotSupportedAttributeType."),
    csms("B06-1", "No GetVariables has more items than the station takes."),
    station("B06-2", "What is write-only is not told: Rejected."),
    station("B06-3", "Unknown components, instances and variables are told apart."),
    station("B06-4", "A request with more items than announced is refused."),
    csms("B07.FR.14", "A full inventory is asked for at first contact and when firmware or hardware changed.", ALL),
    csms("B07-1", "A report is whole when each part to the last came, in any order; what lacks is named and kept."),
    csms("B07-2", "Where a base is not supported, the next best is asked for."),
    csms("B07-3", "A station that is busy with another report is asked again."),
    csms("B07-4", "An empty result and a refusal are told as such."),
    station("B07-5", "Parts are numbered from 0, all but the last announce another, each variable stands once."),
    station("B07-6", "A second report while one is under way is Rejected."),
    station("B07-7", "Values of write-only variables are left out of reports."),
    csms("B08-1", "A chosen report is asked for in as many requests as the station takes."),
    station("B08.FR.20", "Without a variable, every variable of the component is meant."),
    station("B08.FR.21", "Without an instance of the variable, all its instances are meant."),
    station("B08.FR.22", "With an instance of the variable, that one alone is meant."),
    station("B08.FR.23", "With an instance the component does not have, nothing is meant."),
    station("B08.FR.24", "Without an EVSE, the component of every EVSE is meant."),
    station("B08.FR.25", "With an EVSE, the component there alone is meant."),
    station("B08-2", "Criteria are joined by or; where nothing fits, the result is empty."),
)

NETWORK: tuple[Requirement, ...] = (
    csms("B09-1", "The slot is one of those the station says it has."),
    csms("B09-2", "A profile is written by SetNetworkProfile where the station has no NetworkConfiguration."),
    csms("B09-3", "A slot in the priority list, or in use, is never written."),
    csms("B09-4", "A refused profile is not put first; the station's reason is told."),
    csms("B09-5", "A station with NetworkConfiguration is set by its variables, passwords unkept.", V21),
    station("B09-6", "An unknown slot, a used one and a lower security profile are Rejected, with the reason."),
    station("B09-7", "There are two slots at least."),
    station("B09-8", "Slots can be read and set as NetworkConfiguration.", V21),
    station("B09.FR.26", "A new Identity clears that of the active profile.", V21),
    station("B09.FR.27", "A new BasicAuthPassword clears that of the active profile.", V21),
    csms("B10-1", "The new slot is put first in the priority list, the old ones stay behind it."),
    station("B10-2", "A priority with a slot it does not have is Rejected."),
    station("B10-3", "Each slot is tried as often as said, then the next; it never gives up."),
    station("B10-4", "After switching profiles it boots."),
)

RESETS: tuple[Requirement, ...] = (
    csms("B11-1", "Accepted and Scheduled are followed to the boot; its reason is shown.", ALL),
    csms("B11-2", "Rejected is told with its reason, and a boot that never comes is told, too.", ALL),
    csms("B11-3", "An EVSE can be reset alone."),
    station("B11-4", "A reset on idle waits for reservations, too."),
    station("B11-5", "The reset of an EVSE is Rejected where that is not supported."),
    station("B12-1", "An immediate reset ends transactions as such, restarts and boots for that reason."),
    station("B12-2", "A reset on idle is Scheduled while somebody charges, and happens after that."),
    station("B12-3", "What could not be delivered before the restart is delivered after it.", ALL),
    csms("B13-1", "ImmediateAndResume is asked only where ResumptionTimeout is above zero.", V21),
    csms("B13.FR.31", "TxProfiles that do not persist are sent again.", V21, deferred="comes with smart charging"),
)

OLDER: tuple[Requirement, ...] = (
    csms("1.6:BootNotification-1", "Before the boot other calls are tolerated, unless the station is strict.", V16),
    csms("1.6:Reset-1", "OnIdle is Soft, Immediate is Hard.", V16),
    station("1.6:Reset-2", "Soft and Hard stop what runs, each with its reason, and boot.", V16),
    csms("1.6:ChangeConfiguration-1", "Each value is one call, in order; each answer is its value's.", V16),
    station("1.6:ChangeConfiguration-2", "Keys are written, refused, and unknown ones not supported.", V16),
    csms("1.6:GetConfiguration-1", "The answer is the report; what nobody asked for is left out.", V16),
    csms("1.6:GetConfiguration-2", "unknownKey is an unknown variable.", V16),
    station("1.6:GetConfiguration-3", "Without keys all are listed; unknown ones are named.", V16),
    csms("1.6:Configuration-1", "Every standard key has a variable, or stands under ConfigurationKeys.", V16),
    station("1.6:Configuration-2", "The station has every key its profiles require.", V16),
)

REQUIREMENTS: tuple[Requirement, ...] = (*BOOTING, *VARIABLES, *NETWORK, *RESETS, *OLDER)
