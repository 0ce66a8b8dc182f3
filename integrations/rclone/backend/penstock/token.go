package penstock

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/rclone/rclone/fs"

	pb "penstock.dev/integrations/rclone/internal/penstockv1"
)

const (
	tokenDomain     = "penstock.rclone-token.v1\x00"
	secretBytes     = 32
	maxSecretLength = 4096
)

// tokenFacts is what an upload is known by on every machine.
type tokenFacts struct {
	spec        *pb.ObjectSpec // destination, size, and all that the object will carry, its mod time included
	fingerprint string         // of the source, as rclone computes it
	typeGiven   bool           // the content type was asked for, and not guessed from a name by a table of this machine
	attempt     int            // counts finished uploads of the same facts whose content was another
}

// deriveToken names the upload: an HMAC-SHA-256 under the secret, as 43 characters of base64url. Every field goes in with
// its length, so that no two lists of facts give the same text. What the object carries is among them because the server
// refuses to resume with another spec: a run with other options is another upload.
func deriveToken(secret string, facts tokenFacts) string {
	mac := hmac.New(sha256.New, []byte(secret))
	spec := facts.spec
	_, _ = io.WriteString(mac, tokenDomain)
	writeFields(mac, spec.GetRemote(), spec.GetBucket(), spec.GetKey())
	writeNumbers(mac, spec.GetTotalSize(), int64(facts.attempt))
	contentType := ""
	if facts.typeGiven {
		contentType = spec.GetContentType()
	}
	writeFields(mac, facts.fingerprint, contentType, spec.GetStorageClass(), spec.GetCacheControl(),
		spec.GetContentDisposition(), spec.GetContentEncoding())
	names := slices.DeleteFunc(slices.Sorted(maps.Keys(spec.GetMetadata())), isVolatile)
	writeNumbers(mac, int64(len(names)))
	for _, name := range names {
		writeFields(mac, name, spec.GetMetadata()[name])
	}
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

func writeNumbers(mac hash.Hash, numbers ...int64) {
	for _, number := range numbers {
		var text [8]byte
		binary.BigEndian.PutUint64(text[:], uint64(number))
		_, _ = mac.Write(text[:])
	}
}

func writeFields(mac hash.Hash, fields ...string) {
	for _, field := range fields {
		writeNumbers(mac, int64(len(field)))
		_, _ = io.WriteString(mac, field)
	}
}

// randomToken names an upload that nobody can resume but who holds it.
func randomToken() string {
	var text [secretBytes]byte
	_, _ = rand.Read(text[:]) // does not fail
	return base64.RawURLEncoding.EncodeToString(text[:])
}

// fingerprintOf tells what rclone knows of the source without reading it. The empty text: not enough to tell it from another.
func fingerprintOf(ctx context.Context, object fs.Object) string {
	if object.Fs().Precision() == fs.ModTimeNotSupported {
		return ""
	}
	return fs.Fingerprint(ctx, object, true)
}

// loadSecret finds the secret of the user, which `penstock put` uses too: the environment variable PENSTOCK_TOKEN_SECRET, or
// the text of a file that is made when it is not there.
func loadSecret() (string, error) {
	if secret := os.Getenv("PENSTOCK_TOKEN_SECRET"); secret != "" {
		return checkedSecret(secret, "PENSTOCK_TOKEN_SECRET")
	}
	folder := os.Getenv("XDG_CONFIG_HOME")
	if !filepath.IsAbs(folder) {
		home, err := os.UserHomeDir()
		if err != nil {
			return "", fmt.Errorf("no place for the token secret: %w; set the option token_secret", err)
		}
		folder = filepath.Join(home, ".config")
	}
	return loadSecretFile(filepath.Join(folder, "penstock", "token-secret"))
}

func loadSecretFile(path string) (string, error) {
	secret, err := readSecret(path)
	if errors.Is(err, os.ErrNotExist) {
		if err := createSecret(path); err != nil {
			return "", fmt.Errorf("cannot make a token secret: %w; set the option token_secret", err)
		}
		secret, err = readSecret(path)
	}
	return secret, err
}

func readSecret(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer func() { _ = file.Close() }()
	info, err := file.Stat()
	if err != nil {
		return "", err
	}
	if othersMayRead(info) {
		return "", fmt.Errorf("other users may read the token secret %q; run chmod 600 on it, or delete it to get a new one", path)
	}
	text, err := io.ReadAll(io.LimitReader(file, maxSecretLength))
	if err != nil {
		return "", err
	}
	return checkedSecret(strings.TrimSpace(string(text)), fmt.Sprintf("%q", path))
}

func checkedSecret(secret, origin string) (string, error) {
	if len(secret) < minSecretLength {
		return "", fmt.Errorf("the token secret in %s must have at least %d characters, it has %d", origin, minSecretLength,
			len(secret))
	}
	return secret, nil
}

// createSecret makes the file whole or not at all. Of several processes at the same time one wins, and the others are fine.
func createSecret(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	draft, err := os.CreateTemp(filepath.Dir(path), "token-secret.*") // mode 0600
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(draft.Name()) }()
	var text [secretBytes]byte
	_, _ = rand.Read(text[:])
	_, err = fmt.Fprintln(draft, hex.EncodeToString(text[:]))
	if syncErr := draft.Sync(); err == nil {
		err = syncErr
	}
	if closeErr := draft.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return err
	}
	// A link, unlike a rename, leaves an existing file alone.
	if err := os.Link(draft.Name(), path); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	return nil
}
