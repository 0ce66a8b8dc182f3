package penstock

import (
	"context"
	"strings"
	"time"

	"github.com/rclone/rclone/fs"
	"github.com/rclone/rclone/lib/bucket"

	pb "penstock.dev/integrations/rclone/internal/penstockv1"
)

// List answers the entries of a directory, or the buckets at a root that names none.
func (f *Fs) List(ctx context.Context, dir string) (entries fs.DirEntries, err error) {
	err = f.ListP(ctx, dir, func(page fs.DirEntries) error {
		entries = append(entries, page...)
		return nil
	})
	return entries, err
}

// ListP is List in pages.
func (f *Fs) ListP(ctx context.Context, dir string, callback fs.ListRCallback) error {
	bucketName, prefix := f.prefixOf(dir)
	if bucketName == "" {
		entries, err := f.listBuckets(ctx)
		if err != nil {
			return err
		}
		return callback(entries)
	}
	return f.listEntries(ctx, bucketName, prefix, false, callback)
}

// ListR answers the objects below a directory, in pages. Directories are not told: they are what objects are in.
func (f *Fs) ListR(ctx context.Context, dir string, callback fs.ListRCallback) error {
	bucketName, prefix := f.prefixOf(dir)
	if bucketName != "" {
		return f.listEntries(ctx, bucketName, prefix, true, callback)
	}
	buckets, err := f.listBuckets(ctx)
	if err != nil {
		return err
	}
	if err := callback(buckets); err != nil {
		return err
	}
	for _, entry := range buckets {
		bucketName, _ := f.split(entry.Remote())
		if err := f.listEntries(ctx, bucketName, "", true, callback); err != nil {
			return err
		}
	}
	return nil
}

func (f *Fs) listBuckets(ctx context.Context) (entries fs.DirEntries, err error) {
	var response *pb.ListBucketsResponse
	err = f.servers.call(ctx, callTimeout, func(ctx context.Context, s *server) (err error) {
		response, err = s.objects.ListBuckets(ctx, &pb.ListBucketsRequest{Remote: f.opt.Remote})
		return err
	})
	if err != nil {
		return nil, forRclone(err)
	}
	for _, found := range response.GetBuckets() {
		var made time.Time
		if found.GetCreateTime() != nil {
			made = found.GetCreateTime().AsTime()
		}
		entries = append(entries, fs.NewDir(f.opt.Enc.ToStandardName(found.GetName()), made))
	}
	return entries, nil
}

// listPages hands over the pages of a list.
func (f *Fs) listPages(ctx context.Context, request *pb.ListObjectsRequest, take func(*pb.ListObjectsResponse) error) error {
	for {
		var page *pb.ListObjectsResponse
		err := f.servers.call(ctx, listTimeout, func(ctx context.Context, s *server) (err error) {
			page, err = s.objects.ListObjects(ctx, request)
			return err
		})
		if err != nil {
			return forRclone(err)
		}
		if err := take(page); err != nil {
			return err
		}
		if page.GetNextPageToken() == "" {
			return nil
		}
		request.PageToken = page.GetNextPageToken()
	}
}

// prefixOf tells the bucket of a directory, and what the keys of everything in it begin with. An empty name is a name too:
// "a/" is the directory of the key "a//b", and "/" that of "/b".
func (f *Fs) prefixOf(dir string) (bucketName, prefix string) {
	bucketName, prefix = f.split(dir)
	below := prefix
	if f.rootDirectory != "" {
		below = dir
	}
	if prefix != "" && !onlySlashes(below) {
		prefix += "/"
	}
	return bucketName, prefix
}

func onlySlashes(path string) bool { return path != "" && strings.Trim(path, "/") == "" }

// directoryName is the reverse: what rclone calls the directory of a prefix that is relative to the root.
func directoryName(prefix string) string {
	if onlySlashes(prefix) {
		return prefix
	}
	return strings.TrimSuffix(prefix, "/")
}

func (f *Fs) listEntries(ctx context.Context, bucketName, prefix string, recurse bool, callback fs.ListRCallback) error {
	request := &pb.ListObjectsRequest{
		Remote: f.opt.Remote, Bucket: bucketName, Prefix: prefix, View: pb.ObjectView_OBJECT_VIEW_FULL,
	}
	if !recurse {
		request.Delimiter = "/"
	}
	if f.opt.ListView == viewBasic {
		request.View = pb.ObjectView_OBJECT_VIEW_BASIC
	}
	return f.listPages(ctx, request, func(page *pb.ListObjectsResponse) error {
		if entries := f.entriesOf(bucketName, prefix, page); len(entries) > 0 {
			return callback(entries)
		}
		return nil
	})
}

func (f *Fs) entriesOf(bucketName, prefix string, page *pb.ListObjectsResponse) (entries fs.DirEntries) {
	directories := page.GetPrefixes()
	for _, listed := range page.GetObjects() {
		key := listed.GetObject().GetKey()
		if strings.HasSuffix(key, "/") { // other tools mark directories by an object
			if key != prefix {
				directories = append(directories, key)
			}
		} else if remote, ok := f.below(key); ok {
			entries = append(entries, f.newObject(f.withBucket(bucketName, remote), listed.GetObject(), listed.GetComplete()))
		}
	}
	for _, directory := range directories {
		if remote, ok := f.below(directory); ok {
			entries = append(entries, fs.NewDir(f.withBucket(bucketName, directoryName(remote)), time.Time{}))
		}
	}
	return entries
}

// below tells the part of a key, in rclone's encoding, that is below the root's directory.
func (f *Fs) below(key string) (string, bool) {
	path := f.opt.Enc.ToStandardPath(key)
	if f.rootDirectory == "" {
		return path, true
	}
	below, ok := strings.CutPrefix(path, f.rootDirectory+"/")
	if !ok {
		fs.Logf(f, "the server listed %q, which is not below the root", key)
	}
	return below, ok && below != ""
}

// withBucket is the path below the root of what is in a bucket.
func (f *Fs) withBucket(bucketName, below string) string {
	if f.rootBucket != "" {
		return below
	}
	return bucket.Join(f.opt.Enc.ToStandardName(bucketName), below)
}
