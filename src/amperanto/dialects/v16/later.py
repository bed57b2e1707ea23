"""What OCPP 1.6 can say and this house cannot translate yet; until then the station's own words go raw."""

from __future__ import annotations

from amperanto.dialects.v16.words import V16
from amperanto.ocpp import v2

LATER: dict[type, str] = {
    v2.SetChargingProfileRequest: "SetChargingProfile",
    v2.ClearChargingProfileRequest: "ClearChargingProfile",
    v2.GetCompositeScheduleRequest: "GetCompositeSchedule",
    v2.GetLogRequest: "GetLog or GetDiagnostics",
    v2.UpdateFirmwareRequest: "SignedUpdateFirmware or UpdateFirmware",
    v2.CertificateSignedRequest: "CertificateSigned",
    v2.InstallCertificateRequest: "InstallCertificate",
    v2.DeleteCertificateRequest: "DeleteCertificate",
    v2.GetInstalledCertificateIdsRequest: "GetInstalledCertificateIds",
}

for _kind, _own in LATER.items():
    V16.never((_kind,), f"in OCPP 1.6 this is {_own}, whose translation comes later; use raw {_own}")
