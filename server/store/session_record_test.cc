#include "server/store/session_record.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace penstock {
namespace {

SessionSpec Recorded() {
  SessionSpec spec;
  spec.remote = "remote";
  spec.object = {"bucket", "key"};
  spec.attributes = {"type",       "cache",        "disposition",        "encoding",
                     {{"m", "1"}}, {{"t", "tag"}}, {{"acl", "private"}}, "IA",
                     true};
  spec.total_size = 10;
  spec.part_size = 100;
  spec.max_parallel_parts = 2;
  spec.labels = {{"l", "1"}};
  return spec;
}

TEST(FirstDifferenceTest, EqualSpecsDoNotDiffer) {
  EXPECT_EQ(FirstDifference(Recorded(), Recorded()), "");
}

TEST(FirstDifferenceTest, FieldsThatAreNotGivenMatch) {
  EXPECT_EQ(FirstDifference(Recorded(), SessionSpec()), "");
}

TEST(FirstDifferenceTest, NamesEveryFieldThatContradicts) {
  const std::pair<const char*, void (*)(SessionSpec&)> rows[] = {
      {"remote", [](SessionSpec& s) { s.remote = "x"; }},
      {"bucket", [](SessionSpec& s) { s.object.bucket = "x"; }},
      {"key", [](SessionSpec& s) { s.object.key = "x"; }},
      {"total_size", [](SessionSpec& s) { s.total_size = 0; }},
      {"content_type", [](SessionSpec& s) { s.attributes.content_type = "x"; }},
      {"cache_control", [](SessionSpec& s) { s.attributes.cache_control = "x"; }},
      {"content_disposition", [](SessionSpec& s) { s.attributes.content_disposition = "x"; }},
      {"content_encoding", [](SessionSpec& s) { s.attributes.content_encoding = "x"; }},
      {"metadata", [](SessionSpec& s) { s.attributes.metadata["n"] = "2"; }},
      {"tags",
       [](SessionSpec& s) {
         s.attributes.tags = {{"t", "x"}};
       }},
      {"backend_options", [](SessionSpec& s) { s.attributes.options["acl"] = "x"; }},
      {"storage_class", [](SessionSpec& s) { s.attributes.storage_class = "x"; }},
  };
  for (const auto& [field, change] : rows) {
    SessionSpec given = Recorded();
    change(given);
    EXPECT_EQ(FirstDifference(Recorded(), given), field);
  }
  SessionSpec recorded = Recorded();
  recorded.attributes.forbid_overwrite = false;
  EXPECT_EQ(FirstDifference(recorded, Recorded()), "forbid_overwrite");
}

TEST(FirstDifferenceTest, WhatMayDifferBetweenOpensDoesNotContradict) {
  SessionSpec given = Recorded();
  given.part_size = 7;
  given.max_parallel_parts = 7;
  given.labels = {{"other", "label"}};
  EXPECT_EQ(FirstDifference(Recorded(), given), "");
}

TEST(FirstDifferenceTest, LengthThatBecameKnownDoesNotContradict) {
  SessionSpec recorded = Recorded();
  recorded.total_size.reset();
  EXPECT_EQ(FirstDifference(recorded, Recorded()), "");
}

TEST(SessionStateTest, OnlyOpenAndFinishingHaveNotEnded) {
  EXPECT_FALSE(Ended(SessionState::kOpen));
  EXPECT_FALSE(Ended(SessionState::kFinishing));
  for (const SessionState state : {SessionState::kFinished, SessionState::kAborted,
                                   SessionState::kFailed, SessionState::kExpired}) {
    EXPECT_TRUE(Ended(state));
  }
}

}  // namespace
}  // namespace penstock
