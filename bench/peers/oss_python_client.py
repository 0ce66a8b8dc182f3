"""Puts files, or standard input, as the JSON job in the first argument says. Run by oss_python.py; the SDK's own code
does everything else."""

import concurrent.futures
import json
import pathlib
import sys

import alibabacloud_oss_v2 as oss


def client_of(job):
    config = oss.config.load_default()
    config.credentials_provider = oss.credentials.EnvironmentVariableCredentialsProvider()
    config.region = job["region"]
    config.endpoint = job["url"]
    return oss.Client(config)


class Pipe:
    """Standard input with nothing but `read`: asked for the position of a real pipe, the SDK (1.4.1) fails with
    ESPIPE."""

    def read(self, size=-1):
        return sys.stdin.buffer.read(size)


def main(job):
    client = client_of(job)
    if "pipe" in job:
        client.uploader().upload_from(oss.PutObjectRequest(bucket=job["bucket"], key=job["pipe"]), Pipe())
        return
    checkpoints = job["checkpoints"]
    uploader = client.uploader(enable_checkpoint=bool(checkpoints), checkpoint_dir=checkpoints or None)

    def put(path):
        request = oss.PutObjectRequest(bucket=job["bucket"], key=pathlib.Path(path).name)
        uploader.upload_file(request, filepath=path)

    with concurrent.futures.ThreadPoolExecutor(job["parallel"]) as pool:
        for _ in pool.map(put, job["files"]):
            pass


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
