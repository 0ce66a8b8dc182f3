#include "tests/support/temporary_directory.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <system_error>

namespace penstock {

TemporaryDirectory::TemporaryDirectory() : path_(testing::TempDir() + "penstock-XXXXXX") {
  if (mkdtemp(path_.data()) == nullptr) ADD_FAILURE() << "cannot make a directory " << path_;
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code error;  // a test that removed it itself is none of ours
  std::filesystem::remove_all(path_, error);
}

}  // namespace penstock
