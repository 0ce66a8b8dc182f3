package penstock

import (
	"fmt"
	gohash "hash"
	"hash/crc32"
	"hash/crc64"

	"github.com/rclone/rclone/fs/hash"
)

// CRC-64/XZ is what Go calls ECMA, and what OSS reports of its objects.
var (
	crc64Table = crc64.MakeTable(crc64.ECMA)
	crc32Table = crc32.MakeTable(crc32.Castagnoli)
)

// HashCRC64 is the type of hash under which rclone compares the CRC-64 of objects with that of local files, which computes
// every registered type.
var HashCRC64 = hash.RegisterHash("crc64ecma", "CRC-64-ECMA", 16, func() gohash.Hash { return crc64.New(crc64Table) })

func crc64Text(crc uint64) string { return fmt.Sprintf("%016x", crc) }
