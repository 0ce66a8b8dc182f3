package penstock

import (
	"context"
	"fmt"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/rclone/rclone/fs/fserrors"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/protoadapt"
	"google.golang.org/protobuf/types/known/durationpb"

	pb "penstock.dev/integrations/rclone/internal/penstockv1"
)

// scriptedServer does on its first stream what the first script says, and so on. What real servers do only by chance.
type scriptedServer struct {
	pb.UnimplementedPutServiceServer
	t *testing.T

	mu      sync.Mutex
	scripts []script
	opens   []*pb.OpenSession
}

type script func(stream serverStream) error

type serverStream = grpc.BidiStreamingServer[pb.PutObjectRequest, pb.PutObjectResponse]

func (s *scriptedServer) PutObject(stream serverStream) error {
	request, err := stream.Recv()
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.opens = append(s.opens, request.GetOpen())
	if len(s.scripts) == 0 {
		s.mu.Unlock()
		return status.Error(codes.FailedPrecondition, "the scripts are over")
	}
	next := s.scripts[0]
	s.scripts = s.scripts[1:]
	s.mu.Unlock()
	return next(stream)
}

func startScripted(t *testing.T, scripts ...script) (*scriptedServer, *Fs) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s := &scriptedServer{t: t, scripts: scripts}
	server := grpc.NewServer()
	pb.RegisterPutServiceServer(server, s)
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	return s, newFs(t, listener.Addr().String(), testBucket)
}

func failure(code codes.Code, reason string, retry bool, metadata map[string]string) error {
	details := []protoadapt.MessageV1{&errdetails.ErrorInfo{Reason: reason, Domain: "penstock", Metadata: metadata}}
	if retry {
		details = append(details, retryIn(0))
	}
	return withDetails(code, details)
}

func retryIn(delay time.Duration) *errdetails.RetryInfo {
	return &errdetails.RetryInfo{RetryDelay: durationpb.New(delay)}
}

func withDetails(code codes.Code, details []protoadapt.MessageV1) error {
	state, err := status.New(code, "of the script").WithDetails(details...)
	if err != nil {
		return err
	}
	return state.Err()
}

func unavailable(serverStream) error { return failure(codes.Unavailable, "DRAINING", true, nil) }

func sendOpened(stream serverStream, epoch, committed int64, crc uint64) error {
	session := &pb.Session{Epoch: epoch, CommittedSize: committed, State: pb.Session_STATE_OPEN}
	return stream.Send(&pb.PutObjectResponse{Frame: &pb.PutObjectResponse_Opened{
		Opened: &pb.SessionOpened{Session: session, ResumeOffset: committed, ResumeCrc64Ecma: crc},
	}})
}

func sendProgress(stream serverStream, committed int64) error {
	return stream.Send(&pb.PutObjectResponse{Frame: &pb.PutObjectResponse_Progress{
		Progress: &pb.Progress{CommittedSize: committed},
	}})
}

// takeAll reads to `finish` and publishes.
func takeAll(epoch int64) script {
	return func(stream serverStream) error {
		if err := sendOpened(stream, epoch, 0, 0); err != nil {
			return err
		}
		var data []byte
		for {
			request, err := stream.Recv()
			if err != nil {
				return err
			}
			data = append(data, request.GetChunk().GetData()...)
			if request.GetFinish() == nil {
				continue
			}
			crc := crc64Of(data)
			return stream.Send(&pb.PutObjectResponse{Frame: &pb.PutObjectResponse_Finished{Finished: &pb.ObjectFinished{
				Object: &pb.StoredObject{Size: int64(len(data)), Crc64Ecma: &crc},
			}}})
		}
	}
}

func openedThen(epoch int64, end error) script {
	return func(stream serverStream) error {
		if err := sendOpened(stream, epoch, 0, 0); err != nil {
			return err
		}
		return end
	}
}

func putHello(f *Fs) error {
	_, err := f.Put(context.Background(), bytesOf([]byte("hello")), info("a.txt", 5))
	return err
}

func staleOpen(expected, epoch int64) script {
	return func(serverStream) error {
		return failure(codes.Aborted, "STALE_OPEN", false,
			map[string]string{"expected": fmt.Sprint(expected), "epoch": fmt.Sprint(epoch)})
	}
}

func TestOwnLostOpenIsRecognised(t *testing.T) {
	s, f := startScripted(t, openedThen(1, unavailable(nil)), unavailable, staleOpen(1, 2), takeAll(3))
	require.NoError(t, putHello(f))
	assert.Nil(t, s.opens[0].ExpectEpoch)
	assert.Equal(t, []int64{1, 1, 2}, []int64{s.opens[1].GetExpectEpoch(), s.opens[2].GetExpectEpoch(), s.opens[3].GetExpectEpoch()})
}

