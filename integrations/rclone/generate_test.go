package rclone

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What the contract generates differs between releases of protoc in nothing but its name.
var protocVersion = regexp.MustCompile(`(?m)^// [\t-].*protoc +v.*\n`)

func TestGeneratedCodeIsThatOfTheContract(t *testing.T) {
	if _, err := exec.LookPath("protoc"); err != nil {
		t.Skip("there is no protoc")
	}
	if _, err := os.Stat("../../proto/penstock/v1"); err != nil {
		t.Skip("the contract is not there: the module is used on its own")
	}
	fresh := t.TempDir()
	output, err := exec.Command("./generate", fresh).CombinedOutput()
	require.NoError(t, err, string(output))
	files, err := filepath.Glob(filepath.Join(fresh, "*.go"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, path := range files {
		wanted, err := os.ReadFile(path)
		require.NoError(t, err)
		got, err := os.ReadFile(filepath.Join("internal/penstockv1", filepath.Base(path)))
		require.NoError(t, err)
		same := string(protocVersion.ReplaceAll(wanted, nil)) == string(protocVersion.ReplaceAll(got, nil))
		assert.True(t, same, "%s is not what ./generate makes of the contract: run it", filepath.Base(path))
	}
}
