#ifndef PENSTOCK_CLIENT_CLI_STATUS_LINE_H_
#define PENSTOCK_CLIENT_CLI_STATUS_LINE_H_

#include <string>

#include "base/clock.h"
#include "client/cli/terminal.h"

namespace penstock::cli {

// How far a transfer is, for people, on terminal.err: on a terminal one line that is written anew,
// elsewhere a line every ten seconds. Not thread-safe.
class StatusLine {
 public:
  // Both references must outlive this.
  StatusLine(Terminal& terminal, const Clock& clock);

  // Whether it is time to show it again: on a terminal after a tenth of a second.
  bool IsDue() const;
  void Show(const std::string& text);

  // Writes `text` as a line that stays.
  void Say(const std::string& text);

  // Makes room for other text on the terminal.
  void Clear();

 private:
  Terminal& terminal_;
  const Clock& clock_;
  absl::Time last_shown_;
  bool visible_ = false;
};

}  // namespace penstock::cli

#endif  // PENSTOCK_CLIENT_CLI_STATUS_LINE_H_
