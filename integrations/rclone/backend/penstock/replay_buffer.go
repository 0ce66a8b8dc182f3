package penstock

import "sync"

// replayBuffer keeps the bytes of a source that may have to be sent again: those past the committed size. One goroutine
// adds and copies, another releases.
type replayBuffer struct {
	capacity int64

	mu        sync.Mutex
	committed int64 // bytes below it are not needed
	start     int64 // offset of the first byte of pieces
	end       int64
	pieces    [][]byte
	spare     [][]byte // for reuse
}

func newReplayBuffer(capacity int64) *replayBuffer { return &replayBuffer{capacity: capacity} }

// begin makes the buffer empty, at `offset`.
func (b *replayBuffer) begin(offset int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.committed, b.start, b.end, b.pieces = offset, offset, offset, nil
}

// room is how many bytes can be added.
func (b *replayBuffer) room() int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.capacity - (b.end - b.committed)
}

func (b *replayBuffer) has(from, to int64) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.start <= from && to <= b.end
}

// add keeps a copy of the data. There must be room.
func (b *replayBuffer) add(data []byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	var piece []byte
	if last := len(b.spare) - 1; last >= 0 {
		piece, b.spare = b.spare[last], b.spare[:last]
	}
	b.pieces = append(b.pieces, append(piece[:0], data...))
	b.end += int64(len(data))
}

// copy fills `data` with the bytes from `offset` on. They must be there.
func (b *replayBuffer) copy(offset int64, data []byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	at := b.start
	for _, piece := range b.pieces {
		if len(data) == 0 {
			return
		}
		if end := at + int64(len(piece)); offset < end {
			n := copy(data, piece[offset-at:])
			data = data[n:]
			offset += int64(n)
		}
		at += int64(len(piece))
	}
}

// release makes room of what is below the committed size.
func (b *replayBuffer) release(committed int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.committed = max(b.committed, min(committed, b.end))
	for len(b.pieces) > 0 && b.start+int64(len(b.pieces[0])) <= committed {
		b.start += int64(len(b.pieces[0]))
		b.spare = append(b.spare, b.pieces[0])
		b.pieces[0] = nil
		b.pieces = b.pieces[1:]
	}
}
