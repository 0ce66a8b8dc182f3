package penstock

import (
	"context"
	"errors"
	"fmt"
	"hash/crc64"
	"io"
	"time"

	"github.com/rclone/rclone/fs"
	"github.com/rclone/rclone/fs/fserrors"
	"google.golang.org/protobuf/types/known/durationpb"

	pb "penstock.dev/integrations/rclone/internal/penstockv1"
)

const (
	maxEagerBytes = 1 << 20 // what may follow `open` before the server has answered
	maxRestarts   = 16
	abortTimeout  = 5 * time.Second
)

// Put stores the bytes of `in` as a new object, or in place of the one that is there. An interrupted Put of a file goes on
// where the server has it when the same is put again.
func (f *Fs) Put(ctx context.Context, in io.Reader, src fs.ObjectInfo, options ...fs.OpenOption) (fs.Object, error) {
	stored, complete, err := f.put(ctx, src.Remote(), in, src, options)
	if err != nil {
		return nil, err
	}
	return f.newObject(src.Remote(), stored, complete), nil
}

// PutStream is Put for sources of unknown size.
func (f *Fs) PutStream(ctx context.Context, in io.Reader, src fs.ObjectInfo, options ...fs.OpenOption) (fs.Object, error) {
	return f.Put(ctx, in, src, options...)
}

// put answers what was stored, and whether that is all that StatObject would tell.
func (f *Fs) put(ctx context.Context, remote string, in io.Reader, src fs.ObjectInfo, options []fs.OpenOption) (
	stored *pb.StoredObject, complete bool, err error) {
	carried, err := f.attributesFor(ctx, src, options)
	if err != nil {
		return nil, false, err
	}
	name := f.nameOf(remote)
	spec := &pb.ObjectSpec{
		Remote: name.GetRemote(), Bucket: name.GetBucket(), Key: name.GetKey(),
		PartSize:         int64(f.opt.PartSize),
		MaxParallelParts: int32(f.opt.MaxParallelParts),
	}
	if err := carried.toSpec(spec); err != nil {
		return nil, false, err
	}
	if f.opt.ResumeWithin > 0 {
		spec.IdleTtl = durationpb.New(time.Duration(f.opt.ResumeWithin))
	}
	size := src.Size()
	if size >= 0 {
		spec.TotalSize = &size
	}
	u, err := f.newUpload(ctx, in, src, spec, carried.typeGiven)
	if err != nil {
		return nil, false, err
	}
	defer u.end()
	if stored, err = u.run(ctx); err != nil {
		u.discard(ctx, err)
		return nil, false, forRclone(err)
	}
	return described(stored, spec), !u.specOmitted, nil
}

// described adds what the answer to a put need not tell: it is as it was asked for.
func described(stored *pb.StoredObject, spec *pb.ObjectSpec) *pb.StoredObject {
	stored.Metadata = spec.GetMetadata()
	stored.CacheControl = spec.GetCacheControl()
	stored.ContentDisposition = spec.GetContentDisposition()
	stored.ContentEncoding = spec.GetContentEncoding()
	if spec.GetContentType() != "" {
		stored.ContentType = spec.GetContentType()
	}
	if stored.GetStorageClass() == "" {
		stored.StorageClass = spec.GetStorageClass()
	}
	return stored
}

