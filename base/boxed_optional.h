#ifndef PENSTOCK_BASE_BOXED_OPTIONAL_H_
#define PENSTOCK_BASE_BOXED_OPTIONAL_H_

#include <memory>
#include <optional>
#include <utility>

namespace penstock {

// As much of std::optional as is used here, but the value lies on the heap: for what is large and
// seldom there, in objects of which there are thousands.
template <typename T>
class BoxedOptional {
 public:
  BoxedOptional() = default;
  BoxedOptional(std::nullopt_t) {}  // NOLINT(google-explicit-constructor): as std::optional
  BoxedOptional(T value)            // NOLINT(google-explicit-constructor): likewise
      : value_(std::make_unique<T>(std::move(value))) {}

  bool has_value() const { return value_ != nullptr; }
  void reset() { value_ = nullptr; }

  // REQUIRES: has_value().
  T& operator*() & { return *value_; }
  const T& operator*() const& { return *value_; }
  T&& operator*() && { return std::move(*value_); }
  T* operator->() { return value_.get(); }
  const T* operator->() const { return value_.get(); }

 private:
  std::unique_ptr<T> value_;
};

}  // namespace penstock

#endif  // PENSTOCK_BASE_BOXED_OPTIONAL_H_
