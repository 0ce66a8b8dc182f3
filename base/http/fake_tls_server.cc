#include "base/http/fake_tls_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <functional>

namespace penstock {
namespace {

constexpr char kEndOfHead[] = "\r\n\r\n";
constexpr long kHour = 3600;

// Reads up to the end of a head, with `read_byte` (-1: the connection has ended).
std::string ReadHead(const std::function<int()>& read_byte) {
  std::string head;
  while (head.find(kEndOfHead) == std::string::npos) {
    const int byte = read_byte();
    if (byte < 0) return "";
    head.push_back(static_cast<char>(byte));
  }
  return head;
}

}  // namespace

FakeTlsServer::FakeTlsServer(std::string headers)
    : headers_(std::move(headers)), context_(SSL_CTX_new(TLS_server_method()), &SSL_CTX_free) {
  MakeCertificate();
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  if (listener_ < 0 || bind(listener_, generic, length) != 0 || listen(listener_, 16) != 0 ||
      getsockname(listener_, generic, &length) != 0) {
    std::abort();
  }
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread([this] { Accept(); });
}

FakeTlsServer::~FakeTlsServer() {
  shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  close(listener_);
}

std::vector<std::string> FakeTlsServer::connects() const {
  MutexLock lock(&mutex_);
  return connects_;
}

void FakeTlsServer::MakeCertificate() {
  EVP_PKEY* const key = EVP_EC_gen("P-256");
  X509* const certificate = X509_new();
  X509_set_version(certificate, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -kHour);
  X509_gmtime_adj(X509_getm_notAfter(certificate), kHour);
  X509_set_pubkey(certificate, key);
  X509_NAME* const name = X509_get_subject_name(certificate);
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>("penstock test"), -1, -1, 0);
  X509_set_issuer_name(certificate, name);
  X509_EXTENSION* const names =
      X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1");
  X509_add_ext(certificate, names, -1);
  X509_EXTENSION_free(names);
  if (X509_sign(certificate, key, EVP_sha256()) == 0) std::abort();
  SSL_CTX_use_certificate(context_.get(), certificate);
  SSL_CTX_use_PrivateKey(context_.get(), key);
  BIO* const pem = BIO_new(BIO_s_mem());
  PEM_write_bio_X509(pem, certificate);
  char* data = nullptr;
  const long size = BIO_get_mem_data(pem, &data);
  certificate_.assign(data, static_cast<size_t>(size));
  BIO_free(pem);
  X509_free(certificate);
  EVP_PKEY_free(key);
}

void FakeTlsServer::Accept() {
  // A client that does not like the certificate goes while it is being written to.
  sigset_t pipe;
  sigemptyset(&pipe);
  sigaddset(&pipe, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
  while (true) {
    const int socket = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (socket < 0) return;
    Serve(socket);
    close(socket);
  }
}

void FakeTlsServer::Serve(int socket) {
  char first = 0;
  if (recv(socket, &first, 1, MSG_PEEK) != 1) return;
  if (first == 'C') {
    const std::string head = ReadHead([socket] {
      unsigned char byte = 0;
      return recv(socket, &byte, 1, 0) == 1 ? byte : -1;
    });
    {
      MutexLock lock(&mutex_);
      connects_.push_back(head);
    }
    const std::string answer = "HTTP/1.1 200 Connected\r\nX-Of-Proxy: 1\r\n\r\n";
    send(socket, answer.data(), answer.size(), MSG_NOSIGNAL);
  }
  const std::unique_ptr<SSL, decltype(&SSL_free)> tls(SSL_new(context_.get()), &SSL_free);
  SSL_set_fd(tls.get(), socket);
  if (SSL_accept(tls.get()) != 1) return;
  const std::string head = ReadHead([&tls] {
    unsigned char byte = 0;
    return SSL_read(tls.get(), &byte, 1) == 1 ? byte : -1;
  });
  if (head.empty()) return;
  const std::string answer =
      "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n" + headers_ + "\r\nok";
  SSL_write(tls.get(), answer.data(), static_cast<int>(answer.size()));
  SSL_shutdown(tls.get());
}

}  // namespace penstock
