// INFO against a real redis-server's: monitoring tools look for fields by name, some by place.
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "support/catch.hpp"
#include "support/raw_connection.hpp"
#include "support/redis_process.hpp"

using namespace mini_redis::test;

namespace {

// What only mini-redis has; it comes last in its section.
const std::set<std::string, std::less<>> own{"mini_redis_version", "worker_threads",
                                             "pubsub_clients"};

// Titles and names of fields, in their order; those that depend on what was executed only as kinds.
std::vector<std::string> outline(raw_connection& server) {
    std::istringstream text{server.command({"INFO", "everything"}).text};
    std::vector<std::string> names;
    for (std::string line; std::getline(text, line);) {
        if (!line.empty() && line.back() == '\r') line.pop_back();
        std::string name = line.substr(0, line.find(':'));
        for (const char* const kind : {"cmdstat_", "errorstat_", "latency_percentiles_usec_"})
            if (name.starts_with(kind)) name = kind;
        if (own.contains(name) || (!names.empty() && names.back() == name)) continue;
        names.push_back(name);
    }
    return names;
}

} // namespace

TEST_CASE("INFO has Redis's sections and fields in Redis's order") {
    if (!redis_process::find_reference_redis() || !redis_process::find_mini_redis_server()) {
        WARN("skipped: no redis-server 7.0, or no mini-redis-server");
        return;
    }
    const redis_process redis_server = redis_process::start_redis();
    const redis_process mini_redis_server = redis_process::start_mini_redis();
    raw_connection redis{redis_server.port()};
    raw_connection mini_redis{mini_redis_server.port()};
    for (raw_connection* each : {&redis, &mini_redis}) {
        each->command({"SET", "k", "v"});
        each->command({"INCR", "k"});
    }
    const std::vector<std::string> theirs = outline(redis);
    CHECK(theirs.size() > 190);
    CHECK(outline(mini_redis) == theirs);
}
