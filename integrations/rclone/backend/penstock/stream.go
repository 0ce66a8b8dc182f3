package penstock

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"sync/atomic"
	"time"

	"google.golang.org/protobuf/proto"

	pb "penstock.dev/integrations/rclone/internal/penstockv1"
)

// committedSize is the highest that the server told. It is a promise, and never decreases.
type committedSize struct {
	value atomic.Int64
}

func (c *committedSize) get() int64 { return c.value.Load() }

func (c *committedSize) reset() { c.value.Store(0) }

// outcome is how a stream ended, or the error with which it did.
type outcome struct {
	finished *pb.ObjectFinished
	err      error
}

// stream is one call of PutObject. It succeeds if and only if `finished` came.
func (u *upload) stream(parent context.Context, s *server) (*pb.ObjectFinished, error) {
	ctx, cancel := context.WithCancel(parent)
	defer cancel()
	call, err := s.put.PutObject(ctx)
	if err != nil {
		return nil, fromServer(parent, s.address, err)
	}
	open := u.openFrame()
	if err := call.Send(open); err != nil && err != io.EOF {
		return nil, fromServer(parent, s.address, unlessUnsendable(open, err))
	}
	// From here on frames are sent without looking at errors: they say only that the call has ended, as io.EOF does for
	// `open`, and its status says why.
	if u.small != nil {
		_ = u.sendSmall(call)
	}
	opened, err := u.receiveOpened(call)
	if err != nil {
		return nil, fromServer(parent, s.address, err)
	}
	ended := make(chan outcome, 1)
	go func() { ended <- u.receive(call) }()
	if u.small == nil {
		// The source outlives this call: what it opens is not of the call's context.
		if err := u.send(parent, call, opened, ended); err != nil {
			cancel()
			<-ended
			return nil, err
		}
	}
	end := <-ended
	return end.finished, fromServer(parent, s.address, end.err)
}

func (u *upload) openFrame() *pb.PutObjectRequest {
	open := &pb.OpenSession{SessionToken: u.token, Object: u.spec, EndedPolicy: u.policy}
	if u.source != nil && u.source.kept != nil {
		open.ReplayBufferBytes = u.source.kept.capacity
	}
	if u.epoch != 0 {
		open.ExpectEpoch = &u.epoch
	}
	if u.specOmitted {
		open.Object = nil
	}
	if u.committed.get() > 0 || u.specOmitted {
		// A session that expired, or ended and began anew, would start at 0 and lose what was promised.
		open.Mode = pb.OpenMode_OPEN_MODE_RESUME
		open.EndedPolicy = pb.EndedPolicy_ENDED_POLICY_REPLAY
	}
	return &pb.PutObjectRequest{Frame: &pb.PutObjectRequest_Open{Open: open}}
}

type putStream = pb.PutService_PutObjectClient

func (u *upload) receiveOpened(call putStream) (*pb.SessionOpened, error) {
	response, err := call.Recv()
	if err == io.EOF {
		return nil, errNotFinished
	}
	if err != nil {
		u.openUnanswered = u.openUnanswered || reasonOf(fromServer(context.Background(), "", err)) != "STALE_OPEN"
		return nil, err
	}
	opened := response.GetOpened()
	if opened == nil {
		return nil, brokenPromise("it answered `open` with %T", response.GetFrame())
	}
	u.epoch, u.openUnanswered, u.sessionSeen = opened.GetSession().GetEpoch(), false, true
	if committed := opened.GetSession().GetCommittedSize(); opened.GetResumeOffset() < committed {
		return nil, brokenPromise("it goes on at %d bytes though %d are committed", opened.GetResumeOffset(), committed)
	}
	if u.source != nil && u.source.kept != nil && opened.GetMaxUnackedBytes() > u.source.kept.capacity {
		return nil, fmt.Errorf("the server may ask for the last %d bytes again, the option replay_buffer allows %d",
			opened.GetMaxUnackedBytes(), u.source.kept.capacity)
	}
	return opened, u.takeCommitted(opened.GetSession().GetCommittedSize())
}

func brokenPromise(format string, arguments ...any) error {
	return fmt.Errorf("the server breaks the protocol: "+format, arguments...)
}

var errNotFinished = brokenPromise("it ended the call with OK but without `finished`")

func (u *upload) takeCommitted(size int64) error {
	before := u.committed.get()
	if size < before {
		return brokenPromise("it had committed %d bytes and now says %d", before, size)
	}
	if size == before {
		return nil
	}
	u.committed.value.Store(size)
	if u.source != nil && u.source.kept != nil {
		u.source.kept.release(size)
	}
	u.watch.progress()
	select {
	case u.progressed <- struct{}{}:
	default:
	}
	return nil
}

