"""Facts the published schemas do not carry: blocks, directions, names for 1.6's inline objects, and defects.

In the tables of blocks `>` means the station asks, `<` the CSMS asks, `<>` both.
"""

from typing import Any

BLOCKS_V16 = {
    "security": "CertificateSigned< SecurityEventNotification> SignCertificate>",
    "provisioning": "BootNotification> ChangeConfiguration< GetConfiguration< Reset<",
    "authorization": "Authorize> ClearCache<",
    "local_authorization_list": "GetLocalListVersion< SendLocalList<",
    "transactions": "StartTransaction> StopTransaction>",
    "remote_control": "ExtendedTriggerMessage< RemoteStartTransaction< RemoteStopTransaction< "
    "TriggerMessage< UnlockConnector<",
    "availability": "ChangeAvailability< Heartbeat> StatusNotification>",
    "reservation": "CancelReservation< ReserveNow<",
    "meter_values": "MeterValues>",
    "smart_charging": "ClearChargingProfile< GetCompositeSchedule< SetChargingProfile<",
    "firmware": "FirmwareStatusNotification> SignedFirmwareStatusNotification> SignedUpdateFirmware< UpdateFirmware<",
    "certificates": "DeleteCertificate< GetInstalledCertificateIds< InstallCertificate<",
    "diagnostics": "DiagnosticsStatusNotification> GetDiagnostics< GetLog< LogStatusNotification>",
    "data_transfer": "DataTransfer<>",
}

BLOCKS_V2 = {
    "security": "CertificateSigned< SecurityEventNotification> SignCertificate>",
    "provisioning": "BootNotification> GetBaseReport< GetReport< GetVariables< NotifyReport> Reset< "
    "SetNetworkProfile< SetVariables<",
    "authorization": "Authorize> ClearCache<",
    "payment": "NotifyWebPaymentStarted< NotifySettlement> VatNumberValidation>",
    "local_authorization_list": "GetLocalListVersion< SendLocalList<",
    "transactions": "GetTransactionStatus< TransactionEvent>",
    "remote_control": "RequestStartTransaction< RequestStopTransaction< TriggerMessage< UnlockConnector<",
    "availability": "ChangeAvailability< Heartbeat> StatusNotification>",
    "reservation": "CancelReservation< ReservationStatusUpdate> ReserveNow<",
    "tariff_and_cost": "ChangeTransactionTariff< ClearTariffs< CostUpdated< GetTariffs< SetDefaultTariff<",
    "meter_values": "MeterValues>",
    "smart_charging": "ClearChargingProfile< ClearedChargingLimit> GetChargingProfiles< "
    "GetCompositeSchedule< NotifyChargingLimit> NotifyEVChargingNeeds> NotifyEVChargingSchedule> "
    "NotifyPriorityCharging> "
    "PullDynamicScheduleUpdate> ReportChargingProfiles> SetChargingProfile< UpdateDynamicSchedule< "
    "UsePriorityCharging<",
    "firmware": "FirmwareStatusNotification> PublishFirmware< PublishFirmwareStatusNotification> "
    "UnpublishFirmware< UpdateFirmware<",
    "certificates": "DeleteCertificate< Get15118EVCertificate> GetCertificateChainStatus> "
    "GetCertificateStatus> GetInstalledCertificateIds< InstallCertificate<",
    "diagnostics": "AdjustPeriodicEventStream< ClearVariableMonitoring< ClosePeriodicEventStream> "
    "CustomerInformation< GetLog< GetMonitoringReport< GetPeriodicEventStream< "
    "LogStatusNotification> NotifyCustomerInformation> NotifyEvent> NotifyMonitoringReport> "
    "NotifyPeriodicEventStream> OpenPeriodicEventStream> SetMonitoringBase< SetMonitoringLevel< "
    "SetVariableMonitoring<",
    "display_message": "ClearDisplayMessage< GetDisplayMessages< NotifyDisplayMessages> SetDisplayMessage<",
    "data_transfer": "DataTransfer<>",
    "v2x": "AFRRSignal< NotifyAllowedEnergyTransfer<",
    "der_control": "ClearDERControl< GetDERControl< NotifyDERAlarm> NotifyDERStartStop> ReportDERControl> "
    "SetDERControl<",
    "battery_swap": "BatterySwap> RequestBatterySwap<",
}

