#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fmt/format.h>
#include <iostream>
#include <iterator>
#include <mini_redis/configuration.hpp>
#include <thread>
#include <utility>

#include "commands/arguments.hpp"
#include "commands/configuration_file.hpp"
#include "commands/configuration_text.hpp"
#include "commands/settings.hpp"
#include "resp/quoted_words.hpp"

namespace mini_redis {
namespace {

using lines = std::vector<std::vector<std::string>>;

// The words of an option, which may have its values with it: "--name", "--name=value", or in one
// argument a whole line, as it would stand in a configuration file.
std::vector<std::string> words_of_option(const std::string& argument) {
    const std::size_t end = argument.find_first_of("= \t", 2);
    if (end == std::string::npos) return {argument.substr(2)};
    if (argument[end] == '=') return {argument.substr(2, end - 2), argument.substr(end + 1)};
    const auto words = words_of_line(argument.substr(2));
    if (!words || words->empty())
        throw configuration_error{
            fmt::format("Reading the command line\n>>> '{}'\nUnbalanced quotes", argument)};
    return *words;
}

// The options of a command line as lines of a configuration file.
lines lines_of(std::span<const std::string> arguments) {
    lines all;
    for (const std::string& argument : arguments) {
        if (!argument.starts_with("--")) {
            if (all.empty())
                throw configuration_error{
                    fmt::format("unexpected argument '{}'; see --help", argument)};
            all.back().push_back(argument);
            continue;
        }
        all.push_back(words_of_option(argument));
    }
    for (std::vector<std::string>& line : all)
        if (line.front() == "threads") line.front() = "io-threads";
    return all;
}

// In words, for what is wrong with it.
std::string text_of(const std::vector<std::string>& line) {
    std::string text = line.front();
    for (std::size_t i = 1; i < line.size(); ++i)
        text += ' ' + in_quotes(line[i]);
    return text;
}

std::size_t number_in(const settings& all, std::string_view name) {
    return static_cast<std::size_t>(std::stoull(all.value_of(name)));
}

} // namespace

server_configuration read_configuration(std::span<const std::string> arguments) {
    server_configuration read;
    server_options& options = read.options;
    settings all;
    try {
        if (!arguments.empty() && arguments.front() == "-") {
            const std::string text{std::istreambuf_iterator<char>{std::cin}, {}};
            read_configuration_text(text, "standard input", all, &options.settings);
            arguments = arguments.subspan(1);
        } else if (!arguments.empty() && !arguments.front().starts_with("-")) {
            // Absolute, as the program may go elsewhere.
            options.config_file = std::filesystem::absolute(arguments.front()).string();
            read_configuration_file(options.config_file, all, &options.settings);
            arguments = arguments.subspan(1);
        }
    } catch (const bad_configuration& error) {
        throw configuration_error{error.what()};
    }
    for (std::vector<std::string>& line : lines_of(arguments)) {
        if (const auto why = all.configure(line))
            throw configuration_error{
                fmt::format("Reading the command line\n>>> '{}'\n{}", text_of(line), *why)};
        options.settings.push_back(std::move(line));
    }

    const auto is_set = [&](std::string_view name) {
        return std::any_of(options.settings.begin(), options.settings.end(), [&](const auto& line) {
            return same_ignoring_case(line.front(), name);
        });
    };
    options.bind = all.value_of("bind");
    options.port = static_cast<std::uint16_t>(number_in(all, "port"));
    options.databases = number_in(all, "databases");
    options.max_clients = number_in(all, "maxclients");
    options.password = all.password();
    options.threads = is_set("io-threads")
                          ? number_in(all, "io-threads")
                          : std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1, 4);
    for (const char* const name :
         {"daemonize", "dir", "logfile", "loglevel", "pidfile", "supervised"})
        read.process[name] = all.value_of(name);
    return read;
}

} // namespace mini_redis
