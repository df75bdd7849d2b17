// node-opcua's client as a peer: `node node_opcua_client.js PORT NODES`; counts values until a line comes, then prints.
"use strict";
const opcua = require("node-opcua-client");
const readline = require("readline");

async function main(port, nodes) {
  const counts = new Map();
  const client = opcua.OPCUAClient.create({ endpointMustExist: false, requestedSessionTimeout: 600000 });
  await client.connect(`opc.tcp://127.0.0.1:${port}/load`);
  const session = await client.createSession();
  const answer = await session.read({ nodeId: "ns=0;i=2255", attributeId: opcua.AttributeIds.Value });
  const index = answer.value.value.indexOf("urn:ovoo:load");
  const subscription = await session.createSubscription2({
    requestedPublishingInterval: 100, requestedMaxKeepAliveCount: 100, requestedLifetimeCount: 10000,
    maxNotificationsPerPublish: 0, publishingEnabled: true, priority: 0,
  });
  const names = Array.from({ length: nodes }, (_, number) => "s" + String(number).padStart(5, "0"));
  for (let at = 0; at < nodes; at += 500) {
    const part = names.slice(at, at + 500);
    const group = await subscription.monitorItems(
      part.map((name) => ({ nodeId: `ns=${index};s=${name}`, attributeId: opcua.AttributeIds.Value })),
      { samplingInterval: 100, queueSize: 100, discardOldest: true }, opcua.TimestampsToReturn.Both);
    group.on("changed", (item, value, place) => {
      counts.set(part[place], (counts.get(part[place]) || 0) + 1);
    });
  }
  const lines = readline.createInterface({ input: process.stdin })[Symbol.asyncIterator]();
  await lines.next();
  counts.clear();
  const before = process.cpuUsage();
  console.log(JSON.stringify({ event: "ready" }));
  await lines.next();
  const used = process.cpuUsage(before);
  console.log(JSON.stringify({ received: Object.fromEntries(counts), cpu_s: (used.user + used.system) / 1e6 }));
  process.exit(0);
}

main(Number(process.argv[2]), Number(process.argv[3])).catch((error) => {
  console.error(error);
  process.exit(1);
});
