#ifndef PENSTOCK_BASE_HTTP_FAKE_TLS_SERVER_H_
#define PENSTOCK_BASE_HTTP_FAKE_TLS_SERVER_H_

#include <openssl/ssl.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "base/mutex.h"

namespace penstock {

// An HTTPS server for tests, on loopback: answers every request with 200 and the body "ok", over
// one connection after the other. Its certificate, made anew each time, names localhost and
// 127.0.0.1 and is signed by itself. A connection that begins with CONNECT is taken for one to a
// proxy: that is answered with 200, and what follows is TLS.
class FakeTlsServer {
 public:
  // `headers`: whole lines with their ends, of every answer.
  explicit FakeTlsServer(std::string headers = "");

  // Waits for the connection that is being served: its client must have closed it, or will.
  ~FakeTlsServer();
  FakeTlsServer(const FakeTlsServer&) = delete;
  FakeTlsServer& operator=(const FakeTlsServer&) = delete;

  int port() const { return port_; }

  // The certificate that a client must trust, as PEM.
  const std::string& certificate() const { return certificate_; }

  // The heads of the CONNECT requests so far.
  std::vector<std::string> connects() const;

 private:
  void MakeCertificate();
  void Accept();
  void Serve(int socket);

  const std::string headers_;
  const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_;
  std::string certificate_;
  int listener_ = -1;
  int port_ = 0;

  mutable Mutex mutex_;  // guards what follows
  std::vector<std::string> connects_ ABSL_GUARDED_BY(mutex_);

  std::thread acceptor_;
};

}  // namespace penstock

#endif  // PENSTOCK_BASE_HTTP_FAKE_TLS_SERVER_H_
