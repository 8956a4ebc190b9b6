// The output buffer, and the two writers that fill it.
#include <limits>
#include <string>

#include "resp/output_buffer.hpp"
#include "resp/reply_writer.hpp"
#include "resp/request_writer.hpp"
#include "support/allocations.hpp"
#include "support/catch.hpp"
#include "support/random.hpp"
#include "support/resp_transcript.hpp"

using namespace mini_redis;
using namespace mini_redis::test;
using namespace std::string_literals;

TEST_CASE("an output buffer holds what was appended and not consumed") {
    const auto seed = random_seed();
    INFO("MINI_REDIS_TEST_SEED=" << seed);
    random_source random{seed};
    output_buffer buffer;
    std::string model;
    for (int round = 0; round < 20'000; ++round) {
        switch (random.below(8)) {
        case 0:
        case 1:
        case 2: {
            const std::string bytes = random.text(random.below(random.one_in(50) ? 5000 : 100));
            buffer.append(bytes);
            model += bytes;
            break;
        }
        case 3: {
            buffer.push_back('x');
            model += 'x';
            break;
        }
        case 4:
        case 5: {
            const std::size_t size = random.below(model.size() + 1);
            buffer.consume(size);
            model.erase(0, size);
            break;
        }
        case 6: {
            const std::size_t size = model.size() - random.below(model.size() / 4 + 1);
            buffer.truncate(size);
            model.resize(size);
            break;
        }
        case 7: {
            if (random.one_in(10)) {
                buffer.release();
                REQUIRE(buffer.capacity() == 0);
                model.clear();
            }
            output_buffer moved{std::move(buffer)};
            REQUIRE(buffer.empty());
            buffer = std::move(moved);
            break;
        }
        }
        REQUIRE(buffer.view() == model);
        REQUIRE(buffer.empty() == model.empty());
        REQUIRE(buffer.capacity() >= buffer.size());
    }
}

TEST_CASE("a drained output buffer does not grow") {
    output_buffer buffer;
    buffer.append("0123456789");
    const char* const memory = buffer.data();
    for (int round = 0; round < 100'000; ++round) {
        buffer.append("0123456789");
        buffer.consume(9);
        if (round % 200 == 0) buffer.consume(buffer.size());
        REQUIRE(buffer.data() >= memory);
        REQUIRE(buffer.data() + buffer.size() <= memory + buffer.capacity());
    }
    CHECK(buffer.capacity() <= 1024);
    buffer.append("x");
    buffer.clear();
    CHECK(buffer.empty());
    CHECK(buffer.capacity() > 0);
}

namespace {

template <typename Write>
std::string reply(protocol_version protocol, Write write) {
    output_buffer buffer;
    reply_writer writer{buffer, protocol};
    write(writer);
    return std::string{buffer.view()};
}

} // namespace

