// Puts files, or standard input, as the JSON job in the second argument says; the first is where ali-oss is. Run by
// oss_node.py; the SDK's own code does everything else.
'use strict';

const fs = require('fs');
const path = require('path');
const OSS = require(process.argv[2]);

const STREAM_TIMEOUT_MS = 30 * 60 * 1000;

function load(file) {
  return fs.existsSync(file) ? JSON.parse(fs.readFileSync(file, 'utf8')) : undefined;
}

// Whole or not at all: it is read after a kill.
function save(file, checkpoint) {
  fs.writeFileSync(`${file}.new`, JSON.stringify(checkpoint));
  fs.renameSync(`${file}.new`, file);
}

async function putFile(client, file, checkpoint) {
  const options = {};
  if (checkpoint) {
    options.checkpoint = load(checkpoint);
    options.progress = (_, reached) => {
      if (reached) save(checkpoint, reached);
    };
  }
  await client.multipartUpload(path.basename(file), file, options);
}

async function main(job) {
  const client = new OSS({
    ...job.options,
    accessKeyId: process.env.OSS_ACCESS_KEY_ID,
    accessKeySecret: process.env.OSS_ACCESS_KEY_SECRET,
  });
  if (job.pipe) {
    await client.putStream(job.pipe, process.stdin, { timeout: STREAM_TIMEOUT_MS });
    return;
  }
  const left = [...job.files];
  const work = async () => {
    while (left.length > 0) await putFile(client, left.shift(), job.checkpoint);
  };
  await Promise.all(Array.from({ length: job.parallel }, work));
}

main(JSON.parse(process.argv[3])).then(
  () => process.exit(0), // its agents keep sockets
  (error) => {
    console.error(error);
    process.exit(1);
  });
