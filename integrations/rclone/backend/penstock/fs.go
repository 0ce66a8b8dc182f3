// Package penstock is a backend of rclone that stores through a Penstock server, and resumes.
//
// Importing it registers it. What the RPCs mean is told by proto/penstock/v1 of Penstock.
package penstock

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/rclone/rclone/fs"
	"github.com/rclone/rclone/fs/config/configmap"
	"github.com/rclone/rclone/fs/fserrors"
	"github.com/rclone/rclone/fs/hash"
	"github.com/rclone/rclone/lib/bucket"

	pb "penstock.dev/integrations/rclone/internal/penstockv1"
)

// Fs is the objects of a server's remote below a root, bucket/path.
type Fs struct {
	name          string
	root          string
	rootBucket    string // the root's parts, in rclone's encoding
	rootDirectory string
	opt           Options
	features      *fs.Features
	servers       *cluster
	secret        func() (string, error) // found at first use
}

// NewFs makes an Fs of the root. If that is an object, the Fs is of what contains it, and the error fs.ErrorIsFile.
func NewFs(ctx context.Context, name, root string, m configmap.Mapper) (fs.Fs, error) {
	opt, err := readOptions(m)
	if err != nil {
		return nil, err
	}
	servers, err := newCluster(opt.Servers)
	if err != nil {
		return nil, fmt.Errorf("penstock: servers: %w", err)
	}
	f := &Fs{name: name, opt: *opt, servers: servers, secret: sync.OnceValues(loadSecret)}
	if opt.TokenSecret != "" {
		f.secret = func() (string, error) { return opt.TokenSecret, nil }
	}
	f.setRoot(strings.Trim(root, "/"))
	basic := opt.ListView == viewBasic
	f.features = (&fs.Features{
		ReadMimeType:      true,
		WriteMimeType:     true,
		ReadMetadata:      true,
		WriteMetadata:     true,
		UserMetadata:      true,
		BucketBased:       true,
		BucketBasedRootOK: true,
		GetTier:           true,
		SlowModTime:       basic,
		SlowHash:          basic,
	}).Disable("!DoubleSlash").Fill(ctx, f) // sets it, where this rclone knows it
	if f.opt.Remote == "" {
		if f.opt.Remote, err = f.onlyRemote(ctx); err != nil {
			return nil, err
		}
	}
	if f.rootDirectory == "" || strings.HasSuffix(root, "/") {
		return f, nil
	}
	return f.orParent(ctx)
}

// orParent is f itself, or where its root is an object, the Fs of what contains that.
func (f *Fs) orParent(ctx context.Context) (fs.Fs, error) {
	_, err := f.NewObject(ctx, "")
	switch {
	case err == nil:
		f.setRoot(f.root[:strings.LastIndexByte(f.root, '/')])
		return f, fs.ErrorIsFile
	case errors.Is(err, fs.ErrorObjectNotFound), errors.Is(err, fs.ErrorIsDir):
		return f, nil
	default:
		return nil, err
	}
}

func (f *Fs) setRoot(root string) {
	f.root = root
	f.rootBucket, f.rootDirectory = bucket.Split(root)
}

// onlyRemote finds the remote of a server that has but one.
func (f *Fs) onlyRemote(ctx context.Context) (string, error) {
	var response *pb.ListRemotesResponse
	err := f.servers.call(ctx, callTimeout, func(ctx context.Context, s *server) (err error) {
		response, err = s.put.ListRemotes(ctx, &pb.ListRemotesRequest{})
		return err
	})
	if err != nil {
		return "", fmt.Errorf("penstock: cannot ask for the server's remotes: %w", forRclone(err))
	}
	names := make([]string, 0, len(response.GetRemotes()))
	for _, remote := range response.GetRemotes() {
		names = append(names, remote.GetName())
	}
	if len(names) == 1 {
		return names[0], nil
	}
	return "", fserrors.FatalError(fmt.Errorf("penstock: the server has %d remotes (%s): set the option remote to one of them",
		len(names), strings.Join(names, ", ")))
}

// split tells bucket and key of a path below the root, in the encoding of the server.
func (f *Fs) split(remote string) (bucketName, key string) {
	bucketName, key = bucket.Split(bucket.Join(f.root, remote))
	return f.opt.Enc.FromStandardName(bucketName), f.opt.Enc.FromStandardPath(key)
}

func (f *Fs) nameOf(remote string) *pb.ObjectName {
	bucketName, key := f.split(remote)
	return &pb.ObjectName{Remote: f.opt.Remote, Bucket: bucketName, Key: key}
}

// Name of the remote, as passed into NewFs.
func (f *Fs) Name() string { return f.name }

// Root of the remote: bucket/path.
func (f *Fs) Root() string { return f.root }

// String describes the Fs.
func (f *Fs) String() string {
	switch {
	case f.rootBucket == "":
		return "Penstock " + f.opt.Remote
	case f.rootDirectory == "":
		return fmt.Sprintf("Penstock %s bucket %s", f.opt.Remote, f.rootBucket)
	default:
		return fmt.Sprintf("Penstock %s bucket %s path %s", f.opt.Remote, f.rootBucket, f.rootDirectory)
	}
}

// Precision of modification times, which are kept as text.
func (f *Fs) Precision() time.Duration { return time.Nanosecond }

// Hashes that objects are known by.
func (f *Fs) Hashes() hash.Set { return hash.Set(HashCRC64) }

// Features that the backend has.
func (f *Fs) Features() *fs.Features { return f.features }

var (
	_ fs.Fs          = (*Fs)(nil)
	_ fs.Copier      = (*Fs)(nil)
	_ fs.Purger      = (*Fs)(nil)
	_ fs.PutStreamer = (*Fs)(nil)
	_ fs.ListRer     = (*Fs)(nil)
	_ fs.CleanUpper  = (*Fs)(nil)
)
