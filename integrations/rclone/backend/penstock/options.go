package penstock

import (
	"fmt"
	"reflect"
	"time"

	"github.com/rclone/rclone/fs"
	"github.com/rclone/rclone/fs/config"
	"github.com/rclone/rclone/fs/config/configmap"
	"github.com/rclone/rclone/fs/config/configstruct"
	"github.com/rclone/rclone/fs/config/obscure"
	"github.com/rclone/rclone/lib/encoder"
)

const (
	maxChunkSize     = fs.SizeSuffix(2 << 20) // what servers take
	minReplayBuffer  = fs.SizeSuffix(1 << 20)
	minSecretLength  = 16
	viewFull         = "full"
	viewBasic        = "basic"
	defaultServer    = "127.0.0.1:7070"
	defaultGiveUp    = 5 * time.Minute
	defaultIdleAge   = 24 * time.Hour
	defaultChunkSize = fs.SizeSuffix(1 << 20)
)

// Options are the configuration of a remote. What each means is told by its help, in init below.
type Options struct {
	Servers          fs.CommaSepList      `config:"servers"`
	Remote           string               `config:"remote"`
	TokenSecret      string               `config:"token_secret"`
	StorageClass     string               `config:"storage_class"`
	PartSize         fs.SizeSuffix        `config:"part_size"`
	MaxParallelParts int                  `config:"max_parallel_parts"`
	ChunkSize        fs.SizeSuffix        `config:"chunk_size"`
	ReplayBuffer     fs.SizeSuffix        `config:"replay_buffer"`
	ResumeWithin     fs.Duration          `config:"resume_within"`
	GiveUpAfter      fs.Duration          `config:"give_up_after"`
	CleanUpAfter     fs.Duration          `config:"clean_up_after"`
	ListView         string               `config:"list_view"`
	Enc              encoder.MultiEncoder `config:"encoding"`
}

func init() {
	fs.Register(withOverview(&fs.RegInfo{
		Name:         "penstock",
		Description:  "Penstock, resumable uploads into object storage",
		NewFs:        NewFs,
		Options:      optionTable(),
		MetadataInfo: metadataInfo(),
	}))
}

// withOverview adds an empty table of what backends are like, where this rclone has such tables: it looks for one among its
// own files otherwise, and complains at every start. Older releases do not know the field.
func withOverview(info *fs.RegInfo) *fs.RegInfo {
	if field := reflect.ValueOf(info).Elem().FieldByName("Overview"); field.IsValid() {
		field.Set(reflect.New(field.Type().Elem()))
	}
	return info
}

func optionTable() fs.Options {
	return append(basicOptions(), advancedOptions()...)
}

func basicOptions() fs.Options {
	return fs.Options{{
		Name: "servers",
		Help: `Penstock servers, as host:port or unix:/path, separated by commas.

Several are servers of one cluster, with one session store. They are tried in turn: a call goes to the next one when one
cannot be reached or is shutting down.`,
		Default: fs.CommaSepList{defaultServer},
	}, {
		Name: "remote",
		Help: `Name of the server's remote to store to, as "penstock remotes" shows it.

Leave empty if the server has only one.`,
	}, {
		Name: "token_secret",
		Help: `Secret from which the names of resumable uploads are derived.

At least 16 characters. Give the same one on every machine that should go on with uploads of the others. If it is empty, the
secret of "penstock put" is used: the environment variable PENSTOCK_TOKEN_SECRET, or the file penstock/token-secret in
$XDG_CONFIG_HOME or ~/.config, which is made when it is not there.`,
		IsPassword: true,
	}, {
		Name: "storage_class",
		Help: `Storage class of new objects, as the store names it.

The bucket's default if empty.`,
	}}
}

