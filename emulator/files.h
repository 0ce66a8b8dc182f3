#ifndef PENSTOCK_EMULATOR_FILES_H_
#define PENSTOCK_EMULATOR_FILES_H_

// The few things that the emulator does with files. Thread-safe.

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "emulator/errors.h"

namespace penstock::emulator {

// Writes `content` beside `path` and renames it there: a crash of the emulator leaves the old file
// or the new one. (No fsync: it need not survive a crash of the machine.) InternalError on failure.
Failure ReplaceFile(const std::filesystem::path& path, std::string_view content);

// Appends a line to a file, making it if need be. InternalError on failure; then the file is as it
// was (should even that fail, the message says so).
Failure AppendLine(const std::filesystem::path& path, std::string_view line);

// The lines that AppendLine wrote; none when there is no file. The torn last line of a crash is cut
// off, so that the next does not run into it. Throws std::exception if that fails.
std::vector<std::string> ReadLines(const std::filesystem::path& path);

// Writes all of `data` to an open file.
Failure WriteFully(int fd, std::string_view data);

// nullopt when the file cannot be read.
std::optional<std::string> ReadFile(const std::filesystem::path& path);

}  // namespace penstock::emulator

#endif  // PENSTOCK_EMULATOR_FILES_H_
