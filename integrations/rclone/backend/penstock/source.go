package penstock

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/crc64"
	"io"

	"github.com/rclone/rclone/fs"
	"github.com/rclone/rclone/fs/accounting"
	"github.com/rclone/rclone/fs/fserrors"
)

const skipBufferBytes = 1 << 20

// source is the bytes of one object. They are read once, in order, and some of them again where the server asks for that.
//
//	`in`:   0 ............ read ......... size      read so far, and their CRC-64
//	next:   0 ..... position                        sent so far; behind `read` after a lost connection
type source struct {
	size     int64   // -1: not known
	whole    *uint64 // CRC-64 of all bytes as the source itself keeps it, or nil
	object   fs.Object
	kept     *replayBuffer // not nil: the object cannot be read again
	in       io.Reader
	owned    io.Closer // `in`, where it was opened here
	read     int64
	crc64    uint64
	position int64
	again    io.ReadCloser // bytes from position to read
	ended    bool          // `in` was read to its end
	believed bool          // crc64 began with the server's word for bytes that were not read here
}

// newSource takes the reader that rclone gives. `object` is where the same bytes can be read again, or nil: then `replay`
// bytes are kept.
func newSource(ctx context.Context, in io.Reader, size int64, object fs.Object, replay int64) *source {
	s := &source{size: size, object: object, in: in}
	if object == nil {
		s.kept = newReplayBuffer(replay)
		return s
	}
	s.whole = keptCRC64(ctx, object)
	return s
}

// keptCRC64 is the source's own record of its CRC-64, or nil where it would have to be computed.
func keptCRC64(ctx context.Context, object fs.Object) *uint64 {
	from := object.Fs()
	if !from.Hashes().Contains(HashCRC64) || from.Features().SlowHash || from.Features().IsLocal {
		return nil
	}
	text, err := object.Hash(ctx, HashCRC64)
	var crc uint64
	if _, scanErr := fmt.Sscanf(text, "%016x", &crc); err != nil || scanErr != nil {
		return nil
	}
	return &crc
}

func (s *source) close() {
	if s.again != nil {
		_ = s.again.Close()
	}
	if s.owned != nil {
		_ = s.owned.Close()
	}
}

// open reads the bytes of the object from `offset` to before `end`.
func (s *source) open(ctx context.Context, offset, end int64) (io.ReadCloser, error) {
	if offset == 0 && end == s.size {
		return s.object.Open(ctx)
	}
	return s.object.Open(ctx, &fs.RangeOption{Start: offset, End: end - 1})
}

// reopen makes `in` begin at offset, accounted like the reader that rclone gave.
func (s *source) reopen(ctx context.Context, offset int64) error {
	in, err := s.open(ctx, offset, s.size)
	if err != nil {
		return err
	}
	if s.owned != nil {
		_ = s.owned.Close()
	}
	_, wrap := accounting.UnWrap(s.in)
	s.in, s.owned = wrap(in), in
	s.read, s.position, s.ended = offset, offset, false
	return nil
}

// restart goes back to the beginning. Only where there is an object.
func (s *source) restart(ctx context.Context) error {
	s.forgetAgain()
	s.crc64, s.believed = 0, false
	return s.reopen(ctx, 0)
}

// moveTo makes `offset` the next byte to be sent, and `crc` what the server says the bytes below have. Where it is past
// what was read, the bytes up to it are compared: read and not accounted, or by the source's own record of all of them at
// the end. `alive` is called between reads.
func (s *source) moveTo(ctx context.Context, offset int64, crc uint64, alive func() error) error {
	s.forgetAgain()
	if s.size >= 0 && offset > s.size {
		return &contentDiffers{what: fmt.Sprintf("the server has %d bytes, the source only %d", offset, s.size)}
	}
	if offset <= s.read {
		if s.kept != nil && !s.kept.has(offset, s.read) {
			return fmt.Errorf("the server goes on at byte %d, which is not kept any more", offset)
		}
		s.position = offset
		return nil
	}
	if s.whole != nil {
		s.crc64, s.believed = crc, true
		return s.reopen(ctx, offset)
	}
	unaccounted, _ := accounting.UnWrap(s.in)
	if err := s.pass(ctx, unaccounted, offset, alive); err != nil {
		return err
	}
	s.position = offset
	if s.kept != nil {
		s.kept.begin(offset)
	}
	if s.crc64 != crc {
		return &contentDiffers{what: fmt.Sprintf("the first %d bytes have CRC-64 %s here and %s on the server", offset,
			crc64Text(s.crc64), crc64Text(crc))}
	}
	return nil
}

// pass reads up to offset, or where that is negative to the end, for the sake of the CRC-64.
func (s *source) pass(ctx context.Context, in io.Reader, offset int64, alive func() error) error {
	buffer := make([]byte, skipBufferBytes)
	for offset < 0 || s.read < offset {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := alive(); err != nil {
			return err
		}
		wanted := buffer
		if offset >= 0 {
			wanted = buffer[:min(int64(len(buffer)), offset-s.read)]
		}
		n, err := in.Read(wanted)
		s.note(wanted[:n])
		switch {
		case err == io.EOF && offset < 0:
			return s.checkLength()
		case err == io.EOF && s.read < offset:
			return s.endedEarly()
		case err != nil && err != io.EOF:
			return err
		}
	}
	return nil
}

