package penstock

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	_ "github.com/rclone/rclone/backend/local"
	"github.com/rclone/rclone/fs"
	"github.com/rclone/rclone/fs/config/configmap"
	"github.com/rclone/rclone/fs/config/obscure"
	"github.com/rclone/rclone/fs/object"
	"github.com/stretchr/testify/require"
)

const (
	mib        = 1 << 20
	testBucket = "test-bucket"
	testSecret = "a secret of these tests"
)

// testServer is a penstockd with a remote `disk` in a directory, on a socket of its own.
type testServer struct {
	t       *testing.T
	folder  string
	address string
	command *exec.Cmd
}

// programs is the folder of the server to test with.
func programs(t *testing.T) string {
	folder, named := os.LookupEnv("PENSTOCK_BIN")
	if !named {
		folder = filepath.Join("..", "..", "..", "..", "build", "release", "bin")
	}
	path, err := filepath.Abs(filepath.Join(folder, "penstockd"))
	require.NoError(t, err)
	if _, err := os.Stat(path); err != nil && !named {
		t.Skipf("no penstockd to test with: %v; set PENSTOCK_BIN", err)
	}
	return path
}

// startServer starts one; `more` is lines for the configuration of its remote.
func startServer(t *testing.T, more ...string) *testServer {
	folder, err := os.MkdirTemp("", "penstock-rclone-") // short, for the socket
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	s := &testServer{t: t, folder: folder, address: "unix:" + filepath.Join(folder, "socket")}
	require.NoError(t, os.MkdirAll(s.path(), 0o755))
	config := fmt.Sprintf("[server]\nlisten = [%q]\n[store]\npath = %q\n[remotes.disk]\nbackend = \"local\"\nroot = %q\n",
		s.address, filepath.Join(folder, "sessions.db"), filepath.Dir(s.path())) + strings.Join(more, "")
	require.NoError(t, os.WriteFile(filepath.Join(folder, "penstockd.toml"), []byte(config), 0o600))
	s.start()
	t.Cleanup(s.kill)
	return s
}

// path of an object's file. A key whose last name has a dot is its own path.
func (s *testServer) path(key ...string) string {
	return filepath.Join(append([]string{s.folder, "objects", testBucket}, key...)...)
}

func (s *testServer) start() {
	s.command = exec.Command(programs(s.t), "--config", filepath.Join(s.folder, "penstockd.toml"))
	stdout, err := s.command.StdoutPipe()
	require.NoError(s.t, err)
	log, err := os.OpenFile(filepath.Join(s.folder, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	require.NoError(s.t, err)
	defer func() { _ = log.Close() }()
	s.command.Stderr = log
	require.NoError(s.t, s.command.Start())
	lines := bufio.NewScanner(stdout)
	for lines.Scan() {
		if strings.Contains(lines.Text(), "ready") {
			go func() { _, _ = io.Copy(io.Discard, stdout) }()
			return
		}
	}
	text, _ := os.ReadFile(filepath.Join(s.folder, "log"))
	require.Fail(s.t, "penstockd did not start", string(text))
}

func (s *testServer) kill() {
	_ = s.command.Process.Kill()
	_ = s.command.Wait()
}

// newFs makes an Fs of the server. `more` is pairs of options and values.
func newFs(t *testing.T, address, root string, more ...string) *Fs {
	f, err := tryFs(address, root, more...)
	require.NoError(t, err)
	return f
}

func tryFs(address, root string, more ...string) (*Fs, error) {
	values := configmap.Simple{}
	for _, option := range optionTable() {
		values[option.Name] = fmt.Sprint(option.Default)
	}
	values["servers"], values["remote"], values["token_secret"] = address, "disk", obscure.MustObscure(testSecret)
	for i := 0; i < len(more); i += 2 {
		values[more[i]] = more[i+1]
	}
	f, err := NewFs(context.Background(), "test", root, values)
	made, _ := f.(*Fs)
	return made, err
}

// content is bytes that follow from the seed.
func content(seed uint64, size int) []byte {
	data := make([]byte, size)
	_, _ = rand.NewChaCha8([32]byte{byte(seed)}).Read(data)
	return data
}

// localFile is a file as rclone's local backend has it.
func localFile(t *testing.T, data []byte) (fs.Object, string) {
	folder := t.TempDir()
	path := filepath.Join(folder, "file.bin")
	require.NoError(t, os.WriteFile(path, data, 0o600))
	f, err := fs.NewFs(context.Background(), folder)
	require.NoError(t, err)
	return objectIn(t, f, "file.bin"), path
}

func objectIn(t *testing.T, f fs.Fs, remote string) fs.Object {
	o, err := f.NewObject(context.Background(), remote)
	require.NoError(t, err)
	return o
}

// info is what rclone tells of data that is no object. Size -1: not known.
func info(remote string, size int64) fs.ObjectInfo {
	return object.NewStaticObjectInfo(remote, time.Unix(1700000000, 123456789), size, true, nil, nil)
}

// link is a way to a server that counts what goes to it, and that can be cut.
type link struct {
	address  string
	target   string
	listener net.Listener
	sent     atomic.Int64 // bytes to the server
	received atomic.Int64 // bytes from it
	cutAt    atomic.Int64 // of `sent`; 0: never

	mu    sync.Mutex
	conns map[net.Conn]bool
	onCut func()
}

func newLink(t *testing.T, s *testServer) *link {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	l := &link{address: listener.Addr().String(), target: strings.TrimPrefix(s.address, "unix:"), listener: listener}
	l.conns = map[net.Conn]bool{}
	t.Cleanup(func() {
		_ = listener.Close()
		l.cut()
	})
	go l.serve()
	return l
}

func (l *link) serve() {
	for {
		client, err := l.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("unix", l.target)
		if err != nil {
			_ = client.Close()
			continue
		}
		l.mu.Lock()
		l.conns[client], l.conns[server] = true, true
		l.mu.Unlock()
		go func() {
			_, _ = io.Copy(io.MultiWriter(server, countAndCut{l}), client)
			_ = server.Close()
		}()
		go func() {
			_, _ = io.Copy(io.MultiWriter(client, counter{&l.received}), server)
			_ = client.Close()
		}()
	}
}

type counter struct{ bytes *atomic.Int64 }

func (c counter) Write(p []byte) (int, error) {
	c.bytes.Add(int64(len(p)))
	return len(p), nil
}

type countAndCut struct{ link *link }

func (c countAndCut) Write(p []byte) (int, error) {
	sent, at := c.link.sent.Add(int64(len(p))), c.link.cutAt.Load()
	if at > 0 && sent >= at && c.link.cutAt.CompareAndSwap(at, 0) {
		if c.link.onCut != nil {
			c.link.onCut()
		}
		c.link.cut()
	}
	return len(p), nil
}

// cut breaks every connection; new ones are fine.
func (l *link) cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for conn := range l.conns {
		_ = conn.Close()
	}
	clear(l.conns)
}

// bytesOf reads a reader that never ends early.
func bytesOf(data []byte) io.Reader { return bytes.NewReader(data) }
