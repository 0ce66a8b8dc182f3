"""Signed requests to a store, for what no peer does: making a bucket, the floor's PUTs, and reading back what was
stored."""

from __future__ import annotations

import hashlib
import hmac
import time
import urllib.parse
from dataclasses import dataclass

UNSIGNED = "UNSIGNED-PAYLOAD"


@dataclass(frozen=True)
class Dialect:
    """What OSS's signature V4 and that of S3 name differently."""

    algorithm: str
    key_prefix: str
    terminator: str
    header_prefix: str
    service: str
    signs_host: bool


OSS = Dialect("OSS4-HMAC-SHA256", "aliyun_v4", "aliyun_v4_request", "x-oss-", "oss", signs_host=False)
S3 = Dialect("AWS4-HMAC-SHA256", "AWS4", "aws4_request", "x-amz-", "s3", signs_host=True)


@dataclass(frozen=True)
class Credential:
    key_id: str
    secret: str
    region: str


def sign(dialect: Dialect, credential: Credential, method: str, netloc: str, path: str) -> dict[str, str]:
    """The headers of a request without a query whose payload is not signed. `path`: /BUCKET/KEY, not escaped."""
    now = time.gmtime()
    date, stamp = time.strftime("%Y%m%d", now), time.strftime("%Y%m%dT%H%M%SZ", now)
    headers = {dialect.header_prefix + "content-sha256": UNSIGNED, dialect.header_prefix + "date": stamp}
    signed = {**headers, **({"host": netloc} if dialect.signs_host else {})}
    names = ";".join(sorted(signed)) if dialect.signs_host else ""  # OSS lists only what it would not sign anyway
    canonical = "\n".join(
        [
            method,
            urllib.parse.quote(path, safe="/-._~"),
            "",
            "".join(f"{name}:{signed[name]}\n" for name in sorted(signed)),
            names,
            UNSIGNED,
        ]
    )
    scope = f"{date}/{credential.region}/{dialect.service}/{dialect.terminator}"
    to_sign = "\n".join([dialect.algorithm, stamp, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    key = (dialect.key_prefix + credential.secret).encode()
    for piece in (date, credential.region, dialect.service, dialect.terminator):
        key = hmac.new(key, piece.encode(), hashlib.sha256).digest()
    signature = hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest()
    listed = f"SignedHeaders={names}," if names else ""
    headers["Authorization"] = (
        f"{dialect.algorithm} Credential={credential.key_id}/{scope},{listed}" f"Signature={signature}"
    )
    return headers
