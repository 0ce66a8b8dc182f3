package penstock

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"testing"
	"time"

	"github.com/rclone/rclone/fs"
	"github.com/rclone/rclone/fs/accounting"
	"github.com/rclone/rclone/fs/operations"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// stored reads what the server published.
func stored(t *testing.T, s *testServer, key string) []byte {
	data, err := os.ReadFile(s.path(key))
	require.NoError(t, err)
	return data
}

func TestPutOfEverySize(t *testing.T) {
	s := startServer(t)
	f := newFs(t, s.address, testBucket)
	for _, size := range []int{0, 1, mib - 1, mib, mib + 1, 9*mib + 7} {
		data := content(uint64(size), size)
		o, err := f.Put(context.Background(), bytesOf(data), info("object.bin", int64(size)))
		require.NoError(t, err, size)
		assert.Equal(t, int64(size), o.Size())
		assert.True(t, bytes.Equal(data, stored(t, s, "object.bin")), size)
		sum, err := o.Hash(context.Background(), HashCRC64)
		require.NoError(t, err)
		assert.Equal(t, sumOf(data), sum)
		assert.Equal(t, int64(1700000000123456789), o.ModTime(context.Background()).UnixNano())
	}
}

func sumOf(data []byte) string { return crc64Text(crc64Of(data)) }

func TestPutStreamOfUnknownSize(t *testing.T) {
	s := startServer(t)
	f := newFs(t, s.address, testBucket, "replay_buffer", "4Mi")
	for _, size := range []int{0, 5, 11*mib + 3} {
		data := content(uint64(size), size)
		o, err := f.PutStream(context.Background(), bytesOf(data), info("object.bin", -1))
		require.NoError(t, err, size)
		assert.Equal(t, int64(size), o.Size())
		assert.True(t, bytes.Equal(data, stored(t, s, "object.bin")), size)
	}
}

func TestPutSurvivesLostConnections(t *testing.T) {
	for name, size := range map[string]int64{"known size": 20 * mib, "unknown size": -1} {
		t.Run(name, func(t *testing.T) {
			s := startServer(t)
			l := newLink(t, s)
			f := newFs(t, l.address, testBucket, "replay_buffer", "4Mi")
			data := content(1, 20*mib)
			l.onCut = func() {
				if at := l.sent.Load(); at < 15*mib {
					l.cutAt.Store(at + 5*mib)
				}
			}
			l.cutAt.Store(3 * mib)
			o, err := f.Put(context.Background(), bytesOf(data), info("object.bin", size))
			require.NoError(t, err)
			assert.Equal(t, int64(20*mib), o.Size())
			assert.True(t, bytes.Equal(data, stored(t, s, "object.bin")))
		})
	}
}

func TestFileIsReadAgainAfterALostConnection(t *testing.T) {
	s := startServer(t)
	l := newLink(t, s)
	f := newFs(t, l.address, testBucket)
	data := content(2, 40*mib)
	file, _ := localFile(t, data)
	l.cutAt.Store(25 * mib)
	o, err := operations.Copy(context.Background(), f, nil, "object.bin", file)
	require.NoError(t, err)
	assert.Equal(t, int64(len(data)), o.Size())
	assert.True(t, bytes.Equal(data, stored(t, s, "object.bin")))
}

func TestPutSurvivesAKilledServer(t *testing.T) {
	s := startServer(t)
	l := newLink(t, s)
	f := newFs(t, l.address, testBucket)
	data := content(3, 60*mib)
	file, _ := localFile(t, data)
	l.onCut = func() {
		s.kill()
		s.start()
	}
	l.cutAt.Store(40 * mib)
	_, err := operations.Copy(context.Background(), f, nil, "object.bin", file)
	require.NoError(t, err)
	assert.True(t, bytes.Equal(data, stored(t, s, "object.bin")))
}

// breakingReader gives the bytes and then an error.
type breakingReader struct {
	data io.Reader
	err  error
}

func (r *breakingReader) Read(p []byte) (int, error) {
	n, err := r.data.Read(p)
	if err == io.EOF {
		err = r.err
	}
	return n, err
}

// smallParts make that most of what was sent is committed soon.
var smallParts = []string{"part_size", "1Mi", "max_parallel_parts", "1"}

