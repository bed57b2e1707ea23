"""What a hostile or broken station sends, and what it gets: one row each, read from the standard, not from our code.

A row is a sentence, the frame (`$id` stands for a fresh message id; a row for `1.6` and `2` says it in both
families) and the outcome in strict and in tolerant mode. Sources: OCPP-J 1.6 with its errata, Part 4 of 2.0.1 and
2.1 (message ids, error codes, the unreadable id "-1", unknown message types), RFC 6455 (close codes), RFC 8259.
Where the standard leaves a choice, the ruling stands beside the row. No row may cost the connection unless the
outcome says `closed`.
"""

from __future__ import annotations

from tests.fault.hostile_words import (
    ANSWERED,
    BROKEN,
    FORMAT,
    FRAMEWORK,
    MISSING,
    NOT_SUPPORTED,
    NOT_UTF8,
    NOTED,
    NOW,
    OCCURRENCE,
    PROPERTY,
    PROTOCOL,
    REVIEWED,
    SECURITY,
    SILENCE,
    TOO_BIG,
    TYPE,
    UNKNOWN,
    UNREADABLE,
    Row,
    boot,
    both,
    call,
    data,
    deep,
    event,
    raw,
    start,
    status,
    without,
)

MILLION = 1_000_000
MIB = 1024 * 1024

FRAMES = [
    both("text that is not JSON", "hello, is this OCPP?", UNREADABLE),
    both("an empty message", "", UNREADABLE),
    both("an object instead of an array", '{"messageTypeId":2}', UNREADABLE),
    both("a bare number", "7", UNREADABLE),
    both("a bare null", "null", UNREADABLE),
    both("an empty array", "[]", UNREADABLE),
    both("a CALL of nothing but its type", "[2]", UNREADABLE),
    both("two messages in one frame", '[2,"$id","Heartbeat",{}][2,"$id","Heartbeat",{}]', BROKEN),
    both("single quotes", "[2,'$id','Heartbeat',{}]", UNREADABLE),
    both("a message cut in the middle", '[2,"$id","Heartbeat",{"a', BROKEN),
    both("a bracket too many", '[2,"$id","Heartbeat",{}]]', BROKEN),
    both("a CALL without action and payload", '[2,"$id"]', FRAMEWORK),
    both("a CALL without a payload", '[2,"$id","Heartbeat"]', FRAMEWORK),
    both("a CALL with a fifth element", '[2,"$id","Heartbeat",{},"more"]', FRAMEWORK),
    both("an action that is a number", '[2,"$id",7,{}]', FRAMEWORK),
    both("blanks and line breaks around everything", ' [ 2 ,\r\n\t"$id" , "Heartbeat" , { } ]\n', ANSWERED),
    # RFC 8259 8.1: must not be sent; a reader may ignore it, and need not.
    both("a byte order mark", '\ufeff[2,"$id","Heartbeat",{}]', UNREADABLE),
    both("bytes that are not UTF-8", b'[2,"$id","Heartbeat",{"a":"\xff\xfe"}]', NOT_UTF8),
    both("a frame over the limit", '[2,"$id","DataTransfer",{"vendorId":"' + "x" * MIB + '"}]', TOO_BIG),
]

TYPES = [
    both("message type 9", '[9,"$id","Heartbeat",{}]', SILENCE),
    both("message type 0", '[0,"$id","Heartbeat",{}]', SILENCE),
    both("a negative message type", '[-2,"$id","Heartbeat",{}]', SILENCE),
    both("a huge message type", '[123456789012345678901234567890,"$id","Heartbeat",{}]', SILENCE),
    both("a message type in quotes", '["2","$id","Heartbeat",{}]', UNREADABLE),
    both("a result of a call nobody made", '[3,"$id",{}]', SILENCE),
    both("a result without a payload", '[3,"$id"]', SILENCE),
    both("a result without an id", "[3]", SILENCE),
    both("an error of a call nobody made", '[4,"$id","GenericError","",{}]', SILENCE),
    both("an error without a code", '[4,"$id"]', SILENCE),
    both("an error with the unreadable id", '[4,"-1","RpcFrameworkError","",{}]', SILENCE),
    # Types 5 and 6 are words of 2.1 only; elsewhere they are unknown types, which are ignored.
    both("a result error of a result nobody gave", '[5,"$id","GenericError","",{}]', SILENCE),
    both(
        "a SEND",
        f'[6,"$id","NotifyPeriodicEventStream",{{"id":1,"pending":0,"basetime":"{NOW}","data":[{{"t":0,"v":"1"}}]}}]',
        SILENCE,
    ),
    both("a SEND of something that is a CALL", '[6,"$id","Heartbeat",{}]', SILENCE),
    both("a SEND of an unknown action", '[6,"$id","Sing",{}]', SILENCE),
    both("a SEND with a broken payload", '[6,"$id","NotifyPeriodicEventStream",{"id":"x"}]', SILENCE),
    both("a CALL of something that is a SEND", {"2.1": raw("NotifyPeriodicEventStream", "{}")}, PROTOCOL),
]