TEST_CASE("replies in both protocols") {
    struct row {
        void (*write)(reply_writer&);
        std::string resp2;
        std::string resp3;
    };

    const auto row_of = GENERATE(values<row>({
        {[](reply_writer& w) { w.ok(); }, "+OK\r\n", "+OK\r\n"},
        {[](reply_writer& w) { w.simple_string("PONG"); }, "+PONG\r\n", "+PONG\r\n"},
        {[](reply_writer& w) { w.simple_string("a\r\nb"); }, "+a  b\r\n", "+a  b\r\n"},
        {[](reply_writer& w) { w.error("ERR a\nb\r\n"); }, "-ERR a b\r\n", "-ERR a b\r\n"},
        {[](reply_writer& w) { w.integer(0); }, ":0\r\n", ":0\r\n"},
        {[](reply_writer& w) { w.integer(12345); }, ":12345\r\n", ":12345\r\n"},
        {[](reply_writer& w) { w.integer(std::numeric_limits<std::int64_t>::min()); },
         ":-9223372036854775808\r\n", ":-9223372036854775808\r\n"},
        {[](reply_writer& w) { w.boolean(true); }, ":1\r\n", "#t\r\n"},
        {[](reply_writer& w) { w.boolean(false); }, ":0\r\n", "#f\r\n"},
        {[](reply_writer& w) { w.bulk_string({}); }, "$0\r\n\r\n", "$0\r\n\r\n"},
        {[](reply_writer& w) { w.bulk_string("0123456789"); }, "$10\r\n0123456789\r\n",
         "$10\r\n0123456789\r\n"},
        {[](reply_writer& w) { w.null(); }, "$-1\r\n", "_\r\n"},
        {[](reply_writer& w) { w.null_array(); }, "*-1\r\n", "_\r\n"},
        {[](reply_writer& w) { w.array(123); }, "*123\r\n", "*123\r\n"},
        {[](reply_writer& w) { w.map(50); }, "*100\r\n", "%50\r\n"},
        {[](reply_writer& w) { w.set(9); }, "*9\r\n", "~9\r\n"},
        {[](reply_writer& w) { w.push(3); }, "*3\r\n", ">3\r\n"},
        {[](reply_writer& w) { w.real(0.1); }, "$19\r\n0.10000000000000001\r\n",
         ",0.10000000000000001\r\n"},
        {[](reply_writer& w) { w.real(-std::numeric_limits<double>::infinity()); },
         "$4\r\n-inf\r\n", ",-inf\r\n"},
        {[](reply_writer& w) { w.big_number("-12"); }, "$3\r\n-12\r\n", "(-12\r\n"},
        {[](reply_writer& w) { w.bulk_error("ERR a\r\nb"); }, "-ERR a  b\r\n",
         "!8\r\nERR a\r\nb\r\n"},
        {[](reply_writer& w) { w.verbatim_string("txt", "hi"); }, "$2\r\nhi\r\n",
         "=6\r\ntxt:hi\r\n"},
        {[](reply_writer& w) { w.value(frame::set({frame::null()})); }, "*1\r\n$-1\r\n",
         "~1\r\n_\r\n"},
        {[](reply_writer& w) { w.raw(":1\r\n"); }, ":1\r\n", ":1\r\n"},
    }));
    CHECK(reply(protocol_version::resp2, row_of.write) == row_of.resp2);
    CHECK(reply(protocol_version::resp3, row_of.write) == row_of.resp3);
}

TEST_CASE("bulk strings of every size around a power of ten") {
    for (const std::size_t size : {9U, 10U, 11U, 99U, 100U, 101U, 999U, 1000U, 100000U}) {
        const std::string bytes(size, 'x');
        CHECK(reply(protocol_version::resp2, [&](reply_writer& w) { w.bulk_string(bytes); }) ==
              "$"s.append(std::to_string(size)).append("\r\n").append(bytes).append("\r\n"));
    }
}

TEST_CASE("a writer changes its protocol") {
    output_buffer out;
    reply_writer writer{out};
    writer.null();
    writer.set_protocol(protocol_version::resp3);
    writer.null();
    CHECK(out.view() == "$-1\r\n_\r\n");
    CHECK(writer.resp3());
}

TEST_CASE("a muted writer lets only pushes be heard") {
    output_buffer out;
    output_buffer sink;
    reply_writer writer{out};
    writer.unmute(); // nothing to do
    writer.mute(sink);
    writer.integer(1);
    {
        const reply_writer::pushing heard{writer};
        writer.integer(2);
    }
    writer.integer(3);
    writer.unmute();
    {
        const reply_writer::pushing heard{writer};
        writer.integer(4);
    }
    writer.integer(5);
    CHECK(out.view() == ":2\r\n:4\r\n:5\r\n");
    CHECK(sink.view() == ":1\r\n:3\r\n");
}

TEST_CASE("requests are written as the server reads them") {
    output_buffer out;
    const std::string value(100, 'v');
    write_request(out, "SET", "key"s, std::string_view{value}, "EX", 10, -5L,
                  std::numeric_limits<std::int64_t>::min(),
                  std::numeric_limits<std::uint64_t>::max(), std::uint8_t{200});
    write_request(out, "PING");
    const std::vector<std::string_view> words{"DEL", "", "a\r\nb"};
    write_request(out, words);
    const auto transcript = read_requests(out.view(), protocol_limits{});
    CHECK(transcript.error == "");
    CHECK(transcript.requests == std::vector<std::vector<std::string>>{
                                     {"SET", "key", value, "EX", "10", "-5", "-9223372036854775808",
                                      "18446744073709551615", "200"},
                                     {"PING"},
                                     {"DEL", "", "a\r\nb"}});
    CHECK(transcript.consumed == out.size());
    CHECK(out.view().substr(0, 13) == "*9\r\n$3\r\nSET\r\n");
}

TEST_CASE("requests are written without an allocation where the buffer has room") {
    output_buffer out;
    (void)out.prepare(100'000);
    const std::string value(1000, 'v');
    CHECK(allocations_in([&] { write_request(out, "SET", "key", value, "PX", 12345); }).calls == 0);
    CHECK(out.size() > 1000);
}