func TestAnotherRunResumesAFile(t *testing.T) {
	s := startServer(t)
	l := newLink(t, s)
	data := content(4, 60*mib)
	file, _ := localFile(t, data)
	broken := errors.New("the machine went down")
	first := newFs(t, s.address, testBucket, smallParts...)
	_, err := first.Put(context.Background(), &breakingReader{bytesOf(data[:50*mib]), broken}, file)
	require.ErrorIs(t, err, broken)
	s.kill() // what was not committed is lost
	s.start()

	second := newFs(t, l.address, testBucket)
	ctx := accounting.WithStatsGroup(context.Background(), t.Name())
	_, err = operations.Copy(ctx, second, nil, file.Remote(), file)
	require.NoError(t, err)
	assert.True(t, bytes.Equal(data, stored(t, s, file.Remote())))
	assert.Less(t, l.sent.Load(), int64(50*mib), "most of it was there")
	assert.InDelta(t, l.sent.Load(), accounting.Stats(ctx).GetBytes(), mib, "what was not sent does not count")
}

func TestAnotherRunResumesFromAnotherPenstockWithoutReadingAgain(t *testing.T) {
	one, two := startServer(t), startServer(t)
	source, target := newLink(t, one), newLink(t, two)
	data := content(9, 60*mib)
	from := putBytes(t, newFs(t, one.address, testBucket), "a.bin", data)
	_, err := newFs(t, two.address, testBucket, smallParts...).Put(context.Background(),
		&breakingReader{bytesOf(data[:50*mib]), errors.New("interrupted")}, from)
	require.ErrorContains(t, err, "interrupted")
	two.kill()
	two.start()

	target.cutAt.Store(5 * mib) // the reader that was opened at the offset outlives the stream
	from = objectIn(t, newFs(t, source.address, testBucket), "a.bin").(*Object)
	_, err = operations.Copy(context.Background(), newFs(t, target.address, testBucket), nil, "a.bin", from)
	require.NoError(t, err)
	assert.True(t, bytes.Equal(data, stored(t, two, "a.bin")))
	assert.Less(t, target.sent.Load(), int64(50*mib))
	// The reader that rclone opens at the beginning has its buffers filled before it is put aside.
	assert.Less(t, source.received.Load(), int64(60*mib))
}

func TestAnAccessTimeThatChangedDoesNotKeepFromResuming(t *testing.T) {
	s := startServer(t)
	l := newLink(t, s)
	data := content(10, 60*mib)
	file, _ := localFile(t, data)
	ctx, config := fs.AddConfig(context.Background())
	config.Metadata = true
	first := newFs(t, s.address, testBucket, smallParts...)
	_, err := first.Put(ctx, &breakingReader{bytesOf(data[:50*mib]), errors.New("interrupted")}, file,
		fs.MetadataOption{"atime": "2026-01-01T00:00:00Z"})
	require.ErrorContains(t, err, "interrupted")
	s.kill()
	s.start()

	o, err := newFs(t, l.address, testBucket).Put(ctx, bytesOf(data), file, fs.MetadataOption{"atime": "2026-01-02T00:00:00Z"})
	require.NoError(t, err)
	assert.True(t, bytes.Equal(data, stored(t, s, file.Remote())))
	assert.Less(t, l.sent.Load(), int64(50*mib))
	metadata, err := fs.GetMetadata(ctx, o)
	require.NoError(t, err)
	assert.Equal(t, "2026-01-01T00:00:00Z", metadata["atime"], "it is told as it is stored")
}

func TestAnotherSecretDoesNotResume(t *testing.T) {
	facts := tokenFacts{spec: specOf("key"), fingerprint: "1,2"}
	assert.Equal(t, deriveToken("one secret of many", facts), deriveToken("one secret of many", facts))
	assert.NotEqual(t, deriveToken("one secret of many", facts), deriveToken("one secret of more", facts))
}

func TestAChangedFileIsNotContinued(t *testing.T) {
	s := startServer(t)
	data := content(5, 40*mib)
	file, path := localFile(t, data)
	f := newFs(t, s.address, testBucket)
	broken := errors.New("interrupted")
	_, err := f.Put(context.Background(), &breakingReader{bytesOf(data[:30*mib]), broken}, file)
	require.ErrorIs(t, err, broken)

	// The worst case: other bytes with the same size and time.
	data[17]++
	modified := file.ModTime(context.Background())
	require.NoError(t, os.WriteFile(path, data, 0o600))
	require.NoError(t, os.Chtimes(path, modified, modified))
	_, err = operations.Copy(context.Background(), f, nil, file.Remote(), objectIn(t, file.Fs().(fsFs), "file.bin"))
	require.NoError(t, err)
	assert.True(t, bytes.Equal(data, stored(t, s, file.Remote())))
}

