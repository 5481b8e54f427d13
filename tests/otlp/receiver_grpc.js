// SPDX-License-Identifier: MIT
// usage: node receiver_grpc.js MODULES RECEIVED ANSWERS PORT [CERTIFICATES]
//
// An OTLP/gRPC receiver on grpc-js, an implementation of gRPC in JavaScript, that decodes as receiver.js does. A line of ANSWERS is
// `<status of gRPC or "never"> <delay of RetryInfo in ms or -> <rejected records> <message>`. With the folder CERTIFICATES it
// speaks TLS and requires a certificate of the client.
'use strict';
const fs = require('fs');
const path = require('path');
const [modules, received, answers, port, certificates] = process.argv.slice(2);
const grpc = require(path.join(modules, '@grpc/grpc-js'));
const protobuf = require(path.join(modules, 'protobufjs'));
const root = require(path.join(modules, '@opentelemetry/otlp-transformer/build/src/generated/root.js'));
const messages = root.opentelemetry.proto.collector.logs.v1;
const rpc = protobuf.parse(`syntax = "proto3";
  message Any { string type_url = 1; bytes value = 2; }
  message Status { int32 code = 1; string message = 2; repeated Any details = 3; }
  message Duration { int64 seconds = 1; int32 nanos = 2; }
  message RetryInfo { Duration retry_delay = 1; }`).root;

function encoded(name, content) {
  return Buffer.from(rpc.lookupType(name).encode(content).finish());
}
function nextAnswer() {
  const lines = fs.existsSync(answers) ? fs.readFileSync(answers, 'utf8').split('\n') : [];
  if (lines.length < 2) return { status: '0', delay: '-', rejected: 0, message: '' };
  const [status, delay, rejected, ...words] = lines[0].split(' ');
  fs.writeFileSync(answers, lines.slice(1).join('\n'));
  return { status, delay, rejected: Number(rejected), message: words.join(' ') };
}
function detailsOf(answer) {
  const metadata = new grpc.Metadata();
  if (answer.delay === '-') return metadata;
  const ms = Number(answer.delay);
  const value = encoded('RetryInfo', { retryDelay: { seconds: Math.floor(ms / 1000), nanos: (ms % 1000) * 1e6 } });
  metadata.set('grpc-status-details-bin', encoded('Status', {
    code: Number(answer.status), message: answer.message,
    details: [{ typeUrl: 'type.googleapis.com/google.rpc.Other', value: Buffer.from('x') },
              { typeUrl: 'type.googleapis.com/google.rpc.RetryInfo', value }] }));
  return metadata;
}

const same = (bytes) => bytes;
const server = new grpc.Server();
server.addService({
  Export: {
    path: '/opentelemetry.proto.collector.logs.v1.LogsService/Export', requestStream: false, responseStream: false,
    requestSerialize: same, requestDeserialize: same, responseSerialize: same, responseDeserialize: same } }, {
  Export(call, answer) {
    const decoded = messages.ExportLogsServiceRequest.decode(call.request);
    const logs = messages.ExportLogsServiceRequest.toObject(decoded, { longs: String, bytes: String, enums: Number });
    const line = { path: call.getPath(), headers: call.metadata.getMap(), bytes: call.request.length, logs };
    fs.appendFileSync(received, JSON.stringify(line, (key, value) =>
      typeof value === 'number' && !Number.isFinite(value) ? String(value) : value) + '\n');
    const next = nextAnswer();
    if (next.status === 'never') return;
    if (next.status !== '0')
      return answer({ code: Number(next.status), details: next.message, metadata: detailsOf(next) });
    const result = next.rejected === 0 ? {} : {
      partialSuccess: { rejectedLogRecords: next.rejected, errorMessage: next.message } };
    answer(null, Buffer.from(
      messages.ExportLogsServiceResponse.encode(messages.ExportLogsServiceResponse.fromObject(result)).finish()));
  } });

const read = (name) => fs.readFileSync(path.join(certificates, name));
const credentials = certificates === undefined ? grpc.ServerCredentials.createInsecure()
  : grpc.ServerCredentials.createSsl(
      read('ca.pem'), [{ cert_chain: read('localhost.pem'), private_key: read('localhost.key') }], true);
server.bindAsync(`127.0.0.1:${port}`, credentials, (error, bound) => {
  if (error) throw error;
  process.stdout.write(`${bound} ${process.pid}\n`);
});
