#ifndef PENSTOCK_PLUGIN_OSS_CREDENTIALS_TEST_FILES_H_
#define PENSTOCK_PLUGIN_OSS_CREDENTIALS_TEST_FILES_H_

// For the tests of this folder: files and an environment of their own.

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <map>
#include <string>

#include "absl/strings/str_cat.h"
#include "plugin/oss/credentials/local_sources.h"

namespace penstock::oss {

// Writes a file of this process and returns its path.
inline std::string WriteFile(const std::string& name, const std::string& text) {
  std::string path = absl::StrCat(testing::TempDir(), "/oss_credentials_", getpid(), "_", name);
  std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
  return path;
}

inline Environment Variables(std::map<std::string, std::string> values) {
  return [values = std::move(values)](const std::string& name) {
    const auto it = values.find(name);
    return it == values.end() ? std::string() : it->second;
  };
}

}  // namespace penstock::oss

#endif  // PENSTOCK_PLUGIN_OSS_CREDENTIALS_TEST_FILES_H_
