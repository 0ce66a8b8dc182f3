package penstock

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"sort"
	"testing"
	"time"

	"github.com/rclone/rclone/fs"
	"github.com/rclone/rclone/fs/operations"
	"github.com/rclone/rclone/lib/bucket"
	"github.com/rclone/rclone/lib/encoder"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func putBytes(t *testing.T, f *Fs, remote string, data []byte) *Object {
	o, err := f.Put(context.Background(), bytesOf(data), info(remote, int64(len(data))))
	require.NoError(t, err)
	return o.(*Object)
}

func readAll(t *testing.T, o fs.Object, options ...fs.OpenOption) []byte {
	in, err := o.Open(context.Background(), options...)
	require.NoError(t, err)
	data, err := io.ReadAll(in)
	require.NoError(t, err)
	require.NoError(t, in.Close())
	return data
}

// names of entries; directories end with a slash.
func names(entries fs.DirEntries) (list []string) {
	for _, entry := range entries {
		name := entry.Remote()
		if _, isDirectory := entry.(fs.Directory); isDirectory {
			name += "/"
		}
		list = append(list, name)
	}
	sort.Strings(list)
	return list
}

func TestNewObjectTellsWhatWasPut(t *testing.T) {
	s := startServer(t)
	for _, view := range []string{viewFull, viewBasic} {
		f := newFs(t, s.address, testBucket, "list_view", view)
		data := content(1, 3*mib)
		put := putBytes(t, f, "dir/a.txt", data)
		entries, err := f.List(context.Background(), "dir")
		require.NoError(t, err)
		require.Len(t, entries, 1)
		for _, o := range []*Object{put, objectIn(t, f, "dir/a.txt").(*Object), entries[0].(*Object)} {
			assert.Equal(t, int64(len(data)), o.Size())
			assert.Equal(t, int64(1700000000123456789), o.ModTime(context.Background()).UnixNano())
			assert.Equal(t, "text/plain; charset=utf-8", o.MimeType(context.Background()))
			sum, err := o.Hash(context.Background(), HashCRC64)
			require.NoError(t, err)
			assert.Equal(t, sumOf(data), sum)
		}
	}
}

func TestNewObjectOfNothing(t *testing.T) {
	s := startServer(t)
	f := newFs(t, s.address, testBucket)
	putBytes(t, f, "dir/a.txt", nil)
	for _, remote := range []string{"none.txt", "dir"} {
		_, err := f.NewObject(context.Background(), remote)
		assert.ErrorIs(t, err, fs.ErrorObjectNotFound, remote)
	}
	_, err := newFs(t, s.address, "other-bucket").NewObject(context.Background(), "a.txt")
	assert.ErrorIs(t, err, fs.ErrorObjectNotFound)
}

func TestRootThatIsAnObject(t *testing.T) {
	s := startServer(t)
	putBytes(t, newFs(t, s.address, testBucket), "dir/a.txt", nil)
	f, err := tryFs(s.address, testBucket+"/dir/a.txt")
	require.ErrorIs(t, err, fs.ErrorIsFile)
	assert.Equal(t, testBucket+"/dir", f.Root())
	assert.Equal(t, []string{"a.txt"}, names(listed(t, f, "")))
}

func listed(t *testing.T, f *Fs, dir string) fs.DirEntries {
	entries, err := f.List(context.Background(), dir)
	require.NoError(t, err)
	return entries
}