// newUpload decides how the source is sent and what names the upload.
//
//	at most a chunk       from memory, in one go; nothing to resume
//	a file that rclone    named by what is known of it, so that any later run resumes; read again after a lost connection
//	  can open            (a file without a dependable time has a random name)
//	anything else         a random name; what is not committed is kept for sending again
func (f *Fs) newUpload(ctx context.Context, in io.Reader, src fs.ObjectInfo, spec *pb.ObjectSpec, typeGiven bool) (
	*upload, error) {
	u := &upload{fs: f, spec: spec, token: randomToken(), policy: pb.EndedPolicy_ENDED_POLICY_REPLAY, pause: newPause()}
	u.progressed = make(chan struct{}, 1)
	size := src.Size()
	if size >= 0 && size <= min(int64(f.opt.ChunkSize), maxEagerBytes) {
		data, err := readWhole(in, size)
		if err != nil {
			return nil, err
		}
		u.small = &smallSource{data, crc64.Checksum(data, crc64Table)}
		return u, nil
	}
	object := objectOf(src)
	if size < 0 {
		object = nil
	}
	fingerprint := ""
	if object != nil {
		fingerprint = fingerprintOf(ctx, object)
	}
	if fingerprint != "" {
		secret, err := f.secret()
		if err != nil {
			return nil, fserrors.FatalError(fmt.Errorf("penstock: %w", err))
		}
		u.facts = &tokenFacts{spec: spec, fingerprint: fingerprint, typeGiven: typeGiven}
		u.secret = secret
		u.token = deriveToken(secret, *u.facts)
		u.policy = pb.EndedPolicy_ENDED_POLICY_START_OVER
	}
	u.source = newSource(ctx, in, size, object, int64(f.opt.ReplayBuffer))
	return u, nil
}

// objectOf is the object whose bytes the reader gives, or nil. Wrapping backends pass an ObjectInfo of their own when they
// change the bytes; what that unwraps to is not what is put.
func objectOf(src fs.ObjectInfo) fs.Object {
	switch src := src.(type) {
	case fs.Object:
		return src
	case *fs.OverrideRemote:
		return src.UnWrap()
	}
	return nil
}

// smallSource is the whole content, in memory.
type smallSource struct {
	data  []byte
	crc64 uint64
}

// upload is one Put, over as many streams as it takes:
//
//	loop
//	  open; go to where the server goes on, and compare the CRC-64 below it
//	  send chunks; send `finish` with size and CRC-64     (a second goroutine reads progress)
//	  `finished`: compare, return
//	  any other end: return the error, or wait and open again on the next server
type upload struct {
	fs     *Fs
	spec   *pb.ObjectSpec
	token  string
	policy pb.EndedPolicy
	facts  *tokenFacts // not nil: the token is derived
	secret string
	small  *smallSource // or source
	source *source
	pause  *pause
	watch  *watchdog

	epoch          int64 // of the last `opened`; 0: none
	openUnanswered bool  // since then an `open` may have had an effect
	specOmitted    bool  // the session was created with a spec that differs in what does not name it
	finishSent     bool
	sessionSeen    bool
	restarts       int
	committed      committedSize
	progressed     chan struct{} // has a token when committed has grown
}

func (u *upload) end() {
	if u.source != nil {
		u.source.close()
	}
}

var errStalled = errors.New("no progress")

