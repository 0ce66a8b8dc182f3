#include "emulator/socket_stream.h"

#include <poll.h>
#include <sys/sendfile.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/beast/core/stream_traits.hpp>
#include <boost/beast/http/error.hpp>
#include <cerrno>

namespace penstock::emulator {

bool SocketStream::WaitFor(short events) const {
  pollfd poll_fd{fd_, events, 0};
  while (true) {
    const int ready = ::poll(&poll_fd, 1, static_cast<int>(timeout_.count()));
    if (ready < 0 && errno == EINTR) continue;
    return ready > 0;
  }
}

size_t SocketStream::Read(char* data, size_t size, boost::beast::error_code& error) {
  error = {};
  while (true) {
    const ssize_t read = ::recv(fd_, data, size, MSG_DONTWAIT);
    if (read > 0) return static_cast<size_t>(read);
    if (read == 0) {
      // What Beast itself expects at the end of a stream.
      error = boost::asio::error::eof;
      return 0;
    }
    if (errno == EINTR) continue;
    if (errno != EAGAIN) {
      error = {errno, boost::system::system_category()};
      return 0;
    }
    if (!WaitFor(POLLIN)) {
      error = boost::beast::error::timeout;
      return 0;
    }
  }
}

bool SocketStream::Write(std::string_view data) {
  while (!data.empty()) {
    const ssize_t sent = ::send(fd_, data.data(), data.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent >= 0) {
      data.remove_prefix(static_cast<size_t>(sent));
    } else if (errno == EAGAIN) {
      if (!WaitFor(POLLOUT)) return false;
    } else if (errno != EINTR) {
      return false;
    }
  }
  return true;
}

bool SocketStream::SendFile(int file, int64_t offset, int64_t size) {
  off_t position = offset;
  while (size > 0) {
    // The socket is blocking: wait first, so that a stuck reader cannot hold the thread for ever
    // with more than the send buffer outstanding.
    if (!WaitFor(POLLOUT)) return false;
    const size_t piece = static_cast<size_t>(std::min<int64_t>(size, 1 << 20));
    const ssize_t sent = ::sendfile(fd_, file, &position, piece);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return false;
    size -= sent;
  }
  return true;
}

}  // namespace penstock::emulator
