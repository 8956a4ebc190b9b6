// Commands that run out of memory have done what they were asked for, or nothing: wherever it runs
// out.
#include <new>
#include <string>
#include <vector>

#include "support/catch.hpp"
#include "support/command_fixture.hpp"
#include "support/scarce_memory.hpp"

using namespace mini_redis;
using namespace mini_redis::test;

namespace {

using requests = std::vector<std::string>;

// All that there is of the keys a to d, as text.
std::string state(command_fixture& redis) {
    std::string all;
    for (const std::string number : {"0", "1"}) {
        redis.run("SELECT " + number);
        all += redis.run("DEBUG DIGEST-VALUE a b c d") + redis.run("EXISTS a b c d") +
               redis.run("PEXPIRETIME a") + redis.run("PEXPIRETIME b");
    }
    redis.run("SELECT 0");
    return all;
}

// Many elements: "RPUSH a" becomes a request with that many words more.
std::string with_many(std::string request, int count, const std::string& prefix = "") {
    for (int i = 0; i < count; ++i)
        request += ' ' + prefix + std::to_string(i);
    return request;
}

std::string with_scores(std::string request, int count) {
    for (int i = 0; i < count; ++i)
        request += ' ' + std::to_string(i) + " m" + std::to_string(i);
    return request;
}

// Gives the request one block of memory more each time, until that is enough. Returns how often it
// was not.
int run_out(const requests& before, const std::vector<std::string>& request, bool random = false) {
    const std::vector<std::string_view> words{request.begin(), request.end()};
    int failures = 0;
    for (std::size_t blocks = 0;; ++blocks) {
        command_fixture redis{1}; // one shard: the keys share a table
        for (const std::string& each : before)
            redis.run(each);
        const std::string old = state(redis);
        bool enough = true;
        {
            output_buffer out;
            if (!random) { // short replies are written when all is done: they have their memory
                out.append(std::string(1000, ' '));
                out.truncate(0);
            }
            reply_writer reply{out, redis.client.protocol};
            const scarce_memory scarce{blocks};
            try {
                redis.commands.execute(redis.client, words, reply);
            } catch (const std::bad_alloc&) {
                redis.commands.drop_effects();
                enough = false;
            }
        }
        const std::string now = state(redis);
        if (enough) {
            if (random) return failures;
            command_fixture other{1};
            for (const std::string& each : before)
                other.run(each);
            other.run(words);
            CHECK(now == state(other));
            return failures;
        }
        INFO(request[0] << ' ' << request[1] << " with " << blocks << " blocks");
        REQUIRE(now == old);
        ++failures;
    }
}

int run_out(const requests& before, std::string_view request, bool random = false) {
    std::vector<std::string> words;
    while (!request.empty()) {
        const std::size_t end = std::min(request.find(' '), request.size());
        words.emplace_back(request.substr(0, end));
        request.remove_prefix(std::min(end + 1, request.size()));
    }
    return run_out(before, words, random);
}

const std::string others = "MSET k1 1 k2 2 k3 3 k4 4 k5 5";

} // namespace

TEST_CASE("a key that is renamed, moved or copied is not lost when memory runs out") {
    const std::string many = with_many("RPUSH a", 1000);
    CHECK(run_out({many}, "RENAME a b") > 0);
    CHECK(run_out({many, others}, "RENAME a b") > 0); // the table is full
    CHECK(run_out({"SET a 1 PX 1000000", "SET b 2"}, "RENAME a b") > 0);
    CHECK(run_out({"SET a 1 PX 1000000"}, "RENAMENX a b") > 0);
    CHECK(run_out({"SADD a x y z", "PEXPIRE a 1000000"}, "MOVE a 1") > 0);
    CHECK(run_out({many, "SET b 2"}, "COPY a b REPLACE") > 0);
    CHECK(run_out({"SET a 1", others, "SET b 2"}, "COPY a b REPLACE") > 0);
}

TEST_CASE("what RESTORE would replace stays when memory runs out") {
    for (const std::string& make :
         {std::string{"SET b x"}, with_many("RPUSH b", 300), with_many("SADD b", 300, "m"),
          with_many("HSET b", 300), with_scores("ZADD b", 200), std::string{"XADD b 1-1 f v"}}) {
        command_fixture redis{1};
        redis.run(make);
        std::string payload = redis.run("DUMP b");
        payload = payload.substr(payload.find('\n') + 1);
        payload.resize(payload.size() - 2);
        const std::vector<std::string> restore{"RESTORE", "a", "5000", payload, "REPLACE"};
        CHECK(run_out({"SET a 1"}, restore) > 0);
    }
}

