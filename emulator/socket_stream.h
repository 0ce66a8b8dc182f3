#ifndef PENSTOCK_EMULATOR_SOCKET_STREAM_H_
#define PENSTOCK_EMULATOR_SOCKET_STREAM_H_

#include <boost/asio/buffer.hpp>
#include <boost/beast/core/error.hpp>
#include <chrono>
#include <cstddef>
#include <string_view>

namespace penstock::emulator {

// A connected socket with blocking reads and writes that end after a timeout; a SyncReadStream of
// Beast. (Asio's own blocking sockets have no timeouts.) Does not own the socket. One thread.
class SocketStream {
 public:
  explicit SocketStream(int fd) : fd_(fd) {}
  int fd() const { return fd_; }
  void set_timeout(std::chrono::milliseconds timeout) { timeout_ = timeout; }

  // Reads up to `size` bytes. Errors: end_of_stream, timeout, others of the system.
  size_t Read(char* data, size_t size, boost::beast::error_code& error);
  // Writes all; false when the connection is gone.
  bool Write(std::string_view data);
  // Sends `size` bytes of a file from `offset`; false when the connection is gone or the file is
  // shorter.
  bool SendFile(int file, int64_t offset, int64_t size);

  template <typename MutableBufferSequence>
  size_t read_some(const MutableBufferSequence& buffers, boost::beast::error_code& error) {
    for (auto it = boost::asio::buffer_sequence_begin(buffers);
         it != boost::asio::buffer_sequence_end(buffers); ++it) {
      const boost::asio::mutable_buffer buffer(*it);
      if (buffer.size() > 0) return Read(static_cast<char*>(buffer.data()), buffer.size(), error);
    }
    error = {};
    return 0;
  }
  template <typename MutableBufferSequence>
  size_t read_some(const MutableBufferSequence& buffers) {
    boost::beast::error_code error;
    const size_t size = read_some(buffers, error);
    if (error) throw boost::beast::system_error(error);
    return size;
  }

 private:
  // Waits for the events of poll(2); false after the timeout.
  bool WaitFor(short events) const;

  const int fd_;
  std::chrono::milliseconds timeout_ = std::chrono::seconds(60);
};

}  // namespace penstock::emulator

#endif  // PENSTOCK_EMULATOR_SOCKET_STREAM_H_
