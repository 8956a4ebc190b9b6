// The flags of a program: `--name value` or `--name=value`.
#pragma once

#include <charconv>
#include <cstdint>
#include <fmt/format.h>
#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// What is wrong with a command line, in one line for the user.
struct flag_error : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// The flags of a program. Each writes to a variable, whose value before is the default.
class flags {
public:
    flags(std::string program, std::string about)
        : program_{std::move(program)},
          about_{std::move(about)} {}

    void add(std::string name, std::string& to, std::string help) {
        add_any(std::move(name), fmt::format("{} (default {})", help, to.empty() ? "none" : to),
                [&to](std::string_view text) { to = text; });
    }

    /// An integer from `least` to `most`.
    template <class Integer>
    void add(std::string name, Integer& to, std::uint64_t least, std::uint64_t most,
             std::string help) {
        add_any(name, fmt::format("{} (default {})", help, to),
                [&to, name, least, most](std::string_view text) {
                    std::uint64_t value = 0;
                    const auto [end, error] =
                        std::from_chars(text.data(), text.data() + text.size(), value);
                    if (error != std::errc{} || end != text.data() + text.size() || value < least ||
                        value > most)
                        throw flag_error{fmt::format("--{} takes a number from {} to {}, not '{}'",
                                                     name, least, most, text)};
                    to = static_cast<Integer>(value);
                });
    }

    /// Reads the command line. False if it asked for --help or --version, which were printed.
    bool parse(int argc, const char* const* argv, std::string_view version) const {
        for (int i = 1; i < argc; ++i) {
            std::string_view word{argv[i]};
            if (word == "--help" || word == "-h") {
                fmt::print("{}", help());
                return false;
            }
            if (word == "--version" || word == "-v") {
                fmt::print("{} {}\n", program_, version);
                return false;
            }
            if (!word.starts_with("--"))
                throw flag_error{fmt::format("unexpected argument '{}'; see --help", word)};
            word.remove_prefix(2);
            const std::size_t equals = word.find('=');
            const flag& chosen = find(word.substr(0, equals));
            if (equals != std::string_view::npos) {
                chosen.set(word.substr(equals + 1));
            } else {
                if (i + 1 == argc) throw flag_error{fmt::format("--{} wants a value", chosen.name)};
                chosen.set(argv[++i]);
            }
        }
        return true;
    }

private:
    struct flag {
        std::string name;
        std::string help;
        std::function<void(std::string_view)> set;
    };

    void add_any(std::string name, std::string help, std::function<void(std::string_view)> set) {
        flags_.push_back({std::move(name), std::move(help), std::move(set)});
    }

    const flag& find(std::string_view name) const {
        for (const flag& each : flags_)
            if (each.name == name) return each;
        throw flag_error{fmt::format("unknown flag '--{}'; see --help", name)};
    }

    std::string help() const {
        std::string text =
            fmt::format("{}: {}\n\nUsage: {} [--flag value]...\n", program_, about_, program_);
        for (const flag& each : flags_)
            text += fmt::format("  --{:<13} {}\n", each.name, each.help);
        return text + fmt::format("  --{:<13} {}\n  --{:<13} {}\n", "version", "print the version",
                                  "help", "print this");
    }

    std::string program_;
    std::string about_;
    std::vector<flag> flags_;
};
