//go:build !windows

package penstock

import "os"

func othersMayRead(info os.FileInfo) bool { return info.Mode().Perm()&0o077 != 0 }