func (s *source) note(data []byte) {
	s.crc64 = crc64.Update(s.crc64, crc64Table, data)
	s.read += int64(len(data))
}

// full tells that nothing can be read before the server has committed more, for it could not be kept.
func (s *source) full() bool {
	return s.position == s.read && s.kept != nil && s.kept.room() == 0
}

// next fills the buffer, or less of it, with the bytes from `position` on, and moves that past them. io.EOF when all were
// given. REQUIRES: not full.
func (s *source) next(ctx context.Context, buffer []byte) ([]byte, error) {
	if s.position < s.read {
		return s.nextAgain(ctx, buffer)
	}
	if s.kept != nil {
		buffer = buffer[:min(int64(len(buffer)), s.kept.room())]
	}
	if s.size >= 0 {
		if s.read == s.size {
			return nil, s.checkEnd()
		}
		buffer = buffer[:min(int64(len(buffer)), s.size-s.read)]
	}
	n, err := io.ReadFull(s.in, buffer)
	if errors.Is(err, io.ErrUnexpectedEOF) || n > 0 && err == io.EOF {
		err = nil // what is there; the next call tells the end
	}
	if err == io.EOF {
		return nil, s.atEnd()
	}
	if err != nil {
		return nil, err
	}
	data := buffer[:n]
	s.note(data)
	s.position = s.read
	if s.kept != nil {
		s.kept.add(data)
	}
	return data, nil
}

// nextAgain gives bytes that were sent before.
func (s *source) nextAgain(ctx context.Context, buffer []byte) ([]byte, error) {
	data := buffer[:min(int64(len(buffer)), s.read-s.position)]
	if s.kept != nil {
		s.kept.copy(s.position, data)
		s.position += int64(len(data))
		return data, nil
	}
	if s.again == nil {
		again, err := s.open(ctx, s.position, s.read)
		if err != nil {
			return nil, err
		}
		s.again = again
	}
	if _, err := io.ReadFull(s.again, data); err != nil {
		if err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF) {
			err = &contentDiffers{what: fmt.Sprintf("it had %d bytes when it was read first, and has fewer now", s.read)}
		}
		return nil, err
	}
	s.position += int64(len(data))
	if s.position == s.read {
		s.forgetAgain()
	}
	return data, nil
}

func (s *source) forgetAgain() {
	if s.again != nil {
		_ = s.again.Close()
		s.again = nil
	}
}

// checkEnd answers io.EOF if the reader ends where its size says.
func (s *source) checkEnd() error {
	if s.ended {
		return io.EOF
	}
	var probe [1]byte
	for {
		n, err := s.in.Read(probe[:])
		if n > 0 {
			return fmt.Errorf("the source has more than the %d bytes that were declared: nothing was published", s.size)
		}
		if err == io.EOF {
			return s.atEnd()
		}
		if err != nil {
			return err
		}
	}
}

func (s *source) atEnd() error {
	if err := s.checkLength(); err != nil {
		return err
	}
	if s.whole != nil && *s.whole != s.crc64 {
		return s.unlikeItsRecord()
	}
	s.ended = true
	return io.EOF
}

// errUpdated has the words of rclone's local backend.
var errUpdated = errors.New("can't copy - source file is being updated")

// unlikeItsRecord tells what differs from the source's own record. Where the server's word was taken for some of the bytes,
// those may be of other content: reading all of them decides. Where all were read the record is not of what is there now, and
// reading again would not change that; rclone's next pass lists the source anew.
func (s *source) unlikeItsRecord() error {
	recorded, found := crc64Text(*s.whole), crc64Text(s.crc64)
	if s.believed {
		return &contentDiffers{what: fmt.Sprintf("all of it has CRC-64 %s by its own record, and %s with what the server has",
			recorded, found)}
	}
	return fserrors.NoLowLevelRetryError(fmt.Errorf("%w (it had CRC-64 %s when it was listed, and %s as it was read): "+
		"nothing was published", errUpdated, recorded, found))
}

// finish makes size and CRC-64 known where the server knew the end before: then the rest has only to be compared.
func (s *source) finish(ctx context.Context) error {
	if s.ended {
		return nil
	}
	if s.whole != nil {
		s.read, s.crc64, s.ended = s.size, *s.whole, true
		return nil
	}
	unaccounted, _ := accounting.UnWrap(s.in)
	err := s.pass(ctx, unaccounted, -1, func() error { return nil })
	s.ended = err == nil
	return err
}

func (s *source) checkLength() error {
	if s.size >= 0 && s.read < s.size {
		return s.endedEarly()
	}
	if s.size >= 0 && s.read > s.size {
		return fmt.Errorf("the source has more than the %d bytes that were declared: nothing was published", s.size)
	}
	return nil
}

func (s *source) endedEarly() error {
	return fmt.Errorf("the source ended after %d of %d bytes: nothing was published", s.read, s.size)
}

// contentDiffers says that the bytes of the source are not those that the server has, or not those that they were.
type contentDiffers struct {
	what     string
	finished bool // the server has published what it had
}

func (e *contentDiffers) Error() string { return "the source changed: " + e.what }

// readWhole reads a small source into memory.
func readWhole(in io.Reader, size int64) ([]byte, error) {
	var buffer bytes.Buffer
	if _, err := io.Copy(&buffer, io.LimitReader(in, size+1)); err != nil {
		return nil, err
	}
	s := source{size: size, read: int64(buffer.Len())}
	return buffer.Bytes(), s.checkLength()
}
