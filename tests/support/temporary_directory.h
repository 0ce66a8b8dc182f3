#ifndef PENSTOCK_TESTS_SUPPORT_TEMPORARY_DIRECTORY_H_
#define PENSTOCK_TESTS_SUPPORT_TEMPORARY_DIRECTORY_H_

#include <string>

namespace penstock {

// A new empty directory, removed with all it contains at the end.
class TemporaryDirectory {
 public:
  TemporaryDirectory();
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace penstock

#endif  // PENSTOCK_TESTS_SUPPORT_TEMPORARY_DIRECTORY_H_
