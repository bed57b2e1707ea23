// A whole charge with `ocpp-rpc` from npm: node charge.mjs <endpoint> <identity> <password> <protocol>
// Prints one JSON line per answer; exits 0 when the charge is over.
import { RPCClient } from "ocpp-rpc";

const [endpoint, identity, password, protocol] = process.argv.slice(2);
const client = new RPCClient({ endpoint, identity, password, protocols: [protocol], strictMode: true, reconnect: false });
const start = Date.parse("2026-05-01T12:00:00Z");
const at = (minutes) => new Date(start + minutes * 60000).toISOString();
const say = async (action, payload) => {
  const answer = await client.call(action, payload);
  console.log(JSON.stringify({ action, answer }));
  return answer;
};

async function charge16() {
  await say("BootNotification", { chargePointVendor: "Peer", chargePointModel: "N16" });
  await say("StatusNotification", { connectorId: 1, errorCode: "NoError", status: "Preparing" });
  await say("Authorize", { idTag: "CAFE" });
  const { transactionId } = await say("StartTransaction", { connectorId: 1, idTag: "CAFE", meterStart: 1000, timestamp: at(0) });
  const sampledValue = [{ value: "1.5", unit: "kWh" }];
  await say("MeterValues", { connectorId: 1, transactionId, meterValue: [{ timestamp: at(10), sampledValue }] });
  await say("StopTransaction", { transactionId, meterStop: 8345, timestamp: at(60), reason: "Local" });
}

async function charge201() {
  await say("BootNotification", { reason: "PowerUp", chargingStation: { model: "N2", vendorName: "Peer" } });
  await say("StatusNotification", { timestamp: at(0), connectorStatus: "Occupied", evseId: 1, connectorId: 1 });
  const idToken = { idToken: "CAFE", type: "ISO14443" };
  await say("Authorize", { idToken });
  const events = [["Started", "Authorized", 0, 1000], ["Updated", "MeterValuePeriodic", 10, 1500], ["Ended", "StopAuthorized", 60, 8345]];
  for (const [seqNo, [eventType, triggerReason, minutes, value]] of events.entries()) {
    const transactionInfo = { transactionId: "tx-1", chargingState: "Charging" };
    if (eventType === "Ended") transactionInfo.stoppedReason = "Local";
    const meterValue = [{ timestamp: at(minutes), sampledValue: [{ value }] }];
    const event = { eventType, timestamp: at(minutes), triggerReason, seqNo, transactionInfo, meterValue };
    if (eventType === "Started") Object.assign(event, { evse: { id: 1, connectorId: 1 }, idToken });
    await say("TransactionEvent", event);
  }
}

client.handle("Reset", () => ({ status: "Accepted" }));
await client.connect();
await (protocol === "ocpp1.6" ? charge16() : charge201());
await client.close();
