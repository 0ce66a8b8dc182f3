package penstock

import (
	"context"
	"fmt"
	"time"

	"github.com/rclone/rclone/fs"
	"github.com/rclone/rclone/fs/fserrors"
	"google.golang.org/grpc/codes"

	pb "penstock.dev/integrations/rclone/internal/penstockv1"
)

const (
	deleteBatch  = 1000
	sessionsPage = 1000
)

// Mkdir has nothing to do: directories are what objects are in. It fails where the bucket is not there, unless the server's
// remote makes it for the first object.
func (f *Fs) Mkdir(ctx context.Context, dir string) error {
	bucketName, _ := f.split(dir)
	if bucketName == "" {
		return nil
	}
	err := f.servers.call(ctx, callTimeout, func(ctx context.Context, s *server) error {
		_, err := s.objects.ListObjects(ctx, &pb.ListObjectsRequest{Remote: f.opt.Remote, Bucket: bucketName, PageSize: 1})
		return err
	})
	if reasonOf(err) == "NO_SUCH_BUCKET" {
		return fserrors.NoRetryError(fmt.Errorf("there is no bucket %q, and the server's remote %q does not make any: %w",
			bucketName, f.opt.Remote, fs.ErrorDirNotFound))
	}
	return forRclone(err)
}

// Rmdir has nothing to remove either: a directory is gone with its last object, and buckets stay.
func (f *Fs) Rmdir(ctx context.Context, dir string) error {
	bucketName, directory := f.split(dir)
	if bucketName == "" || directory != "" {
		return nil
	}
	request := &pb.ListObjectsRequest{Remote: f.opt.Remote, Bucket: bucketName, PageSize: 1}
	return f.listPages(ctx, request, func(page *pb.ListObjectsResponse) error {
		if len(page.GetObjects()) > 0 {
			return fs.ErrorDirectoryNotEmpty
		}
		return nil
	})
}

// Purge deletes everything below a directory.
func (f *Fs) Purge(ctx context.Context, dir string) error {
	bucketName, prefix := f.prefixOf(dir)
	if bucketName == "" {
		return fs.ErrorCantPurge // buckets stay, so that would not be what was asked for
	}
	request := &pb.ListObjectsRequest{Remote: f.opt.Remote, Bucket: bucketName, Prefix: prefix}
	found := false
	err := f.listPages(ctx, request, func(page *pb.ListObjectsResponse) error {
		keys := make([]string, 0, len(page.GetObjects()))
		for _, listed := range page.GetObjects() {
			keys = append(keys, listed.GetObject().GetKey())
		}
		found = found || len(keys) > 0
		return f.deleteKeys(ctx, bucketName, keys)
	})
	if err == nil && !found {
		return fs.ErrorDirNotFound
	}
	return err
}

// deleteKeys deletes them, and those that failed for a passing reason again.
func (f *Fs) deleteKeys(ctx context.Context, bucketName string, keys []string) error {
	pause := newPause()
	for tries := fs.GetConfig(ctx).LowLevelRetries; len(keys) > 0; tries-- {
		batch := keys[:min(len(keys), deleteBatch)]
		var response *pb.DeleteObjectsResponse
		err := f.servers.call(ctx, listTimeout, func(ctx context.Context, s *server) (err error) {
			response, err = s.objects.DeleteObjects(ctx,
				&pb.DeleteObjectsRequest{Remote: f.opt.Remote, Bucket: bucketName, Keys: batch})
			return err
		})
		if err != nil {
			return forRclone(err)
		}
		keys = keys[len(batch):]
		for _, failure := range response.GetFailures() {
			if codes.Code(failure.GetCode()) != codes.Unavailable || tries <= 0 {
				return fmt.Errorf("cannot delete %q: %s (%s)", failure.GetKey(), failure.GetMessage(), failure.GetReason())
			}
			keys = append(keys, failure.GetKey())
		}
		if len(response.GetFailures()) > 0 {
			if err := pause.wait(ctx, 0); err != nil {
				return err
			}
		}
	}
	return nil
}

