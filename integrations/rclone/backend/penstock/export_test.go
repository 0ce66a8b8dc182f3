package penstock

import "github.com/rclone/rclone/fs"

// SetUploadChunkSize makes rclone's own suite put objects around the size of a part; a chunk is no larger.
func (f *Fs) SetUploadChunkSize(size fs.SizeSuffix) (fs.SizeSuffix, error) {
	before := f.opt.PartSize
	f.opt.PartSize = size
	f.opt.ChunkSize = defaultChunkSize
	if size > 0 {
		f.opt.ChunkSize = min(size, defaultChunkSize)
	}
	return before, nil
}
