#include "client/cli/status_line.h"

#include <algorithm>

namespace penstock::cli {
namespace {

constexpr absl::Duration kRedrawInterval = absl::Milliseconds(100);
constexpr absl::Duration kLineInterval = absl::Seconds(10);

// Without cutting a character of several bytes in two.
std::string Truncate(const std::string& text, int columns) {
  size_t length = static_cast<size_t>(std::max(columns - 1, 10));
  if (text.size() <= length) return text;
  while (length > 0 && (static_cast<unsigned char>(text[length]) & 0xC0) == 0x80) --length;
  return text.substr(0, length);
}

}  // namespace

StatusLine::StatusLine(Terminal& terminal, const Clock& clock)
    : terminal_(terminal), clock_(clock), last_shown_(clock.Now()) {}

bool StatusLine::IsDue() const {
  const absl::Duration interval = terminal_.err_is_terminal ? kRedrawInterval : kLineInterval;
  return clock_.Now() - last_shown_ >= interval;
}

void StatusLine::Show(const std::string& text) {
  last_shown_ = clock_.Now();
  if (terminal_.err_is_terminal) {
    terminal_.err << "\r" << Truncate(text, terminal_.columns) << "\x1b[K" << std::flush;
    visible_ = true;
  } else {
    terminal_.err << text << std::endl;
  }
}

void StatusLine::Say(const std::string& text) {
  Clear();
  terminal_.err << text << std::endl;
}

void StatusLine::Clear() {
  if (visible_) terminal_.err << "\r\x1b[K" << std::flush;
  visible_ = false;
}

}  // namespace penstock::cli
