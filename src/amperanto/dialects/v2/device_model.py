"""B05-B08, as OCPP 2.x says them: the report, part by part. Everything else of them is its own neutral word."""

from __future__ import annotations

from amperanto.dialects.context import StationContext
from amperanto.dialects.errors import NotSpoken
from amperanto.dialects.v2.words import V2
from amperanto.dialects.variables import report_data, reported
from amperanto.dialects.wording import aware
from amperanto.domain.decisions import Noted
from amperanto.domain.observations import VariablesReported
from amperanto.ocpp import v2

NOTED = Noted()
ATTRIBUTES = 4


@V2.exchange(v2.NotifyReportRequest, VariablesReported)
class NotifyReport:
    """One part of a report; a part that does not say that more come is the last."""

    @staticmethod
    def read(wire: v2.NotifyReportRequest, context: StationContext) -> VariablesReported:
        lines = () if isinstance(wire.report_data, v2.UnsetType) else wire.report_data
        return VariablesReported(
            request=wire.request_id,
            at=aware(wire.generated_at),
            variables=tuple([reported(line) for line in lines]),
            part=wire.seq_no,
            more=wire.tbc is True,
        )

    @staticmethod
    def write(neutral: VariablesReported, context: StationContext) -> v2.NotifyReportRequest:
        if any(not 1 <= len(one.attributes) <= ATTRIBUTES for one in neutral.variables):
            raise NotSpoken("a reported variable has one to four attributes")
        return v2.NotifyReportRequest(
            request_id=neutral.request,
            generated_at=aware(neutral.at),
            report_data=[report_data(one) for one in neutral.variables] or v2.UNSET,
            seq_no=neutral.part,
            tbc=True if neutral.more else v2.UNSET,
        )

    @staticmethod
    def answer(wire: v2.NotifyReportRequest, said: Noted, context: StationContext) -> v2.NotifyReportResponse:
        return v2.NotifyReportResponse()

    @staticmethod
    def hear(neutral: VariablesReported, answer: v2.NotifyReportResponse, context: StationContext) -> Noted:
        return NOTED
