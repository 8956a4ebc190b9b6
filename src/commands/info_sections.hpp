// The sections of INFO, one function each: it appends lines "name:value\r\n", in Redis's order and
// under Redis's names. Lines that only mini-redis has come last in their section.
#pragma once

#include <fmt/format.h>
#include <iterator>
#include <string>
#include <utility>

#include "commands/context.hpp"

namespace mini_redis::info_sections {

template <class... Values>
void line(std::string& out, fmt::format_string<Values...> text, Values&&... values) {
    fmt::format_to(std::back_inserter(out), text, std::forward<Values>(values)...);
    out += "\r\n";
}

/// Forty random hexadecimal digits, as Redis names a run of a server.
std::string random_id();

/// A setting's value, as CONFIG GET shows it.
std::string setting(const context& c, std::string_view name);

// info_server.cpp: what the server is and occupies.
void server(context& c, const server_statistics& now, std::string& out);
void clients(context& c, const server_statistics& now, std::string& out);
void memory(context& c, const server_statistics& now, std::string& out);
void cpu(context& c, const server_statistics& now, std::string& out);
void modules(context& c, const server_statistics& now, std::string& out);
void cluster(context& c, const server_statistics& now, std::string& out);
void keyspace(context& c, const server_statistics& now, std::string& out);

// info_statistics.cpp: what it has done.
void stats(context& c, const server_statistics& now, std::string& out);
void commandstats(context& c, const server_statistics& now, std::string& out);
void errorstats(context& c, const server_statistics& now, std::string& out);
void latencystats(context& c, const server_statistics& now, std::string& out);

// info_durability.cpp: what would outlive it.
void persistence(context& c, const server_statistics& now, std::string& out);
void replication(context& c, const server_statistics& now, std::string& out);

} // namespace mini_redis::info_sections