func TestLists(t *testing.T) {
	s := startServer(t)
	f := newFs(t, s.address, testBucket)
	for _, key := range []string{"a.txt", "dir/b.txt", "dir/sub/c.txt", "dir.txt"} {
		putBytes(t, f, key, nil)
	}
	assert.Equal(t, []string{"a.txt", "dir.txt", "dir/"}, names(listed(t, f, "")))
	assert.Equal(t, []string{"dir/b.txt", "dir/sub/"}, names(listed(t, f, "dir")))
	assert.Equal(t, []string{"b.txt", "sub/"}, names(listed(t, newFs(t, s.address, testBucket+"/dir"), "")))
	assert.Empty(t, listed(t, f, "nowhere"))

	root := newFs(t, s.address, "")
	assert.Equal(t, []string{testBucket + "/"}, names(listed(t, root, "")))
	assert.Equal(t, []string{testBucket + "/dir/b.txt", testBucket + "/dir/sub/"}, names(listed(t, root, testBucket+"/dir")))
	_, err := root.List(context.Background(), "other-bucket")
	assert.ErrorIs(t, err, fs.ErrorDirNotFound)

	var all fs.DirEntries
	require.NoError(t, f.ListR(context.Background(), "dir", func(entries fs.DirEntries) error {
		all = append(all, entries...)
		return nil
	}))
	assert.Equal(t, []string{"dir/b.txt", "dir/sub/c.txt"}, names(all))
}

func TestEmptyNamesAreNames(t *testing.T) {
	if bucket.Join("a", "/b") != "a//b" {
		t.Skip("this rclone drops empty names")
	}
	s := startServer(t)
	for _, root := range []string{"", testBucket, testBucket + "/root"} {
		f := newFs(t, s.address, root)
		below := ""
		if root == "" {
			below = testBucket + "/"
		}
		for _, name := range []string{"/a.txt", "//b.txt", "dir//c.txt", "dir///d.txt"} {
			putBytes(t, f, below+name, []byte(name))
		}
		for dir, wanted := range map[string][]string{
			"/":     {"///", "/a.txt"}, // a directory's name, and a slash
			"//":    {"//b.txt"},
			"dir":   {"dir//"},
			"dir/":  {"dir//c.txt", "dir///"},
			"dir//": {"dir///d.txt"},
		} {
			for i := range wanted {
				wanted[i] = below + wanted[i]
			}
			sort.Strings(wanted)
			assert.Equal(t, wanted, names(listed(t, f, below+dir)), "%q of %q", dir, root)
		}
	}
}

func TestListsOfManyPages(t *testing.T) {
	s := startServer(t)
	f := newFs(t, s.address, testBucket)
	const count = 2100
	var wanted []string
	for i := range count {
		name := fmt.Sprintf("many/%04d.txt", i)
		require.NoError(t, os.MkdirAll(s.path("many"), 0o755))
		require.NoError(t, os.WriteFile(s.path(name), []byte("x"), 0o644)) // somebody else's
		wanted = append(wanted, name)
	}
	assert.Equal(t, wanted, names(listed(t, f, "many")))
	require.NoError(t, f.Purge(context.Background(), "many"))
	assert.Empty(t, listed(t, f, "many"))
	assert.ErrorIs(t, f.Purge(context.Background(), "many"), fs.ErrorDirNotFound)
}

func TestRanges(t *testing.T) {
	s := startServer(t)
	data := content(2, 3*mib+5)
	size := int64(len(data))
	o := putBytes(t, newFs(t, s.address, testBucket), "a.bin", data)
	for _, c := range []struct {
		option   fs.OpenOption
		from, to int64
	}{
		{&fs.NullOption{}, 0, size},
		{&fs.SeekOption{Offset: 7}, 7, size},
		{&fs.SeekOption{Offset: size}, size, size},
		{&fs.SeekOption{Offset: size + 5}, size, size},
		{&fs.RangeOption{Start: 0, End: 0}, 0, 1},
		{&fs.RangeOption{Start: 5, End: mib * 2}, 5, mib*2 + 1},
		{&fs.RangeOption{Start: 5, End: -1}, 5, size},
		{&fs.RangeOption{Start: -1, End: 20}, size - 20, size},
		{&fs.RangeOption{Start: -1, End: size + 20}, 0, size},
		{&fs.RangeOption{Start: size - 3, End: size + 20}, size - 3, size},
	} {
		assert.True(t, bytes.Equal(data[c.from:c.to], readAll(t, o, c.option)), c.option)
	}
	assert.Empty(t, readAll(t, putBytes(t, o.fs, "empty.bin", nil)))
}

