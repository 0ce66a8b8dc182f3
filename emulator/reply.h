#ifndef PENSTOCK_EMULATOR_REPLY_H_
#define PENSTOCK_EMULATOR_REPLY_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "emulator/bucket.h"

namespace penstock::emulator {

// A reply without what every reply has (Date, Server, x-oss-request-id, x-oss-server-time,
// Content-Length). Its content is `body`, or, if `object` is set, a range of that.
struct Reply {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  ObjectPtr object;
  int64_t offset = 0;
  int64_t size = 0;
  std::string effect = "none";  // for the journal

  int64_t content_length() const {
    return object != nullptr ? size : static_cast<int64_t>(body.size());
  }
};

}  // namespace penstock::emulator

#endif  // PENSTOCK_EMULATOR_REPLY_H_
