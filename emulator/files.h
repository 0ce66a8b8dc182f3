#ifndef PENSTOCK_EMULATOR_FILES_H_
#define PENSTOCK_EMULATOR_FILES_H_

// The few things that the emulator does with files. Thread-safe.

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "emulator/errors.h"

namespace penstock::emulator {

// Writes `content` beside `path` and renames it there: a crash of the emulator leaves the old file
// or the new one. (No fsync: it need not survive a crash of the machine.) InternalError on failure.
Failure ReplaceFile(const std::filesystem::path& path, std::string_view content);

// Appends to a file, making it if need be, in one write.
Failure AppendToFile(const std::filesystem::path& path, std::string_view content);

// Writes all of `data` to an open file.
Failure WriteFully(int fd, std::string_view data);

// nullopt when the file cannot be read.
std::optional<std::string> ReadFile(const std::filesystem::path& path);

}  // namespace penstock::emulator

#endif  // PENSTOCK_EMULATOR_FILES_H_
