package penstock

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/rclone/rclone/fs"
	"github.com/rclone/rclone/fs/fserrors"

	pb "penstock.dev/integrations/rclone/internal/penstockv1"
)

// The name under which the modification time is kept, in rclone's metadata and in the object's.
const mtimeName = "mtime"

// Metadata that changes by reading the source or by copying it to another machine. It does not name an upload.
func isVolatile(name string) bool { return name == "atime" || name == "btime" }

func metadataInfo() *fs.MetadataInfo {
	return &fs.MetadataInfo{
		System: map[string]fs.MetadataHelp{
			"cache-control":       {Help: "Cache-Control header", Type: "string", Example: "no-cache"},
			"content-disposition": {Help: "Content-Disposition header", Type: "string", Example: "inline"},
			"content-encoding":    {Help: "Content-Encoding header", Type: "string", Example: "gzip"},
			"content-type":        {Help: "Content-Type header", Type: "string", Example: "text/plain"},
			mtimeName: {Help: "Time of last modification, kept as metadata `mtime`", Type: "RFC 3339",
				Example: "2006-01-02T15:04:05.999999999Z"},
			"tier": {Help: "Storage class of the object", Type: "string", Example: "IA", ReadOnly: true},
		},
		Help: `User metadata is kept as metadata of the object, whose names have only a-z, 0-9 and -. Any other byte of a name is
kept as -- and two hexadecimal digits. Names and values together have at most 8 KiB.`,
	}
}

// attributes is what an object carries besides its bytes, in the terms of the contract.
type attributes struct {
	contentType        string
	typeGiven          bool // by the user; otherwise it is the source's, or a guess of this machine
	cacheControl       string
	contentDisposition string
	contentEncoding    string
	storageClass       string
	metadata           map[string]string // by the names of the contract
}

func (a *attributes) toSpec(spec *pb.ObjectSpec) error {
	spec.ContentType = a.contentType
	spec.CacheControl = a.cacheControl
	spec.ContentDisposition = a.contentDisposition
	spec.ContentEncoding = a.contentEncoding
	spec.StorageClass = a.storageClass
	spec.Metadata = a.metadata
	return a.check()
}

func (a *attributes) toProto() (*pb.ObjectAttributes, error) {
	return &pb.ObjectAttributes{
		ContentType:        a.contentType,
		CacheControl:       a.cacheControl,
		ContentDisposition: a.contentDisposition,
		ContentEncoding:    a.contentEncoding,
		StorageClass:       a.storageClass,
		Metadata:           a.metadata,
	}, a.check()
}

// check refuses what no request can carry: values that are not UTF-8, as extended attributes of files may be. Names always
// can, for they are encoded. The error does not show the value: what it is, nobody knows.
func (a *attributes) check() error {
	carried := a.toRclone()
	for _, name := range slices.Sorted(maps.Keys(carried)) {
		if !utf8.ValidString(carried[name]) {
			return fserrors.NoRetryError(fmt.Errorf("metadata %q cannot be stored: its value is not UTF-8", name))
		}
	}
	return nil
}

func attributesOf(object *pb.StoredObject) attributes {
	return attributes{
		contentType:        object.GetContentType(),
		cacheControl:       object.GetCacheControl(),
		contentDisposition: object.GetContentDisposition(),
		contentEncoding:    object.GetContentEncoding(),
		storageClass:       object.GetStorageClass(),
		metadata:           maps.Clone(object.GetMetadata()),
	}
}

func (a *attributes) clone() attributes {
	copied := *a
	copied.metadata = maps.Clone(a.metadata)
	return copied
}

// setModTime notes the time to the nanosecond.
func (a *attributes) setModTime(t time.Time) {
	if a.metadata == nil {
		a.metadata = map[string]string{}
	}
	a.metadata[mtimeName] = t.UTC().Format(time.RFC3339Nano)
}

// modTime finds the time of modification, as this backend wrote it or as rclone's S3 backend does (seconds).
func (a *attributes) modTime() (time.Time, bool) {
	text, ok := a.metadata[mtimeName]
	if !ok {
		return time.Time{}, false
	}
	if t, err := time.Parse(time.RFC3339Nano, text); err == nil {
		return t, true
	}
	return parseSeconds(text)
}

