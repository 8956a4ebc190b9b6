#include <mini_redis/commands/server_replies.hpp>

#include <string_view>
#include <tuple>
#include <utility>

namespace mini_redis {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::sys_seconds;

server_time from_reply<server_time>::read(const reply_view& reply) {
    const auto [whole, fraction] = read_reply<std::pair<std::int64_t, std::int64_t>>(reply);
    constexpr std::int64_t most = std::chrono::floor<seconds>(microseconds::max()).count() - 1;
    if (whole < 0 || whole > most || fraction < 0 || fraction >= 1'000'000)
        unexpected_reply("a time", reply);
    return server_time{seconds{whole} + microseconds{fraction}};
}

sys_seconds from_reply<sys_seconds>::read(const reply_view& reply) {
    return sys_seconds{seconds{read_reply<std::int64_t>(reply)}};
}

// Lines "name:value", sections beginning with "# Name", and empty lines between them.
server_info from_reply<server_info>::read(const reply_view& reply) {
    if (!reply.is_string()) unexpected_reply("a string", reply);
    server_info info;
    std::string_view rest = reply.text();
    while (!rest.empty()) {
        const std::size_t end = rest.find('\n');
        std::string_view line = rest.substr(0, end);
        rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
        if (line.ends_with('\r')) line.remove_suffix(1);
        const std::size_t colon = line.find(':');
        if (line.starts_with('#') || colon == std::string_view::npos) continue;
        info.insert_or_assign(std::string{line.substr(0, colon)},
                              std::string{line.substr(colon + 1)});
    }
    return info;
}

slowlog_entry from_reply<slowlog_entry>::read(const reply_view& reply) {
    // Before Redis 4 it had four parts.
    if (!reply.is_aggregate() || reply.size() < 4)
        unexpected_reply("an entry of the slow log", reply);
    auto part = reply.begin();
    slowlog_entry entry;
    entry.id = read_reply<std::int64_t>(*part++);
    entry.when = read_reply<sys_seconds>(*part++);
    entry.duration = microseconds{read_reply<std::int64_t>(*part++)};
    entry.command = read_reply<std::vector<std::string>>(*part++);
    if (part != reply.end()) entry.client_address = read_reply<std::string>(*part++);
    if (part != reply.end()) entry.client_name = read_reply<std::string>(*part);
    return entry;
}

latency_event from_reply<latency_event>::read(const reply_view& reply) {
    // Later versions add what an average needs.
    if (!reply.is_aggregate() || reply.size() < 4) unexpected_reply("an event", reply);
    auto part = reply.begin();
    latency_event event;
    event.name = read_reply<std::string>(*part++);
    event.when = read_reply<sys_seconds>(*part++);
    event.latest = milliseconds{read_reply<std::int64_t>(*part++)};
    event.longest = milliseconds{read_reply<std::int64_t>(*part)};
    return event;
}

latency_sample from_reply<latency_sample>::read(const reply_view& reply) {
    const auto [when, duration] = read_reply<std::pair<sys_seconds, std::int64_t>>(reply);
    return {when, milliseconds{duration}};
}

} // namespace mini_redis
