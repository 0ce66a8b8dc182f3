// Command rclone is rclone with all that it brings, and the backend "penstock".
package main

import (
	_ "github.com/rclone/rclone/backend/all"
	"github.com/rclone/rclone/cmd"
	_ "github.com/rclone/rclone/cmd/all"
	_ "github.com/rclone/rclone/lib/plugin"

	_ "penstock.dev/integrations/rclone/backend/penstock"
)

func main() {
	cmd.Main()
}
