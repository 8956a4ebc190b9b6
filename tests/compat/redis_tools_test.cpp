// Redis's own tools against the server: redis-cli in its modes, and redis-benchmark.
// Each case is run against a real redis-server too, so that it is the server that is tested.

#include <cstdio>
#include <fmt/format.h>
#include <memory>
#include <optional>
#include <string>
#include <sys/wait.h>
#include <utility>

#include "support/catch.hpp"
#include "support/raw_connection.hpp"
#include "support/redis_process.hpp"

using namespace mini_redis::test;

namespace {

struct outcome {
    int status = -1;
    std::string output; ///< stdout and stderr
};

outcome run(const std::string& command) {
    outcome result;
    FILE* pipe = ::popen(("( " + command + " ) 2>&1").c_str(), "r");
    REQUIRE(pipe != nullptr);
    char buffer[4096];
    while (const std::size_t n = std::fread(buffer, 1, sizeof buffer, pipe))
        result.output.append(buffer, n);
    const int status = ::pclose(pipe);
    result.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    return result;
}

bool has_tool(const std::string& tool) {
    return run("command -v " + tool).status == 0;
}

// The servers that are there to be tested, by name.
std::optional<redis_process> start(const std::string& name) {
    if (name == "redis")
        return redis_process::find_redis_server() ? std::optional{redis_process::start_redis()}
                                                  : std::nullopt;
    return redis_process::find_mini_redis_server()
               ? std::optional{redis_process::start_mini_redis(2)}
               : std::nullopt;
}

class tools {
public:
    explicit tools(std::uint16_t port) : port_{port} {}

    outcome cli(const std::string& arguments, const std::string& input = "") const {
        const std::string command = fmt::format("redis-cli -p {} {}", port_, arguments);
        return run(input.empty() ? command + " </dev/null"
                                 : fmt::format("printf '{}' | {}", input, command));
    }

    outcome benchmark(const std::string& arguments) const {
        return run(fmt::format("redis-benchmark -p {} {}", port_, arguments));
    }

private:
    std::uint16_t port_;
};

} // namespace

TEST_CASE("redis-cli and redis-benchmark work") {
    const std::string name = GENERATE("mini-redis", "redis");
    const auto server = start(name);
    if (!server || !has_tool("redis-cli") || !has_tool("redis-benchmark")) {
        WARN("skipped: no " + name + ", or no redis-tools");
        return;
    }
    const tools tool{server->port()};
    INFO(name);

    SECTION("a command from the command line") {
        CHECK(tool.cli("PING").output == "PONG\n");
        CHECK(tool.cli("SET k 'a b'").output == "OK\n");
        CHECK(tool.cli("GET k").output == "a b\n");
        CHECK(tool.cli("--no-raw GET k").output == "\"a b\"\n");
        CHECK(tool.cli("--no-raw GET missing").output == "(nil)\n");
        CHECK(tool.cli("-n 3 --no-raw GET k").output == "(nil)\n");
        CHECK(tool.cli("-3 --no-raw CONFIG GET databases").output ==
              "1# \"databases\" => \"16\"\n");
        CHECK(tool.cli("-3 --no-raw GET missing").output == "(nil)\n");
        CHECK(tool.cli("-x SET k", "from stdin").output == "OK\n");
        CHECK(tool.cli("GET k").output == "from stdin\n");
        CHECK(tool.cli("-e FOO").status == 1);
    }
    SECTION("commands from its input") {
        CHECK(tool.cli("", "SET n 1\\nINCR n\\nGET n\\n").output == "OK\n2\n2\n");
        CHECK(tool.cli("-r 3 INCR n").output == "3\n4\n5\n");
    }
    SECTION("iteration") {
        tool.cli("MSET a 1 b 22 c 333");
        CHECK(tool.cli("--scan --pattern 'b*'").output == "b\n");
        const outcome big = tool.cli("--bigkeys");
        CHECK(big.status == 0);
        CHECK(big.output.find("Sampled 3 keys in the keyspace!") != std::string::npos);
        CHECK(big.output.find("has 3 bytes") != std::string::npos);
    }
    SECTION("mass insertion") {
        const outcome piped =
            tool.cli("--pipe", "*3\\r\\n$3\\r\\nSET\\r\\n$1\\r\\na\\r\\n$1\\r\\n1\\r\\n"
                               "*2\\r\\n$4\\r\\nINCR\\r\\n$1\\r\\na\\r\\n");
        CHECK(piped.status == 0);
        CHECK(piped.output.find("errors: 0, replies: 2") != std::string::npos);
        CHECK(tool.cli("GET a").output == "2\n");
    }
    SECTION("the benchmark runs to its end, without a warning") {
        const outcome result = tool.benchmark("-t ping,set,get,incr,mset -n 2000 -c 20 -q");
        INFO(result.output);
        CHECK(result.status == 0);
        for (const char* part :
             {"PING_INLINE: ", "PING_MBULK: ", "SET: ", "GET: ", "INCR: ", "MSET (10 keys): "})
            CHECK(result.output.find(part) != std::string::npos);
        CHECK(result.output.find("WARNING") == std::string::npos);
        CHECK(result.output.find("rror") == std::string::npos);
    }
    SECTION("the benchmark with pipelines, random keys and RESP3") {
        const outcome result = tool.benchmark("-t set,get -n 5000 -P 16 -r 1000 -d 64 -3 -q");
        INFO(result.output);
        CHECK(result.status == 0);
        CHECK(result.output.find("WARNING") == std::string::npos);
        CHECK(result.output.find("rror") == std::string::npos);
    }
}
