"""rclone, with its own S3 backend and with ours."""

from __future__ import annotations

import pathlib
from collections.abc import Mapping, Sequence

from bench.harness.processes import Process
from bench.peers import penstock
from bench.peers.peer import Files, Peer, Target
from bench.peers.stage import Command, Stage
from bench.peers.stores import BUCKET


class Rclone(Peer):
    """`copyto` for one file, `copy --transfers N` for a folder, `rcat` for a pipe."""

    def options(self, target: Target) -> Mapping[str, str]:
        """Of the remote, as in rclone.conf."""
        raise NotImplementedError

    @property
    def _program(self) -> pathlib.Path:
        return self.context.build / "rclone/rclone"

    def missing(self) -> str:
        return "" if self._program.exists() else f"{self._program} is not built: scripts/rclone-build"

    def put_files(self, stage: Stage, target: Target, files: Files, parallel: int) -> Sequence[Command]:
        if len(files) == 1:
            return [self._command(stage, target, "copyto", files[0], f"it:{BUCKET}/{files[0].name}")]
        return [self._command(stage, target, "copy", files[0].parent, f"it:{BUCKET}", "--transfers", parallel)]

    def put_pipe(self, stage: Stage, target: Target, key: str) -> Command:
        return self._command(stage, target, "rcat", f"it:{BUCKET}/{key}")

    def _command(self, stage: Stage, target: Target, *arguments: object) -> Command:
        config = stage.folder / "rclone.conf"
        config.write_text("[it]\n" + "".join(f"{name} = {value}\n" for name, value in self.options(target).items()))
        config.chmod(0o600)
        return Command(
            [self._program, "--config", config, *arguments], {"PENSTOCK_TOKEN_SECRET": penstock.TOKEN_SECRET}
        )


class RcloneS3(Rclone):
    """rclone's page "Amazon S3 Storage Providers", section "Minio": this configuration, all else by default (parts of
    5 MiB, 4 at a time; MD5 of the file first). That page knows no way to resume an upload: the copy is run again."""

    name = "rclone, its S3 backend"
    store = "MinIO"

    def options(self, target: Target) -> Mapping[str, str]:
        credential = target.store.credential
        return {
            "type": "s3",
            "provider": "Minio",
            "env_auth": "false",
            "access_key_id": credential.key_id,
            "secret_access_key": credential.secret,
            "region": credential.region,
            "endpoint": target.url,
        }


class RcloneS3Large(RcloneS3):
    """The same, as that page advises for large files over fast links: larger `chunk_size` and `upload_concurrency`, and
    `disable_checksum`, since hashing delays the start."""

    name = "rclone, S3, set for large files"

    def options(self, target: Target) -> Mapping[str, str]:
        return {**super().options(target), "chunk_size": "64M", "upload_concurrency": "8", "disable_checksum": "true"}


class RclonePenstock(Rclone):
    """integrations/rclone/README.md: every option by default."""

    name = "rclone, Penstock's backend"
    store = "oss-emulator"
    role = "ours"

    def missing(self) -> str:
        return super().missing() or penstock.Penstock(self.context).missing()

    def serve(self, stage: Stage, target: Target) -> tuple[Process, str]:
        return penstock.serve(self.context, stage, target)

    def options(self, target: Target) -> Mapping[str, str]:
        return {"type": "penstock", "servers": target.netloc, "remote": penstock.REMOTE}