func TestOtherContentWithTheSameTimeIsPutAnew(t *testing.T) {
	s := startServer(t)
	f := newFs(t, s.address, testBucket)
	modified := time.Unix(1700000000, 0)
	for seed := range uint64(3) {
		data := content(seed, 3*mib)
		file, path := localFile(t, data)
		require.NoError(t, os.Chtimes(path, modified, modified))
		file = objectIn(t, file.Fs().(fsFs), "file.bin")
		for range 2 { // the second finds its own
			_, err := operations.Copy(context.Background(), f, nil, "object.bin", file)
			require.NoError(t, err)
			assert.True(t, bytes.Equal(data, stored(t, s, "object.bin")))
		}
	}
}

// slowReader gives its bytes after a while.
type slowReader struct {
	io.Reader
	wait time.Duration
}

func (r *slowReader) Read(p []byte) (int, error) {
	time.Sleep(r.wait)
	r.wait = 0
	return r.Reader.Read(p)
}

func TestASourceThatIsOnlyComparedMayBeSlow(t *testing.T) {
	const giveUp = 500 * time.Millisecond
	s := startServer(t)
	l := newLink(t, s)
	f := newFs(t, l.address, testBucket, "give_up_after", giveUp.String())
	data := content(11, 3*mib)
	file, _ := localFile(t, data)
	_, err := f.Put(context.Background(), bytesOf(data), file)
	require.NoError(t, err)
	before := l.sent.Load()
	_, err = f.Put(context.Background(), &slowReader{bytesOf(data), 2 * giveUp}, file)
	require.NoError(t, err)
	assert.Less(t, l.sent.Load()-before, int64(100_000), "it was published before")
}

func TestADeletedObjectIsPutAnew(t *testing.T) {
	s := startServer(t)
	f := newFs(t, s.address, testBucket)
	data := content(6, 3*mib)
	file, _ := localFile(t, data)
	for range 2 {
		_, err := operations.Copy(context.Background(), f, nil, "object.bin", file)
		require.NoError(t, err)
		require.NoError(t, os.Remove(s.path("object.bin")))
	}
}

func TestWrongLengthsPublishNothing(t *testing.T) {
	s := startServer(t)
	f := newFs(t, s.address, testBucket)
	for _, size := range []int{100, 5 * mib} {
		for _, wrong := range []int64{int64(size) - 1, int64(size) + 1} {
			_, err := f.Put(context.Background(), bytesOf(content(7, size)), info("object.bin", wrong))
			require.ErrorContains(t, err, "nothing was published")
			_, err = os.Stat(s.path("object.bin"))
			assert.ErrorIs(t, err, os.ErrNotExist)
		}
	}
}

func TestABrokenSourcePublishesNothing(t *testing.T) {
	s := startServer(t)
	f := newFs(t, s.address, testBucket)
	broken := errors.New("broken")
	for _, size := range []int64{100, 5 * mib, -1} {
		_, err := f.Put(context.Background(), &breakingReader{bytesOf(content(8, 50)), broken}, info("object.bin", size))
		require.ErrorIs(t, err, broken)
		_, err = os.Stat(s.path("object.bin"))
		assert.ErrorIs(t, err, os.ErrNotExist)
	}
}

// endlessReader gives zeros, and says when the first were taken.
type endlessReader struct {
	taken chan struct{}
	ctx   context.Context
}

func (r *endlessReader) Read(p []byte) (int, error) {
	select {
	case r.taken <- struct{}{}:
	default:
	}
	return len(p), r.ctx.Err() // as rclone's accounting does
}

func TestCancelEndsAPut(t *testing.T) {
	s := startServer(t)
	f := newFs(t, s.address, testBucket)
	ctx, cancel := context.WithCancel(context.Background())
	in := &endlessReader{make(chan struct{}, 1), ctx}
	ended := make(chan error)
	go func() {
		_, err := f.PutStream(ctx, in, info("object.bin", -1))
		ended <- err
	}()
	<-in.taken
	cancel()
	require.ErrorIs(t, <-ended, context.Canceled)
}

func TestTheNextServerIsTriedWhenOneCannotBeReached(t *testing.T) {
	s := startServer(t)
	f := newFs(t, "unix:"+s.folder+"/nobody,"+s.address, testBucket)
	_, err := f.Put(context.Background(), bytesOf([]byte("hello")), info("object.bin", 5))
	require.NoError(t, err)
	assert.Equal(t, "hello", string(stored(t, s, "object.bin")))
}