func TestAReadSurvivesAKilledServer(t *testing.T) {
	s := startServer(t)
	data := content(3, 30*mib)
	f := newFs(t, s.address, testBucket)
	o := putBytes(t, f, "a.bin", data)
	in, err := o.Open(context.Background())
	require.NoError(t, err)
	got := make([]byte, len(data))
	_, err = io.ReadFull(in, got[:10*mib])
	require.NoError(t, err)
	s.kill()
	s.start()
	_, err = io.ReadFull(in, got[10*mib:])
	require.NoError(t, err)
	_, err = in.Read(make([]byte, 1))
	assert.Equal(t, io.EOF, err)
	assert.True(t, bytes.Equal(data, got))
	require.NoError(t, in.Close())
}

func TestAReadDoesNotGoOnInAnotherObject(t *testing.T) {
	s := startServer(t)
	f := newFs(t, s.address, testBucket)
	o := putBytes(t, f, "a.bin", content(4, 30*mib))
	in, err := o.Open(context.Background())
	require.NoError(t, err)
	_, err = io.ReadFull(in, make([]byte, mib))
	require.NoError(t, err)
	s.kill()
	s.start()
	putBytes(t, f, "a.bin", content(5, 30*mib))
	_, err = io.ReadAll(in)
	require.ErrorContains(t, err, "OBJECT_CHANGED")
}

func TestReadAfterClose(t *testing.T) {
	s := startServer(t)
	in, err := putBytes(t, newFs(t, s.address, testBucket), "a.bin", content(6, 5*mib)).Open(context.Background())
	require.NoError(t, err)
	require.NoError(t, in.Close())
	_, err = in.Read(make([]byte, 1))
	assert.ErrorIs(t, err, errClosed)
}

func TestModTimeIsSetAlone(t *testing.T) {
	s := startServer(t)
	f := newFs(t, s.address, testBucket)
	o := putBytes(t, f, "a.txt", []byte("hello"))
	wanted := time.Unix(1600000000, 987654321)
	require.NoError(t, o.SetModTime(context.Background(), wanted))
	for _, o := range []fs.Object{o, objectIn(t, f, "a.txt")} {
		assert.True(t, wanted.Equal(o.ModTime(context.Background())))
		assert.Equal(t, "text/plain; charset=utf-8", fs.MimeType(context.Background(), o))
		assert.Equal(t, "hello", string(readAll(t, o)))
	}
}

func TestMetadataIsKept(t *testing.T) {
	s := startServer(t)
	f := newFs(t, s.address, testBucket)
	ctx, config := fs.AddConfig(context.Background())
	config.Metadata = true
	given := fs.Metadata{"cache-control": "no-cache", "user.name": "größe", "mtime": "2026-01-02T03:04:05.000000006Z"}
	config.MetadataSet = given
	_, err := f.Put(ctx, bytesOf([]byte("x")), info("a.txt", 1), fs.MetadataOption(given))
	require.NoError(t, err)
	o := objectIn(t, f, "a.txt").(*Object)
	got, err := o.Metadata(ctx)
	require.NoError(t, err)
	for name, value := range given {
		assert.Equal(t, value, got[name], name)
	}
	require.NoError(t, o.SetMetadata(ctx, fs.Metadata{"other": "value"}))
	got, err = objectIn(t, f, "a.txt").(*Object).Metadata(ctx)
	require.NoError(t, err)
	assert.Equal(t, "value", got["other"])
	assert.NotContains(t, got, "user.name")
	assert.Equal(t, given["mtime"], got["mtime"])
}