TEST_CASE("an element that is moved is in exactly one place when memory runs out") {
    const std::string few = "RPUSH a 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15";
    const std::string many = with_many("RPUSH a", 1000, "element:");
    for (const std::string& source : {std::string{"RPUSH a only"}, few, many}) {
        CHECK(run_out({source}, "LMOVE a b LEFT RIGHT") > 0);
        CHECK(run_out({source, "RPUSH b x"}, "LMOVE a b RIGHT LEFT") > 0);
        CHECK(run_out({source, with_many("RPUSH b", 128)}, "RPOPLPUSH a b") > 0);
        CHECK(run_out({source}, "LMOVE a a LEFT RIGHT") > 0);
    }
    for (const std::string& source :
         {std::string{"SADD a 7"}, std::string{"SADD a 7 8 9 10 11 12 13 14 15 16 17"},
          std::string{"SADD a 7 x y"}, with_many("SADD a", 600)}) {
        CHECK(run_out({source}, "SMOVE a b 7") > 0);
        CHECK(run_out({source, "SADD b 1 2 3"}, "SMOVE a b 7") > 0);
        CHECK(run_out({source, with_many("SADD b", 128, "m")}, "SMOVE a b 7") > 0);
    }
}

TEST_CASE("what is popped is in the reply or in the collection when memory runs out") {
    for (const std::string& source : {with_many("SADD a", 50), with_many("SADD a", 50, "m"),
                                      with_many("SADD a", 600), with_many("SADD a", 600, "m")}) {
        CHECK(run_out({source}, "SPOP a 20", true) > 0);
        CHECK(run_out({source}, "SPOP a", true) > 0);
    }
    for (const std::string& source : {with_scores("ZADD a", 20), with_scores("ZADD a", 500)}) {
        CHECK(run_out({source}, "ZPOPMIN a 10") > 0);
        CHECK(run_out({source}, "ZMPOP 1 a MAX COUNT 3") > 0);
    }
    for (const std::string& source : {with_many("RPUSH a", 20), with_many("RPUSH a", 1000)}) {
        CHECK(run_out({source}, "LPOP a 10") > 0);
        CHECK(run_out({source}, "RPOP a 3") > 0);
    }
    CHECK(run_out({"SET a x"}, "GETDEL a") > 0);
}

TEST_CASE("a member whose score changes is not lost when memory runs out") {
    for (const int members : {20, 500, 5000}) {
        const std::string source = with_scores("ZADD a", members);
        run_out({source}, "ZADD a 1000000 m3");
        run_out({source}, "ZADD a -1 m3");
        CHECK(run_out({source}, "ZADD a 7.5 new") > 0);
    }
    run_out({with_scores("ZADD a", 20)}, "ZADD a 5.5 m10");
    run_out({with_scores("ZADD a", 20)}, "ZADD a 15.5 m10");
}

TEST_CASE("taking things away needs no memory") { // but one block, for the names of the keys
    for (const std::string& source :
         {with_many("RPUSH a", 20), with_many("RPUSH a", 128), with_many("RPUSH a", 300)}) {
        CHECK(run_out({source}, "LTRIM a 1 -2") <= 1);
    }
    CHECK(run_out({with_many("SADD a", 40)}, "SREM a 1 2 3 4 5 6 7 8") <= 1);
    CHECK(run_out({with_many("SADD a", 40, "m")}, "SREM a m1 m2 m3 m4 m5 m6 m7 m8") <= 1);
    CHECK(run_out({with_many("HSET a", 80)}, "HDEL a 0 2 4 6 8 10 12") <= 1);
    CHECK(run_out({with_scores("ZADD a", 40)}, "ZREM a m1 m2 m3 m4 m5 m6 m7 m8") <= 1);
    CHECK(run_out({with_scores("ZADD a", 400)}, "ZREMRANGEBYRANK a 10 300") <= 1);
}

TEST_CASE("an entry of a stream is there as a whole or not at all when memory runs out") {
    const requests few{"CONFIG SET stream-node-max-entries 2", "XADD a 1-1 f v", "XADD a 1-2 f v"};
    requests more = few;
    more.push_back("XADD a 1-3 f v");
    CHECK(run_out({}, "XADD a 1-1 f v") > 0);
    CHECK(run_out({others}, "XADD a 1-1 f v") > 0);
    CHECK(run_out(few, with_many("XADD a 2-1", 40)) > 0);
    CHECK(run_out(more, with_many("XADD a 2-1", 40)) > 0);
    CHECK(run_out(more, with_many("XADD a MAXLEN 2 2-1", 40)) > 0);
    CHECK(run_out(more, with_many("XADD a MINID 1-2 2-1", 40)) > 0);
    CHECK(run_out(more, "XDEL a 1-1 1-3 5-5") > 0);
    CHECK(run_out(more, "XTRIM a MAXLEN 2") == 1); // for the words of the request
    CHECK(run_out(more, "COPY a b") > 0);
    CHECK(run_out(more, "RENAME a b") > 0);
}
