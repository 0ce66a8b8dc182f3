// Puts files, or standard input, to a tus server as the JSON job in the second argument says; the first is where
// tus-js-client is. Prints the URL of each upload by the name of its file. Run by tus.py.
'use strict';

const fs = require('fs');
const path = require('path');
const tus = require(process.argv[2]);

const STREAM_CHUNK_BYTES = 50 * 1024 * 1024;

function put(source, options, resumable) {
  return new Promise((resolve, reject) => {
    const upload = new tus.Upload(source, {
      ...options,
      onError: reject,
      onSuccess: () => resolve(upload.url),
    });
    if (!resumable) {
      upload.start();
      return;
    }
    upload.findPreviousUploads().then((previous) => {
      if (previous.length > 0) upload.resumeFromPreviousUpload(previous[0]);
      upload.start();
    }, reject);
  });
}

async function main(job) {
  const urls = {};
  const options = (name) => ({ endpoint: job.endpoint, metadata: { filename: name } });
  if (job.pipe) {
    const stream = { chunkSize: STREAM_CHUNK_BYTES, uploadLengthDeferred: true };
    urls[job.pipe] = await put(process.stdin, { ...options(job.pipe), ...stream }, false);
    return urls;
  }
  const storage = job.urls ? { urlStorage: new tus.FileUrlStorage(job.urls) } : {};
  const left = [...job.files];
  const work = async () => {
    while (left.length > 0) {
      const file = left.shift();
      const name = path.basename(file);
      urls[name] = await put(fs.createReadStream(file), { ...options(name), ...storage }, Boolean(job.urls));
    }
  };
  await Promise.all(Array.from({ length: job.parallel }, work));
  return urls;
}

main(JSON.parse(process.argv[3])).then(
  (urls) => {
    process.stdout.write(JSON.stringify(urls) + '\n', () => process.exit(0));
  },
  (error) => {
    console.error(error);
    process.exit(1);
  });
