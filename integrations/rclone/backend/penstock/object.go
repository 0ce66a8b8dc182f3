package penstock

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"github.com/rclone/rclone/fs"
	"github.com/rclone/rclone/fs/hash"

	pb "penstock.dev/integrations/rclone/internal/penstockv1"
)

// Object is one object, as it was when it was listed, described or put.
type Object struct {
	fs     *Fs
	remote string

	mu         sync.Mutex
	size       int64
	etag       string
	crc64      *uint64
	updateTime time.Time
	attributes attributes
	complete   bool // crc64 and attributes are known; otherwise they are asked for when needed
}

func (f *Fs) newObject(remote string, stored *pb.StoredObject, complete bool) *Object {
	o := &Object{fs: f, remote: remote}
	o.take(stored, complete)
	return o
}

func (o *Object) take(stored *pb.StoredObject, complete bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.size = stored.GetSize()
	o.etag = stored.GetEtag()
	o.crc64 = stored.Crc64Ecma
	o.updateTime = stored.GetUpdateTime().AsTime()
	o.attributes = attributesOf(stored)
	o.complete = complete
}

func (f *Fs) stat(ctx context.Context, name *pb.ObjectName) (*pb.StoredObject, error) {
	var response *pb.StatObjectResponse
	err := f.servers.call(ctx, callTimeout, func(ctx context.Context, s *server) (err error) {
		response, err = s.objects.StatObject(ctx, &pb.StatObjectRequest{Object: name})
		return err
	})
	return response.GetObject(), err
}

// NewObject finds the object. fs.ErrorObjectNotFound if there is none.
func (f *Fs) NewObject(ctx context.Context, remote string) (fs.Object, error) {
	name := f.nameOf(remote)
	if name.GetKey() == "" {
		return nil, fs.ErrorIsDir
	}
	stored, err := f.stat(ctx, name)
	if err != nil {
		if reasonOf(err) == "NO_SUCH_BUCKET" {
			return nil, fs.ErrorObjectNotFound
		}
		return nil, forRclone(err)
	}
	return f.newObject(remote, stored, true), nil
}

// describe makes the object complete.
func (o *Object) describe(ctx context.Context) error {
	o.mu.Lock()
	complete := o.complete
	o.mu.Unlock()
	if complete {
		return nil
	}
	return o.describeAnew(ctx)
}

func (o *Object) describeAnew(ctx context.Context) error {
	stored, err := o.fs.stat(ctx, o.fs.nameOf(o.remote))
	if err != nil {
		return forRclone(err)
	}
	o.take(stored, true)
	return nil
}

// Fs that the object is of.
func (o *Object) Fs() fs.Info { return o.fs }

// Remote is its path below the root.
func (o *Object) Remote() string { return o.remote }

// String is the path too.
func (o *Object) String() string {
	if o == nil {
		return "<nil>"
	}
	return o.remote
}

// Storable says that it is no link, device or the like.
func (o *Object) Storable() bool { return true }

// Size in bytes.
func (o *Object) Size() int64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.size
}

// Hash is the CRC-64 of the bytes; empty where the store does not tell it.
func (o *Object) Hash(ctx context.Context, kind hash.Type) (string, error) {
	if kind != HashCRC64 {
		return "", hash.ErrUnsupported
	}
	if err := o.describe(ctx); err != nil {
		return "", err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.crc64 == nil {
		return "", nil
	}
	return crc64Text(*o.crc64), nil
}

// ModTime is that of the file that was put, or when the object was put where nobody noted it.
func (o *Object) ModTime(ctx context.Context) time.Time {
	if !fs.GetConfig(ctx).UseServerModTime {
		if err := o.describe(ctx); err != nil {
			fs.Logf(o, "cannot ask for the modification time: %v", err)
		}
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if t, ok := o.attributes.modTime(); ok && !fs.GetConfig(ctx).UseServerModTime {
		return t
	}
	return o.updateTime
}

// MimeType is the content type.
func (o *Object) MimeType(ctx context.Context) string {
	if err := o.describe(ctx); err != nil {
		fs.Logf(o, "cannot ask for the content type: %v", err)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.attributes.contentType
}

// GetTier is the storage class.
func (o *Object) GetTier() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.attributes.storageClass
}

// Metadata is everything that the object carries besides its bytes.
func (o *Object) Metadata(ctx context.Context) (fs.Metadata, error) {
	if err := o.describe(ctx); err != nil {
		return nil, err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	metadata := o.attributes.toRclone()
	if _, ok := metadata[mtimeName]; !ok {
		metadata[mtimeName] = o.updateTime.Format(time.RFC3339Nano)
	}
	return metadata, nil
}

// SetModTime changes the noted modification time, and nothing else.
func (o *Object) SetModTime(ctx context.Context, t time.Time) error {
	return o.change(ctx, func(a *attributes) error {
		a.setModTime(t)
		return nil
	})
}

// SetMetadata replaces what the object carries, but for what the metadata does not name of modification time and headers.
func (o *Object) SetMetadata(ctx context.Context, metadata fs.Metadata) error {
	return o.change(ctx, func(a *attributes) error {
		t, known := a.modTime()
		a.metadata = nil
		if known {
			a.setModTime(t)
		}
		return a.merge(metadata)
	})
}

// change asks for the attributes as they are now, and sets them as `edit` changes them if nobody else did meanwhile.
func (o *Object) change(ctx context.Context, edit func(*attributes) error) error {
	const attempts = 5
	name := o.fs.nameOf(o.remote)
	var err error
	for range attempts {
		if err = o.describeAnew(ctx); err != nil {
			return err
		}
		o.mu.Lock()
		wanted, etag := o.attributes.clone(), o.etag
		o.mu.Unlock()
		wanted.storageClass = "" // stays
		if err = edit(&wanted); err != nil {
			return err
		}
		request := &pb.UpdateObjectMetadataRequest{Object: name, IfMatch: etag}
		if request.Attributes, err = wanted.toProto(); err != nil {
			return err
		}
		var response *pb.UpdateObjectMetadataResponse
		err = o.fs.servers.call(ctx, noTimeout, func(ctx context.Context, s *server) (err error) {
			response, err = s.objects.UpdateObjectMetadata(ctx, request)
			return err
		})
		if err == nil {
			o.take(response.GetObject(), true)
			return nil
		}
		if reasonOf(err) != "OBJECT_CHANGED" {
			break
		}
	}
	return forRclone(err)
}

// Update replaces the object by the bytes of `in`.
func (o *Object) Update(ctx context.Context, in io.Reader, src fs.ObjectInfo, options ...fs.OpenOption) error {
	stored, complete, err := o.fs.put(ctx, o.remote, in, src, options)
	if err != nil {
		return err
	}
	o.take(stored, complete)
	return nil
}

// Remove deletes the object.
func (o *Object) Remove(ctx context.Context) error {
	name := o.fs.nameOf(o.remote)
	err := o.fs.servers.call(ctx, callTimeout, func(ctx context.Context, s *server) error {
		_, err := s.objects.DeleteObject(ctx, &pb.DeleteObjectRequest{Object: name})
		return err
	})
	if err = forRclone(err); errors.Is(err, fs.ErrorObjectNotFound) {
		return nil
	}
	return err
}

var (
	_ fs.Object     = (*Object)(nil)
	_ fs.MimeTyper  = (*Object)(nil)
	_ fs.Metadataer = (*Object)(nil)
	_ fs.GetTierer  = (*Object)(nil)
	// fs.SetMetadataer, which rclone has since 1.68.
	_ interface {
		SetMetadata(context.Context, fs.Metadata) error
	} = (*Object)(nil)
)