IDS = [
    both("an id of 36 characters", f'[2,"{"i" * 36}","Heartbeat",{{}}]', ANSWERED),
    Row("an id of 37 characters", f'[2,"{"i" * 37}","Heartbeat",{{}}]', FRAMEWORK, NOTED),
    Row("an id of 255 characters", f'[2,"{"i" * 255}","Heartbeat",{{}}]', FRAMEWORK, NOTED),
    # Nobody's words are echoed at any length: what is longer counts as unreadable.
    both("an id of 256 characters", f'[2,"{"i" * 256}","Heartbeat",{{}}]', UNREADABLE),
    both("an id that is a number", '[2,17,"Heartbeat",{}]', UNREADABLE),
    both("an id that is null", '[2,null,"Heartbeat",{}]', UNREADABLE),
    both("an id that is a list", '[2,["$id"],"Heartbeat",{}]', UNREADABLE),
    # A string of no more than 36 characters: the standard asks for nothing else.
    both("an empty id", '[2,"","Heartbeat",{}]', ANSWERED),
    both("an id of control characters and signs", r'[2,"\u0000\n\u00e9\ud83d\ude97","Heartbeat",{}]', ANSWERED),
]

ACTIONS = [
    both("an unknown action", raw("Sing", "{}"), UNKNOWN),
    both("an empty action", raw("", "{}"), UNKNOWN),
    both("an action in the wrong case", raw("heartbeat", "{}"), UNKNOWN),
    both("an action with its class's suffix", raw("HeartbeatRequest", "{}"), UNKNOWN),
    both(
        "an action of another version",
        {"1.6": call("TransactionEvent", event()), "2": call("StartTransaction", start())},
        UNKNOWN,
    ),
    both("an action of 2.1 on 2.0.1", {"2.0.1": call("BatterySwap", {})}, UNKNOWN),
    # Known, and not ours to answer.
    both(
        "an action in the wrong direction",
        {"1.6": call("RemoteStartTransaction", {"idTag": "CAFE"}), "2": call("Reset", {"type": "Immediate"})},
        NOT_SUPPORTED,
    ),
]

