package penstock

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"hash/crc64"
	"io"

	"github.com/rclone/rclone/fs"
	"google.golang.org/grpc/codes"

	pb "penstock.dev/integrations/rclone/internal/penstockv1"
)

// Open reads the object, or the range that the options name. A read that breaks goes on where it was, as long as the object
// is the same.
func (o *Object) Open(ctx context.Context, options ...fs.OpenOption) (io.ReadCloser, error) {
	r := &reader{ctx: ctx, object: o, request: &pb.ReadObjectRequest{Object: o.fs.nameOf(o.remote)}, pause: newPause()}
	r.tries = fs.GetConfig(ctx).LowLevelRetries
	for _, option := range options {
		switch option := option.(type) {
		case *fs.SeekOption:
			r.request.Offset = option.Offset
		case *fs.RangeOption:
			r.setRange(option)
		default:
			if option.Mandatory() {
				fs.Logf(o, "unsupported mandatory option: %v", option)
			}
		}
	}
	if size := o.Size(); r.request.GetOffset() > size {
		r.request.Offset = size // an empty read, as of a file
	}
	if err := r.openAgain(); err != nil {
		r.hangUp()
		return nil, forRclone(err)
	}
	return r, nil
}

func (r *reader) setRange(option *fs.RangeOption) {
	switch {
	case option.Start < 0:
		r.request.Offset = -option.End // the last bytes
	case option.End < 0:
		r.request.Offset = option.Start
	default:
		length := option.End - option.Start + 1
		r.request.Offset, r.request.Length = option.Start, &length
	}
	if option.Start < 0 && option.End == 0 {
		length := int64(0)
		r.request.Length = &length
	}
}

// reader is one read, over as many calls as it takes.
type reader struct {
	ctx     context.Context
	object  *Object
	request *pb.ReadObjectRequest // of what is still to come
	server  *server
	cancel  context.CancelFunc
	call    pb.ObjectService_ReadObjectClient
	pause   *pause
	tries   int

	opened  *pb.ObjectOpened // the first one; nil before
	left    int64            // bytes that are still to come
	crc64   uint64           // of those that came
	pending []byte           // came, and are not taken
	err     error            // sticks
}

// openAgain opens the rest, as often as that can help.
func (r *reader) openAgain() error {
	for {
		err := r.open()
		if err == nil {
			return nil
		}
		if err := r.mayGoOn(err); err != nil {
			return err
		}
	}
}

// mayGoOn waits, and answers nil, if trying again can help.
func (r *reader) mayGoOn(err error) error {
	asked, again := repeatable(err)
	r.tries--
	if !again || r.tries <= 0 {
		return err
	}
	r.object.fs.servers.leave(r.server)
	fs.Debugf(r.object, "%v: reading on from byte %d", err, r.request.GetOffset())
	return r.pause.wait(r.ctx, asked)
}

func (r *reader) open() error {
	r.hangUp()
	r.server = r.object.fs.servers.use()
	ctx, cancel := context.WithCancel(r.ctx)
	r.cancel = cancel
	call, err := r.server.objects.ReadObject(ctx, r.request)
	if err != nil {
		return r.fromServer(err)
	}
	response, err := call.Recv()
	if err != nil {
		return r.fromServer(err)
	}
	opened := response.GetOpened()
	if opened == nil {
		return brokenPromise("it began a read with %T", response.GetFrame())
	}
	r.call = call
	if r.opened == nil {
		r.opened, r.left = opened, opened.GetLength()
		r.request.IfMatch = opened.GetObject().GetEtag()
	} else if opened.GetOffset() != r.request.GetOffset() || opened.GetLength() != r.left {
		return brokenPromise("it was asked for %d bytes from %d on and gives %d from %d on", r.left, r.request.GetOffset(),
			opened.GetLength(), opened.GetOffset())
	}
	r.request.Offset, r.request.Length = opened.GetOffset(), &r.left
	return nil
}

func (r *reader) fromServer(err error) error {
	if err == io.EOF {
		return brokenPromise("it ended a read with OK and %d bytes missing", r.left)
	}
	return fromServer(r.ctx, r.server.address, err)
}

func (r *reader) hangUp() {
	if r.cancel != nil {
		r.cancel()
		r.cancel = nil
	}
}

// Read gives the next bytes.
func (r *reader) Read(p []byte) (n int, err error) {
	if len(p) == 0 {
		return 0, nil
	}
	for len(r.pending) == 0 && r.err == nil {
		if r.err = r.receive(); r.err != nil && r.err != io.EOF {
			if r.err = r.mayGoOn(r.err); r.err == nil {
				r.err = r.openAgain()
			}
		}
	}
	if len(r.pending) > 0 {
		n = copy(p, r.pending)
		r.pending = r.pending[n:]
		return n, nil
	}
	if r.err != io.EOF {
		r.err = forRclone(r.err)
	}
	return 0, r.err
}

// receive takes one frame. io.EOF when all bytes came and the server said so.
func (r *reader) receive() error {
	response, err := r.call.Recv()
	if err == io.EOF && r.left == 0 {
		return r.atEnd()
	}
	if err != nil {
		return r.fromServer(err)
	}
	chunk := response.GetChunk()
	if chunk == nil {
		return nil // of a newer server, and not needed to read an object
	}
	data := chunk.GetData()
	if chunk.Crc32C != nil && chunk.GetCrc32C() != crc32.Checksum(data, crc32Table) {
		return &callError{server: r.server.address, message: "bytes changed on their way", code: codes.Unavailable}
	}
	if chunk.GetOffset() != r.request.GetOffset() || int64(len(data)) > r.left {
		return brokenPromise("%d bytes at %d came where %d were to come at %d", len(data), chunk.GetOffset(), r.left,
			r.request.GetOffset())
	}
	r.crc64 = crc64.Update(r.crc64, crc64Table, data)
	r.request.Offset += int64(len(data))
	r.left -= int64(len(data))
	r.pending = data
	if len(data) > 0 {
		r.tries = fs.GetConfig(r.ctx).LowLevelRetries
		r.pause.reset()
	}
	return nil
}

// atEnd compares a whole object with its CRC-64.
func (r *reader) atEnd() error {
	object := r.opened.GetObject()
	if r.opened.GetOffset() == 0 && r.opened.GetLength() == object.GetSize() && object.Crc64Ecma != nil &&
		object.GetCrc64Ecma() != r.crc64 {
		return fmt.Errorf("the object has CRC-64 %s, what was read has %s", crc64Text(object.GetCrc64Ecma()), crc64Text(r.crc64))
	}
	return io.EOF
}

// Close ends the read, at its end or before.
func (r *reader) Close() error {
	r.hangUp()
	if r.err == nil {
		r.err = errClosed
	}
	r.pending = nil
	return nil
}

var errClosed = errors.New("read after close")
