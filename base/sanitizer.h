#ifndef PENSTOCK_BASE_SANITIZER_H_
#define PENSTOCK_BASE_SANITIZER_H_

namespace penstock {

// True in code that the address sanitizer watches. GCC and clang have different words for it.
#if defined(__SANITIZE_ADDRESS__)
inline constexpr bool kAddressSanitizer = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
inline constexpr bool kAddressSanitizer = true;
#else
inline constexpr bool kAddressSanitizer = false;
#endif
#else
inline constexpr bool kAddressSanitizer = false;
#endif

}  // namespace penstock

#endif  // PENSTOCK_BASE_SANITIZER_H_
