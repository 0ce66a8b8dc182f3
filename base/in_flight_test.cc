#include "base/in_flight.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <thread>

namespace penstock {
namespace {

TEST(InFlightTest, NothingIsWaitedForWhereNothingBegan) {
  InFlight in_flight;
  in_flight.Await();
  EXPECT_TRUE(in_flight.AwaitFor(absl::ZeroDuration()));
}

TEST(InFlightTest, EveryCopyHasToBeLetGo) {
  InFlight in_flight;
  std::shared_ptr<void> one = in_flight.Begin();
  std::shared_ptr<void> copy = one;
  std::shared_ptr<void> two = in_flight.Begin();
  one = nullptr;
  two = nullptr;
  EXPECT_FALSE(in_flight.AwaitFor(absl::ZeroDuration()));
  copy = nullptr;
  EXPECT_TRUE(in_flight.AwaitFor(absl::ZeroDuration()));
}

TEST(InFlightTest, MayBeDestroyedOnceNothingIsUnderWay) {
  for (int i = 0; i < 1000; ++i) {
    auto in_flight = std::make_optional<InFlight>();
    std::thread other([busy = in_flight->Begin()]() mutable { busy = nullptr; });
    in_flight->Await();
    in_flight.reset();
    other.join();
  }
}

}  // namespace
}  // namespace penstock
