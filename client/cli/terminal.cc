#include "client/cli/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <iostream>

namespace penstock::cli {

Terminal StandardTerminal() {
  Terminal terminal{std::cout, std::cerr};
  terminal.err_is_terminal = isatty(STDERR_FILENO) == 1;
  if (terminal.err_is_terminal && isatty(STDIN_FILENO) == 1) terminal.in = &std::cin;
  const char* const no_color = std::getenv("NO_COLOR");
  terminal.color = terminal.err_is_terminal && (no_color == nullptr || *no_color == '\0');
  winsize size{};
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
    terminal.columns = size.ws_col;
  }
  return terminal;
}

std::string Printable(const std::string& text) {
  std::string result;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const auto next = static_cast<unsigned char>(i + 1 < text.size() ? text[i + 1] : 0);
    if (byte == 0xc2 && next >= 0x80 && next < 0xa0) {
      ++i;
      result += '?';
    } else {
      result += byte < 0x20 || byte == 0x7f ? '?' : text[i];
    }
  }
  return result;
}

}  // namespace penstock::cli
