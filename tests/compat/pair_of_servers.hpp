// A real redis-server and mini-redis-server side by side: what one of them answers has to be what
// the other one does.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "support/catch.hpp"
#include "support/raw_connection.hpp"
#include "support/redis_process.hpp"

namespace mini_redis::test {

class pair_of_servers {
public:
    /// Otherwise the test is to be skipped, and this has said so.
    static bool are_available() {
        if (redis_process::find_reference_redis() && redis_process::find_mini_redis_server())
            return true;
        WARN("skipped: no redis-server 7.0, or no mini-redis-server");
        return false;
    }

    /// Sends the request to both, whose replies have to be the same. Returns the reply as in a
    /// transcript.
    std::string ask(const std::vector<std::string>& request) {
        const std::string ours = spell_line(mini_redis_.command(request), SIZE_MAX);
        const std::string theirs = spell_line(redis_.command(request), SIZE_MAX);
        if (ours == theirs) return theirs;
        std::string words;
        for (const std::string& word : request)
            words += word.substr(0, 100) + ' ';
        INFO(words.substr(0, 1000));
        CHECK(ours == theirs);
        return theirs;
    }

private:
    redis_process redis_server_ = redis_process::start_redis();
    redis_process mini_redis_server_ = redis_process::start_mini_redis();
    raw_connection redis_{redis_server_.port()};
    raw_connection mini_redis_{mini_redis_server_.port()};
};

} // namespace mini_redis::test
