// A node-opcua server for the interoperation tests: fixed variables, values and times as told on standard input.
"use strict";
const path = require("path");
const readline = require("readline");
const {
    OPCUACertificateManager, OPCUAServer, DataType, DataValue, MessageSecurityMode, SecurityPolicy, StatusCodes,
    UserTokenType, Variant,
} = require("node-opcua");

const [port, pki, uri, user, password] = process.argv.slice(2);
const TYPES = {
    double: DataType.Double, float: DataType.Float, int32: DataType.Int32, uint16: DataType.UInt16,
    bool: DataType.Boolean, text: DataType.String,
};
const ZEROS = { bool: false, text: "" };
const EPOCH_MS = 11644473600000n;

function read(name, text) {
    if (name === "text") return text;
    return name === "bool" ? text === "true" : Number(text);
}

function date(ticks) {
    return new Date(Number(BigInt(ticks) / 10000n - EPOCH_MS));
}

async function main() {
    const certificates = new OPCUACertificateManager({
        rootFolder: path.join(pki, "node"), automaticallyAcceptUnknownCertificate: true,
    });
    await certificates.initialize();
    const server = new OPCUAServer({
        port: Number(port),
        hostname: "127.0.0.1",
        certificateFile: path.join(pki, "server.pem"),
        privateKeyFile: path.join(pki, "server.key.pem"),
        serverCertificateManager: certificates,
        userCertificateManager: certificates,
        serverInfo: { applicationUri: uri },
        securityPolicies: [
            SecurityPolicy.None, SecurityPolicy.Basic256Sha256, SecurityPolicy.Aes128_Sha256_RsaOaep,
            SecurityPolicy.Aes256_Sha256_RsaPss,
        ],
        securityModes: [MessageSecurityMode.None, MessageSecurityMode.Sign, MessageSecurityMode.SignAndEncrypt],
        allowAnonymous: true,
        userManager: { isValidUser: (name, given) => name === user && given === password },
    });
    await server.initialize();
    const space = server.engine.addressSpace;
    const own = space.registerNamespace("urn:ovoo:test:plant");
    const folder = own.addFolder(space.rootFolder.objects, { browseName: "Plant" });
    const variables = {};
    for (const [name, type] of Object.entries(TYPES)) {
        variables[name] = own.addVariable({
            componentOf: folder, browseName: name, nodeId: `s=${name}`, dataType: type, minimumSamplingInterval: 0,
            value: new Variant({ dataType: type, value: name in ZEROS ? ZEROS[name] : 0 }),
        });
    }
    await server.start();
    console.log("ready");
    for await (const line of readline.createInterface({ input: process.stdin })) {
        const [, name, status, source, stamped, ...rest] = line.split(" ");
        variables[name]._internal_set_dataValue(new DataValue({
            value: new Variant({ dataType: TYPES[name], value: read(name, rest.join(" ")) }),
            statusCode: Object.values(StatusCodes).find((code) => code.value === parseInt(status, 16)),
            sourceTimestamp: date(source), serverTimestamp: date(stamped),
        }));
        console.log("wrote");
    }
    await server.shutdown(0);
}

main().catch((error) => { console.error(error); process.exit(1); });