func TestCopyWithinTheRemote(t *testing.T) {
	s := startServer(t)
	l := newLink(t, s)
	f := newFs(t, l.address, testBucket)
	data := content(7, 5*mib)
	o := putBytes(t, f, "a.txt", data)
	before := l.sent.Load()
	copied, err := operations.Copy(context.Background(), f, nil, "dir/b.txt", o)
	require.NoError(t, err)
	assert.Less(t, l.sent.Load()-before, int64(100_000))
	assert.True(t, bytes.Equal(data, readAll(t, copied)))
	assert.True(t, o.ModTime(context.Background()).Equal(copied.ModTime(context.Background())))
}

func TestACopyKeepsTheTimeOfAnObjectWithoutOne(t *testing.T) {
	s := startServer(t)
	f := newFs(t, s.address, testBucket)
	require.NoError(t, os.WriteFile(s.path("a.txt"), []byte("somebody else's"), 0o644))
	o := objectIn(t, f, "a.txt")
	copied, err := f.Copy(context.Background(), o, "b.txt")
	require.NoError(t, err)
	assert.True(t, o.ModTime(context.Background()).Equal(copied.ModTime(context.Background())))
}

func TestCopyBetweenTwoPenstocks(t *testing.T) {
	one, two := startServer(t), startServer(t)
	data := content(8, 20*mib)
	o := putBytes(t, newFs(t, one.address, testBucket), "a.bin", data)
	f := newFs(t, two.address, testBucket)
	copied, err := operations.Copy(context.Background(), f, nil, "a.bin", o)
	require.NoError(t, err)
	assert.True(t, bytes.Equal(data, readAll(t, copied)))
}

func TestRemove(t *testing.T) {
	s := startServer(t)
	f := newFs(t, s.address, testBucket)
	o := putBytes(t, f, "a.txt", nil)
	require.NoError(t, o.Remove(context.Background()))
	_, err := f.NewObject(context.Background(), "a.txt")
	assert.ErrorIs(t, err, fs.ErrorObjectNotFound)
}

func TestMkdirWantsABucket(t *testing.T) {
	s := startServer(t)
	f := newFs(t, s.address, testBucket)
	require.NoError(t, f.Mkdir(context.Background(), "any/dir"))
	err := newFs(t, s.address, "other-bucket").Mkdir(context.Background(), "")
	require.ErrorContains(t, err, `no bucket "other-bucket"`)
	assert.ErrorIs(t, err, fs.ErrorDirNotFound)
	require.NoError(t, f.Rmdir(context.Background(), ""))
	putBytes(t, f, "a.txt", nil)
	assert.ErrorIs(t, f.Rmdir(context.Background(), ""), fs.ErrorDirectoryNotEmpty)
}

func TestABucketThatIsMadeWhenNeededIsThere(t *testing.T) {
	s := startServer(t, "create_buckets = true\n")
	f := newFs(t, s.address, "")
	require.NoError(t, f.Mkdir(context.Background(), "other-bucket/dir"))
	assert.Empty(t, listed(t, f, "other-bucket"))
	putBytes(t, f, "other-bucket/dir/a.txt", nil)
	assert.Equal(t, []string{"other-bucket/", testBucket + "/"}, names(listed(t, f, "")))
}

func TestNamesThatNeedEncoding(t *testing.T) {
	s := startServer(t)
	f := newFs(t, s.address, testBucket)
	var wanted []string
	for _, name := range []string{"bad \xff utf-8", "..", ".", "dot.", ".d", "ctl\x01\x7f", "‛quoted", "full．", "a b", "%41"} {
		name := "dir/" + encoder.Standard.Encode(name) // as rclone passes names around
		putBytes(t, f, name, []byte(name))
		assert.Equal(t, name, string(readAll(t, objectIn(t, f, name))))
		wanted = append(wanted, name)
	}
	var all fs.DirEntries
	require.NoError(t, f.ListR(context.Background(), "", func(entries fs.DirEntries) error {
		all = append(all, entries...)
		return nil
	}))
	sort.Strings(wanted)
	assert.Equal(t, wanted, names(all))
}
