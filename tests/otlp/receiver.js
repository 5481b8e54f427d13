// SPDX-License-Identifier: MIT
// usage: node receiver.js MODULES RECEIVED ANSWERS PORT
//
// An OTLP/HTTP receiver that decodes with the classes of OpenTelemetry's own package in the folder MODULES. It writes the
// port and the process id to standard output, and for each request one JSON line to the file RECEIVED. The first line of the file ANSWERS, if
// there is one, is `<status> <retry-after or -> <rejected records> <message>`; it is removed and sent as the answer.
'use strict';
const fs = require('fs');
const http = require('http');
const path = require('path');
const zlib = require('zlib');
const [modules, received, answers, port] = process.argv.slice(2);
const root = require(path.join(modules, '@opentelemetry/otlp-transformer/build/src/generated/root.js'));
const messages = root.opentelemetry.proto.collector.logs.v1;

function nextAnswer() {
  const lines = fs.existsSync(answers) ? fs.readFileSync(answers, 'utf8').split('\n') : [];
  if (lines.length < 2) return { status: 200, after: '-', rejected: 0, message: '' };
  const [status, after, rejected, ...words] = lines[0].split(' ');
  fs.writeFileSync(answers, lines.slice(1).join('\n'));
  return { status: Number(status), after, rejected: Number(rejected), message: words.join(' ') };
}

function decode(type, body) {
  if (type === 'application/json') return JSON.parse(body.toString('utf8'));
  const decoded = messages.ExportLogsServiceRequest.decode(body);
  return messages.ExportLogsServiceRequest.toObject(decoded, { longs: String, bytes: String, enums: Number });
}

http.createServer((request, response) => {
  const parts = [];
  request.on('data', (part) => parts.push(part));
  request.on('end', () => {
    let body = Buffer.concat(parts);
    if (request.headers['content-encoding'] === 'gzip') body = zlib.gunzipSync(body);
    const type = request.headers['content-type'];
    const line = { path: request.url, headers: request.headers, bytes: body.length, logs: decode(type, body) };
    fs.appendFileSync(received, JSON.stringify(line, (key, value) =>
      typeof value === 'number' && !Number.isFinite(value) ? String(value) : value) + '\n');
    const answer = nextAnswer();
    if (answer.after !== '-') response.setHeader('Retry-After', answer.after);
    const result = answer.rejected === 0 ? {} : {
      partialSuccess: { rejectedLogRecords: answer.rejected, errorMessage: answer.message } };
    response.setHeader('Content-Type', type);
    response.writeHead(answer.status);
    response.end(type === 'application/json' ? JSON.stringify(result)
      : Buffer.from(messages.ExportLogsServiceResponse.encode(messages.ExportLogsServiceResponse.fromObject(result)).finish()));
  });
}).listen(Number(port), '127.0.0.1', function () { process.stdout.write(`${this.address().port} ${process.pid}\n`); });