PAYLOADS = [
    Row("a payload that is null", raw("Heartbeat", "null"), TYPE, NOTED),
    both("a payload that is a list", raw("Heartbeat", "[]"), TYPE),
    both("a payload that is text", raw("Heartbeat", '"{}"'), TYPE),
    both("a payload that is a number", raw("Heartbeat", "0"), TYPE),
    Row("an extra field", raw("Heartbeat", '{"mood":"fine"}'), FORMAT, NOTED),
    Row("an extra field of an empty name", raw("Heartbeat", '{"":1}'), FORMAT, NOTED),
    Row(
        "an extra field inside",
        {
            "1.6": call(
                "MeterValues",
                {
                    "connectorId": 1,
                    "meterValue": [{"timestamp": NOW, "sampledValue": [{"value": "1", "mood": "fine"}]}],
                },
            ),
            "2": boot({}, {"mood": "fine"})["2"],
        },
        FORMAT,
        NOTED,
    ),
    both("custom data", {"2": call("Heartbeat", {"customData": {"vendorId": "acme", "any": [1, None]}})}, ANSWERED),
    Row("custom data without a vendor", {"2": call("Heartbeat", {"customData": {"any": 1}})}, MISSING, NOTED),
    Row("custom data in 1.6", {"1.6": call("Heartbeat", {"customData": {"vendorId": "acme"}})}, FORMAT, NOTED),
    both("a required field missing", {"1.6": call("Authorize", {}), "2": call("Authorize", {})}, MISSING),
    both("a list where an object belongs", {"2": call("Authorize", {"idToken": []})}, TYPE),
    both("an object where text belongs", {"1.6": call("Authorize", {"idTag": {}})}, TYPE),
    # To the tolerant null says nothing, so the field is absent.
    Row("a required field that is null", status(connectorId=None), TYPE, MISSING),
    Row("an optional field that is null", boot({"iccid": None}, {"serialNumber": None}), TYPE, NOTED),
    Row("a number as text", status(connectorId="1"), TYPE, NOTED),
    Row(
        "text as a number",
        boot({"firmwareVersion": 12}, {"firmwareVersion": 12}),
        TYPE,
        NOTED,
    ),
    Row("a number with a fraction where a whole one belongs", status(connectorId=1.5), TYPE, NOTED),
    both("a number as text that is none", status(connectorId="one"), TYPE),
    Row("true where a number belongs", status(connectorId=True), TYPE, NOTED),
    Row(
        "a negative number where none may be",
        {
            "2.1": call(
                "StatusNotification", {"timestamp": NOW, "connectorStatus": "Available", "evseId": -1, "connectorId": 1}
            )
        },
        PROPERTY,
        NOTED,
    ),
    Row(
        "text over its length",
        boot({"chargePointSerialNumber": "s" * 26}, {"serialNumber": "s" * 26}),
        PROPERTY,
        NOTED,
    ),
    Row(
        "an unknown word of an enumeration",
        {
            "1.6": status(errorCode="Error")["1.6"],
            "2": status(connectorStatus="Sleeping")["2"],
        },
        PROPERTY,
        NOTED,
    ),
    Row(
        "a word of an enumeration in the wrong case",
        {"1.6": status(status="AVAILABLE")["1.6"], "2": status(connectorStatus="AVAILABLE")["2"]},
        PROPERTY,
        NOTED,
    ),
    Row(
        "an empty list where one is due", {"2": call("MeterValues", {"evseId": 1, "meterValue": []})}, OCCURRENCE, NOTED
    ),
    Row(
        "a list over its length",
        {
            "2": call(
                "Authorize",
                {
                    "idToken": {"idToken": "CAFE", "type": "ISO14443"},
                    "iso15118CertificateHashData": [
                        {
                            "hashAlgorithm": "SHA256",
                            "issuerNameHash": "a",
                            "issuerKeyHash": "b",
                            "serialNumber": "1",
                            "responderURL": "u",
                        }
                    ]
                    * 5,
                },
            )
        },
        OCCURRENCE,
        NOTED,
    ),
]

TIMES = [
    Row("a timestamp in the year 222222017", status(timestamp="222222017-10-27T19:10:11Z"), PROPERTY, NOTED),
    Row("an empty timestamp", status(timestamp=""), PROPERTY, NOTED),
    Row("a timestamp in words", status(timestamp="yesterday"), PROPERTY, NOTED),
    Row("a timestamp with month 13", status(timestamp="2026-13-01T00:00:00Z"), PROPERTY, NOTED),
    Row("a timestamp in the year 0", status(timestamp="0000-01-01T00:00:00Z"), PROPERTY, NOTED),
    Row("a timestamp without a zone", status(timestamp="2026-05-01T12:00:00"), PROPERTY, NOTED),
    Row("a timestamp with a short offset", status(timestamp="2026-05-01T12:00:00+02"), PROPERTY, NOTED),
    # Optional in 1.6, where it is left out.
    Row("a timestamp that is an object", status(timestamp={}), TYPE, {"1.6": NOTED, "2": TYPE}),
    both("a timestamp at the end of time", status(timestamp="9999-12-31T23:59:59Z"), ANSWERED),
]

NUMBERS = [
    both("NaN", data("NaN"), BROKEN),
    both("Infinity", data("Infinity"), BROKEN),
    both("a minus alone", data("-"), BROKEN),
    both("a number with a leading zero", data("012"), BROKEN),
    both("a whole number beyond 64 bits", status(connectorId=10**30), PROPERTY),
    both("a whole number beyond a double", status(connectorId=10**400), PROPERTY),
    # JSON Schema knows no bound, and ids of 64 bits have been seen in the field.
    both("a whole number beyond 31 bits", status(connectorId=2**40), ANSWERED),
    both(
        "a number beyond a double, written with an exponent",
        {
            "1.6": raw("StatusNotification", '{"connectorId":1e999,"errorCode":"NoError","status":"Available"}'),
            "2": raw(
                "StatusNotification",
                f'{{"connectorId":1e999,"evseId":1,"timestamp":"{NOW}","connectorStatus":"Available"}}',
            ),
        },
        FORMAT,
    ),
]

