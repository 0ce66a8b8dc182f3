#ifndef PENSTOCK_PLUGIN_LOCAL_KEY_PATH_H_
#define PENSTOCK_PLUGIN_LOCAL_KEY_PATH_H_

// Where the object of a key lies beneath its bucket's directory.
//
// A key is cut at every "/" into names: the last one is a file, the others are directories. Most
// keys are their own path ("2024/photo.jpg"). The objects "a" and "a/b" must both fit, so a name
// itself tells a file from a directory: a name with a dot is a file and a name without one is a
// directory; where that is not so, the name is followed by "%f" (a file) or "%d" (a directory).
//
//   photos/2024/cat.jpg   photos/2024/cat.jpg
//   README                README%f
//   v1.2/README           v1.2%d/README%f
//
// What a file system cannot hold, or would understand otherwise, is written with "%":
//
//   %XX   a byte: "%", a control character, and each dot of the names "." and ".."
//   %e    the empty name: "a//b" is a/%e/b%f, "a/" is a/%e%f
//   %c    at the end of a directory: the name is longer than a file name may be and continues in
//         the next component
//
// The mapping is injective and can be reversed. It needs a file system that tells upper from lower
// case and keeps names as they are.

#include <optional>
#include <string>

namespace penstock::local {

// The path of a key, relative to its bucket: one to many components separated by "/", each of 1 to
// 255 bytes and none of them "." or "..". REQUIRES: CheckKey(key).
std::string KeyToPath(const std::string& key);

// The key of a path; nullopt when no key has it.
std::optional<std::string> PathToKey(const std::string& path);

// What one component of a path says of the keys beneath it.
struct PathPiece {
  enum class Kind {
    kFile,       // its bytes end the key
    kDirectory,  // they end a name; the key goes on behind a "/"
    kContinued,  // the name goes on, within a directory
  };

  std::string bytes;  // of the key
  Kind kind = Kind::kFile;

  // What is added to the key of everything that comes before it.
  std::string KeyBytes() const { return kind == Kind::kDirectory ? bytes + "/" : bytes; }
};

// Nullopt when no path of a key has this component. Not all that have one are paths of keys.
std::optional<PathPiece> ParseComponent(const std::string& component);

// The directory of all keys that begin with `names`, relative to its bucket: nothing, or names that
// each end with "/".
std::string KeyDirectory(const std::string& names);

}  // namespace penstock::local

#endif  // PENSTOCK_PLUGIN_LOCAL_KEY_PATH_H_