func (u *upload) run(ctx context.Context) (*pb.StoredObject, error) {
	streamCtx, stall := context.WithCancelCause(ctx)
	defer stall(nil)
	u.watch = newWatchdog(time.Duration(u.fs.opt.GiveUpAfter), func() { stall(errStalled) })
	defer u.watch.stop()
	committed := int64(0)
	last := errStalled // what a server, or the way to one, said last
	for {
		s := u.fs.servers.use()
		finished, err := u.stream(streamCtx, s)
		if err == nil {
			var stored *pb.StoredObject
			if stored, err = u.accept(streamCtx, finished); err == nil {
				return stored, nil
			}
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		var failed *callError
		if errors.As(err, &failed) {
			last = err
		}
		if context.Cause(streamCtx) == errStalled {
			return nil, u.giveUp(last)
		}
		if now := u.committed.get(); now > committed {
			committed = now
			u.pause.reset()
		}
		if err := u.goOn(streamCtx, s, err); err != nil {
			return nil, err
		}
	}
}

// goOn decides what becomes of a failed stream: nil when the next one may be tried.
func (u *upload) goOn(ctx context.Context, s *server, err error) error {
	var differs *contentDiffers
	switch {
	case errors.As(err, &differs):
		return u.beginAnew(ctx, differs)
	case u.isOwnLostOpen(err):
		return nil
	case reasonOf(err) == "SPEC_MISMATCH" && u.facts != nil && !u.specOmitted:
		// What names the upload is the same: it is metadata like the access time, or a guess. The session keeps its own.
		u.specOmitted = true
		return nil
	}
	asked, again := repeatable(err)
	if !again {
		return err
	}
	if asked >= u.watch.remaining() {
		return u.giveUp(err)
	}
	u.fs.servers.leave(s)
	fs.Debugf(u.fs, "%s: %v: opening again, %d bytes are committed", u.spec.GetKey(), err, u.committed.get())
	if u.pause.wait(ctx, asked) != nil && context.Cause(ctx) == errStalled {
		return u.giveUp(err)
	}
	return ctx.Err()
}

// beginAnew gives up what the server has, of which the source is not the origin any more, and goes back to the beginning.
func (u *upload) beginAnew(ctx context.Context, cause *contentDiffers) (err error) {
	if u.facts == nil || u.source == nil || u.source.object == nil {
		return cause
	}
	if u.restarts++; u.restarts > maxRestarts {
		return cause
	}
	fs.Infof(u.fs, "%s: %v: beginning anew", u.spec.GetKey(), cause)
	if cause.finished {
		u.facts.attempt++ // what was published keeps its name
	} else if err = u.abort(ctx); err != nil {
		return err
	}
	u.token = deriveToken(u.secret, *u.facts)
	u.epoch, u.openUnanswered, u.specOmitted = 0, false, false
	u.committed.reset()
	u.watch.during(func() { err = u.source.restart(ctx) })
	return err
}

// isOwnLostOpen recognises the refusal of an `open` by the effect of an earlier one of ours whose answer was lost: that has
// raised the epoch by one.
func (u *upload) isOwnLostOpen(err error) bool {
	var failed *callError
	if !errors.As(err, &failed) || failed.reason != "STALE_OPEN" || !u.openUnanswered || u.epoch == 0 {
		return false
	}
	if failed.metadata["epoch"] != fmt.Sprint(u.epoch+1) {
		return false
	}
	u.epoch++
	u.openUnanswered = false
	return true
}

// giveUp is no error that rclone tries again at once: it was tried for long.
func (u *upload) giveUp(cause error) error {
	return fmt.Errorf("gave up after %v without progress, with %d bytes committed; the last error was: %v",
		u.fs.opt.GiveUpAfter, u.committed.get(), cause)
}

// accept compares the published object with the source.
func (u *upload) accept(ctx context.Context, finished *pb.ObjectFinished) (*pb.StoredObject, error) {
	size, crc := int64(0), uint64(0)
	if u.small != nil {
		size, crc = int64(len(u.small.data)), u.small.crc64
	} else {
		// Where the object was published before, this reads the whole source, however long that takes.
		var err error
		u.watch.during(func() { err = u.source.finish(ctx) })
		if err != nil {
			return nil, err
		}
		size, crc = u.source.read, u.source.crc64
	}
	object := finished.GetObject()
	if object.GetSize() == size && (object.Crc64Ecma == nil || object.GetCrc64Ecma() == crc) {
		return object, nil
	}
	if finished.GetReplayed() {
		return nil, &contentDiffers{fmt.Sprintf("an object of %d bytes with another CRC-64 was put under the same name, size and time",
			object.GetSize()), true}
	}
	return nil, fmt.Errorf("the object has %d bytes and CRC-64 %s, but %d bytes with CRC-64 %s were sent",
		object.GetSize(), crc64Text(object.GetCrc64Ecma()), size, crc64Text(crc))
}

// discard ends a session that nobody can resume: its name is random, or of what the source no longer is.
func (u *upload) discard(ctx context.Context, cause error) {
	if !u.sessionSeen || u.facts != nil && !errors.Is(cause, errUpdated) {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), abortTimeout)
	defer cancel()
	if err := u.abort(ctx); err != nil {
		fs.Debugf(u.fs, "%s: the interrupted upload could not be discarded and will expire: %v", u.spec.GetKey(), err)
	}
}

func (u *upload) abort(ctx context.Context) error {
	err := u.fs.servers.call(ctx, callTimeout, func(ctx context.Context, s *server) error {
		_, err := s.put.AbortSession(ctx, &pb.AbortSessionRequest{Name: &pb.AbortSessionRequest_SessionToken{SessionToken: u.token}})
		return err
	})
	if reasonOf(err) == "SESSION_NOT_FOUND" {
		return nil
	}
	return err
}
