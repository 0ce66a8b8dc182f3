package penstock_test

import (
	"testing"

	_ "github.com/rclone/rclone/backend/local"
	"github.com/rclone/rclone/fstest"
	"github.com/rclone/rclone/fstest/fstests"

	"penstock.dev/integrations/rclone/backend/penstock"
)

// rclone's own suite for backends; tests/rclone runs it.
func TestIntegration(t *testing.T) {
	if *fstest.RemoteName == "" {
		t.Skip("needs -remote, with a server behind it, and rclone's source tree as the folder")
	}
	fstests.Run(t, &fstests.Opt{
		NilObject:     (*penstock.Object)(nil),
		ChunkedUpload: fstests.ChunkedUploadConfig{MinChunkSize: 100 << 10}, // OSS's smallest part
	})
}
