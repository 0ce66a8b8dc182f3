// How requests reach their server: proxies and certificates.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <future>
#include <thread>

#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "base/http/fake_http_server.h"
#include "base/http/fake_tls_server.h"
#include "base/http/http_loop.h"
#include "tests/support/temp_dir.h"

namespace penstock {
namespace {

using Answer = absl::StatusOr<HttpResponse>;
using testing::HasSubstr;

Answer Get(HttpLoop& loop, const std::string& url, const HttpRoute& route) {
  HttpRequest request;
  request.method = "GET";
  request.url = url;
  request.headers = {"X-Secret: of the server"};
  request.route = std::make_shared<const HttpRoute>(route);
  std::promise<Answer> answer;
  loop.Send(std::move(request), [&answer](Answer got) { answer.set_value(std::move(got)); });
  return answer.get_future().get();
}

std::string WriteFile(const std::string& name, const std::string& text) {
  static const testing_support::TempDir directory;
  const std::string path = directory.File(name);
  testing_support::WriteFile(path, text);
  return path;
}

std::string ProxyOf(int port) { return absl::StrCat("http://127.0.0.1:", port); }

TEST(HttpRouteTest, TrustsTheCertificatesOfItsFileAlone) {
  FakeTlsServer server;
  HttpLoop loop;
  const std::string url = absl::StrCat("https://localhost:", server.port(), "/");
  const std::string ca_file = WriteFile("ca.pem", server.certificate());
  const Answer answer = Get(loop, url, {ca_file, "", ""});
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->body, "ok");

  const Answer untrusted = Get(loop, url, {});
  EXPECT_EQ(untrusted.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(ErrorReason(untrusted.status()), "HTTP_CERTIFICATE");

  const FakeTlsServer other;
  const std::string other_file = WriteFile("other.pem", other.certificate());
  EXPECT_EQ(ErrorReason(Get(loop, url, {other_file, "", ""}).status()), "HTTP_CERTIFICATE");
}

TEST(HttpRouteTest, TellsAServerThatSpeaksNoTls) {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  ASSERT_EQ(bind(listener, generic, length), 0);
  ASSERT_EQ(listen(listener, 1), 0);
  ASSERT_EQ(getsockname(listener, generic, &length), 0);
  std::thread server([listener] {
    const int connection = accept(listener, nullptr, nullptr);
    char hello[1];
    recv(connection, hello, sizeof hello, 0);
    const std::string answer = "HTTP/1.1 400 Bad Request\r\n\r\n";
    send(connection, answer.data(), answer.size(), MSG_NOSIGNAL);
    close(connection);
  });
  HttpLoop loop;
  const std::string url = absl::StrCat("https://localhost:", ntohs(address.sin_port), "/");
  EXPECT_EQ(ErrorReason(Get(loop, url, {}).status()), "HTTP_TLS");
  server.join();
  close(listener);
}

TEST(HttpRouteTest, AsksItsProxyWithItsCredentials) {
  FakeHttpServer proxy([](FakeExchange& exchange) {
    exchange.Reply(200, {}, exchange.target() + " " + exchange.Header("proxy-authorization"));
  });
  HttpLoop loop;
  const Answer answer = Get(loop, "http://bucket.invalid/key", {"", proxy.url(), "user:pass:word"});
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->body, "http://bucket.invalid/key Basic dXNlcjpwYXNzOndvcmQ=");
}

TEST(HttpRouteTest, GoesThroughATunnelToHttps) {
  FakeTlsServer server;
  HttpLoop loop;
  const std::string ca_file = WriteFile("tunnel.pem", server.certificate());
  const Answer answer =
      Get(loop, "https://localhost:443/", {ca_file, ProxyOf(server.port()), "user:word"});
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->body, "ok");
  EXPECT_EQ(answer->Header("x-of-proxy"), "");
  ASSERT_EQ(server.connects().size(), 1u);
  EXPECT_THAT(server.connects()[0], HasSubstr("CONNECT localhost:443 HTTP/1.1"));
  EXPECT_THAT(server.connects()[0], HasSubstr("Basic dXNlcjp3b3Jk"));
  EXPECT_THAT(server.connects()[0], testing::Not(HasSubstr("X-Secret")));
}

TEST(HttpRouteTest, TellsWhatAProxyRefused) {
  FakeHttpServer proxy([](FakeExchange& exchange) { exchange.Reply(407); });
  HttpLoop loop;
  const Answer answer = Get(loop, "https://bucket.invalid/", {"", proxy.url(), ""});
  EXPECT_EQ(answer.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(ErrorReason(answer.status()), "HTTP_PROXY");
  EXPECT_EQ(ErrorMetadataOf(answer.status())["proxy_status"], "407");
}

TEST(HttpRouteTest, TellsANameThatIsNotResolved) {
  HttpLoop loop;
  // No label is longer than 63 bytes: the resolver asks nobody.
  const std::string url = absl::StrCat("http://", std::string(64, 'a'), "/");
  EXPECT_EQ(ErrorReason(Get(loop, url, {}).status()), "HTTP_UNRESOLVED");
}

TEST(HttpRouteTest, TakesNothingFromTheEnvironment) {
  FakeHttpServer server([](FakeExchange& exchange) { exchange.Reply(200, {}, exchange.target()); });
  for (const char* name : {"http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"}) {
    setenv(name, "http://127.0.0.1:1", 1);
  }
  setenv("no_proxy", "*", 1);
  HttpLoop loop;
  const Answer direct = Get(loop, server.url() + "/a", {});
  const Answer through = Get(loop, "http://bucket.invalid/a", {"", server.url(), ""});
  for (const char* name : {"http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY", "no_proxy"}) {
    unsetenv(name);
  }
  ASSERT_TRUE(direct.ok()) << direct.status();
  EXPECT_EQ(direct->body, "/a");
  ASSERT_TRUE(through.ok()) << through.status();
  EXPECT_EQ(through->body, "http://bucket.invalid/a");
}

}  // namespace
}  // namespace penstock
