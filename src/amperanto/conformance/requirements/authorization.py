"""C. Authorization: what the standard asks. Payment at a terminal or by phone (C18–C25) stands in `payment.py`."""

from __future__ import annotations

from amperanto.conformance.requirements.requirement import ALL, V2, V16, V21, V201, Requirement, both, csms, station

CERTIFICATES = "contract certificates come with ISO 15118; what is known of the eMAID decides until then"

REQUIREMENTS: tuple[Requirement, ...] = (
    station(
        "C01-1", "Energy flows only after an authorisation, unless AuthCtrlr.Enabled says that none is needed", ALL
    ),
    csms("C01-2", "An Authorize is answered with what the token may do", ALL),
    station("C01-3", "Who was authorised and does not plug in within EVConnectionTimeOut is authorised no more", ALL),
    csms("C01-4", "Tokens are equal when their uids are, case aside; what else comes with one is no part of it", ALL),
    csms("C01-5", "The answer says in which languages to speak to the driver, and what to show (I01)"),
    csms("C01.FR.18", "A token that may charge at some EVSEs of a station is accepted, and the answer lists them"),
    csms("C01.FR.19", "A token that may charge at every EVSE of a station is accepted without a list of EVSEs"),
    csms("C01.FR.20", "A token that may not charge at an EVSE of this type is answered NotAllowedTypeEVSE"),
    csms("C01.FR.21", "A token that may not charge at this station is answered NotAtThisLocation"),
    csms("C01.FR.22", "The list of EVSEs names those of this station only, and holds for the start, too"),
    station("C01-6", "A token that is accepted for some EVSEs does not charge at the others"),
    csms("C01.FR.23", "A second token in a transaction whose first one was refused is not accepted"),
    csms("C01.FR.24", "Such a token charges only in a transaction of its own"),
    both(
        "C01.FR.25",
        "Tokens are compared by uid and type without case, and without what else comes with one",
        V21,
        divergence="the CSMS compares by uid alone: one card is one token, also where 1.6 cannot say its type",
    ),
    csms("C02.FR.01", "A start button's token, NoAuthorization, is accepted always"),
    station("C02-2", "A start button's token is neither asked about nor cached"),
    station("C03-1", "A token of type Central is neither asked about nor cached", V201),
    csms("C04-1", "A key code is answered Accepted or Invalid, and is never logged"),
    csms("C04-2", "Who tries key codes one after the other has to wait ever longer"),
    csms("C05-1", "The start of a token that the CSMS gave itself, with a remote start, is accepted", ALL),
    station("C05-2", "A token of type Central is started without an Authorize"),
    station("C05-3", "The first report of a remote start names it, and its token"),
    csms("C06-1", "A token made on the spot (Local) is answered like any other"),
    csms("C07-1", "An eMAID is answered by what is known of it"),
    csms(
        "C07-2",
        "The certificates of a contract are checked, by OCSP, too, and the answer says so",
        deferred=CERTIFICATES,
    ),
    station("C07-3", "Offline a contract is validated by the station where it is allowed to", deferred=CERTIFICATES),
    csms("C08-1", "A token presented at an EVSE that speaks ISO 15118 is answered as in C01"),
    csms("C09-1", "Every answer about a token of a group names the group", ALL),
    csms("C09-2", "Another token of the group that charges here is accepted, to stop", ALL),
    station(
        "C09-3", "Another token of the same group stops the transaction; one not accepted or of no group does not", ALL
    ),
    station("C09-4", "Before such a stop the station asks about a token whose group it does not know", ALL),
    csms("C10-1", "An answer says until when a station may keep it, where it does not hold for ever", ALL),
    station(
        "C10-2", "Every answer about a token is cached, accepted or not, also those to reports of transactions", ALL
    ),
    station("C10-3", "An entry ends when the answer says, else LifeTime after it was heard last"),
    station("C10-4", "Where there is no room tokens that are not accepted go first, then the oldest", ALL),
    station("C10-5", "Start buttons, Central and prepaid tokens are not kept"),
    csms("C11-1", "Where the owner wants it, caches are cleared when a token is blocked, changed or removed", ALL),
    station("C11-2", "ClearCache empties the cache; one that is off rejects it", ALL),
    csms("C12-1", "A token a station accepted from its cache is checked again when its transaction is told", ALL),
    station("C12-2", "With LocalPreAuthorize a token cached as accepted charges without an Authorize", ALL),
    station("C12-3", "One cached as not accepted is asked about, unless DisablePostAuthorize", V2),
    station("C13-1", "What is known locally goes in this order: the list, the cache, the CSMS", ALL),
    station("C13-2", "Offline only tokens that are listed as accepted charge where strangers may not", ALL),
    station("C13-3", "A listed token whose time is over is no longer accepted", ALL),
    csms("C14-1", "A token a station accepted from its list is checked again when its transaction is told", ALL),
    station(
        "C14-2",
        "With LocalPreAuthorize a listed, accepted token charges without an Authorize; others are asked about",
        ALL,
    ),
    csms("C15-1", "A token nobody was asked about is judged when its transaction is told, by the hour it started", ALL),
    station("C15-2", "Offline a token nobody knows charges where OfflineTxForUnknownIdEnabled says so", ALL),
    station("C15-3", "One that is known as refused is no stranger: it does not charge offline", ALL),
    csms("C16-1", "A token of the master pass group may stop transactions and start none"),
    station(
        "C16-2", "A token of MasterPassGroupId stops every transaction of a station without a screen, as MasterPass"
    ),
    station("C16-3", "Such a token starts no transaction"),
    csms("C17-1", "A prepaid token is accepted or answered NoCredit, and the answer expires at once", V21),
    csms("C17-2", "The transaction of a prepaid token is told its limit of cost, once", V21),
    station("C17-3", "A prepaid token is asked about each time", V21),
    csms("1.6:Authorize-1", "Every refusal 1.6 has no word for is answered Invalid; parentIdTag names the group", V16),
    station("1.6:Authorize-2", "The list goes before the cache, the cache before the question", V16),
    station(
        "1.6:Authorize-3", "Confirmations of Authorize, StartTransaction and StopTransaction update the cache", V16
    ),
    station(
        "1.6:Authorize-4",
        "A cached token that is not accepted, or whose time is over, is asked about while online",
        V16,
    ),
    station("1.6:ClearCache-1", "ClearCache is accepted, or rejected also where there is no cache", V16),
)
