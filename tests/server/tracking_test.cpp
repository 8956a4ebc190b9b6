// Client-side caching over several worker threads: what a client has cached is what the server has,
// once it has been told of what has changed; and who comes and goes meanwhile does no harm.
#include <atomic>
#include <map>
#include <optional>
#include <spdlog/spdlog.h>
#include <string>
#include <thread>
#include <vector>

#include "server/support.hpp"
#include "support/random.hpp"

using namespace mini_redis::test;

namespace {

const bool quiet = (spdlog::set_level(spdlog::level::off), true);

constexpr std::size_t key_count = 24;

std::string key_name(std::size_t number) {
    return (number % 2 == 0 ? "even:" : "odd:") + std::to_string(number);
}

/// How a caching client is told.
enum class told { by_push, by_broadcast, by_other, by_other_in_resp2 };

/// Keeps what it has read until it is told that it has changed.
class caching_client {
public:
    caching_client(const running_server& redis, told how) : own_{redis.connect()} {
        own_.command({"HELLO", "3"});
        if (how == told::by_push) own_.command({"CLIENT", "TRACKING", "ON"});
        if (how == told::by_broadcast)
            own_.command({"CLIENT", "TRACKING", "ON", "BCAST", "PREFIX", "even:", "PREFIX", "odd"});
        if (how == told::by_push || how == told::by_broadcast) return;
        other_ = redis.connect();
        if (how == told::by_other) other_->command({"HELLO", "3"});
        const std::string id = other_->command({"CLIENT", "ID"}).text;
        if (how == told::by_other_in_resp2) other_->command({"SUBSCRIBE", "__redis__:invalidate"});
        own_.command({"CLIENT", "TRACKING", "ON", "REDIRECT", id});
    }

    void look_up(const std::string& key) {
        if (cache_.contains(key)) return hear();
        const std::string value = read_until_reply(own_, {"GET", key}).text;
        cache_.insert_or_assign(key, value);
        hear_others();
    }

    /// Takes what it has been told so far.
    void hear() {
        read_until_reply(own_, {"PING"});
        hear_others();
    }

    const std::map<std::string, std::string>& cache() const { return cache_; }

    std::size_t invalidations() const { return invalidations_; }

private:
    void hear_others() {
        if (other_) read_until_reply(*other_, {"PING"});
    }

    wire_value read_until_reply(raw_connection& from, const std::vector<std::string>& request) {
        from.send(encode_request(request));
        while (true) {
            const wire_value got = parse_reply(from.read_reply());
            const bool is_told = got.elements.size() > 1 && (got.elements[0].text == "invalidate" ||
                                                             (got.elements[0].text == "message"));
            if (!is_told) return got;
            forget(got.elements.back());
        }
    }

    void forget(const wire_value& keys) {
        ++invalidations_;
        if (keys.null || keys.type == '_') cache_.clear();
        for (const wire_value& key : keys.elements)
            cache_.erase(key.text);
    }

    raw_connection own_;
    std::optional<raw_connection> other_;
    std::map<std::string, std::string> cache_;
    std::size_t invalidations_ = 0;
};

void change_something(raw_connection& writer, random_source& random, int number) {
    const std::string key = key_name(random.below(key_count));
    const std::string other = key_name(random.below(key_count));
    switch (random.below(9)) {
    case 0: writer.command({"DEL", key}); return;
    case 1: writer.command({"MSET", key, std::to_string(number), other, "2"}); return;
    case 2: writer.command({"RENAME", key, other}); return;
    case 3: writer.command({"SET", key, "expires", "PX", "1"}); return;
    case 4: writer.command({"GETDEL", key}); return;
    case 5:
        writer.send(encode_request({"MULTI"}) + encode_request({"APPEND", key, "a"}) +
                    encode_request({"APPEND", other, "b"}) + encode_request({"EXEC"}));
        writer.read_replies(4);
        return;
    default: writer.command({"SET", key, std::to_string(number)}); return;
    }
}

/// Whether all that the client has cached is what the server has. Keys whose time has come count as
/// such, when that has been told.
bool is_true(const caching_client& client, raw_connection& server) {
    for (const auto& [key, value] : client.cache())
        if (server.command({"GET", key}).text != value) return false;
    return true;
}

} // namespace

