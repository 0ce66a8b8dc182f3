#ifndef PENSTOCK_TESTS_FUZZ_FUZZ_UTIL_H_
#define PENSTOCK_TESTS_FUZZ_FUZZ_UTIL_H_

// What fuzzers share. A fuzzer fails where a sanitizer objects, and where a FUZZ_CHECK does.

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

// Ends the process, so that libFuzzer keeps the input, unless `condition` holds.
#define FUZZ_CHECK(condition)                                                             \
  do {                                                                                    \
    if (!(condition)) {                                                                   \
      std::fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition); \
      std::abort();                                                                       \
    }                                                                                     \
  } while (false)

namespace penstock {

// The input of a fuzzer as text.
inline std::string Text(const uint8_t* data, size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

// The next line of `rest`, without its end, which is taken off `rest`.
inline std::string TakeLine(std::string& rest) {
  const size_t end = rest.find('\n');
  std::string line = rest.substr(0, end);
  rest = end == std::string::npos ? "" : rest.substr(end + 1);
  return line;
}

}  // namespace penstock

#endif  // PENSTOCK_TESTS_FUZZ_FUZZ_UTIL_H_