// parseSeconds reads decimal seconds since 1970, without the rounding of a float.
func parseSeconds(text string) (time.Time, bool) {
	whole, fraction, _ := strings.Cut(text, ".")
	seconds, err := strconv.ParseInt(whole, 10, 64)
	if err != nil || len(fraction) > 9 {
		return time.Time{}, false
	}
	nanos, err := strconv.ParseUint("0"+fraction, 10, 64)
	if err != nil {
		return time.Time{}, false
	}
	for range 9 - len(fraction) {
		nanos *= 10
	}
	if strings.HasPrefix(whole, "-") {
		return time.Unix(seconds, -int64(nanos)), true
	}
	return time.Unix(seconds, int64(nanos)), true
}

// merge applies metadata of rclone.
func (a *attributes) merge(metadata fs.Metadata) error {
	for name, value := range metadata {
		switch strings.ToLower(name) {
		case "cache-control":
			a.cacheControl = value
		case "content-disposition":
			a.contentDisposition = value
		case "content-encoding":
			a.contentEncoding = value
		case "content-type":
			a.contentType, a.typeGiven = value, true
		case "tier":
			// The source's says nothing here: the option storage_class does.
		case mtimeName:
			t, err := time.Parse(time.RFC3339Nano, value)
			if err != nil {
				return fmt.Errorf("metadata mtime %q is not a time by RFC 3339: %w", value, err)
			}
			a.setModTime(t)
		default:
			if a.metadata == nil {
				a.metadata = map[string]string{}
			}
			a.metadata[encodeName(name)] = value
		}
	}
	return nil
}

// mergeHeaders applies what --header-upload and its like give.
func (a *attributes) mergeHeaders(options []fs.OpenOption) {
	for _, option := range options {
		name, value := option.Header()
		switch strings.ToLower(name) {
		case "":
		case "cache-control":
			a.cacheControl = value
		case "content-disposition":
			a.contentDisposition = value
		case "content-encoding":
			a.contentEncoding = value
		case "content-type":
			a.contentType, a.typeGiven = value, true
		default:
			if _, isHeader := option.(*fs.HTTPOption); isHeader {
				fs.Logf(nil, "penstock: the header %q cannot be set on an object", name)
			}
		}
	}
}

// toRclone tells the same as metadata of rclone.
func (a *attributes) toRclone() fs.Metadata {
	metadata := make(fs.Metadata, len(a.metadata)+4)
	for name, value := range a.metadata {
		metadata[decodeName(name)] = value
	}
	if t, ok := a.modTime(); ok {
		metadata[mtimeName] = t.Format(time.RFC3339Nano)
	}
	for name, value := range map[string]string{
		"cache-control":       a.cacheControl,
		"content-disposition": a.contentDisposition,
		"content-encoding":    a.contentEncoding,
		"content-type":        a.contentType,
		"tier":                a.storageClass,
	} {
		if value != "" {
			metadata[name] = value
		}
	}
	return metadata
}

// attributesFor puts together what a new object carries.
func (f *Fs) attributesFor(ctx context.Context, src fs.ObjectInfo, options []fs.OpenOption) (attributes, error) {
	a := attributes{contentType: fs.MimeType(ctx, src), storageClass: f.opt.StorageClass}
	a.setModTime(src.ModTime(ctx))
	metadata, err := fs.GetMetadataOptions(ctx, f, src, options)
	if err != nil {
		return a, fmt.Errorf("cannot read the metadata of the source: %w", err)
	}
	if err := a.merge(metadata); err != nil {
		return a, err
	}
	a.mergeHeaders(options)
	return a, nil
}

// encodeName makes a name of metadata one of the contract, reversibly: bytes that it does not know become -- and two
// hexadecimal digits, and so does a - that would look like the beginning of that.
func encodeName(name string) string {
	var text strings.Builder
	for i := range len(name) {
		c := name[i]
		plain := isNameByte(c) || c == '-' && (i+1 == len(name) || isNameByte(name[i+1]))
		if plain && !(i == 0 && isReserved(name)) {
			text.WriteByte(c)
		} else {
			fmt.Fprintf(&text, "--%02x", c)
		}
	}
	return text.String()
}

func decodeName(name string) string {
	var text strings.Builder
	for i := 0; i < len(name); i++ {
		if strings.HasPrefix(name[i:], "--") && i+4 <= len(name) {
			if c, err := strconv.ParseUint(name[i+2:i+4], 16, 8); err == nil {
				text.WriteByte(byte(c))
				i += 3
				continue
			}
		}
		text.WriteByte(name[i])
	}
	return text.String()
}

func isNameByte(c byte) bool {
	return 'a' <= c && c <= 'z' || '0' <= c && c <= '9'
}

// isReserved tells the names that the server keeps for itself.
func isReserved(name string) bool { return name == "penstock-mark" || name == "penstock-encoding" }
