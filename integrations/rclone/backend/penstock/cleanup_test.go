package penstock

import (
	"context"
	"errors"
	"testing"

	"github.com/rclone/rclone/fs"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	pb "penstock.dev/integrations/rclone/internal/penstockv1"
)

func openKeys(t *testing.T, f *Fs) (keys []string) {
	response, err := f.servers.use().put.ListSessions(context.Background(),
		&pb.ListSessionsRequest{States: []pb.Session_State{pb.Session_STATE_OPEN}})
	require.NoError(t, err)
	for _, session := range response.GetSessions() {
		keys = append(keys, session.GetObject().GetKey())
	}
	return keys
}

// interrupt leaves an upload behind.
func interrupt(t *testing.T, f *Fs, key string) {
	data := content(1, 20*mib)
	file, _ := localFile(t, data)
	broken := errors.New("interrupted")
	_, err := f.Put(context.Background(), &breakingReader{bytesOf(data[:19*mib]), broken}, fs.NewOverrideRemote(file, key))
	require.ErrorIs(t, err, broken)
}

func TestCleanUpDiscardsOldUploadsBelowTheRoot(t *testing.T) {
	s := startServer(t)
	all := newFs(t, s.address, testBucket)
	interrupt(t, all, "dir/a.bin")
	interrupt(t, all, "other.bin")
	s.kill() // nothing is connected any more
	s.start()

	require.NoError(t, newFs(t, s.address, testBucket+"/dir").CleanUp(context.Background()))
	assert.ElementsMatch(t, []string{"dir/a.bin", "other.bin"}, openKeys(t, all), "they are young")
	dir := newFs(t, s.address, testBucket+"/dir", "clean_up_after", "0s")
	ctx, config := fs.AddConfig(context.Background())
	config.DryRun = true
	require.NoError(t, dir.CleanUp(ctx))
	assert.ElementsMatch(t, []string{"dir/a.bin", "other.bin"}, openKeys(t, all))
	require.NoError(t, dir.CleanUp(context.Background()))
	assert.ElementsMatch(t, []string{"other.bin"}, openKeys(t, all))
}

func TestAnUploadThatNobodyCanResumeIsDiscarded(t *testing.T) {
	s := startServer(t)
	f := newFs(t, s.address, testBucket)
	broken := errors.New("the pipe broke")
	_, err := f.PutStream(context.Background(), &breakingReader{bytesOf(content(1, 40*mib)), broken}, info("a.bin", -1))
	require.ErrorIs(t, err, broken)
	assert.Empty(t, openKeys(t, f))
}