TEXTS = [
    both("half of a surrogate pair", data(r'"\ud800"'), BROKEN),
    both("a raw control character in text", data('"a\nb"'), BROKEN),
    both("an unknown escape", data(r'"\x41"'), BROKEN),
    both("NUL, quotes and SQL in text", data(r'"\u0000\"; DROP TABLE stations; --"'), ANSWERED),
    both("HTML in text", data('"<script>alert(1)</script>"'), ANSWERED),
    both("the whole of Unicode's edge", data(r'"\uffff\ufffe\ud83d\ude97"'), ANSWERED),
]

KEYS = [
    both("a key twice", raw("Heartbeat", '{"a":1,"a":1}'), FORMAT),
    both("a known key twice", data('"x","vendorId":"other"'), FORMAT),
    both("a key twice, once escaped", raw("Heartbeat", r'{"a":1,"\u0061":1}'), FORMAT),
    both("a key twice inside", data('{"a":{"b":1,"b":2}}'), FORMAT),
    both("a key twice inside a list", data('[1,{"b":1,"b":2}]'), FORMAT),
    both("a key twice in custom data", {"2": raw("Heartbeat", '{"customData":{"vendorId":"a","b":1,"b":2}}')}, FORMAT),
    both("the same key in two objects", {"2": data('[{"b":1},{"b":2,"c":{"b":1}}]')}, ANSWERED),
]

