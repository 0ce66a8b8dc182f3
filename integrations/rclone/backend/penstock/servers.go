package penstock

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rclone/rclone/fs"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/status"

	pb "penstock.dev/integrations/rclone/internal/penstockv1"
)

const (
	maxMessageBytes  = 4 << 20
	writeBufferBytes = 256 << 10
	connectTimeout   = 10 * time.Second
	idleTimeout      = 5 * time.Minute

	firstRetryDelay = 100 * time.Millisecond
	maxRetryDelay   = 10 * time.Second

	callTimeout = time.Minute
	listTimeout = 10 * time.Minute // the server may ask for every object of a page
	noTimeout   = time.Duration(0)
)

// server is one Penstock server. Connections are made when they are needed and given up when they are idle.
type server struct {
	address string
	conn    *grpc.ClientConn
	put     pb.PutServiceClient
	objects pb.ObjectServiceClient
}

// Servers of the process by address: every Fs of the same servers shares their connections.
var (
	knownServersMu sync.Mutex
	knownServers   = map[string]*server{}
)

func serverAt(address string) (*server, error) {
	knownServersMu.Lock()
	defer knownServersMu.Unlock()
	if known, ok := knownServers[address]; ok {
		return known, nil
	}
	target := address
	if !strings.HasPrefix(address, "unix:") {
		if _, port, err := net.SplitHostPort(address); err != nil || port == "" {
			return nil, fmt.Errorf("expected host:port or unix:/path, got %q (in connection strings such values need quotes)", address)
		}
		target = "passthrough:///" + address
	}
	conn, err := grpc.NewClient(target,
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithNoProxy(),
		grpc.WithIdleTimeout(idleTimeout),
		grpc.WithWriteBufferSize(writeBufferBytes),
		grpc.WithUnaryInterceptor(invokeSendable),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxMessageBytes)),
		// A stream that waits for the store carries no data for a while: a server that vanished is noticed all the same.
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: 20 * time.Second, Timeout: 10 * time.Second}),
		// gRPC's own pause between attempts to connect goes up to 2 minutes; ours decides.
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff:           backoff.Config{BaseDelay: firstRetryDelay, Multiplier: 1.6, Jitter: 0.2, MaxDelay: 3 * time.Second},
			MinConnectTimeout: connectTimeout,
		}))
	if err != nil {
		return nil, err
	}
	known := &server{address, conn, pb.NewPutServiceClient(conn), pb.NewObjectServiceClient(conn)}
	knownServers[address] = known
	return known, nil
}

// invokeSendable makes a call, and tells a request that cannot be sent from a broken connection.
func invokeSendable(ctx context.Context, method string, request, reply any, conn *grpc.ClientConn, invoke grpc.UnaryInvoker,
	options ...grpc.CallOption) error {
	err := invoke(ctx, method, request, reply, conn, options...)
	if status.Code(err) == codes.Internal {
		return unlessUnsendable(request, err)
	}
	return err
}

// cluster is the servers of a remote, of which one is in use.
type cluster struct {
	servers []*server
	current atomic.Int64
}

func newCluster(addresses []string) (*cluster, error) {
	c := &cluster{}
	for _, address := range addresses {
		s, err := serverAt(strings.TrimSpace(address))
		if err != nil {
			return nil, err
		}
		c.servers = append(c.servers, s)
	}
	return c, nil
}

func (c *cluster) use() *server {
	return c.servers[int(c.current.Load())%len(c.servers)]
}

// leave makes the next server the one in use, unless another call has done so already.
func (c *cluster) leave(s *server) {
	at := c.current.Load()
	if c.servers[int(at)%len(c.servers)] == s {
		c.current.CompareAndSwap(at, at+1)
	}
}

// call makes a call that may be repeated, until it is answered with something that repeating does not change, or for as
// many times as rclone's --low-level-retries says; the servers are tried in turn.
func (c *cluster) call(ctx context.Context, timeout time.Duration, do func(ctx context.Context, s *server) error) error {
	pause := newPause()
	tries := max(fs.GetConfig(ctx).LowLevelRetries, len(c.servers))
	for {
		s := c.use()
		err := callOnce(ctx, s, timeout, do)
		tries--
		asked, again := repeatable(err)
		if !again || tries <= 0 {
			return err
		}
		c.leave(s)
		fs.Debugf(nil, "penstock: %v: trying again", err)
		if err := pause.wait(ctx, asked); err != nil {
			return err
		}
	}
}

func callOnce(ctx context.Context, s *server, timeout time.Duration, do func(ctx context.Context, s *server) error) error {
	limited, cancel := ctx, context.CancelFunc(func() {})
	if timeout != noTimeout {
		limited, cancel = context.WithTimeout(ctx, timeout)
	}
	defer cancel()
	return fromServer(ctx, s.address, do(limited, s))
}

// pause is how long to wait before trying again: doubling, with jitter, and never less than the server asked for.
type pause struct {
	next time.Duration
}

func newPause() *pause { return &pause{next: firstRetryDelay} }

func (p *pause) reset() { p.next = firstRetryDelay }

// wait ends early, with the context's error, when the context does.
func (p *pause) wait(ctx context.Context, asked time.Duration) error {
	delay := p.next/2 + rand.N(p.next/2)
	p.next = min(2*p.next, maxRetryDelay)
	timer := time.NewTimer(max(delay, asked))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
