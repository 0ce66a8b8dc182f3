package penstock

import (
	"sync"
	"time"
)

// watchdog calls `expired` when the server has made no progress for `limit` although it could have: time in which the
// client waits for its own source does not count.
type watchdog struct {
	limit   time.Duration
	expired func()

	mu    sync.Mutex
	last  time.Time // of the last progress, later by the waits for the source since
	since time.Time // the source is waited for since then; zero when it is not
	timer *time.Timer
}

func newWatchdog(limit time.Duration, expired func()) *watchdog {
	w := &watchdog{limit: limit, expired: expired, last: time.Now()}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.timer = time.AfterFunc(limit, w.look)
	return w
}

func (w *watchdog) look() {
	w.mu.Lock()
	left := w.left()
	if left > 0 {
		w.timer.Reset(left)
	}
	w.mu.Unlock()
	if left <= 0 {
		w.expired()
	}
}

func (w *watchdog) left() time.Duration {
	if !w.since.IsZero() {
		return w.limit
	}
	return w.limit - time.Since(w.last)
}

// remaining is how long the server may still go without progress.
func (w *watchdog) remaining() time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.left()
}

func (w *watchdog) progress() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.last = time.Now()
}

// during runs `read`, whose time does not count.
func (w *watchdog) during(read func()) {
	w.mu.Lock()
	w.since = time.Now()
	w.mu.Unlock()
	read()
	w.mu.Lock()
	w.last = w.last.Add(time.Since(w.since))
	w.since = time.Time{}
	w.mu.Unlock()
}

func (w *watchdog) stop() { w.timer.Stop() }
