package penstock

import (
	"testing"

	"github.com/rclone/rclone/fs/fserrors"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestBadOptionsAreTold(t *testing.T) {
	for _, c := range []struct{ option, value, says string }{
		{"servers", "127.0.0.1", `expected host:port or unix:/path, got "127.0.0.1"`},
		{"servers", "one:7070,two", `got "two"`},
		{"chunk_size", "9Mi", "from 1 byte to 2Mi, it is 9Mi"},
		{"chunk_size", "0", "from 1 byte to 2Mi, it is 0"},
		{"replay_buffer", "1Ki", "at least 1Mi, it is 1Ki"},
		{"give_up_after", "0s", "must be positive"},
		{"list_view", "some", `must be "full" or "basic", it is "some"`},
		{"token_secret", "plain!", "must be obscured"},
	} {
		_, err := tryFs("127.0.0.1:7070", "bkt", c.option, c.value)
		assert.ErrorContains(t, err, c.says, c.option)
	}
}

func TestTheOnlyRemoteNeedsNoName(t *testing.T) {
	s := startServer(t)
	assert.Equal(t, "disk", newFs(t, s.address, testBucket, "remote", "").opt.Remote)

	s = startServer(t, "[remotes.other]\nbackend = \"local\"\nroot = \""+t.TempDir()+"\"\n")
	_, err := tryFs(s.address, testBucket, "remote", "")
	require.ErrorContains(t, err, "the server has 2 remotes (disk, other)")
	assert.True(t, fserrors.IsFatalError(err))
}
