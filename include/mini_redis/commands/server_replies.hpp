// What the typed commands about a server give.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <mini_redis/from_reply.hpp>
#include <mini_redis/reply_view.hpp>
#include <string>
#include <vector>

namespace mini_redis {

/// A server's clock.
using server_time = std::chrono::sys_time<std::chrono::microseconds>;

/// INFO's lines: `info["redis_version"]` and so on.
struct server_info : std::map<std::string, std::string, std::less<>> {
    using std::map<std::string, std::string, std::less<>>::map;
};

/// A command that took long.
struct slowlog_entry {
    std::int64_t id = 0;
    std::chrono::sys_seconds when{};
    std::chrono::microseconds duration{};
    std::vector<std::string> command{}; ///< long ones are shortened
    std::string client_address{};
    std::string client_name{};
};

/// The latest event of one kind that the server was slow at.
struct latency_event {
    std::string name{};
    std::chrono::sys_seconds when{};
    std::chrono::milliseconds latest{};
    std::chrono::milliseconds longest{};
};

/// One of the events of a kind.
struct latency_sample {
    std::chrono::sys_seconds when{};
    std::chrono::milliseconds duration{};
};

/// Seconds, and the microseconds beside them.
template <>
struct from_reply<server_time> {
    static server_time read(const reply_view& reply);
};

/// Seconds since 1970.
template <>
struct from_reply<std::chrono::sys_seconds> {
    static std::chrono::sys_seconds read(const reply_view& reply);
};

template <>
struct from_reply<server_info> {
    static server_info read(const reply_view& reply);
};

template <>
struct from_reply<slowlog_entry> {
    static slowlog_entry read(const reply_view& reply);
};

template <>
struct from_reply<latency_event> {
    static latency_event read(const reply_view& reply);
};

template <>
struct from_reply<latency_sample> {
    static latency_sample read(const reply_view& reply);
};

} // namespace mini_redis
