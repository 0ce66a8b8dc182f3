package penstock

import (
	"context"
	"testing"

	"github.com/rclone/rclone/fs"
	"github.com/rclone/rclone/fs/fserrors"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// waysOfMetadata is every call that carries metadata to the server. `o` is an object of f.
func waysOfMetadata(ctx context.Context, f *Fs, o *Object, metadata fs.Metadata) map[string]func() error {
	given := fs.MetadataOption(metadata)
	put := func(size, told int64) error {
		_, err := f.Put(ctx, bytesOf(content(1, int(size))), info("b.txt", told), given)
		return err
	}
	return map[string]func() error{
		"Put, small":  func() error { return put(1, 1) },
		"Put":         func() error { return put(2*mib, 2*mib) },
		"PutStream":   func() error { return put(2*mib, -1) },
		"Update":      func() error { return o.Update(ctx, bytesOf([]byte("y")), info("a.txt", 1), given) },
		"SetMetadata": func() error { return o.SetMetadata(ctx, metadata) },
		"Copy": func() error {
			_, err := f.Copy(ctx, o, "b.txt")
			return err
		},
	}
}

func TestMetadataThatIsNotUTF8IsRefusedAtOnce(t *testing.T) {
	s := startServer(t)
	f := newFs(t, s.address, testBucket, "give_up_after", "300ms")
	o := putBytes(t, f, "a.txt", []byte("x"))
	for name, quoted := range map[string]string{
		"user.bad \xff": `"user.bad \xff"`, // as rclone reads the names of extended attributes
		"cache-control": `"cache-control"`,
	} {
		ctx, config := fs.AddConfig(context.Background())
		config.Metadata, config.LowLevelRetries = true, 1
		config.MetadataSet = fs.Metadata{name: "private\xff", "good": "1"}
		for way, try := range waysOfMetadata(ctx, f, o, config.MetadataSet) {
			err := try()
			require.ErrorContains(t, err, "metadata "+quoted+" cannot be stored: its value is not UTF-8", way)
			assert.True(t, fserrors.IsNoRetryError(err), way)
			assert.NotContains(t, err.Error(), "private", way)
		}
	}
	assert.Equal(t, "x", string(stored(t, s, "a.txt")))
}

func TestARequestThatCannotBeSentIsNotRepeated(t *testing.T) {
	s := startServer(t)
	f := newFs(t, s.address, testBucket, "give_up_after", "300ms", "encoding", "None")
	const name = "bad \xff.txt" // which is no field of protobuf
	put := func(size int) error {
		_, err := f.Put(context.Background(), bytesOf(content(1, size)), info(name, int64(size)))
		return err
	}
	_, statError := f.NewObject(context.Background(), name)
	for _, err := range []error{put(1), put(2 * mib), statError} {
		require.ErrorContains(t, err, "the request cannot be sent")
		assert.True(t, fserrors.IsNoRetryError(err))
	}
}
