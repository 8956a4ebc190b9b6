// A server's options from a redis.conf and a command line.
#pragma once

#include <map>
#include <mini_redis/server.hpp>
#include <span>
#include <stdexcept>
#include <string>

namespace mini_redis {

/// What is wrong, with the file and the line.
struct configuration_error : std::runtime_error {
    using std::runtime_error::runtime_error;
};

struct server_configuration {
    server_options options;
    /// What the program itself has to look after: daemonize, dir, logfile, loglevel, pidfile,
    /// supervised, with their values.
    std::map<std::string, std::string> process;
};

/// Reads what redis-server takes: perhaps a configuration file (or `-`, which is standard input),
/// then settings, each as `--name value …` or `--name=value`.
///
/// *Errors*: configuration_error.
server_configuration read_configuration(std::span<const std::string> arguments);

} // namespace mini_redis