# Vocabulary and record would have the same name in 2.1; the vocabulary is called a kind.
KIND_V2 = {
    "CertificateStatusEnumType": "CertificateStatusKind",
    "CostDimensionEnumType": "CostDimensionKind",
    "VPNEnumType": "VPNKind",
}

# 1.6's security extension reuses two names of the core for other vocabularies.
RENAMED_V16 = {
    "FirmwareStatusEnumType": "SignedFirmwareStatusEnumType",
    "MessageTriggerEnumType": "ExtendedMessageTriggerEnumType",
}

# 1.6 writes objects and vocabularies inline; these are their names, by property.
HOISTED_V16 = {
    "idTagInfo": "IdTagInfo",
    "chargingProfile": "ChargingProfile",
    "csChargingProfiles": "ChargingProfile",
    "chargingSchedule": "ChargingSchedule",
    "chargingSchedulePeriod": "ChargingSchedulePeriod",
    "chargingProfilePurpose": "ChargingProfilePurpose",
    "chargingProfileKind": "ChargingProfileKind",
    "recurrencyKind": "RecurrencyKind",
    "chargingRateUnit": "ChargingRateUnit",
    "meterValue": "MeterValue",
    "transactionData": "MeterValue",
    "sampledValue": "SampledValue",
    "configurationKey": "KeyValue",
    "localAuthorizationList": "AuthorizationData",
    "context": "ReadingContext",
    "format": "ValueFormat",
    "measurand": "Measurand",
    "phase": "Phase",
    "location": "Location",
    "unit": "UnitOfMeasure",
    "updateType": "Update",
    "errorCode": "ChargePointErrorCode",
    "reason": "Reason",
}

MESSAGE_ENUMS_V16 = {
    "IdTagInfo.status": "AuthorizationStatus",
    "BootNotificationResponse.status": "RegistrationStatus",
    "CancelReservationResponse.status": "CancelReservationStatus",
    "ChangeAvailabilityRequest.type": "Availability",
    "ChangeAvailabilityResponse.status": "AvailabilityStatus",
    "ChangeConfigurationResponse.status": "ConfigurationStatus",
    "ClearCacheResponse.status": "ClearCacheStatus",
    "ClearChargingProfileResponse.status": "ClearChargingProfileStatus",
    "DataTransferResponse.status": "DataTransferStatus",
    "DiagnosticsStatusNotificationRequest.status": "DiagnosticsStatus",
    "FirmwareStatusNotificationRequest.status": "FirmwareStatus",
    "GetCompositeScheduleResponse.status": "GetCompositeScheduleStatus",
    "RemoteStartTransactionResponse.status": "RemoteStartStopStatus",
    "RemoteStopTransactionResponse.status": "RemoteStartStopStatus",
    "ReserveNowResponse.status": "ReservationStatus",
    "ResetRequest.type": "Reset",
    "ResetResponse.status": "ResetStatus",
    "SendLocalListResponse.status": "UpdateStatus",
    "SetChargingProfileResponse.status": "ChargingProfileStatus",
    "StatusNotificationRequest.status": "ChargePointStatus",
    "TriggerMessageRequest.requestedMessage": "MessageTrigger",
    "TriggerMessageResponse.status": "TriggerMessageStatusEnumType",
    "UnlockConnectorResponse.status": "UnlockStatus",
}


def patch(edition: str, stem: str, schema: dict[str, Any]) -> None:
    """Corrects the known defects of the published copies, in place.

    1.6 StopTransaction: its meter values lack the unit Hertz and the lower bound of one sampled value that
    MeterValues has. Both messages carry the same type, and the errata name Hertz as the unit of Frequency.
    1.6 Celcius: kept beside Celsius, stations are advised to go on sending it.
    2.0.1 exiResponse: 7500 as in this copy; an older part 3 says 5600, and the wider limit loses nobody.
    """
    if (edition, stem) == ("v16", "StopTransaction"):
        sampled = schema["properties"]["transactionData"]["items"]["properties"]["sampledValue"]
        sampled["minItems"] = 1
        sampled["items"]["properties"]["unit"]["enum"].append("Hertz")
