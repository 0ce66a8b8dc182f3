package penstock

import (
	"bytes"
	"context"
	"errors"
	"os"
	"testing"

	"github.com/rclone/rclone/fs/fserrors"
	"github.com/rclone/rclone/fs/operations"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// twoPenstocks are a source and a target, each behind a link that counts.
type twoPenstocks struct {
	one, two *testServer
	from, to *link
}

func startTwo(t *testing.T) *twoPenstocks {
	p := &twoPenstocks{one: startServer(t), two: startServer(t)}
	p.from, p.to = newLink(t, p.one), newLink(t, p.two)
	return p
}

// listed is the object at the source, as it is now.
func (p *twoPenstocks) listed(t *testing.T) *Object {
	return objectIn(t, newFs(t, p.from.address, testBucket), "a.bin").(*Object)
}

func (p *twoPenstocks) target(t *testing.T) *Fs {
	return newFs(t, p.to.address, testBucket, smallParts...)
}

func (p *twoPenstocks) replace(t *testing.T, data []byte) {
	putBytes(t, newFs(t, p.one.address, testBucket), "a.bin", data)
}

func (p *twoPenstocks) copy(t *testing.T, from *Object) error {
	_, err := operations.Copy(context.Background(), p.target(t), nil, "a.bin", from)
	return err
}

// interrupt leaves an upload of the object behind, with the first bytes of `data`.
func (p *twoPenstocks) interrupt(t *testing.T, from *Object, data []byte) {
	broken := errors.New("interrupted")
	_, err := p.target(t).Put(context.Background(), &breakingReader{bytesOf(data), broken}, from)
	require.ErrorIs(t, err, broken)
}

const (
	updatedSize   = 24 * mib
	interruptedAt = 16 * mib
)

func TestAnObjectThatWasReplacedSinceItWasListedIsTold(t *testing.T) {
	p := startTwo(t)
	p.replace(t, content(1, updatedSize))
	stale := p.listed(t)
	now := content(2, updatedSize)
	p.replace(t, now)

	err := p.copy(t, stale)
	require.ErrorContains(t, err, "can't copy - source file is being updated")
	assert.True(t, fserrors.IsNoLowLevelRetryError(err))
	assert.False(t, fserrors.IsNoRetryError(err), "the next pass lists it anew")
	assert.Less(t, p.to.sent.Load(), int64(updatedSize*3/2), "it was sent once")
	assert.Less(t, p.from.received.Load(), int64(updatedSize*3/2), "it was read once")
	_, err = os.Stat(p.two.path("a.bin"))
	assert.ErrorIs(t, err, os.ErrNotExist)
	assert.Empty(t, openKeys(t, p.target(t)), "nobody would resume it")

	require.NoError(t, p.copy(t, p.listed(t)))
	assert.True(t, bytes.Equal(now, stored(t, p.two, "a.bin")))
}

func TestAnInterruptedUploadOfAReplacedObjectIsBegunAnewOnce(t *testing.T) {
	p := startTwo(t)
	before := content(3, updatedSize)
	p.replace(t, before)
	stale := p.listed(t)
	p.interrupt(t, stale, before[:interruptedAt])
	p.replace(t, content(4, updatedSize))
	sent := p.to.sent.Load()

	require.ErrorContains(t, p.copy(t, stale), "can't copy - source file is being updated")
	assert.Less(t, p.to.sent.Load()-sent, int64(2*updatedSize))
	assert.Empty(t, openKeys(t, p.target(t)))
}

func TestAnInterruptedUploadOfOtherBytesIsBegunAnew(t *testing.T) {
	p := startTwo(t)
	data := content(5, updatedSize)
	p.replace(t, data)
	from := p.listed(t)
	p.interrupt(t, from, content(6, interruptedAt))
	sent := p.to.sent.Load()

	require.NoError(t, p.copy(t, from))
	assert.True(t, bytes.Equal(data, stored(t, p.two, "a.bin")))
	assert.Greater(t, p.to.sent.Load()-sent, int64(updatedSize*5/4), "the rest was sent first, and then all")
}
