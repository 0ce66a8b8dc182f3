package penstock

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/rclone/rclone/fs"
	"github.com/rclone/rclone/fs/fserrors"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

// callError is how a call ended that did not end with OK.
type callError struct {
	server     string
	code       codes.Code
	reason     string // empty: it comes from the way to the server, not from a Penstock server
	message    string
	metadata   map[string]string
	retryDelay *time.Duration // not nil: the server says that repeating can help
}

func (e *callError) Error() string {
	if e.reason == "" {
		return fmt.Sprintf("server %s: %v: %s", e.server, e.code, e.message)
	}
	return fmt.Sprintf("%s (%v, server %s)", e.message, e.reason, e.server)
}

// fromServer makes a callError of an error of gRPC. Other errors, those of the context among them, stay what they are.
func fromServer(ctx context.Context, server string, err error) error {
	if err == nil {
		return nil
	}
	if cause := ctx.Err(); cause != nil {
		return cause
	}
	state, ok := status.FromError(err)
	if !ok {
		return err
	}
	failed := &callError{server: server, code: state.Code(), message: state.Message()}
	for _, detail := range state.Details() {
		switch detail := detail.(type) {
		case *errdetails.ErrorInfo:
			failed.reason = detail.GetReason()
			failed.metadata = detail.GetMetadata()
		case *errdetails.RetryInfo:
			delay := detail.GetRetryDelay().AsDuration()
			failed.retryDelay = &delay
		}
	}
	return failed
}

// unlessUnsendable answers `err`, with which gRPC refused to send the request, or the final error where nothing can send it.
// gRPC says INTERNAL when a request cannot become bytes, as for a broken way to the server: so the request itself is tried.
// What else comes before a byte is sent may pass, such as the failure of a connection that was made anew for it.
func unlessUnsendable(request any, err error) error {
	message, ok := request.(proto.Message)
	if !ok {
		return err
	}
	if _, cause := proto.Marshal(message); cause != nil {
		return fserrors.NoRetryError(fmt.Errorf("the request cannot be sent: %w", cause))
	}
	return err
}

// reasonOf tells the reason of an error of a Penstock server; empty for every other error.
func reasonOf(err error) string {
	var failed *callError
	if errors.As(err, &failed) {
		return failed.reason
	}
	return ""
}

// transport tells whether the error came from the way to the server: every error of a Penstock server has a reason.
func (e *callError) transport() bool {
	if e.reason != "" {
		return false
	}
	switch e.code {
	case codes.Unavailable, codes.Internal, codes.Unknown, codes.Canceled, codes.DeadlineExceeded:
		return true
	}
	return false
}

// repeatable tells whether a repetition can help, and what the server wants to be waited before.
func repeatable(err error) (delay time.Duration, ok bool) {
	var failed *callError
	if !errors.As(err, &failed) {
		return 0, false
	}
	if failed.retryDelay != nil {
		return *failed.retryDelay, true
	}
	return 0, failed.transport()
}

// forRclone says the same in rclone's terms: what is not there, what may be tried again, and what never helps to repeat.
func forRclone(err error) error {
	var failed *callError
	if !errors.As(err, &failed) {
		return err
	}
	switch failed.reason {
	case "NO_SUCH_OBJECT":
		return fs.ErrorObjectNotFound
	case "NO_SUCH_BUCKET":
		return fmt.Errorf("%w: %w", fs.ErrorDirNotFound, err)
	}
	if _, ok := repeatable(err); ok {
		return fserrors.RetryError(err)
	}
	switch failed.code {
	case codes.InvalidArgument, codes.PermissionDenied, codes.Unauthenticated, codes.Unimplemented, codes.Aborted:
		return fserrors.NoRetryError(err)
	}
	return err
}