TEST_CASE("what is cached is true once all has been told") {
    running_server redis{small(4)};
    constexpr told ways[] = {told::by_push, told::by_broadcast, told::by_other,
                             told::by_other_in_resp2};
    std::vector<caching_client> readers;
    for (int i = 0; i < 8; ++i)
        readers.emplace_back(redis, ways[i % 4]);
    std::atomic<int> writing{3};
    std::atomic<std::size_t> told_little{readers.size()};
    std::vector<std::thread> threads;
    for (int i = 0; i < 3; ++i)
        threads.emplace_back([&, i] {
            raw_connection writer = redis.connect();
            random_source random{static_cast<std::uint64_t>(i) + 1};
            for (int n = 0; n < 700 || (told_little != 0 && n < 200'000); ++n)
                change_something(writer, random, n);
            if (i == 0) writer.command({"FLUSHALL"});
            for (int n = 0; n < 50; ++n)
                change_something(writer, random, n);
            --writing;
        });
    for (std::size_t i = 0; i < readers.size(); ++i)
        threads.emplace_back([&, i] {
            random_source random{i + 100};
            bool told_enough = false;
            while (writing != 0) {
                readers[i].look_up(key_name(random.below(key_count)));
                if (told_enough || readers[i].invalidations() < 100) continue;
                told_enough = true;
                --told_little;
            }
            for (std::size_t n = 0; n < key_count; ++n)
                readers[i].look_up(key_name(n));
        });
    for (std::thread& each : threads)
        each.join();

    raw_connection main = redis.connect();
    for (caching_client& each : readers) {
        CHECK(each.invalidations() >= 100);
        CHECK(eventually([&] {
            each.hear();
            return is_true(each, main);
        }));
    }
}

TEST_CASE("clients that leave while they are told do no harm") {
    running_server redis{small(4)};
    std::atomic<bool> done{false};
    std::thread writer{[&] {
        raw_connection connection = redis.connect();
        random_source random{1};
        for (int n = 0; !done; ++n) {
            change_something(connection, random, n);
            if (n % 50 == 0) connection.command({"FLUSHALL"});
        }
    }};
    std::vector<std::thread> comers;
    for (int i = 0; i < 3; ++i)
        comers.emplace_back([&, i] {
            random_source random{static_cast<std::uint64_t>(i) + 2};
            for (int n = 0; n < 100; ++n) {
                raw_connection connection = redis.connect();
                raw_connection other = redis.connect();
                const std::string id = other.command({"CLIENT", "ID"}).text;
                connection.send(encode_request({"HELLO", "3"}));
                std::string request = encode_request({"CLIENT", "TRACKING", "ON"});
                if (n % 3 == 1) request = encode_request({"CLIENT", "TRACKING", "ON", "BCAST"});
                if (n % 3 == 2)
                    request = encode_request({"CLIENT", "TRACKING", "ON", "REDIRECT", id});
                connection.send(request);
                for (std::size_t key = 0; key < key_count; ++key)
                    connection.send(encode_request({"GET", key_name(key)}));
                if (random.below(2) == 0) connection.send(encode_request({"RESET"}));
                if (random.below(2) == 0) connection.read_reply();
            }
        });
    for (std::thread& each : comers)
        each.join();
    done = true;
    writer.join();
    raw_connection main = redis.connect();
    CHECK(eventually([&] { return info(main, "tracking_clients") == 0; }));
    CHECK(info(main, "tracking_total_prefixes") == 0);
    main.command({"FLUSHALL"});
    CHECK(info(main, "tracking_total_keys") == 0);
    CHECK(info(main, "tracking_total_items") == 0);
}

TEST_CASE("there are not many more readings than clients") {
    running_server redis{small(2)};
    raw_connection main = redis.connect();
    for (int i = 0; i < 200; ++i) {
        {
            raw_connection connection = redis.connect();
            connection.command({"CLIENT", "TRACKING", "ON"});
            connection.command({"GET", "k"});
        }
        REQUIRE(eventually([&] { return info(main, "tracking_clients") == 0; }));
    }
    CHECK(info(main, "tracking_total_keys") == 1);
    CHECK(info(main, "tracking_total_items") <= 64);
}

TEST_CASE("the number of keys is limited, and who has read one is told that it is forgotten") {
    running_server redis{small(2)};
    raw_connection main = redis.connect();
    raw_connection reader = redis.connect();
    reader.command({"HELLO", "3"});
    const bool own_changes = GENERATE(true, false);
    if (own_changes)
        reader.command({"CLIENT", "TRACKING", "ON"});
    else // that it is forgotten is nothing that the client has done
        reader.command({"CLIENT", "TRACKING", "ON", "NOLOOP"});
    main.command({"CONFIG", "SET", "tracking-table-max-keys", "10"});
    std::size_t replies = 0;
    std::size_t forgotten = 0;
    const auto take = [&](const std::string& bytes) {
        if (bytes.starts_with(">"))
            ++forgotten;
        else
            ++replies;
    };
    for (int i = 0; i < 300; ++i)
        reader.send(encode_request({"GET", "key" + std::to_string(i)}));
    while (replies < 300 || forgotten < 290)
        take(reader.read_reply());
    CHECK(info(main, "tracking_total_keys") == 10);
    CHECK(info(main, "tracking_total_items") == 10);

    main.command({"CONFIG", "SET", "tracking-table-max-keys", "3"});
    while (forgotten < 297)
        take(reader.read_reply());
    CHECK(info(main, "tracking_total_keys") == 3);
    main.command({"FLUSHALL"});
    take(reader.read_reply());
    CHECK(info(main, "tracking_total_keys") == 0);
    CHECK(reader.command({"PING"}).text == "PONG");
}

TEST_CASE("a client that does not take what it is told is disconnected") {
    running_server redis{small(2)};
    raw_connection main = redis.connect();
    main.command({"CONFIG", "SET", "client-output-buffer-limit", "normal 1mb 0 0"});
    raw_connection reader = redis.connect();
    reader.command({"HELLO", "3"});
    reader.command({"CLIENT", "TRACKING", "ON", "BCAST"});
    const std::string long_name(100'000, 'k');
    CHECK(eventually([&] {
        for (int i = 0; i < 10; ++i)
            main.command({"SET", long_name + std::to_string(i), ""});
        return info(main, "tracking_clients") == 0;
    }));
}

TEST_CASE("keys that are changed by the API are told too") {
    running_server redis{small(2)};
    raw_connection reader = redis.connect();
    raw_connection all = redis.connect();
    reader.command({"HELLO", "3"});
    all.command({"HELLO", "3"});
    reader.command({"CLIENT", "TRACKING", "ON"});
    all.command({"CLIENT", "TRACKING", "ON", "BCAST"});
    reader.command({"GET", "k"});
    redis.keys().set("k", "v");
    CHECK(reader.read_reply() == ">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n");
    CHECK(all.read_reply() == ">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n");
    redis.keys().clear();
    CHECK(reader.read_reply() == ">2\r\n$10\r\ninvalidate\r\n_\r\n");
    CHECK(all.read_reply() == ">2\r\n$10\r\ninvalidate\r\n_\r\n");
}

TEST_CASE("of a key that is evicted a client is told before the reply of the command that did it") {
    running_server redis{small(1)};
    raw_connection client = redis.connect();
    client.command({"HELLO", "3"});
    client.command({"CLIENT", "TRACKING", "ON"});
    client.command({"CONFIG", "SET", "maxmemory-policy", "volatile-random"});
    client.command({"SET", "volatile", "x", "EX", "1000"});
    client.command({"GET", "volatile"});
    client.command({"SET", "large", std::string(200'000, 'x')});
    // There is too much from then on, and the next command makes room; but so may the background.
    client.send(encode_request({"CONFIG", "SET", "maxmemory", "100kb"}) +
                encode_request({"GETRANGE", "large", "0", "0"}));
    CHECK(client.read_reply() == "+OK\r\n");
    CHECK(client.read_reply() == ">2\r\n$10\r\ninvalidate\r\n*1\r\n$8\r\nvolatile\r\n");
    CHECK(client.read_reply() == "$1\r\nx\r\n");
}

TEST_CASE("of what a blocked command changes its client is told behind the reply") {
    running_server redis{small(2)};
    raw_connection client = redis.connect();
    raw_connection other = redis.connect();
    client.command({"HELLO", "3"});
    client.command({"CLIENT", "TRACKING", "ON"});
    for (int i = 0; i < 100; ++i) {
        client.command({"LRANGE", "to", "0", "-1"});
        client.send(encode_request({"BLMOVE", "from", "to", "LEFT", "LEFT", "0"}));
        REQUIRE(eventually([&] { return info(other, "blocked_clients") == 1; }));
        other.command({"RPUSH", "from", "value"});
        REQUIRE(client.read_reply() == "$5\r\nvalue\r\n");
        REQUIRE(client.read_reply() == ">2\r\n$10\r\ninvalidate\r\n*1\r\n$2\r\nto\r\n");
    }
}