// Copy copies within the server's remote, without the bytes passing through here.
func (f *Fs) Copy(ctx context.Context, src fs.Object, remote string) (fs.Object, error) {
	from, ok := src.(*Object)
	if !ok || from.fs.opt.Remote != f.opt.Remote || from.fs.servers.servers[0] != f.servers.servers[0] {
		return nil, fs.ErrorCantCopy
	}
	if err := from.describe(ctx); err != nil {
		return nil, err
	}
	request := &pb.CopyObjectRequest{Source: from.fs.nameOf(from.remote), Target: f.nameOf(remote)}
	from.mu.Lock()
	carried, etag, updateTime := from.attributes.clone(), from.etag, from.updateTime
	from.mu.Unlock()
	request.IfMatch = etag
	var options []fs.OpenOption
	if set := fs.GetConfig(ctx).MetadataSet; set != nil {
		options = append(options, fs.MetadataOption(set))
	}
	metadata, err := fs.GetMetadataOptions(ctx, f, src, options)
	if err != nil {
		return nil, err
	}
	_, hasModTime := carried.modTime()
	if metadata != nil || !hasModTime || f.opt.StorageClass != "" {
		if !hasModTime {
			carried.setModTime(updateTime) // the copy's own would be another
		}
		carried.storageClass = f.opt.StorageClass
		if err := carried.merge(metadata); err != nil {
			return nil, err
		}
		if request.Attributes, err = carried.toProto(); err != nil {
			return nil, err
		}
	}
	var response *pb.CopyObjectResponse
	err = f.servers.call(ctx, noTimeout, func(ctx context.Context, s *server) (err error) {
		response, err = s.objects.CopyObject(ctx, request)
		return err
	})
	if err != nil {
		return nil, forRclone(err)
	}
	return f.newObject(remote, response.GetObject(), true), nil
}

// CleanUp discards interrupted uploads below the root that nobody went on with for the time of the option clean_up_after.
func (f *Fs) CleanUp(ctx context.Context) error {
	bucketName, prefix := f.prefixOf("")
	request := &pb.ListSessionsRequest{
		PageSize: sessionsPage, States: []pb.Session_State{pb.Session_STATE_OPEN}, Remote: f.opt.Remote,
		Bucket: bucketName, KeyPrefix: prefix,
	}
	oldest := time.Now().Add(-time.Duration(f.opt.CleanUpAfter))
	for {
		var page *pb.ListSessionsResponse
		err := f.servers.call(ctx, callTimeout, func(ctx context.Context, s *server) (err error) {
			page, err = s.put.ListSessions(ctx, request)
			return err
		})
		if err != nil {
			return forRclone(err)
		}
		for _, session := range page.GetSessions() {
			if session.GetConnected() || session.GetUpdateTime().AsTime().After(oldest) {
				continue
			}
			if err := f.discardSession(ctx, session); err != nil {
				return err
			}
		}
		if request.PageToken = page.GetNextPageToken(); request.PageToken == "" {
			return nil
		}
	}
}

func (f *Fs) discardSession(ctx context.Context, session *pb.Session) error {
	key := session.GetObject().GetKey()
	if fs.GetConfig(ctx).DryRun {
		fs.Logf(f, "%s: not discarding an interrupted upload of %d bytes as --dry-run is set", key, session.GetCommittedSize())
		return nil
	}
	fs.Infof(f, "%s: discarding an interrupted upload of %d bytes", key, session.GetCommittedSize())
	err := f.servers.call(ctx, callTimeout, func(ctx context.Context, s *server) error {
		_, err := s.put.AbortSession(ctx,
			&pb.AbortSessionRequest{Name: &pb.AbortSessionRequest_SessionId{SessionId: session.GetSessionId()}})
		return err
	})
	if reasonOf(err) == "SESSION_NOT_FOUND" {
		return nil
	}
	return forRclone(err)
}
