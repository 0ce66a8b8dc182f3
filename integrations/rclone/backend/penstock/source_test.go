package penstock

import (
	"context"
	"io"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestReplayBufferKeepsWhatIsNotCommitted(t *testing.T) {
	data := content(1, 100)
	b := newReplayBuffer(50)
	b.add(data[:20])
	b.add(data[20:45])
	assert.Equal(t, int64(5), b.room())
	b.release(30)
	assert.Equal(t, int64(35), b.room())
	assert.False(t, b.has(19, 45))
	require.True(t, b.has(30, 45))
	b.add(data[45:80])
	assert.Equal(t, int64(0), b.room())
	got := make([]byte, 40)
	b.copy(35, got)
	assert.Equal(t, data[35:75], got)
	b.release(80)
	assert.Equal(t, int64(50), b.room())
}

func TestReplayBufferNeverReleasesWhatItDoesNotHave(t *testing.T) {
	b := newReplayBuffer(50)
	b.begin(10)
	b.add(content(1, 5))
	b.release(100)
	b.add(content(2, 5))
	assert.Equal(t, int64(45), b.room())
}

func noCall() error { return nil }

func TestSourceComparesWhatItPasses(t *testing.T) {
	data := content(2, 3*mib)
	offset := int64(2*mib + 5)
	s := newSource(context.Background(), bytesOf(data), 3*mib, nil, mib)
	require.NoError(t, s.moveTo(context.Background(), offset, crc64Of(data[:offset]), noCall))
	got, err := s.next(context.Background(), make([]byte, 10))
	require.NoError(t, err)
	assert.Equal(t, data[offset:offset+10], got)

	other := newSource(context.Background(), bytesOf(data), 3*mib, nil, mib)
	var differs *contentDiffers
	require.ErrorAs(t, other.moveTo(context.Background(), offset, 1, noCall), &differs)
}

func TestSourceGoesBackToWhatItKept(t *testing.T) {
	data := content(3, 100)
	s := newSource(context.Background(), bytesOf(data), -1, nil, 60)
	buffer := make([]byte, 30)
	for range 2 {
		_, err := s.next(context.Background(), buffer)
		require.NoError(t, err)
	}
	assert.True(t, s.full())
	s.kept.release(40)
	assert.False(t, s.full())
	require.NoError(t, s.moveTo(context.Background(), 45, 0, noCall))
	var got []byte
	for {
		more, err := s.next(context.Background(), buffer)
		if err == io.EOF {
			break
		}
		require.NoError(t, err)
		s.kept.release(s.position)
		got = append(got, more...)
	}
	assert.Equal(t, data[45:], got)
	assert.Equal(t, crc64Of(data), s.crc64)
	assert.Error(t, s.moveTo(context.Background(), 5, 0, noCall), "it is gone")
}
