#ifndef PENSTOCK_CLIENT_CLI_TERMINAL_H_
#define PENSTOCK_CLIENT_CLI_TERMINAL_H_

#include <istream>
#include <ostream>
#include <string>

namespace penstock::cli {

// Where a command writes. With --json `out` carries JSON only.
struct Terminal {
  std::ostream& out;
  std::ostream& err;
  bool err_is_terminal = false;
  bool color = false;          // of err: a terminal, and NO_COLOR is not set
  int columns = 80;            // of err
  std::istream* in = nullptr;  // where people answer; null: nobody can be asked
};

// Those of this process.
Terminal StandardTerminal();

// `text` from somebody else (a key, a message) without control characters, which could rewrite the
// user's screen: they become '?'. Those of two bytes in UTF-8 (U+0080 to U+009F) are among them.
std::string Printable(const std::string& text);

}  // namespace penstock::cli

#endif  // PENSTOCK_CLIENT_CLI_TERMINAL_H_
