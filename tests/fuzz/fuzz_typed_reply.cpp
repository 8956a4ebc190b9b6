// Any reply is a value of the type that is asked for, or errc::unexpected_reply (redis_error, if
// there is an error in it); any push is a message or none. Nothing else is thrown.
//
// The first two bytes choose nothing, so that this and fuzz_reply can use each other's corpus.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <memory>
#include <mini_redis/commands/geo.hpp>
#include <mini_redis/commands/server_replies.hpp>
#include <mini_redis/commands/stream_replies.hpp>
#include <mini_redis/commands/strings.hpp>
#include <mini_redis/from_reply.hpp>
#include <mini_redis/pipeline.hpp>
#include <new>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <variant>
#include <vector>

#include "client/push_message.hpp"
#include "fuzz/cuts.hpp"
#include "resp/reply_parser.hpp"

using namespace mini_redis;

namespace {

bool has_error(const reply_view& reply) {
    if (reply.is_error()) return true;
    for (const reply_view element : reply)
        if (has_error(element)) return true;
    return false;
}

// Whether `read` gave a value.
template <class Read>
bool succeeds(const reply_view& reply, Read read) {
    try {
        read();
        return true;
    } catch (const redis_error&) {
        if (!has_error(reply)) std::abort();
    } catch (const std::system_error& error) {
        if (error.code() != errc::unexpected_reply) std::abort();
    } catch (const std::bad_alloc&) {
    }
    return false;
}

template <class T>
void read_as(const reply_view& reply) {
    const bool plain = succeeds(reply, [&] { (void)read_reply<T>(reply); });
    // Where there is a value, there is also an optional or a result with one.
    const bool optional = succeeds(reply, [&] { (void)read_reply<std::optional<T>>(reply); });
    const bool as_result = succeeds(reply, [&] { (void)read_reply<result<T>>(reply); });
    if (plain && !(optional && as_result)) std::abort();
}

template <class... Ts>
void read_as_each(const reply_view& reply) {
    (read_as<Ts>(reply), ...);
}

template <class Reader>
void finish(Reader reader, const reply_view& reply) {
    succeeds(reply, [&] { (void)reader(reply); });
}

void read_all_types(const reply_view& reply) {
    using text = std::string;
    read_as_each<text, std::int64_t, std::uint64_t, std::uint8_t, double, float, bool, frame>(
        reply);
    read_as_each<std::vector<text>, std::vector<std::optional<double>>, std::set<text>,
                 std::unordered_set<text>, std::map<text, text>,
                 std::unordered_map<text, std::int64_t>, std::vector<std::pair<text, double>>,
                 std::vector<std::vector<std::map<text, std::optional<int>>>>>(reply);
    read_as_each<std::pair<text, int>, std::tuple<int, text, double>, std::array<int, 2>,
                 std::variant<std::int64_t, double, std::vector<text>, text>,
                 std::vector<std::variant<bool, std::map<text, frame>, text>>>(reply);
    read_as_each<server_time, std::chrono::sys_seconds, server_info, slowlog_entry, latency_event,
                 latency_sample>(reply);
    read_as_each<stream_entry, stream_entries, stream_batch, stream_batches, pending_summary,
                 pending_entry, stream_info, stream_group_info, stream_consumer_info>(reply);
    read_as_each<geo_position, geo_match, lcs_match, lcs_matches>(reply);
    using three = reply_collector<std::vector<text>, text, bool>;
    using any_number = reply_list_collector<text>;
    finish(transaction_reader<false, reply_collector<std::int64_t, text>>{{}}, reply);
    finish(transaction_reader<true, three>{{}}, reply);
    finish(transaction_reader<false, any_number>{any_number{reply.size()}}, reply);
    finish(pipeline_reader<true, reply_collector<text>>{{}}, reply);
}

void read_as_message(const reply_view& push) {
    const std::optional<message> found = to_message(push);
    if (!found) return;
    const std::size_t size = found->pattern ? 4 : 3;
    if (push.size() != size || !is_message_kind(push_kind(push))) std::abort();
    auto part = ++push.begin();
    if (found->pattern && *found->pattern != (*part++).text()) std::abort();
    if (found->channel != (*part++).text() || found->payload != (*part).text()) std::abort();
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const test::fuzz_input input{data, size};
    std::size_t begin = 0;
    reply_parser parser;
    while (begin < input.bytes.size()) {
        // In memory of its own and exact size, so that ASan finds what is read too far.
        const std::string_view left = input.bytes.substr(begin);
        const auto memory = std::make_unique<char[]>(left.size());
        std::copy(left.begin(), left.end(), memory.get());
        if (parser.parse({memory.get(), left.size()}) != reply_parser::result::reply) break;
        const reply_view reply = parser.view(memory.get());
        read_all_types(reply);
        read_as_message(reply);
        begin += parser.consumed();
    }
    return 0;
}