DEPTHS = [
    both("60 levels", {"2": data(deep(60))}, ANSWERED),
    both("65 levels", data(deep(65)), FORMAT),
    both("400,000 levels inside the payload", data(deep(400_000)), FORMAT),
    both("400,000 levels outside", deep(400_000), UNREADABLE),
    both("a million levels inside the payload", data(deep(MILLION)), TOO_BIG),
    both("a million levels outside", deep(MILLION), TOO_BIG),
    both("a million levels never closed", "[" * MILLION, UNREADABLE),
    both("a million levels never closed, inside", '[2,"$id","DataTransfer",{"data":' + "[" * MILLION, FORMAT),
    both("a million objects never closed, inside", '[2,"$id","DataTransfer",' + '{"a":' * (MILLION // 5), FORMAT),
]

# A transaction message that cannot be read must not block a tolerant station's queue (R8): answered validly, kept raw.
TRANSACTIONS = [
    Row(
        "a start without its meter",
        {"1.6": call("StartTransaction", without(start(), "meterStart"))},
        MISSING,
        REVIEWED,
    ),
    Row("a start with an object for a meter", {"1.6": call("StartTransaction", start(meterStart={}))}, TYPE, REVIEWED),
    Row("a start with nothing in it", {"1.6": raw("StartTransaction", "{}")}, MISSING, REVIEWED),
    Row("a start whose payload is null", {"1.6": raw("StartTransaction", "null")}, TYPE, REVIEWED),
    Row(
        "a start with a key twice",
        {"1.6": raw("StartTransaction", '{"meterStart":1,"meterStart":2}')},
        FORMAT,
        REVIEWED,
    ),
    Row("a start nested too deep", {"1.6": raw("StartTransaction", f'{{"a":{deep(80)}}}')}, FORMAT, REVIEWED),
    Row(
        "a stop without its meter",
        {"1.6": call("StopTransaction", {"transactionId": 5, "timestamp": NOW})},
        MISSING,
        REVIEWED,
    ),
    Row(
        "a stop with a list for a number",
        {"1.6": call("StopTransaction", {"transactionId": [], "timestamp": NOW, "meterStop": 9})},
        TYPE,
        REVIEWED,
    ),
    Row(
        "an event of no transaction",
        {"2": call("TransactionEvent", without(event(), "transactionInfo"))},
        MISSING,
        REVIEWED,
    ),
    Row("an event without a kind", {"2": call("TransactionEvent", without(event(), "eventType"))}, MISSING, REVIEWED),
    # An unknown word is kept as text and means the neutral thing: an update.
    Row("an event with an unknown kind", {"2": call("TransactionEvent", event(eventType="Paused"))}, PROPERTY, NOTED),
    Row("an event with a word for its number", {"2": call("TransactionEvent", event(seqNo="first"))}, TYPE, REVIEWED),
    Row("an event with nothing in it", {"2": raw("TransactionEvent", "{}")}, MISSING, REVIEWED),
    Row("an event whose payload is a list", {"2": raw("TransactionEvent", "[]")}, TYPE, REVIEWED),
    Row("an event with a key twice", {"2": raw("TransactionEvent", '{"seqNo":1,"seqNo":2}')}, FORMAT, REVIEWED),
    Row("an event nested too deep", {"2": raw("TransactionEvent", f'{{"a":{deep(80)}}}')}, FORMAT, REVIEWED),
    Row(
        "a transaction message cut in the middle",
        {
            "1.6": '[2,"$id","StartTransaction",{"connectorId":1,"idTag":"CA',
            "2": '[2,"$id","TransactionEvent",{"eventT',
        },
        BROKEN,
        REVIEWED,
    ),
    Row(
        "a transaction message with NaN",
        {
            "1.6": raw("StopTransaction", '{"transactionId":5,"meterStop":NaN}'),
            "2": raw("TransactionEvent", '{"seqNo":NaN}'),
        },
        BROKEN,
        REVIEWED,
    ),
    Row(
        "a transaction message without a payload",
        {"1.6": '[2,"$id","StartTransaction"]', "2": '[2,"$id","TransactionEvent"]'},
        FRAMEWORK,
        REVIEWED,
    ),
    Row(
        "a transaction message with a meter beyond 64 bits",
        {"1.6": call("StartTransaction", start(meterStart=10**30)), "2": call("TransactionEvent", event(seqNo=10**30))},
        PROPERTY,
        REVIEWED,
    ),
    Row(
        "a transaction message that UTC's calendar does not reach",
        {
            "1.6": call("StartTransaction", start(timestamp="9999-12-31T23:59:59-23:59")),
            "2": call("TransactionEvent", event(timestamp="9999-12-31T23:59:59-23:59")),
        },
        PROPERTY,
        NOTED,
    ),
    Row(
        "meter values with broken brackets",
        raw("MeterValues", '{"connectorId":1,"evseId":1,"meterValue":[,{]}'),
        BROKEN,
        REVIEWED,
    ),
    Row(
        "a transaction message over the length of a word",
        {
            "1.6": call("StartTransaction", start(idTag="t" * 21)),
            "2": call("TransactionEvent", event(idToken={"idToken": "t" * 256, "type": "ISO14443"})),
        },
        PROPERTY,
        NOTED,
    ),
    Row(
        "a transaction message with an empty time",
        {
            "1.6": call("StartTransaction", start(timestamp="")),
            "2": call("TransactionEvent", event(timestamp="")),
        },
        PROPERTY,
        NOTED,
    ),
    Row(
        "a transaction message whose time is null",
        {
            "1.6": call("StartTransaction", start(timestamp=None)),
            "2": call("TransactionEvent", event(timestamp=None)),
        },
        TYPE,
        NOTED,
    ),
    Row(
        "a transaction message in the year 222222017",
        {
            "1.6": call("StartTransaction", start(timestamp="222222017-10-27T19:10:11Z")),
            "2": call("TransactionEvent", event(timestamp="222222017-10-27T19:10:11Z")),
        },
        PROPERTY,
        NOTED,
    ),
]

ROWS = [*FRAMES, *TYPES, *IDS, *ACTIONS, *PAYLOADS, *TIMES, *NUMBERS, *TEXTS, *KEYS, *DEPTHS, *TRANSACTIONS]

# ------------------------------------------------------------------ before a station may speak
# 2.x: SecurityError whatever the mode (B01.FR.10, B02.FR.09, B03.FR.07). 1.6: recommended by the J errata, and
# many stations speak before their boot is answered: only strict refuses.
UNBOOTED = [
    Row("a status", status(), SECURITY, {"1.6": ANSWERED, "2": SECURITY}),
    Row("a heartbeat", raw("Heartbeat", "{}"), SECURITY, {"1.6": ANSWERED, "2": SECURITY}),
    Row(
        "an authorization",
        {
            "1.6": call("Authorize", {"idTag": "CAFE"}),
            "2": call("Authorize", {"idToken": {"idToken": "CAFE", "type": "ISO14443"}}),
        },
        SECURITY,
        {"1.6": ANSWERED, "2": SECURITY},
    ),
    # 64 KiB until it is accepted.
    both("a frame of 100 KiB", data('"' + "x" * 100_000 + '"'), TOO_BIG),
]