// receive takes the server's frames until the call ends.
func (u *upload) receive(call putStream) (end outcome) {
	for {
		response, err := call.Recv()
		if err != nil {
			if err == io.EOF && end.finished == nil {
				err = errNotFinished
			}
			if end.finished != nil {
				err = nil // what comes after it changes nothing
			}
			end.err = err
			return end
		}
		switch frame := response.GetFrame().(type) {
		case *pb.PutObjectResponse_Progress:
			err = u.takeCommitted(frame.Progress.GetCommittedSize())
		case *pb.PutObjectResponse_Draining:
			err = u.takeCommitted(frame.Draining.GetCommittedSize())
		case *pb.PutObjectResponse_Finished:
			end.finished = frame.Finished
		case *pb.PutObjectResponse_Opened:
			err = brokenPromise("it sent `opened` twice on one stream")
		}
		if err != nil {
			end.err = err
			return end
		}
	}
}

func (u *upload) sendSmall(call putStream) error {
	if len(u.small.data) > 0 {
		if err := call.Send(chunkFrame(0, u.small.data)); err != nil {
			return err
		}
	}
	return u.sendFinish(call, int64(len(u.small.data)), u.small.crc64)
}

// errEnded says that the stream has ended, and its outcome tells how.
var errEnded = errors.New("the stream has ended")

// send sends the source from where the server goes on, and `finish`. Errors are the source's; nil also when the stream has
// ended.
func (u *upload) send(ctx context.Context, call putStream, opened *pb.SessionOpened, ended chan outcome) error {
	if opened.GetSession().GetState() == pb.Session_STATE_FINISHED {
		return nil
	}
	err := u.sendContent(ctx, call, opened, ended)
	if err == errEnded {
		return nil
	}
	return err
}

func (u *upload) sendContent(ctx context.Context, call putStream, opened *pb.SessionOpened, ended chan outcome) error {
	offset := opened.GetResumeOffset()
	if err := u.goTo(ctx, call, opened, ended); err != nil {
		return err
	}
	buffer := make([]byte, u.chunkBytes(opened))
	for !over(ended) {
		for u.source.full() {
			if err := u.awaitRoom(ctx, ended); err != nil {
				return err
			}
		}
		var data []byte
		var err error
		u.watch.during(func() { data, err = u.source.next(ctx, buffer) })
		if err == io.EOF {
			return u.sendFinish(call, u.source.read, u.source.crc64)
		}
		if err != nil {
			return err
		}
		if call.Send(chunkFrame(offset, data)) != nil {
			return errEnded
		}
		offset += int64(len(data))
	}
	return errEnded
}

func (u *upload) chunkBytes(opened *pb.SessionOpened) int64 {
	bytes := int64(u.fs.opt.ChunkSize)
	if most := int64(opened.GetMaxChunkBytes()); most > 0 {
		bytes = min(bytes, most)
	}
	return bytes
}

// goTo brings the source to where the server goes on. Reading may take long: empty chunks say that this client lives.
func (u *upload) goTo(ctx context.Context, call putStream, opened *pb.SessionOpened, ended chan outcome) (err error) {
	offset := opened.GetResumeOffset()
	interval := max(opened.GetIdleTimeout().AsDuration()/4, time.Second)
	next := time.Now().Add(interval)
	alive := func() error {
		if over(ended) {
			return errEnded
		}
		if time.Now().After(next) {
			next = time.Now().Add(interval)
			_ = call.Send(chunkFrame(offset, nil))
		}
		return nil
	}
	u.watch.during(func() { err = u.source.moveTo(ctx, offset, opened.GetResumeCrc64Ecma(), alive) })
	return err
}

// awaitRoom waits until the server has committed more.
func (u *upload) awaitRoom(ctx context.Context, ended chan outcome) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case end := <-ended:
		ended <- end
		return errEnded
	case <-u.progressed:
		return nil
	}
}

func over(ended chan outcome) bool { return len(ended) > 0 }

func (u *upload) sendFinish(call putStream, size int64, crc uint64) error {
	finish := &pb.FinishObject{TotalSize: &size, Crc64Ecma: &crc}
	if call.Send(&pb.PutObjectRequest{Frame: &pb.PutObjectRequest_Finish{Finish: finish}}) != nil {
		return errEnded
	}
	if !u.finishSent {
		// Publishing is work that shows no progress: it gets its time once, not with every attempt.
		u.finishSent = true
		u.watch.progress()
	}
	if call.CloseSend() != nil {
		return errEnded
	}
	return nil
}

func chunkFrame(offset int64, data []byte) *pb.PutObjectRequest {
	chunk := &pb.ObjectChunk{Offset: offset, Data: data, Crc32C: proto.Uint32(crc32.Checksum(data, crc32Table))}
	return &pb.PutObjectRequest{Frame: &pb.PutObjectRequest_Chunk{Chunk: chunk}}
}
