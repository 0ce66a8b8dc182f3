// Calls ali-oss for sdk_node.py: one JSON request per line of stdin, one JSON answer per line of stdout.
// Buffers travel as {"$bytes": base64}, streams as {"$stream": [buffers]}. {"new": options} makes the client; {"call":
// method, "args": [...]} awaits one of its methods; {"presign": {"options", "call", "args"}} asks another client, which
// sends nothing; {"upload": {...}} is multipartUpload with a checkpoint, which the answer brings back also when it fails.
'use strict';

const readline = require('readline');
const { Readable } = require('stream');
const OSS = require(process.argv[2]);

let client;

function decode(value) {
  if (Array.isArray(value)) return value.map(decode);
  if (value === null || typeof value !== 'object') return value;
  if ('$stream' in value) return Readable.from(value.$stream.map(decode));
  if ('$bytes' in value) return Buffer.from(value.$bytes, 'base64');
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, decode(member)]));
}

// Of a response only what a test looks at: it holds sockets and circles.
function encode(value) {
  if (Buffer.isBuffer(value)) return { $bytes: value.toString('base64') };
  if (Array.isArray(value)) return value.map(encode);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [
    name, name === 'res' ? { status: member.status, headers: member.headers } : encode(member)]));
}

async function upload({ key, path, options, checkpoint }) {
  let last = checkpoint || null;
  const progress = (_, reached) => {
    if (reached) last = JSON.parse(JSON.stringify(reached));
  };
  try {
    const result = await client.multipartUpload(key, path, { ...options, checkpoint, progress });
    return { result: encode(result), checkpoint: last };
  } catch (error) {
    return { error: describe(error), checkpoint: last };
  }
}

function describe(error) {
  return { name: error.name, code: error.code, status: error.status, message: error.message,
    requestId: error.requestId, partNum: error.partNum };
}

async function answer(request) {
  if (request.new) {
    client = new OSS(request.new);
    return {};
  }
  if (request.presign) {
    const { options, call, args } = request.presign;
    return { result: await new OSS(options)[call](...args) };
  }
  if (request.upload) return await upload(request.upload);
  return { result: encode(await client[request.call](...decode(request.args))) };
}

async function main() {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    let reply;
    try {
      reply = await answer(JSON.parse(line));
    } catch (error) {
      reply = { error: describe(error) };
    }
    process.stdout.write(JSON.stringify(reply) + '\n');
  }
  process.exit(0); // agents keep sockets
}

main();
