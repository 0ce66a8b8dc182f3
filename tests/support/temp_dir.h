#ifndef PENSTOCK_TESTS_SUPPORT_TEMP_DIR_H_
#define PENSTOCK_TESTS_SUPPORT_TEMP_DIR_H_

#include <string>

namespace penstock::testing_support {

// A new, empty directory, removed with everything in it at the end.
class TempDir {
 public:
  // Beneath `parent`; where temporary files belong when it is empty.
  explicit TempDir(const std::string& parent = "");
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  const std::string& path() const { return path_; }

  // The path of `name` in it.
  std::string File(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

// Writes a file, readable by its owner only (it may hold a secret); reads a whole one. Aborts where
// that fails.
void WriteFile(const std::string& path, const std::string& content);
std::string ReadFile(const std::string& path);

}  // namespace penstock::testing_support

#endif  // PENSTOCK_TESTS_SUPPORT_TEMP_DIR_H_
