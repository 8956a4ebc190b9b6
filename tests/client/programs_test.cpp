// The examples and the demo, run as a user would.
#include <algorithm>
#include <array>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <atomic>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <mini_redis/blocking_client.hpp>
#include <regex>
#include <string>
#include <sys/types.h>
#include <sys/wait.h>
#include <thread>

#include "client/support.hpp"

using namespace mini_redis;
using namespace mini_redis::test;

namespace {

struct outcome {
    int status;
    std::string output; // both streams
};

/// Runs a program of this build, with a command line for the shell, which does `before` first.
/// `lines` counts those that it has written so far.
outcome run_program(const std::string& command_line, const std::string& before = {},
                    std::atomic<std::ptrdiff_t>* lines = nullptr) {
    // The error stream first, so that a here-document may end the line.
    const std::string command = "exec 2>&1; " + before + MINI_REDIS_PROGRAMS "/" + command_line;
    FILE* const pipe = ::popen(command.c_str(), "r");
    REQUIRE(pipe);
    outcome result{};
    std::array<char, 4096> buffer;
    while (std::fgets(buffer.data(), static_cast<int>(buffer.size()), pipe) != nullptr) {
        result.output += buffer.data();
        if (lines) *lines = std::count(result.output.begin(), result.output.end(), '\n');
    }
    const int status = ::pclose(pipe);
    result.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    return result;
}

std::size_t lines_of(const std::string& text) {
    return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

/// A host name to connect to, where the machine knows one: a bare root has no /etc/hosts.
std::string local_host() {
    asio::io_context io;
    asio::error_code error;
    asio::ip::tcp::resolver{io}.resolve("localhost", "", error);
    return error ? "127.0.0.1" : "localhost";
}

/// Waits until so many clients are subscribed to the channel.
void wait_for_subscribers(blocking_client& c, const std::string& channel, int count) {
    for (int i = 0; i < 3000; ++i) {
        const frame reply = c.send("PUBSUB", "NUMSUB", channel);
        if (reply.elements().at(1).as_integer() >= count) return;
        std::this_thread::sleep_for(10ms);
    }
    FAIL("nobody has subscribed to " << channel);
}

} // namespace

TEST_CASE("hello_redis says hello") {
    for (const server_kind kind : available_servers()) {
        const redis_process server = start(kind);
        const outcome result = run_program("hello_redis " + address_of(server));
        CHECK(result.output == "Hello World\n");
        CHECK(result.status == 0);
    }
}

TEST_CASE("examples say in a line what went wrong") {
    const std::string nobody = "127.0.0.1:" + std::to_string(find_free_port());
    for (const std::string command :
         {"hello_redis ", "pub c m ", "sub c ", "chat me ", "pipelining ", "connect ", "cache ",
          "queue ", "lock ", "rate_limit ", "pub_sub "}) {
        INFO(command);
        const outcome result = run_program(command + nobody);
        CHECK(result.status == 1);
        CHECK(result.output == "connecting to " + nobody + ": Connection refused\n");
    }
    CHECK(run_program("pub").status == 1);
    CHECK(run_program("sub").output == "usage: sub channel [host:port]\n");
}

TEST_CASE("sub prints what pub publishes, through a restart of the server") {
    for (const server_kind kind : available_servers()) {
        redis_process server = start(kind);
        const std::string channel = "news:" + std::to_string(server.pid());
        const auto pid_file = std::filesystem::temp_directory_path() / channel;
        outcome heard{};
        std::atomic<std::ptrdiff_t> lines = 0;
        // What was sent and not read yet is lost with the server, and with SIGINT.
        const auto wait_for_lines = [&](std::ptrdiff_t count) {
            for (int i = 0; i < 3000 && lines < count; ++i)
                std::this_thread::sleep_for(10ms);
        };
        std::thread listening{[&] {
            heard = run_program("sub " + channel + " " + address_of(server),
                                "echo $$ > '" + pid_file.string() + "'; exec ", &lines);
        }};
        auto c = blocking_client::connect(address_of(server));
        wait_for_subscribers(c, channel, 1);
        const outcome said = run_program("pub " + channel + " 'good news' " + address_of(server));
        CHECK(said.output == "1 received it\n");
        wait_for_lines(2);
        server.stop();
        server.start_again();
        wait_for_subscribers(c, channel, 1);
        CHECK(c.publish(channel, "better news") == 1);
        wait_for_lines(3);
        std::ifstream written{pid_file};
        pid_t pid = 0;
        written >> pid;
        REQUIRE(pid > 0);
        ::kill(pid, SIGINT);
        listening.join();
        std::filesystem::remove(pid_file);
        CHECK(heard.output == "subscribed to " + channel + "\n" + channel + ": good news\n" +
                                  channel + ": better news\n");
        CHECK(heard.status == 0);
    }
}

TEST_CASE("people chat") {
    for (const server_kind kind : available_servers()) {
        const redis_process server = start(kind);
        auto c = blocking_client::connect(address_of(server));
        auto listener = c.subscribe({"chat"});
        const outcome ada = run_program("chat Ada " + address_of(server) + " < /dev/null");
        CHECK(ada.output == "welcome, Ada\n");
        CHECK(ada.status == 0);
        const outcome bob =
            run_program("chat Bob " + address_of(server) + " <<'END'\nhello\nEND\n");
        CHECK(bob.status == 0);
        const std::optional<message> line = listener.next(30s);
        REQUIRE(line);
        CHECK(line->payload == "Bob: hello");
    }
}

TEST_CASE("pipelining makes calls") {
    for (const server_kind kind : available_servers()) {
        const redis_process server = start(kind);
        const outcome result = run_program("pipelining " + address_of(server));
        CHECK(result.status == 0);
        CHECK(lines_of(result.output) == 3);
        auto c = blocking_client::connect(address_of(server));
        CHECK(c.get("pipelining:counter") == "30000");
    }
}

TEST_CASE("connect shows what a call may come to") {
    for (const server_kind kind : available_servers()) {
        const redis_process server = start(kind);
        const outcome result = run_program("connect redis://" + address_of(server) + "/1");
        CHECK(result.output == "thrown: ERR value is not an integer or out of range\n"
                               "returned: ERR value is not an integer or out of range\n"
                               "given up\n"
                               "back again, and there is no number\n");
        CHECK(result.status == 0);
    }
}

TEST_CASE("cache computes once what three ask for") {
    for (const server_kind kind : available_servers()) {
        const redis_process server = start(kind);
        const outcome result = run_program("cache " + address_of(server));
        CHECK(result.output == "report 1, report 1, report 1\n");
        CHECK(result.status == 0);
        auto c = blocking_client::connect(address_of(server));
        CHECK(c.get("example:report") == "report 1");
        CHECK(c.ttl("example:report") > 0);
        CHECK(c.dbsize() == 1);
    }
}

TEST_CASE("queue loses no job, not even one of a worker that died") {
    for (const server_kind kind : available_servers()) {
        const redis_process server = start(kind);
        auto c = blocking_client::connect(address_of(server));
        c.rpush("example:jobs:of:Bob", "left by the last Bob", "and another");
        const outcome result = run_program("queue " + address_of(server));
        CHECK(result.output == "12 jobs done, 0 lists left\n");
        CHECK(result.status == 0);
    }
}

TEST_CASE("lock is held by one, and released by who holds it") {
    with_servers_that_know("EVAL", [](server_kind, const redis_process& server) {
        const outcome result = run_program("lock " + address_of(server));
        CHECK(result.output ==
              "first: 1, second: 0\nthe first came too late: 1, the second not: 1\n");
        CHECK(result.status == 0);
        auto c = blocking_client::connect(address_of(server));
        CHECK(c.exists("example:lock") == 0);
    });
}

TEST_CASE("rate_limit lets three of five through") {
    for (const server_kind kind : available_servers()) {
        const redis_process server = start(kind);
        const outcome result = run_program("rate_limit " + address_of(server));
        CHECK(result.output == "request 1: welcome\nrequest 2: welcome\nrequest 3: welcome\n"
                               "request 4: too many\nrequest 5: too many\n");
        CHECK(result.status == 0);
        auto c = blocking_client::connect(address_of(server));
        CHECK(c.ttl("requests:Ada") > 0);
    }
}

TEST_CASE("pub_sub goes on when its connection is lost") {
    for (const server_kind kind : available_servers()) {
        const redis_process server = start(kind);
        const outcome result = run_program("pub_sub " + address_of(server));
        CHECK(result.output == "news: hello\n(something may have been missed)\n"
                               "news: that was all\n");
        CHECK(result.status == 0);
    }
}

TEST_CASE("embed_server brings its own server") {
    const outcome result = run_program("embed_server");
    CHECK(result.output == "the server has 1 key, and city is Ulm\nthe client now gets Bern\n");
    CHECK(result.status == 0);
}

TEST_CASE("the demo's tasks all get their answers") {
    for (const server_kind kind : available_servers()) {
        const redis_process server = start(kind);
        const std::string port = std::to_string(server.port());
        for (const std::string& more :
             {std::string{}, std::string{" --tasks=1 --requests=1 --connections=1"},
              std::string{" --tasks 100 --requests 20 --connections 5"},
              " --tasks 3 --host " + local_host()}) {
            INFO(to_string(kind) << more);
            const outcome result = run_program("mini-redis-client --port " + port + more);
            CHECK(result.status == 0);
            CHECK(result.output.find("every value as it was set") != std::string::npos);
            CHECK(std::regex_search(result.output,
                                    std::regex{"[0-9]+ requests in [0-9.]+ s: [0-9]+/s\nlatency"}));
        }
        const outcome result =
            run_program("mini-redis-client --tasks 7 --requests 9 --port " + port);
        CHECK(lines_of(result.output) == 7 + 2);
        CHECK(result.output.find("5 SET, 4 GET") != std::string::npos);
    }
}

TEST_CASE("the demo says in a line what is wrong") {
    const std::string port = std::to_string(find_free_port());
    outcome result = run_program("mini-redis-client --port " + port);
    CHECK(result.status == 1);
    CHECK(result.output ==
          "mini-redis-client: connecting to 127.0.0.1:" + port + ": Connection refused\n");
    for (const std::string bad : {"--port 0", "--port 65536", "--tasks x", "--tasks", "--tasks=-1",
                                  "--nonsense 1", "word"}) {
        INFO(bad);
        result = run_program("mini-redis-client " + bad);
        CHECK(result.status == 1);
        CHECK(result.output.starts_with("mini-redis-client: "));
        CHECK(lines_of(result.output) == 1);
    }
    result = run_program("mini-redis-client --version");
    CHECK(result.status == 0);
    CHECK(result.output.starts_with("mini-redis-client "));
    result = run_program("mini-redis-client --help");
    CHECK(result.status == 0);
    CHECK(result.output.find("--connections") != std::string::npos);
}
