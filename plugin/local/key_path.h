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

}  // namespace penstock::local

#endif  // PENSTOCK_PLUGIN_LOCAL_KEY_PATH_H_
