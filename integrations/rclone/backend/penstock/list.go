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
	bucketName, directory := f.split(dir)
	if bucketName == "" {
		entries, err := f.listBuckets(ctx)
		if err != nil {
			return err
		}
		return callback(entries)
	}
	return f.listEntries(ctx, bucketName, directory, false, callback)
}

// ListR answers the objects below a directory, in pages. Directories are not told: they are what objects are in.
func (f *Fs) ListR(ctx context.Context, dir string, callback fs.ListRCallback) error {
	bucketName, directory := f.split(dir)
	if bucketName != "" {
		return f.listEntries(ctx, bucketName, directory, true, callback)
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

// listPages hands over the pages of a list, without the directory's own marker.
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

func asPrefix(directory string) string {
	if directory == "" {
		return ""
	}
	return directory + "/"
}

func (f *Fs) listEntries(ctx context.Context, bucketName, directory string, recurse bool, callback fs.ListRCallback) error {
	request := &pb.ListObjectsRequest{
		Remote: f.opt.Remote, Bucket: bucketName, Prefix: asPrefix(directory), View: pb.ObjectView_OBJECT_VIEW_FULL,
	}
	if !recurse {
		request.Delimiter = "/"
	}
	if f.opt.ListView == viewBasic {
		request.View = pb.ObjectView_OBJECT_VIEW_BASIC
	}
	return f.listPages(ctx, request, func(page *pb.ListObjectsResponse) error {
		var entries fs.DirEntries
		for _, prefix := range page.GetPrefixes() {
			if remote, ok := f.remoteOf(bucketName, strings.TrimSuffix(prefix, "/")); ok {
				entries = append(entries, fs.NewDir(remote, time.Time{}))
			}
		}
		for _, listed := range page.GetObjects() {
			key := listed.GetObject().GetKey()
			if strings.HasSuffix(key, "/") {
				// Other tools mark directories by an empty object.
				if remote, ok := f.remoteOf(bucketName, strings.TrimSuffix(key, "/")); ok && key != request.GetPrefix() {
					entries = append(entries, fs.NewDir(remote, time.Time{}))
				}
				continue
			}
			if remote, ok := f.remoteOf(bucketName, key); ok {
				entries = append(entries, f.newObject(remote, listed.GetObject(), listed.GetComplete()))
			}
		}
		if len(entries) == 0 {
			return nil
		}
		return callback(entries)
	})
}

// remoteOf tells the path below the root of a key. False for a key that is not below it.
func (f *Fs) remoteOf(bucketName, key string) (string, bool) {
	remote := f.opt.Enc.ToStandardPath(key)
	if f.rootBucket == "" {
		return bucket.Join(f.opt.Enc.ToStandardName(bucketName), remote), true
	}
	below, ok := strings.CutPrefix(remote, asPrefix(f.rootDirectory))
	if !ok {
		fs.Logf(f, "the server listed %q, which is not below the root", key)
	}
	return below, ok && below != ""
}