func TestOpenOfAnotherWriterStops(t *testing.T) {
	for name, scripts := range map[string][]script{
		"every open was answered": {openedThen(1, unavailable(nil)), staleOpen(1, 2)},
		"it is two steps ahead":   {openedThen(1, unavailable(nil)), unavailable, staleOpen(1, 3)},
		"once is enough":          {openedThen(1, unavailable(nil)), unavailable, staleOpen(1, 2), staleOpen(2, 3)},
		"taken over":              {openedThen(1, failure(codes.Aborted, "STALE_WRITER", false, nil))},
	} {
		t.Run(name, func(t *testing.T) {
			_, f := startScripted(t, append(scripts, takeAll(9))...)
			err := putHello(f)
			require.ErrorContains(t, err, "STALE_")
			assert.True(t, fserrors.IsNoRetryError(err))
		})
	}
}

func TestOnlyWhatCanHelpIsRepeated(t *testing.T) {
	for _, code := range []codes.Code{codes.DataLoss, codes.ResourceExhausted, codes.DeadlineExceeded, codes.Internal} {
		_, f := startScripted(t, openedThen(1, failure(code, "SOMETHING", true, nil)), takeAll(2))
		require.NoError(t, putHello(f), code)
		_, f = startScripted(t, openedThen(1, failure(code, "SOMETHING", false, nil)), takeAll(2))
		require.ErrorContains(t, putHello(f), "SOMETHING", code)
	}
}

// commitThenEnd takes `size` bytes, commits them and ends.
func commitThenEnd(epoch, size int64) script {
	return func(stream serverStream) error {
		if err := sendOpened(stream, epoch, 0, 0); err != nil {
			return err
		}
		for received := int64(0); received < size; {
			request, err := stream.Recv()
			if err != nil {
				return err
			}
			received += int64(len(request.GetChunk().GetData()))
		}
		if err := sendProgress(stream, size); err != nil {
			return err
		}
		return unavailable(stream)
	}
}

func TestWhatWasCommittedIsNotBegunAnew(t *testing.T) {
	data := content(1, 3*mib)
	s, f := startScripted(t, commitThenEnd(1, 2*mib), func(serverStream) error {
		return failure(codes.NotFound, "SESSION_NOT_FOUND", false, nil)
	})
	_, err := f.PutStream(context.Background(), bytesOf(data), info("a.bin", -1))
	require.ErrorContains(t, err, "SESSION_NOT_FOUND")
	assert.Equal(t, pb.OpenMode_OPEN_MODE_RESUME, s.opens[1].GetMode())
	assert.Equal(t, pb.EndedPolicy_ENDED_POLICY_REPLAY, s.opens[1].GetEndedPolicy())
}

func TestAServerThatTakesBackACommitIsNotBelieved(t *testing.T) {
	_, f := startScripted(t, commitThenEnd(1, 2*mib), openedThen(2, nil))
	_, err := f.PutStream(context.Background(), bytesOf(content(1, 3*mib)), info("a.bin", -1))
	require.ErrorContains(t, err, "it had committed 2097152 bytes and now says 0")
}

func TestOKWithoutFinishedIsNoSuccess(t *testing.T) {
	_, f := startScripted(t, openedThen(1, nil), takeAll(2))
	require.ErrorContains(t, putHello(f), "without `finished`")
}

func TestAnotherObjectThanWasSentIsTold(t *testing.T) {
	_, f := startScripted(t, func(stream serverStream) error {
		if err := sendOpened(stream, 1, 0, 0); err != nil {
			return err
		}
		for {
			if _, err := stream.Recv(); err == io.EOF {
				break
			}
		}
		crc := uint64(1)
		return stream.Send(&pb.PutObjectResponse{Frame: &pb.PutObjectResponse_Finished{Finished: &pb.ObjectFinished{
			Object: &pb.StoredObject{Size: 5, Crc64Ecma: &crc},
		}}})
	})
	require.ErrorContains(t, putHello(f), "the object has 5 bytes and CRC-64 0000000000000001, but 5 bytes")
}

func TestAServerThatAsksForMorePatienceThanThereIsIsGivenUp(t *testing.T) {
	_, f := startScripted(t, func(serverStream) error {
		return withDetails(codes.Unavailable, []protoadapt.MessageV1{retryIn(time.Hour)})
	})
	err := putHello(f)
	require.ErrorContains(t, err, fmt.Sprintf("gave up after %v without progress", f.opt.GiveUpAfter))
	require.ErrorContains(t, err, "Unavailable: of the script")
}

func TestGivingUpWithinAStreamTellsTheErrorBeforeIt(t *testing.T) {
	var u *upload
	_, f := startScripted(t, unavailable, func(stream serverStream) error {
		u.watch.expired()
		<-stream.Context().Done()
		return stream.Context().Err()
	})
	ctx := context.Background()
	u, err := f.newUpload(ctx, bytesOf([]byte("hello")), info("a.txt", 5), specOf("a.txt"), false)
	require.NoError(t, err)
	_, err = u.run(ctx)
	require.ErrorContains(t, err, "without progress")
	require.ErrorContains(t, err, "DRAINING")
}
