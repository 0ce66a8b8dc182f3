#include "bench/sink/http_head.h"

#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"

namespace penstock::bench {
namespace {

std::string Unescaped(absl::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool escape = text[i] == '%' && i + 2 < text.size() &&
                        absl::ascii_isxdigit(static_cast<unsigned char>(text[i + 1])) &&
                        absl::ascii_isxdigit(static_cast<unsigned char>(text[i + 2]));
    if (escape) {
      out += absl::HexStringToBytes(text.substr(i + 1, 2));
      i += 2;
    } else {
      out.push_back(text[i]);
    }
  }
  return out;
}

void ParseTarget(absl::string_view target, HttpHead& head) {
  const std::pair<absl::string_view, absl::string_view> parts =
      absl::StrSplit(target, absl::MaxSplits('?', 1));
  for (const absl::string_view parameter : absl::StrSplit(parts.second, '&', absl::SkipEmpty())) {
    const std::pair<absl::string_view, absl::string_view> pair =
        absl::StrSplit(parameter, absl::MaxSplits('=', 1));
    head.query[Unescaped(pair.first)] = Unescaped(pair.second);
  }
  const std::pair<absl::string_view, absl::string_view> path =
      absl::StrSplit(parts.first.substr(1), absl::MaxSplits('/', 1));
  head.bucket = Unescaped(path.first);
  head.key = Unescaped(path.second);
}

// What the headers say of the body and the connection.
bool ParseFraming(HttpHead& head) {
  if (head.headers.contains("transfer-encoding")) return false;
  const auto length = head.headers.find("content-length");
  if (length != head.headers.end() &&
      (!absl::SimpleAtoi(length->second, &head.content_length) || head.content_length < 0)) {
    return false;
  }
  const auto connection = head.headers.find("connection");
  head.keep_alive =
      connection == head.headers.end() || !absl::EqualsIgnoreCase(connection->second, "close");
  const auto expect = head.headers.find("expect");
  head.expects_continue =
      expect != head.headers.end() && absl::EqualsIgnoreCase(expect->second, "100-continue");
  return true;
}

}  // namespace

std::string HttpHead::Parameter(const std::string& name) const {
  const auto found = query.find(name);
  return found == query.end() ? "" : found->second;
}

std::optional<HttpHead> ParseHttpHead(std::string_view text) {
  const std::vector<absl::string_view> lines =
      absl::StrSplit(absl::string_view(text.data(), text.size()), "\r\n", absl::SkipEmpty());
  if (lines.empty()) return std::nullopt;
  const std::vector<absl::string_view> words = absl::StrSplit(lines.front(), ' ');
  if (words.size() != 3 || words[0].empty() || !absl::StartsWith(words[1], "/") ||
      words[2] != "HTTP/1.1") {
    return std::nullopt;
  }
  HttpHead head;
  head.method = std::string(words[0]);
  ParseTarget(words[1], head);
  for (size_t i = 1; i < lines.size(); ++i) {
    const size_t colon = lines[i].find(':');
    if (colon == absl::string_view::npos) return std::nullopt;
    head.headers[absl::AsciiStrToLower(lines[i].substr(0, colon))] =
        std::string(absl::StripAsciiWhitespace(lines[i].substr(colon + 1)));
  }
  if (!ParseFraming(head)) return std::nullopt;
  return head;
}

}  // namespace penstock::bench
