#ifndef PENSTOCK_EMULATOR_CALLBACK_H_
#define PENSTOCK_EMULATOR_CALLBACK_H_

// The callback of PutObject and CompleteMultipartUpload (reference/oss-api.md, section 5): OSS
// posts to the application once the object exists, and the application's JSON becomes the reply.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "emulator/call.h"
#include "emulator/errors.h"
#include "emulator/records.h"
#include "emulator/reply.h"
#include "emulator/request.h"

namespace penstock::emulator {

// http://HOST:PORT/PATH on this machine.
struct CallbackUrl {
  std::string host;  // 127.x.x.x
  uint16_t port = 80;
  std::string target;     // path and query
  std::string authority;  // for the Host header
};

struct Callback {
  std::vector<CallbackUrl> urls;  // tried in this order until one succeeds
  std::string host;               // callbackHost; empty: that of the URL
  std::string body;               // with its ${variables}
  std::string body_type = "application/x-www-form-urlencoded";
  std::map<std::string, std::string> variables;  // x:name -> value
};

// What the header or the query asks for; nullopt when it is nothing. InvalidArgument when it is
// malformed, more than 5 KB, or stands in both; NotImplemented for a URL that is not of loopback,
// for the emulator calls nobody else, and for variables it does not know.
Result<std::optional<Callback>> ReadCallback(const Request& request);

// The body for this object: each variable's value is encoded as the body's type needs it.
std::string RenderCallback(const Callback& callback, const std::string& bucket,
                           const Object& object);

// Posts the callback and makes its answer the content of `reply`; without a callback it changes
// nothing. CallbackFailed (203) when no URL answers 200 and JSON: then the object exists all the
// same.
Result<Reply> AnswerCallback(const std::optional<Callback>& callback, const Call& call,
                             const Object& object, Reply reply);

}  // namespace penstock::emulator

#endif  // PENSTOCK_EMULATOR_CALLBACK_H_
