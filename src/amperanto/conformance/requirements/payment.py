"""C. Ad hoc payment (C17-C25, 2.1): what the standard asks.

The copy of the standard we work from numbers one requirement alone (C25.FR.01); the others are counted by us.
"""

from __future__ import annotations

from amperanto.conformance.requirements.requirement import V21, Requirement, csms, station

CSMS: tuple[Requirement, ...] = (
    csms(
        "C18-3",
        "A token of type DirectPayment is accepted for what the terminal holds, and is no registered token.",
        V21,
    ),
    csms("C18-4", "The operator may reject what a terminal holds.", V21),
    csms("C18-5", "What the terminal tells beside the reference (additionalInfo) is kept with the payment.", V21),
    csms("C18-6", "The cost limit in a TransactionEvent is what the terminal holds.", V21),
    csms(
        "C18-7", "A VatNumberValidation is answered Accepted or Rejected, with its VAT number and evseId echoed.", V21
    ),
    csms("C18-8", "An accepted VAT number is answered with whose it is.", V21),
    csms("C19-2", "A NotifySettlement Canceled before a transaction ends the payment, and nothing is taken.", V21),
    csms("C20-1", "A charge canceled after its start is answered totalCost 0.", V21),
    csms("C20-2", "A NotifySettlement Canceled with its transaction ends the payment, and nothing is taken.", V21),
    csms("C21-2", "Where SettlementByCSMS is set, the CSMS takes what was used once the transaction has ended.", V21),
    csms("C21-3", "Where ReceiptByCSMS is set, a Settled is answered with the receiptUrl.", V21),
    csms("C22-1", "A NotifySettlement Rejected or Failed is kept with its reason and gets no receipt.", V21),
    csms("C23-2", "A LimitSet with a higher cost limit raises what is known to be held.", V21),
    csms("C24-1", "A kiosk's payment starts the station by RequestStartTransaction with a DirectPayment token.", V21),
    csms("C24-2", "The Started of such a transaction is answered with its limits; no later event is.", V21),
    csms("C24-3", "After Ended what was used is taken from what was held.", V21),
    csms("C24-4", "Where the station does not start, what was held is given back.", V21),
    csms("C25-5", "A QR address starts the station only with the code of the current, previous or next interval.", V21),
    csms("C25-6", "A wrong code holds no money and asks the station nothing.", V21),
    csms("C25-7", "maxtime, maxenergy and maxcost of the address limit the transaction.", V21),
    csms("C25-8", "Who opens the page has the EVSE kept free by NotifyWebPaymentStarted.", V21),
    csms("C25-9", "The shared secret of QR codes is in no log, answer or event.", V21),
)

STATION: tuple[Requirement, ...] = (
    station("C17-S1", "A prepaid card is asked about each time: its answer expires at once.", V21),
    station("C17-S2", "The credit of a prepaid card limits the charge, and the limit is told once.", V21),
    station("C18-S1", "The terminal holds AuthorizationAmount before anything charges.", V21),
    station(
        "C18-S2", "Where AuthorizeDirectPayment is set, the CSMS is asked with the PspRef and PaymentDetails.", V21
    ),
    station("C18-S3", "The first event of the transaction tells what is held as its cost limit, once.", V21),
    station("C18-S4", "What the CSMS rejects is let go at once.", V21),
    station("C18-S5", "Where AuthorizeDirectPayment is not set, the terminal alone authorises.", V21),
    station("C18-S6", "A VAT number is validated by the CSMS; only an accepted one is on the receipt.", V21),
    station("C19-S1", "A driver's stop or EVConnectionTimeOut before the transaction lets go of what is held.", V21),
    station("C19-S2", "NotifySettlement Canceled is sent for it only where AuthorizeDirectPayment is set.", V21),
    station("C20-S1", "A charge canceled after its start ends and is told Canceled with its transaction.", V21),
    station("C21-S1", "After Ended the cost is taken to the cent and told by NotifySettlement Settled.", V21),
    station("C21-S2", "What the station calculated by its tariff is what it takes.", V21),
    station("C21-S3", "Where SettlementByCSMS is set, the station takes nothing.", V21),
    station("C21-S4", "Where ReceiptByCSMS is set, the receiptUrl of the answer is shown.", V21),
    station("C21-S5", "A settlement is told again until it is answered, and taken once.", V21),
    station("C22-S1", "A settlement Rejected or Failed is told so, without a receipt.", V21),
    station("C23-S1", "When little of it is left, the terminal raises what it holds, told as LimitSet.", V21),
    station("C23-S2", "Without an increment the charge is suspended when what is held is used.", V21),
    station("C24-S1", "A start with a DirectPayment token charges, and its limit is echoed once.", V21),
    station("C25.FR.01", "A QR address is shown only where WebPaymentsCtrlr.Enabled is set.", V21),
    station("C25-S1", "The QR address fills the placeholders of URLTemplate, with the code of the interval.", V21),
    station("C25-S2", "It carries those of maxtime, maxenergy and maxcost that the driver chose.", V21),
    station("C25-S3", "After NotifyWebPaymentStarted nobody else starts at the EVSE until the timeout.", V21),
    station("C25-S4", "The shared secret can be set and never read.", V21),
)

REQUIREMENTS: tuple[Requirement, ...] = (*CSMS, *STATION)
