// TLS: to a server whose certificate is what it should be, or not.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <mini_redis/blocking_client.hpp>
#include <mini_redis/client.hpp>
#include <string>

#include "client/support.hpp"

using namespace mini_redis;
using namespace mini_redis::test;
namespace fs = std::filesystem;

namespace {

// A certificate authority of the test's own, and a server's certificate from it.
class certificates {
public:
    certificates() {
        std::string name = (fs::temp_directory_path() / "mini-redis-tls-XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp");
        directory_ = name;
        std::ofstream{file("names")}
            << "subjectAltName=DNS:localhost,DNS:redis.test,IP:127.0.0.1\n";
        is_made_ =
            openssl("req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=test-ca -keyout ca.key "
                    "-out ca.crt") &&
            openssl("req -newkey rsa:2048 -nodes -subj /CN=server -keyout server.key -out "
                    "server.csr") &&
            openssl("x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 "
                    "-extfile names -out server.crt");
    }

    certificates(const certificates&) = delete;
    certificates& operator=(const certificates&) = delete;

    ~certificates() { fs::remove_all(directory_); }

    bool are_made() const noexcept { return is_made_; }

    std::string file(const std::string& name) const { return (directory_ / name).string(); }

private:
    bool openssl(const std::string& arguments) const {
        const std::string command =
            "cd '" + directory_.string() + "' && openssl " + arguments + " > log 2>&1";
        return std::system(command.c_str()) == 0;
    }

    fs::path directory_;
    bool is_made_ = false;
};

std::string failure_of(const std::string& address, const connect_options& options) {
    try {
        blocking_client::connect(address, options);
    } catch (const std::system_error& error) {
        return error.what();
    }
    return "none";
}

} // namespace

#if MINI_REDIS_HAS_TLS
TEST_CASE("a client speaks TLS, and sees who answers") {
    if (!is_available(server_kind::redis)) return;
    const certificates made;
    if (!made.are_made()) {
        WARN("skipped: there is no openssl to make certificates");
        return;
    }
    const std::string tls_port = std::to_string(find_free_port());
    std::optional<redis_process> started;
    try {
        started = redis_process::start_redis({"--tls-port", tls_port, "--tls-cert-file",
                                              made.file("server.crt"), "--tls-key-file",
                                              made.file("server.key"), "--tls-ca-cert-file",
                                              made.file("ca.crt"), "--tls-auth-clients", "no"});
    } catch (const std::runtime_error&) {
        WARN("skipped: this redis-server was built without TLS");
        return;
    }
    const std::string address = "rediss://127.0.0.1:" + tls_port;
    connect_options options;
    options.tls.ca_file = made.file("ca.crt");

    SECTION("calls") {
        run([&]() -> asio::awaitable<void> {
            client c = co_await client::connect(address, options);
            co_await c.set("key", "value");
            const auto value = co_await c.get("key");
            CHECK(value == "value");
            const std::string large(3 * 1024 * 1024, 'x');
            const std::string echoed = co_await c.ping(large);
            CHECK(echoed == large);
            const auto executor = co_await asio::this_coro::executor;
            int left = 100;
            for (int i = 0; i < 100; ++i)
                spawn(executor, [](client& to, int number, int& count) -> asio::awaitable<void> {
                    const std::string text(static_cast<std::size_t>(number) * 1000, 'y');
                    for (int times = 0; times < 10; ++times) {
                        const std::string reply = co_await to.ping(text);
                        if (reply != text) throw std::runtime_error("another's reply");
                    }
                    --count;
                }(c, i, left));
            co_await until([&] { return left == 0; });
            subscriber s = co_await c.subscribe("news");
            co_await c.publish("news", "over TLS");
            const auto m = co_await s.next();
            CHECK(m->payload == "over TLS");
            // It comes back by itself as well.
            co_await c.command<int>("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "no", as_result);
            co_await until([&] { return c.counters().reconnects == 1; });
            const auto kept = co_await c.get("key");
            CHECK(kept == "value");
        });
    }
    SECTION("by name, if the certificate has it") {
        options.tls.server_name = "redis.test";
        CHECK(failure_of(address, options) == "none");
        options.tls.server_name = "another.test";
        CHECK(failure_of(address, options).find("certificate verify failed") != std::string::npos);
        options.tls.verify = false;
        CHECK(failure_of(address, options) == "none");
    }
    SECTION("an authority that is not trusted") {
        options.tls.ca_file.clear();
        CHECK(failure_of(address, options).find("certificate verify failed") != std::string::npos);
        options.tls.ca_file = made.file("server.crt");
        CHECK(failure_of(address, options).find("certificate verify failed") != std::string::npos);
        options.tls.ca_file = made.file("absent.crt");
        CHECK(failure_of(address, options).find("No such file") != std::string::npos);
    }
    SECTION("a server that speaks no TLS, and one that says nothing") {
        const std::string plain = std::to_string(started->port());
        CHECK(failure_of("rediss://127.0.0.1:" + plain, options) != "none");
        asio::io_context context;
        const scripted_server silent{context.get_executor()};
        options.connect_timeout = 50ms;
        CHECK(failure_of("rediss://" + silent.address(), options).find("time-out") !=
              std::string::npos);
    }
}
#else
TEST_CASE("a library without TLS says so") {
    asio::io_context context;
    const scripted_server server{context.get_executor()};
    CHECK(failure_of("rediss://" + server.address(), {}) ==
          "connecting to rediss://" + server.address() + ": the library was built without TLS");
}
#endif
