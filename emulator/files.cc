#include "emulator/files.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>

#include "emulator/encoding.h"

namespace penstock::emulator {
namespace {

OssError IoError(const std::string& what, const std::filesystem::path& path) {
  return InternalError("The emulator cannot " + what + " " + path.string() + ": " +
                       std::strerror(errno) + ".");
}

Failure WriteFile(const std::filesystem::path& path, std::string_view content) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return IoError("open", path);
  Failure failure = WriteFully(fd, content);
  ::close(fd);
  return failure;
}

}  // namespace

Failure ReplaceFile(const std::filesystem::path& path, std::string_view content) {
  const std::filesystem::path next = path.string() + "." + RandomUpperHex(8) + ".tmp";
  EMULATOR_RETURN_IF_ERROR(WriteFile(next, content));
  if (::rename(next.c_str(), path.c_str()) != 0) {
    const OssError error = IoError("rename", next);
    ::unlink(next.c_str());
    return error;
  }
  return std::nullopt;
}

Failure AppendLine(const std::filesystem::path& path, std::string_view line) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (fd < 0) return IoError("open", path);
  const off_t length = ::lseek(fd, 0, SEEK_END);
  Failure failure = WriteFully(fd, std::string(line) + "\n");
  // A full disk takes half of a line, to which the next one would be glued.
  if (failure && (length < 0 || ::ftruncate(fd, length) != 0)) {
    failure->message += " What was written of it stays in " + path.string() + ".";
  }
  ::close(fd);
  return failure;
}

std::vector<std::string> ReadLines(const std::filesystem::path& path) {
  std::vector<std::string> lines;
  const std::string text = ReadFile(path).value_or("");
  size_t begin = 0;
  for (size_t end = 0; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1) {
    lines.push_back(text.substr(begin, end - begin));
  }
  if (begin != text.size()) std::filesystem::resize_file(path, begin);
  return lines;
}

Failure WriteFully(int fd, std::string_view data) {
  while (!data.empty()) {
    const ssize_t written = ::write(fd, data.data(), data.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return IoError("write", "data");
    data.remove_prefix(static_cast<size_t>(written));
  }
  return std::nullopt;
}

std::optional<std::string> ReadFile(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  return std::string(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
}

}  // namespace penstock::emulator
