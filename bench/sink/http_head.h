#ifndef PENSTOCK_BENCH_SINK_HTTP_HEAD_H_
#define PENSTOCK_BENCH_SINK_HTTP_HEAD_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace penstock::bench {

// The head of an HTTP/1.1 request, as far as the sink looks at it.
struct HttpHead {
  std::string method;
  std::string bucket;  // the first segment of the path, "-" for the sink's own; may be empty
  std::string key;     // the rest, without escapes
  std::map<std::string, std::string> query;    // without escapes; "" of what has no value
  std::map<std::string, std::string> headers;  // names in lower case
  int64_t content_length = 0;
  bool keep_alive = true;
  bool expects_continue = false;

  bool Has(const std::string& parameter) const { return query.contains(parameter); }
  // The value of a parameter; empty when there is none.
  std::string Parameter(const std::string& name) const;
};

// `text` is everything up to the empty line. Nullopt: it is no request, or has its body in chunks.
std::optional<HttpHead> ParseHttpHead(std::string_view text);

}  // namespace penstock::bench

#endif  // PENSTOCK_BENCH_SINK_HTTP_HEAD_H_
