#include "scripting/script_header.hpp"

#include <algorithm>
#include <cctype>
#include <fmt/format.h>
#include <string>
#include <vector>

#include "resp/quoted_words.hpp"

namespace mini_redis {
namespace {

// The words of the first line, of which there is at least one: the engine; nothing if their quotes
// are wrong. `rest` begins with the line's end.
std::optional<std::vector<std::string>> words_of_first_line(std::string_view text,
                                                            std::string_view& rest) {
    const std::size_t end = text.find('\n');
    rest = text.substr(end);
    return words_of_line(text.substr(0, end));
}

bool ignoring_case(std::string_view text, std::string_view lower) {
    return std::equal(text.begin(), text.end(), lower.begin(), lower.end(), [](char a, char b) {
        return std::tolower(static_cast<unsigned char>(a)) == b;
    });
}

// Sets the flags that are listed, with commas between; the one that is unknown is returned.
std::optional<std::string_view> set_flags(std::string_view list, script_flags& flags) {
    if (list.empty()) return std::nullopt;
    for (std::size_t begin = 0; begin <= list.size();) {
        const std::size_t comma = std::min(list.find(',', begin), list.size());
        const std::string_view one = list.substr(begin, comma - begin);
        if (!flags.set(one)) return one;
        begin = comma + 1;
    }
    return std::nullopt;
}

} // namespace

bool is_library_name(std::string_view name) noexcept {
    return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '_';
    });
}

bool script_flags::set(std::string_view name) noexcept {
    if (name == "no-writes")
        no_writes = true;
    else if (name == "allow-oom")
        allow_oom = true;
    else if (name == "allow-stale")
        allow_stale = true;
    else if (name == "no-cluster")
        no_cluster = true;
    else if (name == "allow-cross-slot-keys")
        allow_cross_slot_keys = true;
    else
        return false;
    return true;
}

std::optional<script_header> parse_script_header(std::string_view script, std::string& error) {
    script_header header{.flags = {}, .code = script};
    if (!script.starts_with("#!")) {
        header.flags.undeclared = true;
        return header;
    }
    if (script.find('\n') == std::string_view::npos) {
        error = "ERR Invalid script shebang";
        return std::nullopt;
    }
    const auto words = words_of_first_line(script, header.code);
    if (!words) {
        error = "ERR Invalid engine in script shebang";
        return std::nullopt;
    }
    if (words->front() != "#!lua") {
        error = fmt::format("ERR Unexpected engine in script shebang: {}", words->front());
        return std::nullopt;
    }
    for (std::size_t i = 1; i < words->size(); ++i) {
        constexpr std::string_view flags = "flags=";
        const std::string_view word = (*words)[i];
        if (!word.starts_with(flags)) {
            error = fmt::format("ERR Unknown lua shebang option: {}", word);
            return std::nullopt;
        }
        if (const auto unknown = set_flags(word.substr(flags.size()), header.flags)) {
            error = fmt::format("ERR Unexpected flag in script shebang: {}", *unknown);
            return std::nullopt;
        }
    }
    return header;
}

std::optional<library_header> parse_library_header(std::string_view library, std::string& error) {
    if (!library.starts_with("#!")) {
        error = "ERR Missing library metadata";
        return std::nullopt;
    }
    if (library.find('\n') == std::string_view::npos) {
        error = "ERR Invalid library metadata";
        return std::nullopt;
    }
    library_header header;
    const auto words = words_of_first_line(library, header.code);
    if (!words) {
        error = "ERR Invalid library metadata";
        return std::nullopt;
    }
    bool named = false;
    for (std::size_t i = 1; i < words->size(); ++i) {
        constexpr std::string_view name = "name=";
        const std::string_view word = (*words)[i];
        if (!ignoring_case(word.substr(0, name.size()), name)) {
            error = fmt::format("ERR Invalid metadata value given: {}", word);
            return std::nullopt;
        }
        if (named) {
            error = "ERR Invalid metadata value, name argument was given multiple times";
            return std::nullopt;
        }
        header.name = word.substr(name.size());
        named = true;
    }
    if (!named) {
        error = "ERR Library name was not given";
        return std::nullopt;
    }
    if (!is_library_name(header.name)) {
        error = "ERR Library names can only contain letters, numbers, or underscores(_) and must "
                "be at least one "
                "character long";
        return std::nullopt;
    }
    const std::string_view engine = std::string_view{words->front()}.substr(2);
    if (!ignoring_case(engine, "lua")) {
        error = fmt::format("ERR Engine '{}' not found", engine);
        return std::nullopt;
    }
    return header;
}

} // namespace mini_redis
