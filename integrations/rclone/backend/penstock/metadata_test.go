package penstock

import (
	"strings"
	"testing"
	"time"

	"github.com/rclone/rclone/fs"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestNamesOfMetadataAreMappedReversibly(t *testing.T) {
	for name, wanted := range map[string]string{
		"plain":         "plain",
		"with-dash":     "with-dash",
		"-":             "-",
		"a-":            "a-",
		"a--b":          "a--2d-b",
		"a-.b":          "a--2d--2eb",
		"user.xattr":    "user--2exattr",
		"Upper":         "--55pper",
		"a--2e":         "a--2d-2e",
		"penstock-mark": "--70enstock-mark",
		"naïve":         "na--c3--afve",
		"no utf-8 \xff": "no--20utf-8--20--ff",
		"":              "",
	} {
		encoded := encodeName(name)
		assert.Equal(t, wanted, encoded)
		assert.Empty(t, strings.Trim(encoded, "abcdefghijklmnopqrstuvwxyz0123456789-"))
		assert.Equal(t, name, decodeName(encoded))
	}
}

func TestNamesThatOthersWroteStay(t *testing.T) {
	for _, name := range []string{"a--", "--", "a--zz", "---", "a--2"} {
		assert.Equal(t, name, decodeName(name))
	}
}

func TestModTimeIsReadAsBothBackendsWriteIt(t *testing.T) {
	for text, nanos := range map[string]int64{
		"2023-11-14T22:13:20.123456789Z":      1700000000123456789,
		"2023-11-14T23:13:20.123456789+01:00": 1700000000123456789,
		"1700000000.123456789":                1700000000123456789,
		"1700000000":                          1700000000000000000,
		"1700000000.5":                        1700000000500000000,
		"-1.5":                                -1500000000,
	} {
		a := attributes{metadata: map[string]string{"mtime": text}}
		got, ok := a.modTime()
		require.True(t, ok, text)
		assert.Equal(t, nanos, got.UnixNano(), text)
	}
	for _, text := range []string{"", "yesterday", "1.x", "1.0123456789"} {
		a := attributes{metadata: map[string]string{"mtime": text}}
		_, ok := a.modTime()
		assert.False(t, ok, text)
	}
}

func TestMetadataGoesThereAndBack(t *testing.T) {
	given := fs.Metadata{
		"cache-control": "no-cache", "content-disposition": "inline", "content-encoding": "gzip",
		"content-type": "text/x", "mtime": "2026-01-02T03:04:05.000000006Z", "user.name": "value",
	}
	var a attributes
	require.NoError(t, a.merge(given))
	assert.Equal(t, given, a.toRclone())
	assert.Equal(t, "no-cache", a.cacheControl)
	assert.Equal(t, map[string]string{"mtime": given["mtime"], "user--2ename": "value"}, a.metadata)
}

func TestBadModTimeOfMetadataIsTold(t *testing.T) {
	var a attributes
	require.ErrorContains(t, a.merge(fs.Metadata{"mtime": "noon"}), `"noon" is not a time`)
}

func TestUploadHeadersAreSet(t *testing.T) {
	var a attributes
	a.mergeHeaders([]fs.OpenOption{
		&fs.HTTPOption{Key: "Cache-Control", Value: "max-age=1"},
		&fs.HTTPOption{Key: "Content-Type", Value: "text/y"},
		&fs.HashesOption{},
	})
	assert.Equal(t, "max-age=1", a.cacheControl)
	assert.Equal(t, "text/y", a.contentType)
}

func TestModTimeHasNanoseconds(t *testing.T) {
	var a attributes
	a.setModTime(time.Unix(1, 2).In(time.FixedZone("x", 3600)))
	assert.Equal(t, "1970-01-01T00:00:01.000000002Z", a.metadata["mtime"])
}
