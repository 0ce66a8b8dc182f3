#include "plugin/local/tree.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <thread>
#include <vector>

#include "base/error.h"
#include "plugin/backend.h"
#include "tests/support/temp_dir.h"

namespace penstock::local {
namespace {

// Both ways to resolve a path must do the same.
class TreeTest : public testing::TestWithParam<Tree::Resolver> {
 protected:
  TreeTest()
      : tree_(Fd(open(directory_.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)), GetParam()) {
  }

  std::string File(const std::string& name) const { return directory_.File(name); }

  testing_support::TempDir outside_;
  testing_support::TempDir directory_;
  Tree tree_;
};

TEST_P(TreeTest, OpensWhatIsThere) {
  std::filesystem::create_directories(File("a/b"));
  EXPECT_TRUE(tree_.OpenDirectory("").ok());
  EXPECT_TRUE(tree_.OpenDirectory("a/b").ok());
  EXPECT_TRUE(absl::IsNotFound(tree_.OpenDirectory("a/c").status()));
  testing_support::WriteFile(File("file"), "x");
  EXPECT_TRUE(absl::IsFailedPrecondition(tree_.OpenDirectory("file/b").status()));
}

TEST_P(TreeTest, NeverFollowsLinks) {
  std::filesystem::create_directory(outside_.File("inner"));
  std::filesystem::create_directory_symlink(outside_.path(), File("absolute"));
  std::filesystem::create_directory(File("real"));
  std::filesystem::create_directory_symlink("real", File("relative"));
  for (const char* path : {"absolute", "absolute/inner", "relative", "relative/new"}) {
    const absl::Status refused = tree_.OpenDirectory(path).status();
    EXPECT_EQ(ErrorReason(refused), kReasonDenied) << path << ": " << refused;
    EXPECT_EQ(ErrorReason(tree_.MakeDirectory(path).status()), kReasonDenied) << path;
  }
  EXPECT_EQ(ErrorReason(tree_.MakeDirectory("absolute/made").status()), kReasonDenied);
  EXPECT_FALSE(std::filesystem::exists(outside_.File("made")));
}

TEST_P(TreeTest, MakesDirectoriesHoweverManyDoSo) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([this, i] {
      for (int round = 0; round < 20; ++round) {
        const std::string shared = "a" + std::to_string(round) + "/b/c";
        EXPECT_TRUE(tree_.MakeDirectory(shared).ok());
        EXPECT_TRUE(tree_.MakeDirectory(shared + "/" + std::to_string(i)).ok());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_TRUE(std::filesystem::is_directory(File("a19/b/c/7")));
}

TEST_P(TreeTest, MakesWhatIsVeryDeep) {
  std::string path;
  for (int i = 0; i < 1023; ++i) path += i == 0 ? "%e" : "/%e";
  EXPECT_TRUE(tree_.MakeDirectory(path).ok());
  EXPECT_TRUE(tree_.OpenDirectory(path).ok());
}

INSTANTIATE_TEST_SUITE_P(Resolvers, TreeTest,
                         testing::Values(Tree::Resolver::kKernel, Tree::Resolver::kStepwise),
                         [](const auto& info) {
                           return info.param == Tree::Resolver::kKernel ? "Kernel" : "Stepwise";
                         });

TEST(TreeOpenTest, RootMustBeADirectory) {
  const testing_support::TempDir directory;
  EXPECT_TRUE(Tree::Open(directory.path()).ok());
  testing_support::WriteFile(directory.File("file"), "x");
  for (const std::string& bad :
       {directory.File("file"), directory.File("missing"), std::string()}) {
    EXPECT_EQ(ErrorReason(Tree::Open(bad).status()), "BAD_REMOTE_OPTION") << bad;
  }
}

TEST(PathTest, IsCutAtTheLastSlash) {
  EXPECT_EQ(ParentOf("a/b/c"), "a/b");
  EXPECT_EQ(LeafOf("a/b/c"), "c");
  EXPECT_EQ(ParentOf("a"), "");
  EXPECT_EQ(LeafOf("a"), "a");
}

}  // namespace
}  // namespace penstock::local
