#include "server/dev.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/error.h"
#include "base/random.h"
#include "base/status_macros.h"

namespace penstock {
namespace {

constexpr char kRegion[] = "cn-hangzhou";
constexpr char kAccessKeyId[] = "penstock-dev";

absl::Status Failed(const std::string& what, int error) {
  return MakeError(absl::StatusCode::kFailedPrecondition, "DEV_SETUP_FAILED",
                   absl::StrCat("cannot ", what, ": ", std::strerror(error)));
}

absl::Status MakeFolder(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  return error ? Failed("make the folder " + path, error.value()) : absl::OkStatus();
}

class FolderLock final : public DevLock {
 public:
  explicit FolderLock(int fd) : fd_(fd) {}
  ~FolderLock() override { close(fd_); }

  absl::Status Take(const std::string& folder) const {
    if (flock(fd_, LOCK_EX | LOCK_NB) == 0) return absl::OkStatus();
    if (errno != EWOULDBLOCK) return Failed("lock the folder " + folder, errno);
    return MakeError(
        absl::StatusCode::kFailedPrecondition, "DEV_IN_USE",
        absl::StrCat("the folder ", folder, " is in use by another penstockd dev: give ",
                     "this one its own by --data"),
        {{"path", folder}});
  }

 private:
  const int fd_;
};

absl::StatusOr<std::unique_ptr<DevLock>> LockFolder(const std::string& folder) {
  PENSTOCK_RETURN_IF_ERROR(MakeFolder(folder));
  const std::string path = absl::StrCat(folder, "/dev.lock");
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (fd < 0) return Failed("open " + path, errno);
  auto lock = std::make_unique<FolderLock>(fd);
  PENSTOCK_RETURN_IF_ERROR(lock->Take(folder));
  return lock;
}

// A secret of the emulator's one account, new with each start.
absl::Status WriteSecret(const std::string& path) {
  const std::string secret = ToHex(SecureRandom().Bytes(16));
  unlink(path.c_str());  // so that the mode below is the mode of a new file
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (fd < 0) return Failed("write " + path, errno);
  const bool written =
      write(fd, secret.data(), secret.size()) == static_cast<ssize_t>(secret.size());
  const int error = errno;
  close(fd);
  return written ? absl::OkStatus() : Failed("write " + path, error);
}

// The emulator is installed beside penstockd.
std::string EmulatorPath() {
  std::error_code error;
  const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", error);
  return (self.parent_path() / "oss-emulator").string();
}

class EmulatorProcess final : public DevEmulator {
 public:
  EmulatorProcess(pid_t pid, int output) : pid_(pid), output_(output) {}

  ~EmulatorProcess() override {
    close(output_);
    kill(pid_, SIGTERM);
    waitpid(pid_, nullptr, 0);
  }

  // Its first line is its address.
  absl::Status ReadEndpoint() {
    char c = 0;
    ssize_t count = 0;
    while ((count = read(output_, &c, 1)) == 1 && c != '\n') endpoint_.push_back(c);
    if (count == 1 && !endpoint_.empty()) return absl::OkStatus();
    return MakeError(absl::StatusCode::kFailedPrecondition, "DEV_SETUP_FAILED",
                     absl::StrCat("the emulator ", EmulatorPath(), " ended without an address"));
  }

  const std::string& endpoint() const override { return endpoint_; }

 private:
  const pid_t pid_;
  const int output_;  // kept open: a closed pipe would end the emulator at its next line
  std::string endpoint_;
};

absl::StatusOr<std::unique_ptr<DevEmulator>> StartEmulator(const std::string& data,
                                                           const std::string& secret_file) {
  const std::string program = EmulatorPath();
  const char* const arguments[] = {program.c_str(),
                                   "--listen",
                                   "127.0.0.1:0",
                                   "--data",
                                   data.c_str(),
                                   "--bucket",
                                   kDevBucket,
                                   "--region",
                                   kRegion,
                                   "--access-key-id",
                                   kAccessKeyId,
                                   "--access-key-secret-file",
                                   secret_file.c_str(),
                                   nullptr};
  int pipe_ends[2];
  if (pipe2(pipe_ends, O_CLOEXEC) != 0) return Failed("make a pipe", errno);
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid < 0) return Failed("start the emulator", errno);
  if (pid == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(1);  // the parent died before the line above
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    dup2(pipe_ends[1], STDOUT_FILENO);
    execv(program.c_str(), const_cast<char* const*>(arguments));
    _exit(127);
  }
  close(pipe_ends[1]);
  auto emulator = std::make_unique<EmulatorProcess>(pid, pipe_ends[0]);
  PENSTOCK_RETURN_IF_ERROR(emulator->ReadEndpoint());
  return emulator;
}

}  // namespace

std::string DefaultDevFolder() {
  if (const char* state = std::getenv("XDG_STATE_HOME"); state != nullptr && *state != '\0') {
    return absl::StrCat(state, "/penstock-dev");
  }
  const char* home = std::getenv("HOME");
  return absl::StrCat(home != nullptr ? home : "/tmp", "/.local/state/penstock-dev");
}

absl::StatusOr<DevSetup> SetUpDev(const DevOptions& options) {
  const std::string data = options.data.empty() ? DefaultDevFolder() : options.data;
  const std::string objects = absl::StrCat(data, "/objects");
  DevSetup setup;
  // Before all else: a secret that is replaced would shut the server out that uses it.
  PENSTOCK_ASSIGN_OR_RETURN(setup.lock, LockFolder(data));
  PENSTOCK_RETURN_IF_ERROR(MakeFolder(absl::StrCat(objects, "/", kDevBucket)));
  setup.config.listen = options.listen;
  setup.config.store_path = absl::StrCat(data, "/sessions.db");
  setup.config.remotes["local"] = {"local", {{"root", objects}}};
  if (!options.oss) return setup;

  const std::string emulator_data = absl::StrCat(data, "/emulator");
  const std::string secret_file = absl::StrCat(data, "/emulator-secret");
  PENSTOCK_RETURN_IF_ERROR(MakeFolder(emulator_data));
  PENSTOCK_RETURN_IF_ERROR(WriteSecret(secret_file));
  PENSTOCK_ASSIGN_OR_RETURN(setup.emulator, StartEmulator(emulator_data, secret_file));
  setup.config.remotes["oss"] = {"oss",
                                 {{"endpoint", setup.emulator->endpoint()},
                                  {"region", kRegion},
                                  {"access_key_id", kAccessKeyId},
                                  {"access_key_secret_file", secret_file}}};
  return setup;
}

}  // namespace penstock
