package penstock

import (
	"hash/crc64"
	"os"
	"path/filepath"
	"testing"

	"github.com/rclone/rclone/fs"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	pb "penstock.dev/integrations/rclone/internal/penstockv1"
)

type fsFs = fs.Fs

func crc64Of(data []byte) uint64 { return crc64.Checksum(data, crc64Table) }

func TestCRC64IsTheOneOfTheContract(t *testing.T) {
	assert.Equal(t, "995dc9bbdf1939fa", crc64Text(crc64Of([]byte("123456789"))))
	assert.Equal(t, "0000000000000000", crc64Text(crc64Of(nil)))
}

func specOf(key string) *pb.ObjectSpec {
	return &pb.ObjectSpec{Remote: "disk", Bucket: "bkt", Key: key, TotalSize: proto.Int64(5),
		Metadata: map[string]string{"mtime": "2026-01-02T03:04:05.000000006Z", "atime": "1"}}
}

func TestEveryFactMakesAnotherToken(t *testing.T) {
	base := deriveToken(testSecret, tokenFacts{spec: specOf("key"), fingerprint: "5,now", typeGiven: true})
	assert.Regexp(t, `^[A-Za-z0-9_-]{43}$`, base)
	seen := map[string]bool{base: true}
	for _, change := range []func(*tokenFacts){
		func(f *tokenFacts) { f.spec.Remote = "other" },
		func(f *tokenFacts) { f.spec.Bucket = "other" },
		func(f *tokenFacts) { f.spec.Key = "other" },
		func(f *tokenFacts) { f.spec.TotalSize = proto.Int64(6) },
		func(f *tokenFacts) { f.spec.ContentType = "text/plain" },
		func(f *tokenFacts) { f.spec.StorageClass = "IA" },
		func(f *tokenFacts) { f.spec.Metadata["mtime"] = "2026-01-02T03:04:05.000000007Z" },
		func(f *tokenFacts) { f.spec.Metadata["more"] = "" },
		func(f *tokenFacts) { f.fingerprint = "5,then" },
		func(f *tokenFacts) { f.attempt = 1 },
		func(f *tokenFacts) { f.spec.Bucket, f.spec.Key = "bk", "tkey" },
	} {
		facts := tokenFacts{spec: specOf("key"), fingerprint: "5,now", typeGiven: true}
		change(&facts)
		token := deriveToken(testSecret, facts)
		assert.False(t, seen[token], facts)
		seen[token] = true
	}
}

func TestWhatDependsOnTheMachineDoesNotMakeAnotherToken(t *testing.T) {
	facts := tokenFacts{spec: specOf("key")}
	base := deriveToken(testSecret, facts)
	facts.spec.Metadata["atime"] = "2"
	facts.spec.ContentType = "text/guessed"
	assert.Equal(t, base, deriveToken(testSecret, facts))
}

func TestSecretFileIsMadeOnceAndKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "penstock", "token-secret")
	first, err := loadSecretFile(path)
	require.NoError(t, err)
	assert.Regexp(t, `^[0-9a-f]{64}$`, first)
	again, err := loadSecretFile(path)
	require.NoError(t, err)
	assert.Equal(t, first, again)
	info, err := os.Stat(path)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())

	require.NoError(t, os.Chmod(path, 0o644))
	_, err = loadSecretFile(path)
	require.ErrorContains(t, err, "other users may read")
}

func TestShortSecretIsRefused(t *testing.T) {
	t.Setenv("PENSTOCK_TOKEN_SECRET", "short")
	_, err := loadSecret()
	require.ErrorContains(t, err, "at least 16 characters, it has 5")
}

func TestSecretOfTheEnvironmentComesFirst(t *testing.T) {
	t.Setenv("PENSTOCK_TOKEN_SECRET", testSecret)
	t.Setenv("XDG_CONFIG_HOME", t.TempDir())
	secret, err := loadSecret()
	require.NoError(t, err)
	assert.Equal(t, testSecret, secret)
}

func TestARemoteNeedsNoSecretOfItsOwn(t *testing.T) {
	t.Setenv("PENSTOCK_TOKEN_SECRET", testSecret)
	f := newFs(t, "127.0.0.1:7070", "", "token_secret", "")
	secret, err := f.secret()
	require.NoError(t, err)
	assert.Equal(t, testSecret, secret)
}

func TestTheReadmePutsNoSecretIntoArguments(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	require.NoError(t, err)
	assert.NotRegexp(t, `(?i)secret[= ]\S*\$|secret=`, string(text))
}