func advancedOptions() fs.Options {
	return fs.Options{{
		Name: "part_size",
		Help: `Preferred size of the parts in which the server stores an object.

0 lets the server choose (8 MiB, more where the length needs it).`,
		Default:  fs.SizeSuffix(0),
		Advanced: true,
	}, {
		Name: "max_parallel_parts",
		Help: `Parts of one object that the server stores at the same time.

0 lets the server choose (4).`,
		Default:  0,
		Advanced: true,
	}, {
		Name: "chunk_size",
		Help: `Bytes of one message to the server, at most 2 MiB.

A file of this size or less is sent in one go, and again as a whole after a failure.`,
		Default:  defaultChunkSize,
		Advanced: true,
	}, {
		Name: "replay_buffer",
		Help: `Memory of a transfer whose source cannot be read again, for sending again after a lost connection.

Used for data from a pipe and from wrapping remotes like crypt; files are read again instead. Parts are at most a quarter of
it, and an object has at most 10,000 parts: 64 MiB carry 160 GB.`,
		Default:  fs.SizeSuffix(64 << 20),
		Advanced: true,
	}, {
		Name: "resume_within",
		Help: `How long an interrupted upload can be resumed before the server discards it.

0 means as long as the server allows (7 days).`,
		Default:  fs.Duration(0),
		Advanced: true,
	}, {
		Name: "give_up_after",
		Help: `Give a transfer up when the server has made no progress for this long.

What was stored until then stays, and a repetition resumes.`,
		Default:  fs.Duration(defaultGiveUp),
		Advanced: true,
	}, {
		Name: "clean_up_after",
		Help: `Age from which "rclone cleanup" discards interrupted uploads.

Counted from the last byte that was stored.`,
		Default:  fs.Duration(defaultIdleAge),
		Advanced: true,
	}, {
		Name: "list_view",
		Help: `How much to ask for in lists.

Modification times and checksums are in the metadata of the objects, and where the store's lists do not have it, as with OSS,
somebody has to ask for it object by object.`,
		Default:  viewFull,
		Advanced: true,
		Examples: []fs.OptionExample{{
			Value: viewFull,
			Help:  "The server asks while it lists, many at the same time.",
		}, {
			Value: viewBasic,
			Help:  "rclone asks when it needs them. Better for commands that do not compare, such as size.",
		}},
		Exclusive: true,
	}, {
		Name:     config.ConfigEncoding,
		Help:     config.ConfigEncodingHelp,
		Default:  encoder.EncodeInvalidUtf8 | encoder.EncodeSlash | encoder.EncodeDot,
		Advanced: true,
	}}
}

// readOptions takes the configuration apart and checks it.
func readOptions(m configmap.Mapper) (*Options, error) {
	opt := new(Options)
	if err := configstruct.Set(m, opt); err != nil {
		return nil, err
	}
	if len(opt.Servers) == 0 {
		opt.Servers = fs.CommaSepList{defaultServer}
	}
	if opt.ChunkSize < 1 || opt.ChunkSize > maxChunkSize {
		return nil, fmt.Errorf("penstock: chunk_size must be from 1 byte to %v, it is %v", maxChunkSize, opt.ChunkSize)
	}
	if opt.ReplayBuffer < minReplayBuffer {
		return nil, fmt.Errorf("penstock: replay_buffer must be at least %v, it is %v", minReplayBuffer, opt.ReplayBuffer)
	}
	if opt.GiveUpAfter <= 0 {
		return nil, fmt.Errorf("penstock: give_up_after must be positive, it is %v", opt.GiveUpAfter)
	}
	if opt.ListView != viewFull && opt.ListView != viewBasic {
		return nil, fmt.Errorf("penstock: list_view must be %q or %q, it is %q", viewFull, viewBasic, opt.ListView)
	}
	if opt.TokenSecret != "" {
		secret, err := obscure.Reveal(opt.TokenSecret)
		if err != nil {
			return nil, fmt.Errorf("penstock: token_secret must be obscured (\"rclone obscure\"): %w", err)
		}
		if len(secret) < minSecretLength {
			return nil, fmt.Errorf("penstock: token_secret must have at least %d characters, it has %d", minSecretLength, len(secret))
		}
		opt.TokenSecret = secret
	}
	return opt, nil
}
